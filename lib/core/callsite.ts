// Where in the user's own code a call into Heddle was made, for error messages, explain() and the progress line.
// Taken at every operator, so it costs microseconds: raw frames only, mapped to the author's source when asked for.
import { setWithin } from './bounded-map.js';
import { originalPosition, type Position, toPath } from './sourcemap.js';

/** A place as V8 has it, in the code that runs. */
export class CallSite implements Position {
  private resolved: Position | undefined;
  constructor(
    private readonly script: string,
    readonly line: number,
    readonly column: number,
  ) {}

  get file(): string {
    return toPath(this.script);
  }

  /** The position in the file that was written, through source maps. */
  resolve(): Position {
    return (this.resolved ??= originalPosition(this.script, this.line, this.column));
  }
}

const OWN_URL = new URL('..', import.meta.url).href;
const OWN_PATH = toPath(OWN_URL);
const WORKERS_URL = new URL('../../workers/', import.meta.url).href;
const WORKERS_PATH = toPath(WORKERS_URL);
const DEEPEST = 24;

/** The first frame outside Heddle's own library; undefined when there is none (called from a timer of Node.js, say). */
export function callSite(): CallSite | undefined {
  for (const frame of rawFrames(DEEPEST, callSite)) {
    const script = frame.getFileName();
    if (!script || isInternal(script)) continue;
    const line = frame.getLineNumber();
    if (line !== null) return new CallSite(script, line, frame.getColumnNumber() ?? 1);
  }
  return undefined;
}

/** Scripts of Node, loops that Heddle compiled, and the pool that runs its tasks. */
const INTERNAL = /^node:|^heddle-stage:|[\\/]node_modules[\\/]piscina[\\/]/;

const MOST_KEPT = 256;
const known = new Map<string, boolean>();

/** Whether a script is Heddle's own, or between it and Node: not where a user would look for a mistake. */
export function isInternal(script: string): boolean {
  let internal = known.get(script);
  if (internal === undefined) {
    internal = [OWN_URL, OWN_PATH, WORKERS_URL, WORKERS_PATH].some(own => script.startsWith(own)) || INTERNAL.test(script);
    setWithin(known, MOST_KEPT, script, internal);
  }
  return internal;
}

/** Every frame of the present stack as V8 has it: unmapped, innermost first. */
export function rawFrames(limit: number, from: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = (_, frames) => frames;
    Error.captureStackTrace(holder, from);
    // The frames are made when `stack` is first read, so it is read before the user's own hook comes back.
    return Array.isArray(holder.stack) ? (holder.stack as NodeJS.CallSite[]) : [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
