// A hash aggregation table in the heap for keys of text and numbers, driven in batches by the kernels. Grows by doubling,
// keeps the order of first appearance. Its keys are copies, in chunks of the heap of its own.

import { readColumn } from '../codec/column.js';
import { planUnits } from '../codec/column-text.js';
import type { Heap } from './heap/allocator.js';
import { type Kernels, TEXT_SLOT_BYTES } from './kernels.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

/** A column of text in the heap: offsets from `base`, in two columns of u32. */
export interface TextColumn {
  readonly base: number;
  readonly starts: number;
  readonly ends: number;
}

/** Groups as columns in the heap; valid until the table changes. */
export interface TextGroups {
  readonly size: number;
  readonly addresses: number;
  readonly lengths: number;
  readonly hashes: number;
  readonly values: Float64Array;
  /** Whether all keys are ASCII. */
  readonly ascii: boolean;
}

const NO_LIMIT = 2 ** 32 - 1;
const FIRST_CHUNK = 1 << 16;
const LARGEST_CHUNK = 1 << 20;
/** Bytes behind a key that kernels may read. */
const SLACK = 8;

export class TextTable {
  size = 0;
  private readonly heap: Heap;
  private readonly kernels: Kernels;
  private readonly op: number;
  private progress: number;
  private slots: number;
  private table: number;
  private readonly chunks: { readonly at: number; end: number }[] = [];
  private free = 0;
  private freeEnd = 0;
  private columns = 0;

  /** `progress` is the address of two words that kernels may write to. Throws HEDDLE_HEAP_FULL. */
  constructor(heap: Heap, kernels: Kernels, op: number, progress: number, slots = 1 << 12) {
    this.heap = heap;
    this.kernels = kernels;
    this.op = op;
    this.progress = progress;
    this.slots = slots;
    this.table = this.emptyTable(slots);
  }

  /**
   * Adds strings with their float64 values, or with one constant where `values` is 0: those from `from` to below n. Stops
   * before a new key once the table holds `most`. Returns the first string that it did not add; n for none.
   */
  add(column: TextColumn, values: number, constant: number, n: number, from = 0, most = NO_LIMIT): number {
    const { kernels, op, progress } = this;
    const { base, starts, ends } = column;
    for (let at = from; at < n; ) {
      const { table, slots, size, room, free, freeEnd } = this;
      const limit = Math.min(room, most);
      this.size =
        kernels.aggregateText(op, base, starts, ends, values, constant, at, n, table, slots, size, limit, free, freeEnd, progress) >>> 0;
      at = this.taken();
      if (at < n && this.size >= most) return at;
      if (at < n) this.makeRoom(column, at);
    }
    return n;
  }

  /** As `add` for strings without values: the group of each, counted in order of first appearance, goes to its word at `ids`. */
  index(column: TextColumn, ids: number, n: number, from = 0, most = NO_LIMIT): number {
    const { kernels, progress } = this;
    const { base, starts, ends } = column;
    for (let at = from; at < n; ) {
      const { table, slots, size, room, free, freeEnd } = this;
      const limit = Math.min(room, most);
      this.size = kernels.indexText(base, starts, ends, ids, at, n, table, slots, size, limit, free, freeEnd, progress) >>> 0;
      at = this.taken();
      if (at < n && this.size >= most) return at;
      if (at < n) this.makeRoom(column, at);
    }
    return n;
  }

  /** Other words that kernels may write to. */
  moveProgress(progress: number): void {
    this.progress = progress;
  }

  /** All groups, in order of first appearance. */
  groups(): TextGroups {
    const { heap, kernels, size } = this;
    this.freeColumns();
    const words = pad8(size * 4);
    this.columns = roomFor(heap, 3 * words + size * 8 + 8, 'an aggregation table');
    const [addresses, lengths, hashes] = [this.columns, this.columns + words, this.columns + 2 * words];
    const values = this.columns + 3 * words;
    kernels.extractTextTable(this.table, this.slots, addresses, lengths, hashes, values);
    if (this.chunks.length > 0) this.chunks[this.chunks.length - 1]!.end = this.free;
    const ascii = this.chunks.every(chunk => kernels.isAscii(chunk.at, chunk.end) !== 0);
    return { size, addresses, lengths, hashes, values: new Float64Array(heap.u8.buffer, values, size), ascii };
  }

  clear(): void {
    this.empty(this.table, this.slots);
    this.size = 0;
    this.freeChunks();
  }

  dispose(): void {
    if (this.table !== 0) this.heap.free(this.table);
    this.table = 0;
    this.freeColumns();
    this.freeChunks();
  }

  /** Keys that the slots are to have at most. */
  private get room(): number {
    return (this.slots >>> 1) + (this.slots >>> 3);
  }

