// Sources that stand on other pipelines or on a shuffle: rows read and perhaps aggregated, rows of several inputs
// grouped together, rows that a user's function over a whole partition gives.

import { HeddleError } from '../core/errors.js';
import { NumericKind } from '../shuffle/kernels.js';
import { NumericTable } from '../shuffle/numeric-table.js';
import { numericKindOf, readRows } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import type { Batch, Source } from './batch.js';
import { type Aggregation, aggregationOf, CombineTable } from './combine-table.js';
import { type Chunks, chunksOf } from './compile.js';
import type { AnyFunction } from './functions.js';
import { PipelineRun, type TaskContext, taskError } from './pipeline.js';
import { AggregateRowsSink, GroupSink } from './sinks/group.js';
import { RowsSink } from './sinks/rows.js';
import type { AggregatorSpec, Pipeline, SourceSpec } from './spec.js';
import { aggregateText, textRuns } from './text-aggregate.js';

type MiddleSpec = Exclude<SourceSpec, { kind: 'leaf' }>;

export function openMiddle(task: TaskContext, spec: MiddleSpec): Source {
  switch (spec.kind) {
    case 'shuffle': {
      const input = task.spec.inputs[spec.input]!;
      if (input.kind !== 'shuffle') throw new HeddleError('HEDDLE_INTERNAL', `a shuffle's input is a ${input.kind}`);
      const runs = task.env.store.runs(input.shuffle, input.reduce);
      return spec.aggregator === null ? new RunsSource(task, runs) : aggregateRuns(task, runs, spec.aggregator);
    }
    case 'aggregate': {
      const aggregation = aggregationOf(spec.aggregator, task.loaded.functions);
      const sink = new AggregateRowsSink(aggregation);
      runInto(task, spec.of, sink);
      return new TableSource(task.spec.local, sink.table.keys, sink.table.combiners);
    }
    case 'cogroup': {
      const sink = new GroupSink(spec.of.length);
      spec.of.forEach((pipeline, input) => {
        sink.input = input;
        runInto(task, pipeline, sink);
      });
      return new TableSource(task.spec.local, sink.index.keys, sink.groups);
    }
    case 'mapPartitions':
      return new PartitionSource(task, spec.of, task.loaded.functions.get(spec.f), spec);
  }
}

function runInto(task: TaskContext, pipeline: Pipeline, sink: RowsSink | AggregateRowsSink | GroupSink): void {
  const run = new PipelineRun(task, pipeline, sink, false);
  try {
    run.runAll();
  } finally {
    run.close();
  }
}

/** The rows of a shuffle as they were written. */
class RunsSource implements Source {
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

/** Keys and values that are already columns. */
class TableSource implements Source {
  readonly bytesRead = 0;
  private given = false;
  constructor(
    private readonly partition: number,
    private readonly keys: ArrayLike<unknown>,
    private readonly values: ArrayLike<unknown>,
    private readonly dispose: () => void = () => {},
  ) {}

  next(): Batch | null {
    if (this.given || this.keys.length === 0) return null;
    this.given = true;
    return { kind: 'pairs', keys: this.keys, values: this.values, n: this.keys.length, block: this.partition };
  }

  close(): void {
    this.dispose();
  }
}

/** Aggregates the runs of a reduce id: in a kernel's table where all of them are numbers and the operation is known. */
function aggregateRuns(task: TaskContext, runs: readonly Run[], spec: AggregatorSpec): Source {
  const { heap } = task.env;
  if (spec.kind === 'reduce' && spec.op !== null && runs.length > 0) {
    const text = textRuns(task, runs);
    if (text !== undefined) {
      const { keys, values } = aggregateText(task, text, spec.op);
      return new TableSource(task.spec.local, keys, values);
    }
    const batches = runs.map(run => readRows(heap, run));
    const kinds = batches.map(batch => [numericKindOf(batch.keys, heap), numericKindOf(batch.values, heap)] as const);
    if (kinds.every(([key, value]) => key !== 0 && value !== 0)) {
      const keyKind = kinds.some(([key]) => key === NumericKind.Float64) ? NumericKind.Float64 : NumericKind.Int32;
      return aggregateNumbers(task, batches as NumberBatch[], spec.op, keyKind);
    }
  }
  return aggregateRows(task, runs, aggregationOf(spec, task.loaded.functions));
}

interface NumberBatch {
  readonly keys: Int32Array | Float64Array;
  readonly values: Int32Array | Float64Array;
  readonly rows: number;
}

function aggregateNumbers(task: TaskContext, batches: readonly NumberBatch[], op: number, keyKind: number): Source {
  const { heap, kernels } = task.env;
  const progress = roomFor(heap, 64, 'an aggregation table');
  const table = new NumericTable(heap, kernels, op, keyKind, progress);
  const widened: number[] = [];
  const close = () => {
    table.dispose();
    for (const address of widened.splice(0)) heap.free(address);
    heap.free(progress);
  };
  try {
    for (const { keys, values, rows } of batches) {
      task.env.checkCancelled();
      let keysAt = keys.byteOffset;
      if (keyKind === NumericKind.Float64 && keys instanceof Int32Array) {
        keysAt = roomFor(heap, rows * 8, 'float64 keys');
        widened.push(keysAt);
        new Float64Array(heap.u8.buffer, keysAt, rows).set(keys);
      }
      table.add(keysAt, values.byteOffset, values instanceof Int32Array ? NumericKind.Int32 : NumericKind.Float64, rows);
      if (widened.length > 0) heap.free(widened.pop()!);
    }
    const { size, keysAt, valuesAt } = table.groups();
    const keys =
      keyKind === NumericKind.Int32 ? new Int32Array(heap.u8.buffer, keysAt, size) : new Float64Array(heap.u8.buffer, keysAt, size);
    return new TableSource(task.spec.local, keys, new Float64Array(heap.u8.buffer, valuesAt, size), close);
  } catch (error) {
    close();
    throw error;
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

/** mapPartitions: the user's function pulls rows from the pipeline below; what it gives goes on in chunks. */
class PartitionSource implements Source {
  readonly bytesRead = 0;
  private readonly run: PipelineRun;
  private readonly label: string;
  private readonly chunks: Chunks;

  constructor(
    private readonly task: TaskContext,
    of: Pipeline,
    f: AnyFunction,
    spec: { readonly withIndex: boolean; readonly firstIndex: number; readonly single: boolean; readonly label: string },
  ) {
    this.label = spec.label;
    const sink = new RowsSink();
    this.run = new PipelineRun(task, of, sink, false);
    const rows = pull(this.run, sink);
    const call = f as (...args: unknown[]) => unknown;
    this.chunks = this.guarded(() => {
      const given = spec.withIndex ? call(spec.firstIndex + task.spec.local, rows) : call(rows);
      return chunksOf(spec.single ? [given] : (given as Iterable<unknown>));
    });
  }

  next(): Batch | null {
    const rows = this.guarded(() => this.chunks.next());
    return rows === null ? null : { kind: 'rows', rows, n: rows.length, block: this.task.spec.local };
  }

  close(): void {
    try {
      this.chunks.end();
    } finally {
      this.run.close();
    }
  }

  private guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.run.close();
      throw taskError(error, this.label, this.task.spec);
    }
  }
}

function* pull(run: PipelineRun, sink: RowsSink): IterableIterator<unknown> {
  while (run.step()) yield* sink.take();
}
