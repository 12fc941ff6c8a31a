// The rows of a map task that are too few for blocks of their own: they stay as they came until the task has them all, and are put in
// the order of their reduce ids then. At the commit that is a block as it is, where all maps run in this process (map-groups.ts), or
// goes straight into the thread's open blocks, one run for each reduce id. So a task of 5,000 rows for 5,000 reduce ids does not stage
// 5,000 blocks of 4 KiB, to copy a row out of each.

import type { Heap } from './heap/allocator.js';
import { type Kernels, numericBytes } from './kernels.js';
import { keyKindOf, numericKinds, valueKindOf } from './kinds.js';
import type { OpenTable } from './open-blocks.js';
import { numericPayload, pad8, RUN_HEADER } from './run.js';
import { sortedLayout, writeSorted } from './sorted-block.js';
import { heapFull } from './store.js';

/** Rows for each reduce id up to which it costs less to copy them than to give them a block. */
const ROWS_EACH = 64;
/** Bytes of the state of placeRuns. */
const STATE_BYTES = 16;

/** Rows as two columns in one block of the heap, which is at the address of the keys. */
interface Chunk {
  readonly keysAt: number;
  readonly valuesAt: number;
  readonly rows: number;
}

/** What kernels do with columns, by the partitioner: add rows up by reduce id, and scatter them by their cursors. */
export interface Placing {
  count(keys: number, rows: number, counts: number): void;
  scatter(valueBytes: number, keys: number, values: number, rows: number): void;
}

export class HeldRows {
  private chunks: Chunk[] = [];
  private valueKind = 0;
  private rows = 0;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly keyKind: number,
    private readonly reducers: number,
  ) {}

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  /** Keeps a copy of some rows; false where these would be too many, or of another kind, or have no room. */
  add(keys: number, values: number, valueKind: number, rows: number): boolean {
    if (rows === 0) return true;
    if (this.rows + rows > this.reducers * ROWS_EACH || (this.rows > 0 && valueKind !== this.valueKind)) return false;
    const chunk = this.chunk(valueKind, rows);
    if (chunk === undefined) return false;
    const { u8 } = this.heap;
    u8.copyWithin(chunk.keysAt, keys, keys + rows * numericBytes[this.keyKind]!);
    u8.copyWithin(chunk.valuesAt, values, values + rows * numericBytes[valueKind]!);
    this.chunks.push(chunk);
    this.valueKind = valueKind;
    this.rows += rows;
    return true;
  }

  /** Hands on what is held, as it came, and gives its memory back. */
  release(take: (keys: number, values: number, valueKind: number, rows: number) => void): void {
    for (const { keysAt, valuesAt, rows } of this.chunks) take(keysAt, valuesAt, this.valueKind, rows);
    this.dispose();
  }

  /**
   * Puts what is held in the order of the reduce ids, in a block of its own; undefined where the heap has no room for it.
   * `cursors`: where those of `placing` are.
   */
  order(placing: Placing, cursors: number): ShortRuns | undefined {
    const { heap, kernels, keyKind, valueKind, reducers, rows } = this;
    const kinds = numericKinds(keyKind, valueKind);
    const layout = sortedLayout(rows, kinds, reducers);
    const block = heap.allocate(layout.bytes + STATE_BYTES);
    if (block === 0) return undefined;
    const valueBytes = numericBytes[valueKind]!;
    const countsAt = block + layout.offsets;
    heap.u32.fill(0, countsAt >>> 2, (countsAt >>> 2) + reducers);
    for (const { keysAt, rows } of this.chunks) placing.count(keysAt, rows, countsAt);
    const { u32 } = heap;
    const keyBytes = numericBytes[keyKind]!;
    let [keyAt, valueAt] = [block + layout.keys, block + layout.values];
    for (let count = countsAt >>> 2, end = count + reducers, cursor = cursors >>> 2; count < end; count++) {
      const n = u32[count]!;
      u32[cursor++] = keyAt;
      u32[cursor++] = valueAt;
      u32[cursor++] = n;
      keyAt += n * keyBytes;
      valueAt += n * valueBytes;
    }
    for (const { keysAt, valuesAt, rows } of this.chunks) placing.scatter(valueBytes, keysAt, valuesAt, rows);
    this.dispose();
    return new ShortRuns(heap, kernels, block, rows, reducers, kinds);
  }

  dispose(): void {
    for (const { keysAt } of this.chunks) this.heap.free(keysAt);
    this.chunks = [];
    this.rows = 0;
  }

  /** A block for so many rows. */
  private chunk(valueKind: number, rows: number): Chunk | undefined {
    const keyBytes = pad8(rows * numericBytes[this.keyKind]!);
    const keysAt = this.heap.allocate(keyBytes + pad8(rows * numericBytes[valueKind]!));
    return keysAt === 0 ? undefined : { keysAt, valuesAt: keysAt + keyBytes, rows };
  }
}

/** Rows in the order of their reduce ids, on the way into a sorted block or open blocks. All have the sequence 0. */
export class ShortRuns {
  private readonly layout: ReturnType<typeof sortedLayout>;
  private readonly countsAt: number;

  /** `block` has the columns of a sorted block, and in the place of offsets the rows of each reduce id; behind it is room for a state. */
  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly block: number,
    readonly rows: number,
    private readonly reducers: number,
    private readonly kinds: number,
  ) {
    this.layout = sortedLayout(rows, kinds, reducers);
    this.countsAt = block + this.layout.offsets;
  }

  /** Makes of all this a sorted block, which is the caller's: its address. */
  toBlock(map: number, attempt: number): number {
    const { heap, block, countsAt, rows, reducers, kinds } = this;
    const { u32 } = heap;
    let first = 0;
    for (let at = countsAt >>> 2, end = at + reducers; at < end; at++) {
      const count = u32[at]!;
      u32[at] = first;
      first += count;
    }
    u32[(countsAt >>> 2) + reducers] = rows;
    writeSorted(u32, block, { map, attempt, firstMap: map, maps: 1 }, rows, kinds, reducers);
    return block;
  }

  /** Bytes of the rows themselves. */
  get bytes(): number {
    return this.layout.offsets - this.layout.keys;
  }

  /**
   * Writes the runs behind what is in the open blocks; returns their bytes. `more` makes a block with room for at least so many
   * bytes the open one of a reduce id; 0 where the heap is full, and then this throws HEDDLE_HEAP_FULL.
   */
  place(map: number, attempt: number, { blocks, used, capacities }: OpenTable, more: (reduce: number, bytes: number) => number): number {
    const { heap, kernels, block, layout, countsAt, reducers, kinds } = this;
    const stateAt = block + layout.bytes;
    const state = stateAt >>> 2;
    heap.u32.set([0, block + layout.keys, block + layout.values, 0], state);
    for (;;) {
      const reduce = kernels.placeRuns(stateAt, countsAt, reducers, blocks, used, capacities, map, attempt, kinds);
      if (reduce === reducers) return heap.u32[state + 3]!;
      const bytes = this.bytesOf(reduce);
      if (more(reduce, bytes) === 0) throw heapFull(bytes, heap.capacity, 'shuffle data');
    }
  }

  /** Bytes of a reduce id's run, with its header; 0 where it has none. */
  bytesOf(reduce: number): number {
    const rows = this.heap.u32[(this.countsAt >>> 2) + reduce]!;
    return rows === 0 ? 0 : RUN_HEADER + numericPayload(rows, keyKindOf(this.kinds), valueKindOf(this.kinds));
  }

  dispose(): void {
    this.heap.free(this.block);
  }
}
