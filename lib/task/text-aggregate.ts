// The reduce side for text and numbers: all runs of a reduce id through one table of a kernel, where their operation is known.

import { readTextPairs, type TextPairs } from '../codec/column.js';
import type { Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { keysOf, TextTable } from '../shuffle/text-table.js';
import type { TaskContext } from './pipeline.js';

/** Rows that are added at once. */
const CHUNK_ROWS = 4096;

/** The pairs of a run in the heap, if they are ASCII text and numbers. */
function textPairs({ env }: TaskContext, run: Run): TextPairs | undefined {
  const read = run.numeric || run.own !== undefined ? null : readTextPairs(new Uint8Array(env.heap.u8.buffer, run.payload, run.bytes));
  if (read === null || env.kernels.isAscii(read.text.byteOffset, read.text.byteOffset + read.text.length) === 0) return undefined;
  return read;
}

/** The groups of all runs; undefined when one has other rows, or is not in the heap. Throws HEDDLE_HEAP_FULL. */
export function aggregateText(
  task: TaskContext,
  runs: Iterable<Run>,
  op: number,
): { readonly keys: ArrayLike<string>; readonly values: Float64Array } | undefined {
  const { env } = task;
  const { heap, kernels } = env;
  // Words of progress, the offsets of a chunk's rows, their values.
  const scratch = roomFor(heap, 64 + CHUNK_ROWS * 16, 'an aggregation table');
  const [starts, ends, values] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 4, scratch + 64 + CHUNK_ROWS * 8];
  let table: TextTable | undefined;
  try {
    table = new TextTable(heap, kernels, op, scratch);
    const chunk = new Float64Array(heap.u8.buffer, values, CHUNK_ROWS);
    for (const each of runs) {
      const run = textPairs(task, each);
      if (run === undefined) return undefined;
      env.checkCancelled();
      const column = { base: run.text.byteOffset, starts, ends };
      let offset = 0;
      for (let from = 0; from < run.rows; from += CHUNK_ROWS) {
        const n = Math.min(CHUNK_ROWS, run.rows - from);
        offset = kernels.textOffsets(run.lengths.byteOffset + from * 4, n, offset, starts, ends) >>> 0;
        chunk.set(run.values.subarray(from, from + n));
        table.add(column, values, 0, n);
      }
    }
    const groups = table.groups();
    return { keys: keysOf(heap, kernels, groups), values: groups.values.slice() };
  } finally {
    table?.dispose();
    heap.free(scratch);
  }
}