  /** The first string that a kernel did not take. */
  private taken(): number {
    const { heap, progress } = this;
    this.free = heap.u32[(progress >>> 2) + 1]!;
    return heap.u32[progress >>> 2]!;
  }

  /** More slots, or memory for keys: of the two, what the string at `at` had none of. */
  private makeRoom({ starts, ends }: TextColumn, at: number): void {
    const { u32 } = this.heap;
    if (this.size >= this.room) this.grow();
    else this.addChunk(u32[(ends >>> 2) + at]! - u32[(starts >>> 2) + at]!);
  }

  private addChunk(keyBytes: number): void {
    const last = this.chunks[this.chunks.length - 1];
    if (last !== undefined) last.end = this.free;
    const bytes = Math.max(Math.min(FIRST_CHUNK * 2 ** this.chunks.length, LARGEST_CHUNK), pad8(keyBytes + SLACK));
    this.free = roomFor(this.heap, bytes, 'the keys of an aggregation table');
    this.freeEnd = this.free + bytes;
    this.chunks.push({ at: this.free, end: this.free });
  }

  private grow(): void {
    const larger = this.emptyTable(this.slots * 2);
    this.kernels.rehashTextTable(this.table, this.slots, larger, this.slots * 2);
    this.heap.free(this.table);
    this.table = larger;
    this.slots *= 2;
  }

  private emptyTable(slots: number): number {
    const table = roomFor(this.heap, slots * TEXT_SLOT_BYTES, 'an aggregation table');
    this.empty(table, slots);
    return table;
  }

  /** Eight bytes at a time: V8 fills shared memory element by element. */
  private empty(table: number, slots: number): void {
    this.heap.f64.fill(0, table / 8, (table + slots * TEXT_SLOT_BYTES) / 8);
  }

  private freeColumns(): void {
    if (this.columns !== 0) this.heap.free(this.columns);
    this.columns = 0;
  }

  private freeChunks(): void {
    for (const { at } of this.chunks.splice(0)) this.heap.free(at);
    this.free = 0;
    this.freeEnd = 0;
  }
}

/** ASCII strings by their places, n words at `order`, in columns of addresses and lengths. */
interface Strings {
  readonly addresses: number;
  readonly lengths: number;
  readonly order: number;
  readonly n: number;
}

/** The keys of groups as strings: one by one where they are not ASCII, or the heap has no room to gather them. */
export function keysOf(heap: Heap, kernels: Kernels, groups: TextGroups): ArrayLike<string> {
  const { size, addresses, lengths, ascii } = groups;
  const { u32, u8 } = heap;
  const order = ascii ? heap.allocate(size * 4 + 8) : 0;
  if (order !== 0) {
    try {
      for (let i = 0; i < size; i++) u32[(order >>> 2) + i] = i;
      const strings = { addresses, lengths, order, n: size };
      const bytes = gatheredBytes(kernels, strings);
      const gathered = heap.allocate(bytes);
      if (gathered !== 0) return gatheredStrings(heap, kernels, strings, gathered, bytes);
    } finally {
      heap.free(order);
    }
  }
  return Array.from({ length: size }, (_, i) =>
    Buffer.from(u8.buffer, u32[(addresses >>> 2) + i]!, u32[(lengths >>> 2) + i]!).toString('utf8'),
  );
}

/** Strings at once. Throws HEDDLE_HEAP_FULL. */
export function stringsOf(heap: Heap, kernels: Kernels, strings: Strings): ArrayLike<string> {
  const bytes = gatheredBytes(kernels, strings);
  return gatheredStrings(heap, kernels, strings, roomFor(heap, bytes, 'keys of text'), bytes);
}

/** Room for the lengths and the bytes of strings. */
function gatheredBytes(kernels: Kernels, { lengths, order, n }: Strings): number {
  return n * 4 + (kernels.textBytes(lengths, order, n) >>> 0) + SLACK;
}

/** Gives back the memory that they are gathered in. */
function gatheredStrings(heap: Heap, kernels: Kernels, strings: Strings, gathered: number, bytes: number): ArrayLike<string> {
  const { addresses, lengths, order, n } = strings;
  const { u32, u8 } = heap;
  try {
    const text = gathered + n * 4;
    const units = bytes - n * 4 - SLACK;
    kernels.textGather(addresses, lengths, order, n, gathered, text);
    const plan = planUnits(n, units, false, (outLengths, out) => {
      outLengths.set(u32.subarray(gathered >>> 2, (gathered >>> 2) + n));
      out.set(u8.subarray(text, text + units));
    });
    const column = new Uint8Array(plan.byteLength);
    plan.write(column);
    return readColumn(column) as ArrayLike<string>;
  } finally {
    heap.free(gathered);
  }
}
