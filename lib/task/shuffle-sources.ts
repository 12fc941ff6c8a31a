// Sources that read a shuffle: its rows as they were written, or aggregated by key.

import { HeddleError } from '../core/errors.js';
import { NumericKind } from '../shuffle/kernels.js';
import { type NumberBatch, readNumbers } from '../shuffle/number-columns.js';
import { loadedRuns, readRows } from '../shuffle/reader.js';
import { kindsOf, type Run, SPILLED_ENCODED, SPILLED_FLOAT64_KEYS } from '../shuffle/run.js';
import { heapFull } from '../shuffle/store.js';
import type { Batch, Source } from './batch.js';
import { type Aggregation, aggregationOf, CombineTable } from './combine-table.js';
import type { TaskEnv } from './env.js';
import { groupKeys } from './group-keys.js';
import { GroupSource } from './join-source.js';
import { aggregateNumbers, inOneTable } from './number-aggregate.js';
import { groupNumbers } from './number-groups.js';
import { type TaskContext, taskError } from './pipeline.js';
import type { AggregatorSpec } from './spec.js';
import { areMoreThanRoom, GroupRanges } from './spilled-groups.js';
import { TableSource } from './table-source.js';
import { aggregateText, aggregateTextTuples } from './text-aggregate.js';
import { groupTexts } from './text-groups.js';

/** The rows of a shuffle as they were written. */
export class RunsSource implements Source {
  private readonly runs: Generator<Run, void>;
  bytesRead = 0;
  constructor(
    private readonly task: TaskContext,
    runs: readonly Run[],
  ) {
    this.runs = loadedRuns(task.env.store, runs, 'own');
  }

  next(): Batch | null {
    const run = this.runs.next().value;
    if (run === undefined) return null;
    this.bytesRead += run.bytes;
    const { keys, values, rows } = readRows(this.task.env.heap, run);
    return { kind: 'pairs', keys, values, n: rows, block: this.task.spec.local };
  }

  close(): void {
    this.runs.return();
  }
}

/** Aggregates the runs of a reduce id: in a kernel's table where all of them are numbers and the operation is known. */
export function aggregateRuns(task: TaskContext, runs: readonly Run[], spec: AggregatorSpec): Source {
  if (spec.kind === 'group' && spec.keysAlone === true) return groupKeys(task, runs);
  if (spec.kind === 'group' && areMoreThanRoom(task, [runs])) return new LargeGroups(new GroupRanges(task, [runs]), task.spec.local);
  try {
    const source = runs.length === 0 ? undefined : aggregateByKernel(task, runs, spec);
    if (source !== undefined) return source;
  } catch (error) {
    // A table had no room in the heap. That for any keys needs none there.
    if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
  }
  return aggregateRows(task, runs, aggregationOf(spec, task.loaded.functions));
}

function aggregateByKernel(task: TaskContext, runs: readonly Run[], spec: AggregatorSpec): Source | undefined {
  if (spec.kind === 'group') {
    const numbers = groupNumbers(task, runs);
    if (numbers !== undefined) return numbers;
    const texts = groupTexts(task, [runs]);
    return texts === undefined ? undefined : new GroupSource(texts, task.spec.local);
  }
  if (spec.places !== null) return aggregateTextTuples(task, runs, spec.places);
  if (spec.kind !== 'reduce' || spec.op === null) return undefined;
  const text = aggregateText(task, runs, spec.op);
  if (text !== undefined) return text;
  const numbers = readNumbers(task.env.heap, task.env.kernels, runs);
  if (numbers !== undefined) {
    try {
      return aggregateNumbers(task, numbers, spec.op);
    } finally {
      numbers.dispose();
    }
  }
  const kinds = runs.reduce((bits, run) => bits | kindsOf(run), 0);
  if ((kinds & SPILLED_ENCODED) !== 0) return undefined;
  const keyKind = (kinds & SPILLED_FLOAT64_KEYS) === 0 ? NumericKind.Int32 : NumericKind.Float64;
  return inOneTable(task, { batches: numberBatches(task.env, runs), keyKind }, spec.op);
}

/** Numeric runs as they are loaded, one after the other. */
function* numberBatches({ store, heap, kernels }: TaskEnv, runs: readonly Run[]): Generator<NumberBatch, void> {
  for (const run of loadedRuns(store, runs, 'heap')) {
    const numbers = readNumbers(heap, kernels, [run]);
    if (numbers === undefined) throw heapFull(run.bytes, heap.capacity, 'shuffle data');
    try {
      yield* numbers.batches;
    } finally {
      numbers.dispose();
    }
  }
}

/** The groups of one input that do not fit into memory at once. */
class LargeGroups implements Source {
  readonly bytesRead = 0;
  constructor(
    private readonly ranges: GroupRanges,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const range = this.ranges.next();
    if (range === null) return null;
    const { keys, groups } = range;
    return { kind: 'pairs', keys, values: groups.map(([values]) => values), n: keys.length, block: this.block };
  }

  close(): void {
    this.ranges.close();
  }
}

/** Any keys, any functions. What crossed the shuffle are combiners, or values where there was no combining before it. */
function aggregateRows(task: TaskContext, runs: readonly Run[], aggregation: Aggregation): Source {
  const table = new CombineTable();
  const { index, combiners } = table;
  const create = aggregation.create as (value: unknown) => unknown;
  const merge = (aggregation.mapSide ? aggregation.mergeCombiners : aggregation.mergeValue) as (a: unknown, b: unknown) => unknown;
  let record: unknown;
  try {
    for (const run of loadedRuns(task.env.store, runs, 'own')) {
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
