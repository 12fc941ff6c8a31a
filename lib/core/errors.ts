// Every error that Heddle itself raises has a code, a message that names the argument or the record and says
// what to do, and data for programs. Codes are part of the public interface: match on them, not on messages.

export type ErrorCode =
  | 'HEDDLE_BAD_ARGUMENT' // an argument of a call makes no sense
  | 'HEDDLE_BAD_OPTION' // an option is unknown or has a value outside its range
  | 'HEDDLE_CONTEXT_STOPPED' // the context was stopped
  | 'HEDDLE_CLOSURE' // a closure cannot be shipped
  | 'HEDDLE_VALUE' // a value cannot be a record (a function, a symbol, a handle)
  | 'HEDDLE_PATH_NOT_FOUND' // no such file, or a pattern that matches nothing
  | 'HEDDLE_PATH_DENIED' // a file or directory that may not be read or written
  | 'HEDDLE_OUTPUT_EXISTS' // the output directory is already there
  | 'HEDDLE_LINE_TOO_LONG' // a line longer than a string can be
  | 'HEDDLE_IO' // any other failure of a file system
  | 'HEDDLE_HEAP_FULL' // the shared heap is full
  | 'HEDDLE_HEAP_RESERVE' // the shared heap could not be reserved
  | 'HEDDLE_PARTITION' // a partitioner gave an index that no partition has
  | 'HEDDLE_UNEQUAL' // zip of partitions with different numbers of rows
  | 'HEDDLE_EMPTY' // an action that needs at least one record got none
  | 'HEDDLE_COMMAND' // a command of pipe failed, or could not be started
  | 'HEDDLE_TASK_FAILED' // user code threw in a task
  | 'HEDDLE_THREAD_LOST' // a worker thread ended in the middle of a task
  | 'HEDDLE_TASK_LOST' // a task was lost with its executor again and again
  | 'HEDDLE_FETCH_FAILED' // shuffle output could not be read from the executor that has it
  | 'HEDDLE_NO_EXECUTORS' // no executor came in the time that a job waits for one
  | 'HEDDLE_CANCELLED' // the job was cancelled by its signal
  | 'HEDDLE_DEADLINE' // the job did not end before its deadline
  | 'HEDDLE_NESTED' // what belongs to the main thread was used inside a task
  | 'HEDDLE_DESTROYED' // a broadcast value was used after destroy()
  | 'HEDDLE_STORED_LOST' // rows of a persisted RDD or a checkpoint cannot be read back
  | 'HEDDLE_SPILL' // rows that had no room in memory could not be written to the spill directory, or read back
  | 'HEDDLE_QUEUE_CLOSED' // a push into a closed ring
  | 'HEDDLE_SECRET' // no secret, one that is too short, or a file of it that others can read
  | 'HEDDLE_LISTEN' // an address that cannot be listened on
  | 'HEDDLE_UNREACHABLE' // nobody answers at an address
  | 'HEDDLE_REFUSED' // the other end does not take this connection: another secret, another version, another role
  | 'HEDDLE_CONNECTION_LOST' // a connection ended, or the other end fell silent
  | 'HEDDLE_FRAME_LIMIT' // a frame or a message longer than allowed
  | 'HEDDLE_EXECUTOR_LOST' // an executor is gone, and what it ran and held with it
  | 'HEDDLE_TIMEOUT' // an executor did not answer in time
  | 'HEDDLE_CORRUPT' // bytes that are not what their header says
  | 'HEDDLE_INTERNAL'; // a defect of Heddle itself

/** Plain data that goes with an error; it survives structured clone. */
export type ErrorData = Readonly<Record<string, unknown>>;

/** An error as plain data, for the way between threads and processes. */
export interface ErrorRecord {
  readonly kind: 'heddle' | 'user';
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly data?: ErrorData;
  readonly cause?: ErrorRecord;
}

