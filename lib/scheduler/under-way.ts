// What the loop knows of the jobs and runs under way, and what it tells of a run's end.
import type { ErrorRecord } from '../core/errors.js';
import type { TaskEnded, TaskMetrics } from '../core/events.js';
import type { StageId } from '../core/ids.js';
import type { TaskRef } from './messages.js';
import type { JobRequest } from './request.js';

export interface RunningJob<Spec, Result> {
  readonly request: JobRequest<Spec, Result>;
  readonly stages: ReadonlySet<StageId>;
  readonly started: number;
  /** An error met while results were handed over: the job fails with it, whatever the machine says. */
  failure: { readonly error: unknown } | undefined;
  /** No more results are wanted: its end is a good one. */
  hasEnough: boolean;
  settle(outcome: { readonly error: unknown } | undefined): void;
}

export interface Launch<Spec> {
  readonly task: TaskRef;
  spec: Spec | undefined;
  readonly started: number;
  readonly controller: AbortController;
  /** As its controller would tell, too, but for every outcome that was a good part of the cost. */
  isAborted: boolean;
}

export function abort(launch: Launch<unknown> | undefined): void {
  if (launch === undefined) return;
  launch.isAborted = true;
  launch.controller.abort();
}

export function taskEnded(task: TaskRef, seconds: number, metrics: TaskMetrics, ok: boolean, error: ErrorRecord | undefined): TaskEnded {
  const { job, stage, partition, attempt } = task;
  const { rowsIn, rowsOut, bytesIn, bytesOut, bytesSpilled } = metrics;
  const event = {
    type: 'taskEnded',
    job,
    stage,
    partition,
    attempt,
    seconds,
    rowsIn,
    rowsOut,
    bytesIn,
    bytesOut,
    bytesSpilled,
    ok,
  } as const;
  return error === undefined ? event : { ...event, error };
}
