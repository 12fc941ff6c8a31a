// Groups in the heap whose keys are text, as a source. Strings and values are made of them where somebody wants rows; a sink that
// only encodes them gets the columns' bytes.

import { type ColumnParts, prepareParts } from '../codec/column.js';
import type { Heap } from '../shuffle/heap/allocator.js';
import type { Kernels } from '../shuffle/kernels.js';
import { keysOf, type TextGroups, type TextTable } from '../shuffle/text-table.js';
import { textParts } from '../shuffle/text-writer.js';
import type { PairsBatch, Source } from './batch.js';
import { isInt32 } from './sinks/numeric-kind.js';

/** What a table has for each key, beside it: in the heap, until it is disposed of. */
export interface TableValues {
  /** A value for each key, of the thread's own memory. */
  rows(): ArrayLike<unknown>;
  /** Those of the keys [from, from + n). */
  parts(from: number, n: number): ColumnParts;
  dispose(): void;
}

/** Takes over a table and its values. */
export class TextTableSource implements Source {
  readonly bytesRead = 0;
  private batch: TextTableBatch | undefined;

  /** `groups`: those of the table, as it has just given them. */
  constructor(partition: number, heap: Heap, kernels: Kernels, table: TextTable, groups: TextGroups, values: TableValues) {
    this.batch = new TextTableBatch(partition, heap, kernels, table, groups, values);
  }

  next(): PairsBatch | null {
    const { batch } = this;
    if (batch === undefined || batch.isGiven || batch.n === 0) return null;
    batch.isGiven = true;
    return batch;
  }

  close(): void {
    this.batch?.dispose();
    this.batch = undefined;
  }
}

class TextTableBatch implements PairsBatch {
  readonly kind = 'pairs';
  readonly n: number;
  isGiven = false;
  private made: { readonly keys: ArrayLike<string>; readonly values: ArrayLike<unknown> } | undefined;
  private isHeld = true;

  constructor(
    readonly block: number,
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly table: TextTable,
    private readonly groups: TextGroups,
    private readonly tableValues: TableValues,
  ) {
    this.n = groups.size;
  }

  get keys(): ArrayLike<string> {
    return this.rows().keys;
  }

  get values(): ArrayLike<unknown> {
    return this.rows().values;
  }

  encode(from: number, n: number): Uint8Array | undefined {
    if (!this.isHeld) return undefined;
    const { heap, kernels, tableValues } = this;
    const { addresses, lengths, ascii } = this.groups;
    const order = heap.allocate(n * 4);
    if (order === 0) return undefined;
    let at = 0;
    try {
      for (let i = 0; i < n; i++) heap.u32[(order >>> 2) + i] = from + i;
      const keys = textParts(kernels, { addresses, lengths, rows: order, n, ascii });
      const column = prepareParts({ kind: 'tuple', items: [keys, tableValues.parts(from, n)] }, n);
      at = heap.allocate(column.byteLength);
      if (at === 0) return undefined;
      const bytes = heap.u8.subarray(at, at + column.byteLength);
      column.write(bytes);
      return new Uint8Array(bytes);
    } finally {
      if (at !== 0) heap.free(at);
      heap.free(order);
    }
  }

  dispose(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.table.dispose();
    this.tableValues.dispose();
  }

  /** Gives back the table: whoever takes rows may need the room. */
  private rows(): { readonly keys: ArrayLike<string>; readonly values: ArrayLike<unknown> } {
    if (this.made === undefined) {
      this.made = { keys: keysOf(this.heap, this.kernels, this.groups), values: this.tableValues.rows() };
      this.dispose();
    }
    return this.made;
  }
}

/** Numbers as the narrowest column that holds them. */
export function narrowed(numbers: Float64Array): Int32Array | Float64Array {
  return numbers.every(isInt32) ? new Int32Array(numbers) : numbers;
}
