// Sources that stand on other pipelines or on a shuffle: rows read and perhaps aggregated, rows of several inputs
// grouped together, rows that a user's function over a whole partition gives.

import { HeddleError } from '../core/errors.js';
import { openAsync } from './async/open.js';
import type { Source } from './batch.js';
import { type Cogrouped, cogroup, largeCogroup } from './cogroup.js';
import { aggregationOf } from './combine-table.js';
import { CogroupSource, JoinSource, RangesSource } from './join-source.js';
import { CallSource } from './parts/call.js';
import { openParts } from './parts/open.js';
import { PartRows } from './parts/part-rows.js';
import { PipelineRun, type TaskContext } from './pipeline.js';
import { aggregateRuns, RunsSource } from './shuffle-sources.js';
import { AggregateRowsSink } from './sinks/group.js';
import type { Sink } from './sinks/sink.js';
import type { Pipeline, SourceSpec } from './spec.js';
import { openStored } from './stored/open.js';
import { TableSource } from './table-source.js';

type MiddleSpec = Exclude<SourceSpec, { kind: 'leaf' }>;

/** `blockwise`: no batch may cross a block of the source's elements. */
export function openMiddle(task: TaskContext, spec: MiddleSpec, blockwise: boolean): Source {
  switch (spec.kind) {
    case 'shuffle': {
      const input = task.spec.inputs[spec.input]!;
      if (input.kind !== 'shuffle') throw new HeddleError('HEDDLE_INTERNAL', `a shuffle's input is a ${input.kind}`);
      const runs = task.env.store.joinedRuns(input.shuffle, input.reduce, input.gathered);
      return spec.aggregator === null ? new RunsSource(task, runs) : aggregateRuns(task, runs, spec.aggregator);
    }
    case 'aggregate': {
      const aggregation = aggregationOf(spec.aggregator, task.loaded.functions);
      const sink = new AggregateRowsSink(aggregation);
      runInto(task, spec.of, sink);
      return new TableSource(task.spec.local, sink.table.keys, sink.table.combiners);
    }
    case 'cogroup': {
      const { local } = task.spec;
      const sourceOf = (groups: Cogrouped) =>
        spec.join === undefined ? new CogroupSource(groups, spec.of.length, local) : new JoinSource(groups, spec.join, local);
      const large = largeCogroup(task, spec.of);
      return large === undefined ? sourceOf(cogroup(task, spec.of)) : new RangesSource(large, sourceOf);
    }
    case 'mapPartitions':
      return mapPartitions(task, spec);
    case 'parts':
      return openParts(task, spec);
    case 'mapAsync':
    case 'pipe':
      return openAsync(task, spec, blockwise);
    case 'stored':
      return openStored(task, spec, blockwise);
  }
}

function runInto(task: TaskContext, pipeline: Pipeline, sink: Sink): void {
  const run = new PipelineRun(task, pipeline, sink, false);
  try {
    run.runAll();
  } finally {
    run.close();
  }
}

function mapPartitions(task: TaskContext, spec: SourceSpec & { readonly kind: 'mapPartitions' }): Source {
  const f = task.loaded.functions.get(spec.f) as (...args: unknown[]) => unknown;
  const call = (rows: unknown) => (spec.withIndex ? f(spec.firstIndex + task.spec.local, rows) : f(rows));
  return new CallSource(task, spec.label, [new PartRows(task, spec.of)], spec.single ? rows => [call(rows)] : call);
}
