// From a sink's description to the sink.

import { HeddleError } from '../core/errors.js';
import type { Partitioner } from '../shuffle/partitioner.js';
import { blocksOf as blocksOfPipeline } from './blocks.js';
import type { ColumnarPlan } from './columnar/plan.js';
import { takesColumns } from './columnar/worth.js';
import { aggregationOf } from './combine-table.js';
import type { ProgramFunctions } from './functions.js';
import type { TaskContext } from './pipeline.js';
import { ComomentsSink } from './sinks/comoments.js';
import { CountSink, ForEachSink } from './sinks/count.js';
import { CountByValueSink } from './sinks/count-by-value.js';
import { CountDistinctSink } from './sinks/count-distinct.js';
import { AggregateSink, MomentsSink, ReduceSink, SumSink } from './sinks/fold.js';
import { HistogramSink } from './sinks/histogram.js';
import { LeastSink } from './sinks/least.js';
import { OrderedSink } from './sinks/ordered.js';
import { CollectSink } from './sinks/rows.js';
import { SampleKeysSink } from './sinks/sample-keys.js';
import { ShuffleSink } from './sinks/shuffle.js';
import type { Sink } from './sinks/sink.js';
import { SummarySink } from './sinks/summary.js';
import { TextSink } from './sinks/text.js';
import type { PartitionerSpec, SinkSpec } from './spec.js';

const BLOCKWISE: ReadonlySet<SinkSpec['kind']> = new Set(['reduce', 'aggregate', 'sum', 'moments', 'comoments', 'summary']);

/** Whether a sink's answer is built block by block. */
export function isBlockwise(task: TaskContext): boolean {
  return BLOCKWISE.has(task.loaded.program.sink.kind);
}

/** The blocks that a task's rows belong to. */
const blocksOf = ({ spec, loaded }: TaskContext) => blocksOfPipeline(loaded.program.branches[spec.branch]!, spec);

function revivePartitioner(spec: PartitionerSpec, functions: ProgramFunctions): Partitioner {
  return spec.kind === 'custom' ? { ...spec, f: functions.get(spec.f) as (key: unknown) => unknown } : spec;
}

/** The plan of the rows that may come as columns which the sink takes as they are. */
function columnsTaken({ spec, loaded }: TaskContext): ColumnarPlan | null {
  const { columnar, operators } = loaded.program.branches[spec.branch]!;
  return columnar?.covered === operators.length && takesColumns(columnar, loaded.program.sink) ? columnar : null;
}

export function openSink(task: TaskContext): Sink {
  const sink = makeSink(task);
  sink.label = labelOf(task.loaded.program.sink);
  return sink;
}

function labelOf(sink: SinkSpec): string | undefined {
  // An action has no other name than its stage's.
  if (sink.kind !== 'shuffle') return undefined;
  return sink.aggregator?.label ?? (sink.partitioner.kind === 'custom' ? sink.partitioner.label : undefined);
}

function makeSink(task: TaskContext): Sink {
  const { env, spec, loaded } = task;
  const { functions } = loaded;
  const { sink } = loaded.program;
  switch (sink.kind) {
    case 'shuffle': {
      if (spec.output === null) throw new HeddleError('HEDDLE_INTERNAL', 'a shuffle task without its shuffle');
      const aggregation = sink.aggregator === null ? null : aggregationOf(sink.aggregator, functions);
      const op = sink.aggregator?.kind === 'reduce' ? sink.aggregator.op : null;
      const partitioner = revivePartitioner(sink.partitioner, functions);
      const places = sink.aggregator === null || sink.aggregator.kind === 'group' ? null : sink.aggregator.places;
      return new ShuffleSink(env, spec.output, spec.partition, spec.token, partitioner, aggregation, op, columnsTaken(task), places);
    }
    case 'sampleKeys':
      return new SampleKeysSink(spec.partition, sink.size);
    case 'collect':
      return new CollectSink();
    case 'take':
      return new CollectSink(sink.limit);
    case 'least':
      return new LeastSink(sink.limit);
    case 'count':
      return new CountSink();
    case 'sum':
      return new SumSink(blocksOf(task));
    case 'moments':
      return new MomentsSink(blocksOf(task));
    case 'comoments':
      return new ComomentsSink(blocksOf(task));
    case 'summary':
      return new SummarySink(blocksOf(task), sink.quantiles);
    case 'reduce':
      return new ReduceSink(blocksOf(task), functions.get(sink.f));
    case 'aggregate':
      return new AggregateSink(blocksOf(task), sink.zero, functions.get(sink.seq), functions.get(sink.comb));
    case 'countByValue':
      return new CountByValueSink(env, columnsTaken(task) !== null);
    case 'countDistinct':
      return new CountDistinctSink(sink.precision);
    case 'ordered':
      return new OrderedSink(sink.order, sink.order.by === null ? undefined : functions.get(sink.order.by));
    case 'histogram':
      return new HistogramSink(sink.edges);
    case 'forEach':
      return new ForEachSink(functions.get(sink.f));
    case 'text':
      return new TextSink(env.files, sink.output, spec.partition, spec.attempt);
  }
}
