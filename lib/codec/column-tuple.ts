// Columns of tuples (arrays of one length, 1 to 8) and of pairs given as two arrays: a column a position, one after
// the other behind the header.
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  columnBytes,
  columnHeader,
  corrupt,
  HEADER_BYTES,
  type PlanInner,
  type PreparedColumn,
  type ReadInner,
  writeHeader,
} from './column-header.js';
import { MOST_ELEMENTS, planList } from './column-list.js';
import { isPlainArray } from './column-shape.js';

export const MOST_POSITIONS = 8;

/** Columns one after the other behind one header: tuples by position, objects by key. */
export function writeInner(target: Uint8Array, from: number, columns: readonly PreparedColumn[]): void {
  let at = from;
  for (const column of columns) {
    column.write(target.subarray(at, at + column.byteLength));
    at += column.byteLength;
  }
}

/** The bytes of each of `width` columns, one after the other from byte `from` of a column on. */
export function innerColumns(bytes: Uint8Array, header: ColumnHeader, from: number, width: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let at = from;
  for (let i = 0; i < width; i++) {
    const inner = columnHeader(bytes.subarray(at, header.byteLength));
    if (inner.rows !== header.rows) throw corrupt(`${inner.rows} rows inside a column of ${header.rows}`);
    out.push(bytes.subarray(at, at + inner.byteLength));
    at += inner.byteLength;
  }
  return out;
}

/** Whether a value that columns side by side make together may hold two objects. */
export function isBranching(columns: readonly ColumnPlan[]): boolean {
  return columns.some(c => c.branching) || columns.filter(c => c.objects).length > 1;
}

/** A tuple column of columns that were planned already. */
export function tupleOf(columns: readonly ColumnPlan[], rows: number): ColumnPlan {
  const plan: ColumnPlan = {
    objects: true,
    branching: isBranching(columns),
    kind: ColumnKind.Tuple,
    rows,
    byteLength: columnBytes(
      columns.reduce((sum, column) => sum + column.byteLength, 0),
      rows,
    ),
    write(target) {
      writeHeader(target, plan, columns.length);
      writeInner(target, HEADER_BYTES, columns);
    },
  };
  return plan;
}

/** A tuple or a list column of values[from..to), or null if they are not all plain arrays of plain data. */
export function planArrays(values: ArrayLike<unknown>, from: number, to: number, depth: number, inner: PlanInner): ColumnPlan | null {
  const first = values[from];
  const width = Array.isArray(first) ? first.length : 0;
  let tuple = width >= 1 && width <= MOST_POSITIONS;
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (!isPlainArray(value, MOST_ELEMENTS)) return null;
    if (value.length !== width) tuple = false;
  }
  return tuple ? planTuple(values, from, to, width, depth, inner) : planList(values, from, to, depth, inner);
}

function planTuple(
  values: ArrayLike<unknown>,
  from: number,
  to: number,
  width: number,
  depth: number,
  inner: PlanInner,
): ColumnPlan | null {
  const rows = to - from;
  const columns: ColumnPlan[] = [];
  for (let position = 0; position < width; position++) {
    const items: unknown[] = [];
    for (let i = from; i < to; i++) items.push((values[i] as unknown[])[position]);
    const column = inner(items, 0, rows, depth + 1);
    if (column === null) return null;
    columns.push(column);
  }
  return tupleOf(columns, rows);
}

export function readTuple(bytes: Uint8Array, header: ColumnHeader & { readonly width: number }, read: ReadInner): unknown[][] {
  const { rows, width } = header;
  if (width < 1 || width > MOST_POSITIONS) throw corrupt(`a tuple of ${width}`);
  const columns = innerColumns(bytes, header, HEADER_BYTES, width).map(read);
  const [a, b, c] = columns as [ArrayLike<unknown>, ArrayLike<unknown>, ArrayLike<unknown>];
  // A literal of the right size is the cheapest array there is; pairs and triples are what most tuples are. Each is a function of its
  // own: V8 compiles the whole of the one that a loop is in.
  if (width === 1) return singles(a, rows);
  if (width === 2) return pairs(a, b, rows);
  if (width === 3) return triples(a, b, c, rows);
  return Array.from({ length: rows }, (_, i) => columns.map(column => column[i]));
}

function singles(a: ArrayLike<unknown>, rows: number): unknown[][] {
  const out: unknown[][] = [];
  for (let i = 0; i < rows; i++) out.push([a[i]]);
  return out;
}

function pairs(a: ArrayLike<unknown>, b: ArrayLike<unknown>, rows: number): unknown[][] {
  const out: unknown[][] = [];
  for (let i = 0; i < rows; i++) out.push([a[i], b[i]]);
  return out;
}

function triples(a: ArrayLike<unknown>, b: ArrayLike<unknown>, c: ArrayLike<unknown>, rows: number): unknown[][] {
  const out: unknown[][] = [];
  for (let i = 0; i < rows; i++) out.push([a[i], b[i], c[i]]);
  return out;
}
