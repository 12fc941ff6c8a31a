// The reduce side of reduceByKey where all rows are numbers and the operation is the kernels' own.

import { HeddleError } from '../core/errors.js';
import { NumericKind, numericBytes } from '../shuffle/kernels.js';
import type { NumberBatch, NumberRows } from '../shuffle/number-columns.js';
import { BUCKET_ROWS, NumericBuckets } from '../shuffle/numeric-buckets.js';
import { NumericTable } from '../shuffle/numeric-table.js';
import { numericColumn } from '../shuffle/reader.js';
import { roomFor } from '../shuffle/store.js';
import type { Source } from './batch.js';
import type { TaskContext } from './pipeline.js';
import { TableSource } from './table-source.js';

/** One value a key. The order of additions is that of the rows, whichever way is taken. */
export function aggregateNumbers(task: TaskContext, numbers: NumberRows, op: number): Source {
  // A table of so few rows is small anyway.
  if (numbers.rows <= BUCKET_ROWS) return inOneTable(task, numbers, op);
  try {
    return inBuckets(task, numbers, op);
  } catch (error) {
    // Buckets are a copy of all rows, one table is of the groups.
    if (error instanceof HeddleError && error.code === 'HEDDLE_HEAP_FULL') return inOneTable(task, numbers, op);
    throw error;
  }
}

function inBuckets({ env, spec }: TaskContext, numbers: NumberRows, op: number): Source {
  const { heap, kernels } = env;
  const buckets = new NumericBuckets(heap, kernels, numbers.keyKind, [numbers], () => env.checkCancelled());
  let [folded, room] = [0, 0];
  try {
    const parts: Float64Array[] = [];
    const order = buckets.group(({ groups, inputs }) => {
      const { ids, values, valueKind, rows } = inputs[0]!;
      if (groups > room) {
        if (folded !== 0) heap.free(folded);
        folded = 0;
        folded = roomFor(heap, groups * 16, 'an aggregation table');
        room = groups * 2;
      }
      kernels.foldGroups(op, valueKind, ids, values, rows, folded, 0);
      parts.push(heap.f64.slice(folded >>> 3, (folded >>> 3) + groups));
    });
    const { keys, places } = order.groups();
    order.dispose();
    return new TableSource(spec.local, keys, () => inOrder(parts, places));
  } finally {
    if (folded !== 0) heap.free(folded);
    buckets.dispose();
  }
}

/** The values of all buckets, of which `places` tells the order. */
function inOrder(parts: readonly Float64Array[], places: Uint32Array): Float64Array {
  const all = new Float64Array(places.length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const ordered = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) ordered[i] = all[places[i]!]!;
  return ordered;
}

/** As aggregateNumbers, of rows that need not all be in memory at once. */
export function inOneTable(
  task: TaskContext,
  { batches, keyKind }: { readonly batches: Iterable<NumberBatch>; readonly keyKind: NumericKind },
  op: number,
): Source {
  const { heap, kernels } = task.env;
  const progress = roomFor(heap, 64, 'an aggregation table');
  const table = new NumericTable(heap, kernels, op, keyKind, progress);
  let widened = 0;
  try {
    for (const { keys, values, rows } of batches) {
      task.env.checkCancelled();
      let keysAt = keys.byteOffset;
      if (keyKind === NumericKind.Float64 && keys instanceof Int32Array) {
        widened = keysAt = roomFor(heap, rows * numericBytes[keyKind]!, 'float64 keys');
        numericColumn(heap, keyKind, keysAt, rows).set(keys);
      }
      table.add(keysAt, values.byteOffset, values instanceof Int32Array ? NumericKind.Int32 : NumericKind.Float64, rows);
      if (widened !== 0) heap.free(widened);
      widened = 0;
    }
    const { size, keysAt, valuesAt } = table.groups();
    const keys = numericColumn(heap, keyKind, keysAt, size).slice();
    return new TableSource(task.spec.local, keys, numericColumn(heap, NumericKind.Float64, valuesAt, size).slice());
  } finally {
    if (widened !== 0) heap.free(widened);
    table.dispose();
    heap.free(progress);
  }
}
