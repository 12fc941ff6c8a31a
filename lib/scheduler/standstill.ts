// Jobs while there is no slot at all: they wait, say so, go on with the first slot, or give up after the time that they have for it.
import { HeddleError } from '../core/errors.js';
import type { EngineEvent } from '../core/events.js';
import type { JobId } from '../core/ids.js';
import { type Clock, startDeadline } from './clock.js';

interface Waiting {
  readonly since: number;
  clear(): void;
}

export class Standstill {
  private readonly waiting = new Map<JobId, Waiting>();

  constructor(
    private readonly clock: Clock,
    private readonly tell: (event: EngineEvent) => void,
    private readonly giveUp: (job: JobId, error: HeddleError) => void,
  ) {}

  /** Takes the state of things, after each change: whether there are no slots, and the jobs with the milliseconds they may wait. */
  update(hasNoSlots: boolean, jobs: ReadonlyMap<JobId, { readonly request: { readonly waitForExecutors?: number | undefined } }>): void {
    if (!hasNoSlots && this.waiting.size === 0) return;
    for (const [job, { since, clear }] of this.waiting) {
      if (hasNoSlots && jobs.has(job)) continue;
      clear();
      this.waiting.delete(job);
      if (jobs.has(job)) this.tell({ type: 'jobResumed', job, seconds: (this.clock.now() - since) / 1000 });
    }
    if (!hasNoSlots) return;
    for (const [job, { request }] of jobs) {
      if (this.waiting.has(job)) continue;
      const { waitForExecutors } = request;
      let clear = (): void => {};
      if (waitForExecutors !== undefined && waitForExecutors < Number.POSITIVE_INFINITY) {
        clear = startDeadline(this.clock, waitForExecutors, () => this.giveUp(job, noExecutors(waitForExecutors)));
      }
      this.waiting.set(job, { since: this.clock.now(), clear });
      this.tell({ type: 'jobWaiting', job });
    }
  }
}

function noExecutors(milliseconds: number): HeddleError {
  const message = `no executor was there for ${milliseconds} ms, which is as long as the job waits for one: start executors, or let it wait longer`;
  return new HeddleError('HEDDLE_NO_EXECUTORS', message, { data: { waitForExecutors: milliseconds } });
}
