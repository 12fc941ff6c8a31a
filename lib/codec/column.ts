// Columns: n values as bytes that say themselves what they are, for shuffle blocks in shared memory, results of tasks,
// files and the wire. The kind is inferred from the values; the exact size is known before anything is written, so
// that the caller can allocate the memory. What comes back is equal and independent: no record shares an object with
// another one or with what was written, and reading twice gives two copies. What one object was inside a record is
// one object in the copy, cycles included. Numbers are read in place: a typed array over the column's own bytes.
//
// A record is anything that structured clone can carry; see column-any.ts for the fine print.
import { types } from 'node:util';
import { HeddleError } from '../core/errors.js';
import { planAny, readAny } from './column-any.js';
import { classesOf, NUMBER, ValueClass } from './column-class.js';
import { ColumnKind, type ColumnPlan, columnHeader, corrupt, HEADER_BYTES, type PreparedColumn } from './column-header.js';
import { openNumberLists, readList, type Unmade } from './column-list.js';
import { planMixed, readMixed } from './column-mixed.js';
import * as scalar from './column-scalar.js';
import { sharesObjects } from './column-shape.js';
import { planStruct, readStruct, structOf, structParts } from './column-struct.js';
import { latin1Parts, planText, planUnits, readText } from './column-text.js';
import { innerColumns, planArrays, readTuple, tupleOf } from './column-tuple.js';

export { type ColumnHeader, ColumnKind, columnHeader, MAX_COLUMN_BYTES, type PreparedColumn } from './column-header.js';
export type { Unmade } from './column-list.js';

/** Columns inside columns to this depth; what is nested deeper is of kind Any. It also ends the way down a cycle. */
const MOST_DEPTH = 4;

/** The column of values[from..to). Throws HEDDLE_VALUE for what cannot be a record. */
export function prepareColumn(values: ArrayLike<unknown>, from = 0, to = values.length): PreparedColumn {
  return planOuter(values, from, to);
}

/** The column of the pairs [keys[i], values[i]], without making them. A key and a value that share an object come back apart. */
export function preparePairs(keys: ArrayLike<unknown>, values: ArrayLike<unknown>, from = 0, to = keys.length): PreparedColumn {
  return tupleOf([planOuter(keys, from, to), planOuter(values, from, to)], to - from);
}

/** What a column is put together from, where its values are not to be made: numbers, and text as units, that are written when it is. */
export type ColumnParts =
  | { readonly kind: 'values'; readonly values: ArrayLike<unknown> }
  | { readonly kind: 'numbers'; readonly fill: (numbers: Float64Array) => void }
  | {
      readonly kind: 'text';
      readonly units: number;
      /** Units of two bytes, not of one. */
      readonly wide: boolean;
      readonly fill: (lengths: Uint32Array, text: Uint8Array) => void;
    }
  | { readonly kind: 'tuple'; readonly items: readonly ColumnParts[] }
  | { readonly kind: 'struct'; readonly names: readonly string[]; readonly items: readonly ColumnParts[] };

/** The column of `rows` values, none of which holds an object twice. */
export function prepareParts(parts: ColumnParts, rows: number): PreparedColumn {
  return planParts(parts, rows);
}

function planParts(parts: ColumnParts, rows: number): ColumnPlan {
  switch (parts.kind) {
    case 'values':
      return planOuter(parts.values, 0, rows);
    case 'numbers':
      return scalar.planNumbers(rows, parts.fill);
    case 'text':
      return planUnits(rows, parts.units, parts.wide, parts.fill);
    case 'tuple':
      return tupleOf(
        parts.items.map(item => planParts(item, rows)),
        rows,
      );
    case 'struct':
      return structOf(
        parts.names,
        parts.items.map(item => planParts(item, rows)),
        rows,
      );
  }
}

/** The parts of a column of pairs with keys of one-byte text; null for any other. */
export function readTextPairs(bytes: Uint8Array): TextPairs | null {
  const header = columnHeader(bytes);
  if (header.kind !== ColumnKind.Tuple || header.width !== 2) return null;
  const [keys, values] = innerColumns(bytes, header, HEADER_BYTES, 2) as [Uint8Array, Uint8Array];
  const text = latin1Parts(keys);
  return text === null ? null : { ...text, values, rows: header.rows };
}

export interface TextPairs {
  readonly lengths: Uint32Array;
  readonly text: Uint8Array;
  /** A column. */
  readonly values: Uint8Array;
  readonly rows: number;
}

/** The columns of tuples (`names` is null) or of objects of the same keys; null for any other column. */
export function readPlaces(
  bytes: Uint8Array,
): { readonly names: readonly string[] | null; readonly columns: readonly Uint8Array[] } | null {
  const header = columnHeader(bytes);
  if (header.kind === ColumnKind.Struct) return structParts(bytes, header);
  return header.kind === ColumnKind.Tuple ? { names: null, columns: innerColumns(bytes, header, HEADER_BYTES, header.width) } : null;
}

/** One value as bytes: what the driver has, as the tasks get it. Throws HEDDLE_VALUE for what cannot be a record. */
export function encodeValue(value: unknown): Uint8Array {
  const column = prepareColumn([value], 0, 1);
  const bytes = new Uint8Array(column.byteLength);
  column.write(bytes);
  return bytes;
}

/** A copy of an encoded value, a new one each time. */
export function decodeValue(bytes: Uint8Array): unknown {
  return readColumn(bytes)[0];
}

