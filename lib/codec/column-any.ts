// Columns of whatever structured clone can carry, as messages that node:v8 serialises: the number of records and the
// length in bytes of each message (32 bits each), then the messages, each an array of records.
//
// Inside a message, an object met twice is one object. That is right inside a record and wrong between two, so
// records go into one message only if they are found to hold no object twice; else each is a message of its own. Many
// to a message is several times quicker: most of the time goes into starting one.
//
// Different from structured clone in three points. A view of memory (a typed array, a Buffer, a DataView) carries the
// bytes that it views and no more, and is never a view of the same memory as another one: a Buffer often views a
// small part of a large pool. A Buffer comes back as a Buffer. Shared memory is refused, a view of it is copied.
import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';
import { HeddleError, show } from '../core/errors.js';
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  checkPayload,
  columnBytes,
  corrupt,
  HEADER_BYTES,
  writeHeader,
} from './column-header.js';
import { findRefused } from './column-refused.js';

type ViewConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

/** The position of a type of view is its number in the bytes: add at the end only. */
const VIEW_TYPES: readonly (readonly [string, ViewConstructor])[] = [
  ['Int8Array', Int8Array],
  ['Uint8Array', Uint8Array],
  ['Uint8ClampedArray', Uint8ClampedArray],
  ['Int16Array', Int16Array],
  ['Uint16Array', Uint16Array],
  ['Int32Array', Int32Array],
  ['Uint32Array', Uint32Array],
  ['Float32Array', Float32Array],
  ['Float64Array', Float64Array],
  ['BigInt64Array', BigInt64Array],
  ['BigUint64Array', BigUint64Array],
  ['DataView', DataView],
];
const BUFFER_TYPE = VIEW_TYPES.length;

class RecordWriter extends Serializer {
  // Documented by Node.js, missing in its types.
  declare _setTreatArrayBufferViewsAsHostObjects: (flag: boolean) => void;
  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }
  // Called by the base class by their names.
  _getDataCloneError = Error;
  _getSharedArrayBufferId(): number {
    throw new Error('a SharedArrayBuffer could not be cloned');
  }
  _writeHostObject(value: object): void {
    if (!ArrayBuffer.isView(value)) throw new Error('a handle of the system could not be cloned');
    const tag = value instanceof DataView ? 'DataView' : (value as Uint8Array)[Symbol.toStringTag];
    const type = Buffer.isBuffer(value) ? BUFFER_TYPE : VIEW_TYPES.findIndex(([name]) => name === tag);
    if (type < 0) throw new Error(`a ${tag} could not be cloned`);
    this.writeUint32(type);
    this.writeUint32(value.byteLength);
    this.writeRawBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
}

class RecordReader extends Deserializer {
  _readHostObject(): ArrayBufferView {
    const type = this.readUint32();
    // A copy: the bytes of the column belong to others, and a view of them would not be aligned.
    const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
    if (type === BUFFER_TYPE) return Buffer.from(bytes.buffer);
    const entry = VIEW_TYPES[type];
    if (entry === undefined) throw corrupt(`unknown type of view ${type}`);
    return new entry[1](bytes.buffer);
  }
}

const MOST_RECORDS = 256;

/** values[from..to) as records; `position` tells the place of a value in the batch, for messages. */
export function planAny(values: ArrayLike<unknown>, from: number, to: number, position: (index: number) => number): ColumnPlan {
  const rows = to - from;
  const table: number[] = [];
  let staging = Buffer.allocUnsafeSlow(4096);
  let used = 0;
  const append = (start: number, end: number) => {
    const message = serialize(values, start, end, position);
    const next = used + message.length;
    columnBytes(table.length * 4 + 8 + next, rows);
    if (next > staging.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(2 ** 32, Math.max(next, staging.length * 2)));
      staging.copy(larger, 0, 0, used);
      staging = larger;
    }
    staging.set(message, used);
    used = next;
    table.push(end - start, message.length);
  };
  for (let start = from; start < to; start += MOST_RECORDS) {
    const end = Math.min(to, start + MOST_RECORDS);
    if (end - start > 1 && !holdsTwice(values, start, end)) append(start, end);
    else for (let i = start; i < end; i++) append(i, i + 1);
  }
  const plan: ColumnPlan = {
    kind: ColumnKind.Any,
    rows,
    objects: true,
    branching: true,
    byteLength: columnBytes(table.length * 4 + used, rows),
    write(target) {
      writeHeader(target, plan, 0, table.length / 2);
      new Uint32Array(target.buffer, target.byteOffset + HEADER_BYTES, table.length).set(table);
      target.set(staging.subarray(0, used), HEADER_BYTES + table.length * 4);
    },
  };
  return plan;
}

