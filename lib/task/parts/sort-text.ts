// The pairs of a partition in the order of their keys, where these are ASCII text: a kernel sorts them by their bytes.

import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Kernels } from '../../shuffle/kernels.js';
import { type Run, rowBytes } from '../../shuffle/run.js';
import { roomFor } from '../../shuffle/store.js';
import { stringsOf } from '../../shuffle/text-table.js';
import type { Batch, Source } from '../batch.js';
import type { TaskContext } from '../pipeline.js';
import { roomForRows } from '../spill.js';
import { RunValues, rowsOf, textPairs } from '../text-runs.js';

const BATCH_ROWS = 4096;

/** The rows of runs by key; undefined where a key is no ASCII text, or they are more than a task may hold. Throws HEDDLE_HEAP_FULL. */
export function sortTexts(task: TaskContext, runs: readonly Run[], ascending: boolean, block: number): Source | undefined {
  const { heap, kernels } = task.env;
  // A run that is loaded from disk does not stay where it is.
  if (runs.some(run => run.spilled !== undefined) || runs.reduce((sum, run) => sum + rowBytes(run), 0) > roomForRows(task))
    return undefined;
  const rows = rowsOf(runs);
  const values = new RunValues(rows);
  // The keys' addresses, lengths and order.
  const columns = roomFor(heap, rows * 12 + 8, 'a sort');
  const [addresses, lengths, order] = [columns, columns + rows * 4, columns + rows * 8];
  let isSorted = false;
  try {
    let at = 0;
    for (const each of runs) {
      task.env.checkCancelled();
      const run = textPairs(task, each);
      if (run === undefined) return undefined;
      // The ends of the strings go where the lengths will be.
      kernels.textOffsets(run.lengths.byteOffset, run.rows, run.text.byteOffset, addresses + at * 4, lengths + at * 4);
      heap.u32.set(run.lengths, (lengths >>> 2) + at);
      values.add(run);
      at += run.rows;
    }
    const scratch = roomFor(heap, rows * 20 + 8, 'a sort');
    kernels.sortText(addresses, lengths, rows, Number(ascending), scratch, order, scratch + rows * 8, scratch + rows * 16);
    heap.free(scratch);
    isSorted = true;
    return new SortedTexts(heap, kernels, { rows, addresses, lengths, order }, values.all, block);
  } finally {
    if (!isSorted) heap.free(columns);
  }
}

interface SortedKeys {
  readonly rows: number;
  readonly addresses: number;
  readonly lengths: number;
  readonly order: number;
}

/** Rows are put in order a batch at a time, and only where somebody looks at them. */
class SortedTexts implements Source {
  readonly bytesRead = 0;
  private given = 0;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly keys: SortedKeys,
    private readonly values: ArrayLike<unknown>,
    private readonly block: number,
  ) {}

  next(limit: number): Batch | null {
    const { heap, kernels, keys, values, given, block } = this;
    const n = Math.min(keys.rows - given, BATCH_ROWS, limit);
    if (n === 0) return null;
    this.given += n;
    const order = keys.order + given * 4;
    return {
      kind: 'pairs',
      get keys() {
        return stringsOf(heap, kernels, { ...keys, order, n });
      },
      get values() {
        return Array.from(heap.u32.subarray(order >>> 2, (order >>> 2) + n), row => values[row]);
      },
      n,
      block,
    };
  }

  close(): void {
    this.heap.free(this.keys.addresses);
  }
}
