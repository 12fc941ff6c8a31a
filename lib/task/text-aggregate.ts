// The reduce side for text and numbers: all runs of a reduce id through one table of a kernel, where their operation is known.

import { readColumn } from '../codec/column.js';
import type { Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { keysOf, TextTable } from '../shuffle/text-table.js';
import type { TaskContext } from './pipeline.js';
import { CHUNK_ROWS, eachTextChunk } from './text-runs.js';

/** The groups of all runs; undefined when one has other rows, or is not in the heap. Throws HEDDLE_HEAP_FULL. */
export function aggregateText(
  task: TaskContext,
  runs: readonly Run[],
  op: number,
): { readonly keys: ArrayLike<string>; readonly values: Float64Array } | undefined {
  const { heap, kernels } = task.env;
  // Words of progress, the offsets of a chunk's rows, their values.
  const scratch = roomFor(heap, 64 + CHUNK_ROWS * 16, 'an aggregation table');
  const [offsets, values] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 8];
  let table: TextTable | undefined;
  try {
    const own = (table = new TextTable(heap, kernels, op, scratch));
    const chunk = new Float64Array(heap.u8.buffer, values, CHUNK_ROWS);
    let numbers: Int32Array | Float64Array;
    const isWhole = eachTextChunk(
      task,
      runs,
      offsets,
      run => {
        const read = readColumn(run.values);
        if (!(read instanceof Int32Array || read instanceof Float64Array)) return false;
        numbers = read;
        return true;
      },
      (keys, from, n) => {
        chunk.set(numbers.subarray(from, from + n));
        own.add(keys, values, 0, n);
      },
    );
    if (!isWhole) return undefined;
    const groups = table.groups();
    return { keys: keysOf(heap, kernels, groups), values: groups.values.slice() };
  } finally {
    table?.dispose();
    heap.free(scratch);
  }
}
