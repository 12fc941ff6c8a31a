// What an RDD asks of its context: a way to run jobs, and the defaults.

import type { ModuleBundles } from '../codec/closure/index.js';
import type { EstimateUpdated } from '../core/events.js';
import type { RddId } from '../core/ids.js';
import type { StoredPartitions } from '../plan/kept.js';
import type { JobRequest } from '../plan/run-job.js';
import type { Seed } from '../task/rng/seed.js';

export interface Session {
  readonly defaultPartitions: number;
  /** Partitions of an array, a range or trials of few elements, where a call names none. */
  readonly smallPartitions: number;
  /** Of every random stream for which a call names none. */
  readonly seed: Seed;
  /** Throws HEDDLE_CONTEXT_STOPPED. */
  checkOpen(): void;
  nextRdd(): RddId;
  /** Tells the user of something that is no error. */
  warn(message: string): void;
  /** Tells whoever watches how a summary goes. */
  tell(event: EstimateUpdated): void;
  /** What is persisted. */
  readonly stored: StoredPartitions;
  /** How modules go with closures; undefined where they are imported from their files. */
  readonly bundles: ModuleBundles | undefined;
  /** Where rows go that have no room in memory, for explain(). */
  readonly spilling: string;
  run(request: JobRequest): Promise<void>;
}
