// Numbers of groups in the heap, a column for each place of a tuple, into which a kernel folds those of rows.

import type { Heap } from '../shuffle/heap/allocator.js';
import type { Kernels } from '../shuffle/kernels.js';
import { NumericKind } from '../shuffle/kernels.js';
import { roomFor } from '../shuffle/store.js';

const FIRST_ROOM = 1 << 12;

export class FoldedColumns {
  private address = 0;
  /** Groups that there is room for. */
  private room = 0;
  private size = 0;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly ops: readonly number[],
  ) {}

  /** Makes room for groups: to be done before rows are given to them. Throws HEDDLE_HEAP_FULL. */
  reserve(groups: number): void {
    if (groups <= this.room) return;
    const { heap, ops, size } = this;
    let room = Math.max(this.room * 2, FIRST_ROOM);
    while (room < groups) room *= 2;
    const address = roomFor(heap, ops.length * room * 8, 'an aggregation table');
    for (let k = 0; k < ops.length; k++) {
      const old = this.address + k * this.room * 8;
      heap.u8.copyWithin(address + k * room * 8, old, old + size * 8);
    }
    this.dispose();
    this.address = address;
    this.room = room;
  }

  /** Folds n numbers (float64) at `values` into their groups, words at `ids`, at a place; for each place in turn, and then `grown`. */
  fold(place: number, ids: number, values: number, n: number): void {
    const { kernels, ops, size } = this;
    kernels.foldGroups(ops[place]!, NumericKind.Float64, ids, values, n, this.address + place * this.room * 8, size);
  }

  /** All places have the numbers of so many groups. */
  grown(size: number): void {
    this.size = size;
  }

  /** Views of the columns; valid until there is more room. */
  columns(): Float64Array[] {
    return this.ops.map((_, k) => new Float64Array(this.heap.u8.buffer, this.address + k * this.room * 8, this.size));
  }

  clear(): void {
    this.size = 0;
  }

  dispose(): void {
    if (this.room > 0) this.heap.free(this.address);
    this.room = 0;
  }
}

/** The groups' numbers as tuples, or as objects with these keys. */
export function tuplesOf(columns: readonly ArrayLike<number>[], names: readonly string[] | null): unknown[] {
  const { length } = columns[0]!;
  return Array.from({ length }, (_, i) => {
    if (names === null) return columns.map(column => column[i]);
    const record: Record<string, unknown> = {};
    for (let k = 0; k < names.length; k++) record[names[k]!] = columns[k]![i];
    return record;
  });
}
