// Rows of numbers gathered by key, from one input or several: the values of a group lie beside each other, in the order of the rows.

import type { Heap } from './heap/allocator.js';
import { type NumericKind, numericBytes } from './kernels.js';
import type { Numbers } from './left-out.js';
import type { NumericBuckets } from './numeric-buckets.js';
import { numericColumn } from './reader.js';
import { roomFor } from './store.js';

/** Values by group: those at place p are values[offsets[p]] to values[offsets[p + 1]]. */
export interface GroupedValues {
  readonly offsets: Uint32Array;
  readonly values: Numbers;
}

export interface GroupedRows {
  readonly size: number;
  /** In order of first appearance, over all inputs in turn. */
  readonly keys: Numbers;
  /** The place of each group. */
  readonly places: Uint32Array;
  readonly inputs: readonly GroupedValues[];
  dispose(): void;
}

/** All groups of the rows. The values lie in the heap, until they are disposed of. Throws HEDDLE_HEAP_FULL. */
export function gatherGroups(heap: Heap, buckets: NumericBuckets): GroupedRows {
  const gatherers: Gatherer[] = [];
  const dispose = () => {
    for (const gatherer of gatherers.splice(0)) gatherer.dispose();
  };
  try {
    for (const { rows, valueKind } of buckets.kinds) gatherers.push(new Gatherer(heap, rows, valueKind));
    const order = buckets.group(({ groups, inputs }) => {
      for (const [i, input] of inputs.entries()) gatherers[i]!.add(groups, input.rows, input.ids, input.values);
    });
    const { size, keys, places } = order.groups();
    order.dispose();
    return { size, keys, places, inputs: gatherers.map(gatherer => gatherer.finish()), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

class Gatherer {
  private readonly address: number;
  private readonly values: Numbers;
  private readonly offsets: Uint32Array[] = [];
  private filled = 0;

  constructor(
    private readonly heap: Heap,
    rows: number,
    private readonly valueKind: NumericKind,
  ) {
    this.address = roomFor(heap, rows * numericBytes[valueKind]! + 8, 'groups');
    this.values = numericColumn(heap, valueKind, this.address, rows);
  }

  add(groups: number, rows: number, idsAt: number, valuesAt: number): void {
    const { heap, valueKind, values } = this;
    const ids = new Uint32Array(heap.u8.buffer, idsAt, rows);
    const own = numericColumn(heap, valueKind, valuesAt, rows);
    const next = new Uint32Array(groups);
    for (let i = 0; i < rows; i++) next[ids[i]!]!++;
    let at = this.filled;
    for (let g = 0; g < groups; g++) {
      const count = next[g]!;
      next[g] = at;
      at += count;
    }
    this.offsets.push(next.slice());
    for (let i = 0; i < rows; i++) values[next[ids[i]!]!++] = own[i]!;
    this.filled = at;
  }

  finish(): GroupedValues {
    const groups = this.offsets.reduce((sum, { length }) => sum + length, 0);
    const offsets = new Uint32Array(groups + 1);
    let at = 0;
    for (const part of this.offsets) {
      offsets.set(part, at);
      at += part.length;
    }
    offsets[groups] = this.filled;
    return { offsets, values: this.values };
  }

  dispose(): void {
    this.heap.free(this.address);
  }
}