export function readAny(bytes: Uint8Array, header: ColumnHeader & { readonly count: number }): unknown[] {
  const { rows, count } = header;
  checkPayload(header, count * 8);
  const table = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, count * 2);
  const start = bytes.byteOffset + HEADER_BYTES + count * 8;
  const out: unknown[] = [];
  let at = 0;
  for (let i = 0; i < table.length; i += 2) {
    const length = table[i + 1]!;
    checkPayload(header, count * 8 + at + length);
    const reader = new RecordReader(Buffer.from(bytes.buffer, start + at, length));
    const records = readMessage(reader);
    if (records.length !== table[i]) throw corrupt(`${records.length} records in a message of ${table[i]}`);
    for (let j = 0; j < records.length; j++) out.push(records[j]);
    at += length;
  }
  if (out.length !== rows) throw corrupt(`${out.length} records in a column of ${rows}`);
  return out;
}

function readMessage(reader: RecordReader): unknown[] {
  let records: unknown;
  try {
    reader.readHeader();
    records = reader.readValue();
  } catch (error) {
    throw corrupt(`a message that cannot be read (${error instanceof Error ? error.message : show(error)})`);
  }
  if (!Array.isArray(records)) throw corrupt('a message without records');
  return records;
}

function serialize(values: ArrayLike<unknown>, from: number, to: number, position: (index: number) => number): Buffer {
  const records: unknown[] = [];
  for (let i = from; i < to; i++) records.push(values[i]);
  const writer = new RecordWriter();
  writer.writeHeader();
  try {
    writer.writeValue(records);
  } catch (error) {
    if (records.length === 1) throw refusal(records[0], position(from), error);
    // One by one, to find the record that it is.
    for (let i = from; i < to; i++) serialize(values, i, i + 1, position);
    throw refusal(records, position(from), error);
  }
  return writer.releaseBuffer();
}

/** Whether an object may be reached twice from values[from..to); true also when it cannot be told. */
function holdsTwice(values: ArrayLike<unknown>, from: number, to: number): boolean {
  const seen = new Set<object>();
  const pending: unknown[] = [];
  try {
    for (let i = from; i < to; i++) {
      pending.push(values[i]);
      while (pending.length > 0) {
        const value = pending.pop();
        if (typeof value !== 'object' || value === null) continue;
        if (seen.has(value)) return true;
        seen.add(value);
        if (!pushInner(value, pending)) return true;
      }
    }
  } catch {
    return true; // a proxy, or a getter that throws
  }
  return false;
}

/** Adds what an object holds; false for errors, which hold more than they show. */
function pushInner(value: object, pending: unknown[]): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    if (ArrayBuffer.isView(value)) return true;
    if (types.isNativeError(value)) return false;
    if (types.isMap(value)) for (const [key, item] of value) pending.push(key, item);
    if (types.isSet(value)) for (const item of value) pending.push(item);
  }
  for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) pending.push(item);
  return true;
}

/** The error for a record that cannot be one: names the value at fault, where it is, and what to do. */
function refusal(record: unknown, row: number, cause: unknown): HeddleError {
  const found = findRefused(record);
  const reason = cause instanceof Error ? cause.message : show(cause);
  const where = found === null ? '' : found.path === '' ? ': it' : `: its value at ${found.path}`;
  const what = found === null ? ` cannot be copied (${reason})` : `${where} is ${found.kind}`;
  const hint =
    found?.hint ?? 'make a plain value of it (numbers, strings, arrays, plain objects, Map, Set, Date) before it becomes a record';
  return new HeddleError('HEDDLE_VALUE', `record ${row}, ${show(record)},${what.replace(/^: /, ' cannot be a record: ')}; ${hint}`, {
    data: { row, record: show(record), path: found?.path, kind: found?.kind },
    cause,
  });
}