/** The values of the column at the beginning of `bytes`, which may go on behind it. */
export function readColumn(bytes: Uint8Array): ArrayLike<unknown> {
  const header = columnHeader(bytes);
  switch (header.kind) {
    case ColumnKind.None:
      return scalar.readNone(header);
    case ColumnKind.Int32:
      return scalar.readInt32(bytes, header);
    case ColumnKind.Float64:
      return scalar.readFloat64(bytes, header);
    case ColumnKind.Boolean:
      return scalar.readBoolean(bytes, header);
    case ColumnKind.BigInt64:
      return scalar.readBigInt64(bytes, header);
    case ColumnKind.Date:
      return scalar.readDate(bytes, header);
    case ColumnKind.Latin1:
    case ColumnKind.Utf16:
      return readText(bytes, header);
    case ColumnKind.Tuple:
      return readTuple(bytes, header, readColumn);
    case ColumnKind.List:
      return readList(bytes, header, readColumn);
    case ColumnKind.Struct:
      return readStruct(bytes, header, readColumn);
    case ColumnKind.Mixed:
      return readMixed(bytes, header, readColumn);
    case ColumnKind.Any:
      return readAny(bytes, header);
  }
}

export interface Pairs {
  readonly keys: ArrayLike<unknown>;
  readonly values: ArrayLike<unknown>;
  readonly rows: number;
}

/** The two halves of a column of pairs, however it was prepared. */
export function readPairs(bytes: Uint8Array): Pairs {
  const header = columnHeader(bytes);
  if (header.kind === ColumnKind.Tuple && header.width === 2) {
    const [keys, values] = innerColumns(bytes, header, HEADER_BYTES, 2) as [Uint8Array, Uint8Array];
    return { keys: readColumn(keys), values: readColumn(values), rows: header.rows };
  }
  // Pairs of which a key shares an object with its value are no tuple column, but pairs all the same.
  const keys: unknown[] = [];
  const values: unknown[] = [];
  const pairs = readColumn(bytes);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    if (!Array.isArray(pair)) throw corrupt('a column of pairs holds something else');
    keys.push(pair[0]);
    values.push(pair[1]);
  }
  return { keys, values, rows: pairs.length };
}

/** The two halves of a column of pairs whose values are lists of numbers, without making these; null for any other. */
export function openPairs(bytes: Uint8Array): { readonly keys: ArrayLike<unknown>; readonly values: Unmade } | null {
  const header = columnHeader(bytes);
  if (header.kind !== ColumnKind.Tuple || header.width !== 2) return null;
  const [keys, values] = innerColumns(bytes, header, HEADER_BYTES, 2) as [Uint8Array, Uint8Array];
  const inner = columnHeader(values);
  const lists = inner.kind === ColumnKind.List ? openNumberLists(values, inner) : null;
  return lists === null ? null : { keys: readColumn(keys), values: lists };
}

/** The keys of a column of pairs alone: as those of readPairs. */
export function readPairKeys(bytes: Uint8Array): ArrayLike<unknown> {
  const header = columnHeader(bytes);
  if (header.kind !== ColumnKind.Tuple || header.width !== 2) return readPairs(bytes).keys;
  return readColumn(innerColumns(bytes, header, HEADER_BYTES, 2)[0]!);
}

/** `rowOf(i)` is the place in the batch of values[i], for messages. */
function planOuter(values: ArrayLike<unknown>, from: number, to: number, rowOf = (index: number) => index): ColumnPlan {
  const classes = classesOf(values, from, to);
  if (isMixed(classes))
    return planMixed(values, from, to, (items, itemRow) => planOuter(items, 0, items.length, index => rowOf(itemRow(index))))!;
  let plan: ColumnPlan | null = null;
  try {
    plan = planClasses(values, from, to, classes, 0);
    if (plan !== null && anyShares(plan, values, from, to)) plan = null;
  } catch (error) {
    // A getter that throws, most likely: the column of kind Any meets it again, and names it.
    if (error instanceof HeddleError) throw error;
  }
  return plan ?? planAny(values, from, to, rowOf);
}

function planInner(values: ArrayLike<unknown>, from: number, to: number, depth: number): ColumnPlan | null {
  return planClasses(values, from, to, classesOf(values, from, to), depth);
}

function isMixed(classes: number): boolean {
  return classes !== (classes & NUMBER) && (classes & (classes - 1)) !== 0;
}

/** The column for values of these classes; null when it takes one of kind Any. */
function planClasses(values: ArrayLike<unknown>, from: number, to: number, classes: number, depth: number): ColumnPlan | null {
  if (classes === 0 || classes === ValueClass.Undefined) return scalar.planNone(to - from);
  if (classes === ValueClass.Int32) return scalar.planInt32(values, from, to);
  if (classes === (classes & NUMBER)) return scalar.planFloat64(values, from, to);
  if (classes === ValueClass.String) return planText(values, from, to);
  if (classes === ValueClass.Boolean) return scalar.planBoolean(values, from, to);
  if (classes === ValueClass.BigInt) return scalar.planBigInt64(values, from, to);
  if (classes === ValueClass.Object) return depth >= MOST_DEPTH ? null : planObjects(values, from, to, depth);
  return planMixed(values, from, to, items => planInner(items, 0, items.length, depth));
}

function planObjects(values: ArrayLike<unknown>, from: number, to: number, depth: number): ColumnPlan | null {
  if (Array.isArray(values[from])) return planArrays(values, from, to, depth, planInner);
  if (types.isDate(values[from])) {
    for (let i = from; i < to; i++) if (!types.isDate(values[i])) return null;
    return scalar.planDate(values, from, to);
  }
  return planStruct(values, from, to, depth, planInner);
}

/** Whether some record holds an object twice, which columns inside columns would tear in two. */
function anyShares(plan: ColumnPlan, values: ArrayLike<unknown>, from: number, to: number): boolean {
  if (!plan.branching) return false;
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (typeof value === 'object' && value !== null && sharesObjects(value)) return true;
  }
  return false;
}