/** Any error raised by Heddle. `code` is stable; `data` holds what the message names. */
export class HeddleError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData;
  constructor(code: ErrorCode, message: string, options: { data?: ErrorData; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HeddleError';
    this.code = code;
    this.data = options.data ?? {};
  }
}

/** An argument that makes no sense: names it, shows its value, says what is expected. */
export function badArgument(argument: string, value: unknown, expected: string): HeddleError {
  return new HeddleError('HEDDLE_BAD_ARGUMENT', `${argument}: expected ${expected}, got ${show(value)}`, {
    data: { argument, value: show(value), expected },
  });
}

/** A value as a short text for a message: never throws, never longer than `limit` characters. */
export function show(value: unknown, limit = 120): string {
  const text = render(value, 0);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

const MOST_SHOWN = 8;

function render(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 200 ? value.slice(0, 200) : value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'function':
      return `function ${value.name || '(anonymous)'}`;
    case 'symbol':
    case 'boolean':
    case 'undefined':
      return String(value);
  }
  if (value === null) return 'null';
  try {
    if (Array.isArray(value)) {
      if (depth > 2) return '[…]';
      const items = value.slice(0, MOST_SHOWN).map(item => render(item, depth + 1));
      return `[${items.join(', ')}${value.length > MOST_SHOWN ? ', …' : ''}]`;
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
    if (ArrayBuffer.isView(value)) return `${name}(${value.byteLength} bytes)`;
    if (name !== undefined && name !== 'Object') return name;
    if (depth > 2) return '{…}';
    const entries = Object.entries(value as object);
    if (entries.length === 0) return '{}';
    const shown = entries.slice(0, MOST_SHOWN).map(([key, item]) => `${key}: ${render(item, depth + 1)}`);
    return `{ ${shown.join(', ')}${entries.length > MOST_SHOWN ? ', …' : ''} }`;
  } catch {
    return '(an object that cannot be shown)';
  }
}

/** Causes of causes that are kept: an error may be its own cause. */
const MOST_CAUSES = 8;

/** An error as plain data. Anything may be thrown in JavaScript, so anything is taken; never throws. */
export function toErrorRecord(error: unknown): ErrorRecord {
  return recordOf(error, MOST_CAUSES);
}

function recordOf(error: unknown, causes: number): ErrorRecord {
  if (!(error instanceof Error)) return { kind: 'user', name: 'thrown', message: show(error) };
  const [stack, code, cause] = [property(error, 'stack'), property(error, 'code'), property(error, 'cause')];
  const base = {
    name: text(property(error, 'name'), 'Error'),
    message: text(property(error, 'message'), ''),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: recordOf(cause, causes - 1) }),
  };
  if (error instanceof HeddleError) return { kind: 'heddle', code: error.code, data: error.data, ...base };
  return { kind: 'user', ...(typeof code === 'string' ? { code } : {}), ...base };
}

/** A property that the user's class may have made anything of, a getter that throws included. */
function property(error: Error, name: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function text(value: unknown, otherwise: string): string {
  if (typeof value === 'string') return value;
  return value === undefined ? otherwise : show(value);
}

/** The error that a record stands for: a HeddleError keeps its code and data, any other becomes an Error of the same name. */
export function fromErrorRecord(record: ErrorRecord): Error {
  const cause = record.cause === undefined ? undefined : fromErrorRecord(record.cause);
  if (record.kind === 'heddle') {
    const options = { ...(record.data === undefined ? {} : { data: record.data }), ...(cause === undefined ? {} : { cause }) };
    const error = new HeddleError(record.code as ErrorCode, record.message, options);
    if (record.stack !== undefined) error.stack = record.stack;
    return error;
  }
  const error = new Error(record.message, cause === undefined ? undefined : { cause });
  Object.defineProperty(error, 'name', { value: record.name, configurable: true, writable: true });
  if (record.code !== undefined) Object.assign(error, { code: record.code });
  // What was thrown without a stack must not seem to come from here.
  error.stack = record.stack ?? `${record.name}: ${record.message}`;
  return error;
}
