// A scheduler on a fake transport and a fake clock, with all that it tells.
import assert from 'node:assert/strict';
import type { EngineEvent } from '../../lib/core/events.js';
import { type JobRequest, Scheduler, type SchedulerOptions } from '../../lib/scheduler/loop.js';
import type { StagePlan } from '../../lib/scheduler/messages.js';
import { FakeClock, FakeTransport } from './fakeTransport.js';

type Extra = Partial<Omit<JobRequest<string, number>, 'plan'>> & { maxFailures?: number };

export class Bench {
  readonly events: EngineEvent[] = [];
  readonly clock = new FakeClock();
  readonly transport: FakeTransport<string, number>;
  readonly scheduler: Scheduler<string, number>;

  constructor(slots: number | string[], onEvent?: (event: EngineEvent) => void, options: SchedulerOptions<string, number> = {}) {
    this.transport = new FakeTransport(slots);
    this.scheduler = new Scheduler(this.transport, {
      onEvent: event => {
        this.events.push(event);
        onEvent?.(event);
      },
      metricsOf: rows => ({ rowsIn: rows, rowsOut: 1, bytesIn: 8 * rows, bytesOut: 8, bytesSpilled: 0 }),
      clock: this.clock,
      ...options,
    });
  }

  /** Submits a job; `got` collects what it hears as `stage.partition=result`. */
  submit(stages: StagePlan[], extra: Extra = {}): { done: Promise<void>; got: string[] } {
    const got: string[] = [];
    const { maxFailures, ...rest } = extra;
    const done = this.scheduler.submit({
      plan: { stages, action: 'collect', ...(maxFailures === undefined ? {} : { maxFailures }) },
      specFor: ({ stage, partition, attempt }) => `${stage}.${partition}#${attempt}`,
      onResult: ({ stage, partition }, result) => got.push(`${stage}.${partition}=${result}`),
      ...rest,
    });
    done.catch(() => {}); // looked at later
    return { done, got };
  }

  types(): string[] {
    return this.events.map(event => event.type);
  }

  idle(): void {
    assert.ok(this.scheduler.isIdle, 'something is left');
    assert.equal(this.clock.timers.size, 0, 'a timer is left');
  }
}
