// The pairs of a partition in the order of their keys.

import { sortedOrder } from '../../codec/key-sort.js';
import { type SortedRows, sortNumbers } from '../../shuffle/numeric-sort.js';
import type { Batch, Source } from '../batch.js';
import { numbersOf } from '../number-runs.js';
import { PipelineRun, type TaskContext, taskError } from '../pipeline.js';
import { PairsSink } from '../sinks/pairs.js';
import type { Pipeline } from '../spec.js';
import { TableSource } from '../table-source.js';

const BATCH_ROWS = 4096;

interface Columns {
  readonly keys: unknown[];
  readonly values: unknown[];
}

/** The rows of a pipeline by key: numbers by a kernel. */
export function openSorted(task: TaskContext, pipeline: Pipeline, label: string, ascending: boolean, block: number): Source {
  const numbers = numbersOf(task, pipeline);
  if (numbers !== undefined) return new SortedSource(sortNumbers(task.env.heap, task.env.kernels, numbers, ascending), block);
  const sink = new PairsSink();
  sink.label = label;
  const run = new PipelineRun(task, pipeline, sink, false);
  try {
    run.runAll();
  } finally {
    run.close();
  }
  const { keys, values } = sortPairs(task, label, sink, ascending);
  return new TableSource(block, keys, values);
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

function sortPairs(task: TaskContext, label: string, { keys, values }: Columns, ascending: boolean): Columns {
  task.env.checkCancelled();
  const order = orderOf(task, label, keys, ascending);
  const sorted: Columns = { keys: new Array(order.length), values: new Array(order.length) };
  for (let i = 0; i < order.length; i++) {
    sorted.keys[i] = keys[order[i]!];
    sorted.values[i] = values[order[i]!];
  }
  return sorted;
}

function orderOf(task: TaskContext, label: string, keys: readonly unknown[], ascending: boolean): Uint32Array {
  try {
    return sortedOrder(keys, ascending);
  } catch (error) {
    throw taskError(error, label, task.spec);
  }
}
