// Sources that read a shuffle: its rows as they were written, or aggregated by key.

import { readNumbers, readRows } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import type { Batch, Source } from './batch.js';
import { type Aggregation, aggregationOf, CombineTable } from './combine-table.js';
import { aggregateNumbers } from './number-aggregate.js';
import { groupNumbers } from './number-groups.js';
import { type TaskContext, taskError } from './pipeline.js';
import type { AggregatorSpec } from './spec.js';
import { TableSource } from './table-source.js';
import { aggregateText, textRuns } from './text-aggregate.js';

/** The rows of a shuffle as they were written. */
export class RunsSource implements Source {
  private next_ = 0;
  bytesRead = 0;
  constructor(
    private readonly task: TaskContext,
    private readonly runs: readonly Run[],
  ) {}

  next(): Batch | null {
    const run = this.runs[this.next_++];
    if (run === undefined) return null;
    this.bytesRead += run.bytes;
    const { keys, values, rows } = readRows(this.task.env.heap, run);
    return { kind: 'pairs', keys, values, n: rows, block: this.task.spec.local };
  }

  close(): void {}
}

/** Aggregates the runs of a reduce id: in a kernel's table where all of them are numbers and the operation is known. */
export function aggregateRuns(task: TaskContext, runs: readonly Run[], spec: AggregatorSpec): Source {
  if (spec.kind === 'reduce' && spec.op !== null && runs.length > 0) {
    const text = textRuns(task, runs);
    if (text !== undefined) {
      const { keys, values } = aggregateText(task, text, spec.op);
      return new TableSource(task.spec.local, keys, values);
    }
    const numbers = readNumbers(task.env.heap, runs);
    if (numbers !== undefined) return aggregateNumbers(task, numbers, spec.op);
  }
  if (spec.kind === 'group') {
    const groups = groupNumbers(task, runs);
    if (groups !== undefined) return groups;
  }
  return aggregateRows(task, runs, aggregationOf(spec, task.loaded.functions));
}

/** Any keys, any functions. What crossed the shuffle are combiners, or values where there was no combining before it. */
function aggregateRows(task: TaskContext, runs: readonly Run[], aggregation: Aggregation): Source {
  const table = new CombineTable();
  const { index, combiners } = table;
  const create = aggregation.create as (value: unknown) => unknown;
  const merge = (aggregation.mapSide ? aggregation.mergeCombiners : aggregation.mergeValue) as (a: unknown, b: unknown) => unknown;
  let record: unknown;
  try {
    for (const run of runs) {
      task.env.checkCancelled();
      const { keys, values, rows } = readRows(task.env.heap, run);
      for (let i = 0; i < rows; i++) {
        const d = index.findOrAdd(keys[i]);
        record = values[i];
        if (d === combiners.length) combiners.push(aggregation.mapSide ? record : create(record));
        else combiners[d] = merge(combiners[d], record);
      }
    }
  } catch (error) {
    throw taskError(error, aggregation.label, task.spec, record);
  }
  return new TableSource(task.spec.local, table.keys, combiners);
}
