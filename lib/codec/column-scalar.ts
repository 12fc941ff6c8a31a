// Columns of values of one fixed size: nothing at all, 32-bit integers, doubles, booleans, 64-bit big integers, dates.
// Numbers are read in place: what comes back is a view of the column's own bytes.
import { type ColumnHeader, ColumnKind, type ColumnPlan, checkPayload, columnBytes, HEADER_BYTES, writeHeader } from './column-header.js';

export function planNone(rows: number): ColumnPlan {
  const plan: ColumnPlan = {
    objects: false,
    branching: false,
    kind: ColumnKind.None,
    rows,
    byteLength: columnBytes(0, rows),
    write: target => writeHeader(target, plan),
  };
  return plan;
}

export function readNone(header: ColumnHeader): undefined[] {
  return new Array<undefined>(header.rows).fill(undefined);
}

export function planInt32(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan {
  const rows = to - from;
  const plan: ColumnPlan = {
    objects: false,
    branching: false,
    kind: ColumnKind.Int32,
    rows,
    byteLength: columnBytes(rows * 4, rows),
    write(target) {
      writeHeader(target, plan);
      const out = new Int32Array(target.buffer, target.byteOffset + HEADER_BYTES, rows);
      if (values instanceof Int32Array) out.set(values.subarray(from, to));
      else for (let i = 0; i < rows; i++) out[i] = values[from + i] as number;
    },
  };
  return plan;
}

export function readInt32(bytes: Uint8Array, header: ColumnHeader): Int32Array {
  checkPayload(header, header.rows * 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, header.rows);
}

export function planFloat64(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan {
  return planNumbers(to - from, out => {
    if (values instanceof Float64Array) out.set(values.subarray(from, to));
    else for (let i = 0; i < out.length; i++) out[i] = values[from + i] as number;
  });
}

/** A column of `rows` numbers, which `fill` writes where it is told. */
export function planNumbers(rows: number, fill: (numbers: Float64Array) => void): ColumnPlan {
  const plan: ColumnPlan = {
    objects: false,
    branching: false,
    kind: ColumnKind.Float64,
    rows,
    byteLength: columnBytes(rows * 8, rows),
    write(target) {
      writeHeader(target, plan);
      fill(new Float64Array(target.buffer, target.byteOffset + HEADER_BYTES, rows));
    },
  };
  return plan;
}

export function readFloat64(bytes: Uint8Array, header: ColumnHeader): Float64Array {
  checkPayload(header, header.rows * 8);
  return new Float64Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, header.rows);
}

export function planBoolean(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan {
  const rows = to - from;
  const plan: ColumnPlan = {
    objects: false,
    branching: false,
    kind: ColumnKind.Boolean,
    rows,
    byteLength: columnBytes(rows, rows),
    write(target) {
      writeHeader(target, plan);
      for (let i = 0; i < rows; i++) target[HEADER_BYTES + i] = values[from + i] === true ? 1 : 0;
    },
  };
  return plan;
}

export function readBoolean(bytes: Uint8Array, header: ColumnHeader): boolean[] {
  checkPayload(header, header.rows);
  const out: boolean[] = [];
  for (let i = 0; i < header.rows; i++) out.push(bytes[HEADER_BYTES + i] === 1);
  return out;
}

/** null unless each value fits in 64 bits. */
export function planBigInt64(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan | null {
  const rows = to - from;
  for (let i = from; i < to; i++) {
    const value = values[i] as bigint;
    if (BigInt.asIntN(64, value) !== value) return null;
  }
  const plan: ColumnPlan = {
    objects: false,
    branching: false,
    kind: ColumnKind.BigInt64,
    rows,
    byteLength: columnBytes(rows * 8, rows),
    write(target) {
      writeHeader(target, plan);
      const out = new BigInt64Array(target.buffer, target.byteOffset + HEADER_BYTES, rows);
      for (let i = 0; i < rows; i++) out[i] = values[from + i] as bigint;
    },
  };
  return plan;
}

export function readBigInt64(bytes: Uint8Array, header: ColumnHeader): BigInt64Array {
  checkPayload(header, header.rows * 8);
  return new BigInt64Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, header.rows);
}

/** The values are dates, of this or another realm. */
export function planDate(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan {
  const rows = to - from;
  const plan: ColumnPlan = {
    kind: ColumnKind.Date,
    rows,
    objects: true,
    branching: false,
    byteLength: columnBytes(rows * 8, rows),
    write(target) {
      writeHeader(target, plan);
      const out = new Float64Array(target.buffer, target.byteOffset + HEADER_BYTES, rows);
      for (let i = 0; i < rows; i++) out[i] = Date.prototype.getTime.call(values[from + i]);
    },
  };
  return plan;
}

export function readDate(bytes: Uint8Array, header: ColumnHeader): Date[] {
  checkPayload(header, header.rows * 8);
  const times = new Float64Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, header.rows);
  const out: Date[] = [];
  for (let i = 0; i < times.length; i++) out.push(new Date(times[i]!));
  return out;
}
