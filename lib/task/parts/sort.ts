// The pairs of a partition in the order of their keys.

import { HeddleError } from '../../core/errors.js';
import { readNumbers } from '../../shuffle/number-columns.js';
import { type SortedRows, sortNumbers } from '../../shuffle/numeric-sort.js';
import type { Batch, Source } from '../batch.js';
import { runsOf } from '../number-runs.js';
import { PipelineRun, type TaskContext } from '../pipeline.js';
import { PairsSink } from '../sinks/pairs.js';
import type { Pipeline } from '../spec.js';
import { sortedPairs } from './external-sort.js';
import { sortTexts } from './sort-text.js';

const BATCH_ROWS = 4096;

/** The rows of a pipeline by key: numbers and text, as a shuffle has them, by kernels. */
export function openSorted(task: TaskContext, pipeline: Pipeline, label: string, ascending: boolean, block: number): Source {
  try {
    const sorted = sortedByKernel(task, pipeline, ascending, block);
    if (sorted !== undefined) return sorted;
  } catch (error) {
    // The kernel had no room in the heap. What follows needs none there.
    if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
  }
  const sink = new PairsSink();
  sink.label = label;
  const run = new PipelineRun(task, pipeline, sink, false);
  try {
    return sortedPairs(task, label, run, sink, ascending);
  } finally {
    run.close();
  }
}

function sortedByKernel(task: TaskContext, pipeline: Pipeline, ascending: boolean, block: number): Source | undefined {
  const runs = runsOf(task, pipeline);
  if (runs === undefined || runs.length === 0) return undefined;
  const { heap, kernels } = task.env;
  const numbers = readNumbers(heap, kernels, runs);
  if (numbers === undefined) return sortTexts(task, runs, ascending, block);
  try {
    return new SortedSource(sortNumbers(heap, kernels, numbers, ascending), block);
  } finally {
    numbers.dispose();
  }
}

/** Columns are put in order a batch at a time, and only where somebody looks at them. */
class SortedSource implements Source {
  readonly bytesRead = 0;
  private given = 0;
  constructor(
    private readonly rows: SortedRows,
    private readonly block: number,
  ) {}

  next(limit: number): Batch | null {
    const { rows, given, block } = this;
    const n = Math.min(rows.order.length - given, BATCH_ROWS, limit);
    if (n === 0) return null;
    this.given += n;
    const inOrder = (column: Int32Array | Float64Array) => {
      const batch = column instanceof Int32Array ? new Int32Array(n) : new Float64Array(n);
      for (let i = 0; i < n; i++) batch[i] = column[rows.order[given + i]!]!;
      return batch;
    };
    return {
      kind: 'pairs',
      get keys() {
        return inOrder(rows.keys);
      },
      get values() {
        return inOrder(rows.values);
      },
      n,
      block,
    };
  }

  close(): void {
    this.rows.dispose();
  }
}
