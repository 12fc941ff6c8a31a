// A hash aggregation table in the heap, driven in batches by the kernels. Grows by doubling; keeps order of first appearance.

import type { Heap } from './heap/allocator.js';
import { type Kernels, NumericKind, numericBytes, slotBytes } from './kernels.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

/** Groups as two columns in the heap; valid until the table is disposed. */
export interface NumericGroups {
  readonly size: number;
  readonly keyKind: number;
  readonly keysAt: number;
  readonly valuesAt: number;
}

export class NumericTable {
  size = 0;
  private table = 0;
  private output = 0;
  private slots: number;
  private readonly heap: Heap;
  private readonly kernels: Kernels;
  private readonly op: number;
  readonly keyKind: number;
  private readonly progress: number;

  /** `progress` is the address of a word that kernels may write to. Throws HEDDLE_HEAP_FULL. */
  constructor(heap: Heap, kernels: Kernels, op: number, keyKind: number, progress: number, slots = 1 << 12) {
    this.heap = heap;
    this.kernels = kernels;
    this.op = op;
    this.keyKind = keyKind;
    this.progress = progress;
    this.slots = slots;
    this.table = this.emptyTable(slots);
  }

  /** Adds a batch of numeric columns. */
  add(keys: number, values: number, valueKind: number, rows: number): void {
    for (let from = 0; ; ) {
      const limit = (this.slots >>> 1) + (this.slots >>> 3);
      const { op, keyKind, table, slots, size, progress } = this;
      this.size = this.kernels.aggregatePairs(op, keyKind, valueKind, keys, values, from, rows, table, slots, size, limit, progress) >>> 0;
      from = this.heap.u32[progress >>> 2]!;
      if (from >= rows) return;
      this.grow();
    }
  }

  /** Adds a batch of keys without values; writes the group of each, in order of first appearance, to `ids` (u32). */
  index(keys: number, rows: number, ids: number): void {
    for (let from = 0; ; ) {
      const limit = (this.slots >>> 1) + (this.slots >>> 3);
      const { keyKind, table, slots, size, progress } = this;
      this.size = this.kernels.indexKeys(keyKind, keys, from, rows, ids, table, slots, size, limit, progress) >>> 0;
      from = this.heap.u32[progress >>> 2]!;
      if (from >= rows) return;
      this.grow();
    }
  }

  /** All groups as columns, in order of first appearance. Call once more after further rows. */
  groups(): NumericGroups {
    this.freeOutput();
    const keyBytes = pad8(this.size * numericBytes[this.keyKind]!);
    this.output = this.allocate(keyBytes + this.size * numericBytes[NumericKind.Float64]! + 8);
    this.kernels.extractTable(this.keyKind, this.table, this.slots, this.output, this.output + keyBytes);
    return { size: this.size, keyKind: this.keyKind, keysAt: this.output, valuesAt: this.output + keyBytes };
  }

  /** The column of keys alone: its address. */
  keys(): number {
    this.freeOutput();
    this.output = this.allocate(this.size * numericBytes[this.keyKind]! + 8);
    this.kernels.extractTable(this.keyKind, this.table, this.slots, this.output, 0);
    return this.output;
  }

  clear(): void {
    this.kernels.clearTable(this.keyKind, this.table, this.slots);
    this.size = 0;
  }

  dispose(): void {
    if (this.table !== 0) this.heap.free(this.table);
    this.table = 0;
    this.freeOutput();
  }

  private freeOutput(): void {
    if (this.output !== 0) this.heap.free(this.output);
    this.output = 0;
  }

  private grow(): void {
    const larger = this.emptyTable(this.slots * 2);
    this.kernels.rehashTable(this.keyKind, this.table, this.slots, larger, this.slots * 2);
    this.heap.free(this.table);
    this.table = larger;
    this.slots *= 2;
  }

  private emptyTable(slots: number): number {
    const table = this.allocate(slots * slotBytes[this.keyKind]!);
    this.kernels.clearTable(this.keyKind, table, slots);
    return table;
  }

  private allocate(bytes: number): number {
    return roomFor(this.heap, bytes, 'an aggregation table');
  }
}
