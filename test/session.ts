// What a context is made of, without one: RDDs whose jobs run over a transport of a test's choosing.
import assert from 'node:assert/strict';
import { idSequence, type RddId } from '../lib/core/ids.js';
import { StoredPartitions } from '../lib/plan/kept.js';
import { type JobRequest, JobRunner } from '../lib/plan/run-job.js';
import type { ShuffleOutputs } from '../lib/plan/shuffle-outputs.js';
import { TaskStores } from '../lib/plan/task-stores.js';
import type { Session } from '../lib/rdd/session.js';
import { Scheduler } from '../lib/scheduler/loop.js';
import type { ShuffleStore } from '../lib/shuffle/store.js';
import { localFileSystem } from '../lib/storage/local-file-system.js';
import type { TaskResult, TaskSpec } from '../lib/task/spec.js';
import { LocalHolder } from '../lib/task/stored/local-holder.js';
import type { Transport } from '../lib/transport/contract.js';

export interface Driver {
  readonly transport: Transport<TaskSpec, TaskResult>;
  /** The books of whoever drives it. */
  readonly store: ShuffleStore;
  readonly outputs: ShuffleOutputs;
}

/** `stored`: bytes of rows that are kept, in memory alone. */
export function driverSession({ transport, store, outputs }: Driver, { stored: most = 0, maxFailures = 4 } = {}) {
  const directory = () => assert.fail('there is no directory for files');
  const holder = new LocalHolder(store.heap, localFileSystem, most, directory);
  const stored = new StoredPartitions({ most, holderOf: () => holder, directory, emit() {} });
  const stores = new TaskStores(stored, outputs, () => {});
  const scheduler = new Scheduler<TaskSpec, TaskResult>(stores.around(transport), { outputs });
  const options = { seed: 0, maxFailures, name: 'test', smallJobs: 'pool' } as const;
  const jobs = new JobRunner(scheduler, store, outputs, options, error => error, stores);
  const session: Session = {
    defaultPartitions: 4,
    seed: 0,
    smallPartitions: 4,
    checkOpen() {},
    nextRdd: idSequence<RddId>(),
    warn() {},
    tell() {},
    stored,
    bundles: undefined,
    spilling: 'nowhere',
    run: (request: JobRequest) => jobs.run(request),
  };
  return { scheduler, session };
}
