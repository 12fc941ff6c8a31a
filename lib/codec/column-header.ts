// The layout that every column begins with, and what the makers of the kinds of columns share.
//
//   byte 0      kind        byte 1      version      bytes 2..3    width (columns inside a tuple or an object)
//   bytes 4..7  rows        bytes 8..11 byteLength, a multiple of 8, header included
//   bytes 12..15            a second count of the kind's own (units of text, elements of lists)
//
// Little-endian, like every machine that WebAssembly and Node.js run on. A column begins at a multiple of 8, so that
// its numbers can be read in place.
import { HeddleError } from '../core/errors.js';

/** What the bytes of a column hold. The numbers are part of the format: add, never reuse. */
export const ColumnKind = {
  None: 0, // every value is undefined
  Int32: 1,
  Float64: 2,
  Boolean: 3,
  Latin1: 4, // text of which every code unit is below 256
  Utf16: 5, // any other text, lone surrogates included
  Tuple: 6, // arrays of one length: a column a position
  Any: 7, // whatever structured clone can carry, a record after the other
  Mixed: 8, // values of several classes: a class a row, then a column a class
  Struct: 9, // plain objects of the same keys in the same order: a column a key
  List: 10, // arrays of any lengths: the lengths, then one column of all elements
  BigInt64: 11,
  Date: 12,
} as const;
export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind];

/** A column of which the exact size is known and that is still to be written. */
export interface PreparedColumn {
  readonly kind: ColumnKind;
  readonly rows: number;
  /** A multiple of 8. */
  readonly byteLength: number;
  /** Writes the column to the beginning of `target`, whose byteOffset is a multiple of 8. */
  write(target: Uint8Array): void;
}

/** A prepared column, with what the column around it has to know. */
export interface ColumnPlan extends PreparedColumn {
  /** Whether values of it are objects, which a record may hold twice. */
  readonly objects: boolean;
  /** Whether one value may hold two objects side by side, which may be one and the same. */
  readonly branching: boolean;
}

/** Plans the column of some values; null when they need a column of kind Any, which does not fit inside others. */
export type PlanInner = (values: ArrayLike<unknown>, from: number, to: number, depth: number) => ColumnPlan | null;

/** Reads any column. */
export type ReadInner = (bytes: Uint8Array) => ArrayLike<unknown>;

export interface ColumnHeader {
  readonly kind: ColumnKind;
  readonly rows: number;
  readonly byteLength: number;
}

export const HEADER_BYTES = 16;
const VERSION = 1;
const LAST_KIND = ColumnKind.Date;
/** The most bytes of one column: its size, a multiple of 8, is a 32-bit number. */
export const MAX_COLUMN_BYTES = 2 ** 32 - 8;
const MAX_ROWS = 2 ** 32 - 1;

/** The size of a column with `payload` bytes behind its header. */
export function columnBytes(payload: number, rows: number): number {
  const byteLength = Math.ceil((HEADER_BYTES + payload) / 8) * 8;
  if (byteLength > MAX_COLUMN_BYTES || rows > MAX_ROWS) {
    throw new HeddleError(
      'HEDDLE_VALUE',
      `a column of ${rows} records takes ${byteLength} bytes, more than the ${MAX_COLUMN_BYTES} it can have: use more partitions, or smaller records`,
      { data: { rows, byteLength, limit: MAX_COLUMN_BYTES } },
    );
  }
  return byteLength;
}

/** Writes the header of `column`; `width` and `count` are of the kind's own. */
export function writeHeader(target: Uint8Array, column: PreparedColumn, width = 0, count = 0): void {
  const view = new DataView(target.buffer, target.byteOffset, HEADER_BYTES);
  view.setUint8(0, column.kind);
  view.setUint8(1, VERSION);
  view.setUint16(2, width, true);
  view.setUint32(4, column.rows, true);
  view.setUint32(8, column.byteLength, true);
  view.setUint32(12, count, true);
}

/** The header of the column that begins at the first of `bytes`. Throws HEDDLE_CORRUPT if there is none. */
export function columnHeader(bytes: Uint8Array): ColumnHeader & { readonly width: number; readonly count: number } {
  if (bytes.byteLength < HEADER_BYTES) throw corrupt(`${bytes.byteLength} bytes are too few`);
  if (bytes.byteOffset % 8 !== 0) throw corrupt(`it begins at byte ${bytes.byteOffset}, not at a multiple of 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const kind = view.getUint8(0);
  const byteLength = view.getUint32(8, true);
  if (view.getUint8(1) !== VERSION) throw corrupt(`version ${view.getUint8(1)} where ${VERSION} is due`);
  if (kind > LAST_KIND) throw corrupt(`unknown kind ${kind}`);
  if (byteLength < HEADER_BYTES || byteLength % 8 !== 0 || byteLength > bytes.byteLength) {
    throw corrupt(`its header says ${byteLength} bytes, there are ${bytes.byteLength}`);
  }
  return {
    kind: kind as ColumnKind,
    rows: view.getUint32(4, true),
    byteLength,
    width: view.getUint16(2, true),
    count: view.getUint32(12, true),
  };
}

/** The error for bytes that are not a column. */
export function corrupt(detail: string): HeddleError {
  return new HeddleError('HEDDLE_CORRUPT', `not a column: ${detail}`, { data: { detail } });
}

/** Throws HEDDLE_CORRUPT unless `payload` bytes fit behind the header of a column. */
export function checkPayload(header: ColumnHeader, payload: number): void {
  if (HEADER_BYTES + payload > header.byteLength) {
    throw corrupt(`${header.rows} rows of kind ${header.kind} take ${HEADER_BYTES + payload} bytes, its header says ${header.byteLength}`);
  }
}
