// The reduce side: the rows of a reduce id, run after run in map order, as batches of keys and values.

import { readPairs } from '../codec/column.js';
import type { Heap } from './heap/allocator.js';
import { NumericKind } from './kernels.js';
import type { Run } from './run.js';

/** A batch of rows by column. Typed arrays are views of the heap: they are valid while the shuffle is. */
export interface PairBatch {
  readonly keys: ArrayLike<unknown>;
  readonly values: ArrayLike<unknown>;
  readonly rows: number;
}

/** The rows of a run. */
export function readRows(heap: Heap, run: Run): PairBatch {
  if (!run.numeric) return readPairs(new Uint8Array(heap.u8.buffer, run.payload, run.bytes));
  return {
    keys: numericColumn(heap, run.keyKind, run.keysAt, run.rows),
    values: numericColumn(heap, run.valueKind, run.valuesAt, run.rows),
    rows: run.rows,
  };
}

/** A view of a numeric column of the heap. */
export function numericColumn(heap: Heap, kind: number, at: number, rows: number): Int32Array | Float64Array {
  return kind === NumericKind.Int32 ? new Int32Array(heap.u8.buffer, at, rows) : new Float64Array(heap.u8.buffer, at, rows);
}

/** The kind of a column that the kernels can read, or 0: they read typed arrays that lie in the heap. */
export function numericKindOf(column: ArrayLike<unknown>, heap: Heap): number {
  if (column instanceof Int32Array) return column.buffer === heap.u8.buffer ? NumericKind.Int32 : 0;
  if (column instanceof Float64Array) return column.buffer === heap.u8.buffer ? NumericKind.Float64 : 0;
  return 0;
}

/** Runs of numbers, as columns that lie in the heap. */
export interface NumberRuns {
  readonly batches: readonly NumberBatch[];
  /** Float64 where some keys are. */
  readonly keyKind: NumericKind;
}

export interface NumberBatch {
  readonly keys: Int32Array | Float64Array;
  readonly values: Int32Array | Float64Array;
  readonly rows: number;
}

/** The rows of runs that are all pairs of numbers; undefined as soon as one is not. */
export function readNumbers(heap: Heap, runs: readonly Run[]): NumberRuns | undefined {
  const batches: NumberBatch[] = [];
  let keyKind: NumericKind = NumericKind.Int32;
  for (const run of runs) {
    const batch = readRows(heap, run);
    const kind = numericKindOf(batch.keys, heap);
    if (kind === NumericKind.None || numericKindOf(batch.values, heap) === NumericKind.None) return undefined;
    if (kind === NumericKind.Float64) keyKind = kind;
    batches.push(batch as NumberBatch);
  }
  return { batches, keyKind };
}
