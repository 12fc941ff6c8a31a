// Columns of whatever structured clone can carry, a record after the other: the length of each record in bytes (32
// bits each), then the records as node:v8 serialises them. Each record is a message of its own, so that objects met
// twice inside one record stay one object, and no two records ever share any.
//
// Different from structured clone in three points. A view of memory (a typed array, a Buffer, a DataView) carries the
// bytes that it views and no more, and is never a view of the same memory as another one: a Buffer often views a
// small part of a large pool. A Buffer comes back as a Buffer. Shared memory is refused, a view of it is copied.
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

/** values[from..to) as records; `position` tells the place of a value in the batch, for messages. */
export function planAny(values: ArrayLike<unknown>, from: number, to: number, position: (index: number) => number): ColumnPlan {
  const rows = to - from;
  const lengths = new Uint32Array(rows);
  let staging = Buffer.allocUnsafeSlow(Math.max(1024, rows * 64));
  let used = 0;
  for (let i = 0; i < rows; i++) {
    const record = serialize(values[from + i], position(from + i));
    const end = used + record.length;
    columnBytes(rows * 4 + end, rows);
    if (end > staging.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(2 ** 32, Math.max(end, staging.length * 2)));
      staging.copy(larger, 0, 0, used);
      staging = larger;
    }
    staging.set(record, used);
    lengths[i] = record.length;
    used = end;
  }
  const plan: ColumnPlan = {
    kind: ColumnKind.Any,
    rows,
    objects: true,
    branching: true,
    byteLength: columnBytes(rows * 4 + used, rows),
    write(target) {
      writeHeader(target, plan);
      new Uint32Array(target.buffer, target.byteOffset + HEADER_BYTES, rows).set(lengths);
      target.set(staging.subarray(0, used), HEADER_BYTES + rows * 4);
    },
  };
  return plan;
}

export function readAny(bytes: Uint8Array, header: ColumnHeader): unknown[] {
  const { rows } = header;
  checkPayload(header, rows * 4);
  const lengths = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, rows);
  const start = bytes.byteOffset + HEADER_BYTES + rows * 4;
  const out: unknown[] = [];
  let at = 0;
  for (let i = 0; i < rows; i++) {
    const length = lengths[i]!;
    checkPayload(header, rows * 4 + at + length);
    const reader = new RecordReader(Buffer.from(bytes.buffer, start + at, length));
    reader.readHeader();
    out.push(reader.readValue());
    at += length;
  }
  return out;
}

function serialize(record: unknown, row: number): Buffer {
  const writer = new RecordWriter();
  writer.writeHeader();
  try {
    writer.writeValue(record);
  } catch (error) {
    throw refusal(record, row, error);
  }
  return writer.releaseBuffer();
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
