// The public door of Heddle.
export { Context, type TextOptions, type TrialOptions } from './context.js';
export { type ErrorCode, HeddleError } from './core/errors.js';
export type { EngineEvent, EngineEventType, EventListener } from './core/events.js';
export type { ContextOptions } from './core/options.js';
export type { JobTotals } from './monitor/totals.js';
export { RDD } from './rdd/rdd.js';
export type { ActionOptions, Combiner, Pair, Row, Widen } from './rdd/types.js';
export type { Rng } from './task/rng/rng.js';
export type { Seed } from './task/rng/seed.js';
export type { Statistics } from './task/stats/moments.js';
