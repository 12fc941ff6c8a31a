// Columns of lists, arrays of any lengths: the lengths (32 bits each, padded to 8), then one column of all elements. Lists of
// numbers can be had one by one: rows that are made shortly before they are used are gone before garbage is collected.
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  checkPayload,
  columnBytes,
  columnHeader,
  corrupt,
  HEADER_BYTES,
  type PlanInner,
  type ReadInner,
  writeHeader,
} from './column-header.js';
import { readFloat64, readInt32 } from './column-scalar.js';

/** A list longer than this goes to a column of kind Any: what it takes to prove it plain grows with its length. */
export const MOST_ELEMENTS = 4096;
/** Nor do all lists together have more than this: no array can grow without bound. */
const MOST_ITEMS = 2 ** 24;

type ListHeader = ColumnHeader & { readonly count: number };

/** Values that are not made yet. Each time that one is asked for it is a new one. */
export interface Unmade {
  readonly length: number;
  at(index: number): unknown;
  /** [from, to) of them. */
  between(from: number, to: number): Unmade;
  /** All of them, made. */
  all(): unknown[];
}

export function planList(values: ArrayLike<unknown>, from: number, to: number, depth: number, inner: PlanInner): ColumnPlan | null {
  const rows = to - from;
  const lengths = new Uint32Array(rows);
  const items: unknown[] = [];
  for (let i = 0; i < rows; i++) {
    const list = values[from + i] as unknown[];
    lengths[i] = list.length;
    for (let j = 0; j < list.length; j++) items.push(list[j]);
    if (items.length > MOST_ITEMS) return null;
  }
  const column = inner(items, 0, items.length, depth + 1);
  if (column === null) return null;
  const lengthBytes = lengthBytesOf(rows);
  const plan: ColumnPlan = {
    kind: ColumnKind.List,
    rows,
    objects: true,
    branching: column.objects,
    byteLength: columnBytes(lengthBytes + column.byteLength, rows),
    write(target) {
      writeHeader(target, plan, 0, items.length);
      new Uint32Array(target.buffer, target.byteOffset + HEADER_BYTES, rows).set(lengths);
      column.write(target.subarray(HEADER_BYTES + lengthBytes, HEADER_BYTES + lengthBytes + column.byteLength));
    },
  };
  return plan;
}

export function readList(bytes: Uint8Array, header: ListHeader, read: ReadInner): unknown[][] {
  const numbers = openNumberLists(bytes, header);
  if (numbers !== null) return numbers.all();
  const { offsets, elements } = partsOf(bytes, header);
  const items = read(elements);
  checkOffsets(offsets, items.length);
  const out: unknown[][] = [];
  for (let i = 0; i < header.rows; i++) {
    const list: unknown[] = [];
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) list.push(items[at]);
    out.push(list);
  }
  return out;
}

/** The lists of a column whose elements are all numbers, over its own bytes; null for any other. */
export function openNumberLists(bytes: Uint8Array, header: ListHeader): NumberLists | null {
  const { offsets, elements } = partsOf(bytes, header);
  const inner = columnHeader(elements);
  if (inner.kind !== ColumnKind.Int32 && inner.kind !== ColumnKind.Float64) return null;
  const items = inner.kind === ColumnKind.Int32 ? readInt32(elements, inner) : readFloat64(elements, inner);
  checkOffsets(offsets, items.length);
  return new NumberLists(items, offsets, 0, header.rows);
}

export class NumberLists implements Unmade {
  readonly length: number;

  /** Its lists are those from `from` to `to` of all; list i of all is items[offsets[i]..offsets[i + 1]). */
  constructor(
    private readonly items: Int32Array | Float64Array,
    private readonly offsets: Uint32Array,
    private readonly from: number,
    to: number,
  ) {
    this.length = to - from;
  }

  at(index: number): number[] {
    const { items, offsets } = this;
    const i = this.from + index;
    const [start, end] = [offsets[i]!, offsets[i + 1]!];
    return items instanceof Int32Array ? integers(items, start, end) : doubles(items, start, end);
  }

  between(from: number, to: number): NumberLists {
    return new NumberLists(this.items, this.offsets, this.from + from, this.from + to);
  }

  all(): number[][] {
    const lists: number[][] = [];
    for (let i = 0; i < this.length; i++) lists.push(this.at(i));
    return lists;
  }
}

// V8 knows of these that they have no holes, and integers or doubles alone; so it does of their copies, which take no more room than they
// need and do not grow. Each kind has a function of its own: one for both would have code for both at each element.
const INTEGERS: number[] = [];
const DOUBLES: number[] = [];
for (let i = 0; i < MOST_ELEMENTS; i++) {
  INTEGERS.push(0);
  DOUBLES.push(0.5);
}

function integers(items: Int32Array, start: number, end: number): number[] {
  const list = INTEGERS.slice(0, end - start);
  for (let i = 0; i < list.length; i++) list[i] = items[start + i]!;
  return list;
}

function doubles(items: Float64Array, start: number, end: number): number[] {
  const list = DOUBLES.slice(0, end - start);
  for (let i = 0; i < list.length; i++) list[i] = items[start + i]!;
  return list;
}

function partsOf(bytes: Uint8Array, header: ListHeader): { readonly offsets: Uint32Array; readonly elements: Uint8Array } {
  const { rows } = header;
  const lengthBytes = lengthBytesOf(rows);
  checkPayload(header, lengthBytes + HEADER_BYTES);
  const lengths = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, rows);
  const offsets = new Uint32Array(rows + 1);
  for (let i = 0, at = 0; i < rows; i++) {
    if (lengths[i]! > MOST_ELEMENTS) throw corrupt(`a list of ${lengths[i]} elements`);
    at += lengths[i]!;
    offsets[i + 1] = at;
  }
  return { offsets, elements: bytes.subarray(HEADER_BYTES + lengthBytes, header.byteLength) };
}

function checkOffsets(offsets: Uint32Array, items: number): void {
  if (offsets[offsets.length - 1]! > items) throw corrupt(`lists of more than ${items} elements`);
}

const lengthBytesOf = (rows: number) => Math.ceil((rows * 4) / 8) * 8;
