// The public door of Heddle. It loads next to nothing: the engine comes with the first context.
import type { Context as EngineContext } from './context.js';
import type { ContextOptions } from './core/options.js';

export type { TextOptions, TrialOptions } from './context.js';
export { type ErrorCode, HeddleError } from './core/errors.js';
export type { EngineEvent, EngineEventType, EventListener } from './core/events.js';
export type { ContextOptions } from './core/options.js';
export type { JobTotals } from './monitor/totals.js';
export type { StorageLevel } from './plan/kept.js';
export type { Accumulator } from './rdd/accumulator.js';
export type { ApproximateOptions } from './rdd/approximate-actions.js';
export type { AsyncContext, AsyncOptions, PipeOptions } from './rdd/async-operators.js';
export type { Broadcast } from './rdd/broadcast.js';
export type { ControlOptions } from './rdd/control-variate.js';
export type { SourceOptions } from './rdd/custom-source.js';
export type { IteratorOptions } from './rdd/local-iterator.js';
export type { Histogram } from './rdd/number-actions.js';
export type { KnownPartitioner } from './rdd/partitioners.js';
export type { RDD } from './rdd/rdd.js';
export type { Summary, SummaryOptions, Until, VectorSummary } from './rdd/summary.js';
export type { SummaryRun } from './rdd/summary-run.js';
export type { ActionOptions, Combiner, Pair, Partitioner, Partitions, Row, Widen } from './rdd/types.js';
export type { Rng } from './task/rng/rng.js';
export type { Seed } from './task/rng/seed.js';
export type { ControlledEstimate } from './task/stats/comoments.js';
export type { Estimate } from './task/stats/estimate.js';
export type { Statistics } from './task/stats/moments.js';
export { normalQuantile } from './task/stats/normal.js';
export type { ApproximateCount } from './task/stats/total.js';

/** A running engine: threads, a heap, and the beginnings of plans. */
export type Context = EngineContext;

export const Context = {
  /**
   * Starts the threads. Options may also come from HEDDLE_ variables (see ContextOptions). Rejects with HEDDLE_BAD_OPTION for
   * what makes no sense, HEDDLE_HEAP_RESERVE where the memory cannot be had. Stop it, or declare it with `await using`.
   */
  async create(options?: ContextOptions): Promise<Context> {
    const { Context: Engine } = await import('./context.js');
    return Engine.create(options);
  },
} as const;
