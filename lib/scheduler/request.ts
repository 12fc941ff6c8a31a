// What is asked of the scheduler, and what it is given to work with.
import type { EngineEvent, TaskMetrics } from '../core/events.js';
import type { ExecutorId, StageId } from '../core/ids.js';
import type { Clock } from './clock.js';
import type { StagePlan, TaskRef } from './messages.js';

export interface JobPlan {
  /** In topological order. The last stages, those without children, belong to this job alone. */
  readonly stages: readonly StagePlan[];
  /** How often one partition may be tried; 4 when not given. */
  readonly maxFailures?: number;
  readonly action?: string;
  readonly name?: string;
}

export interface JobRequest<Spec, Result> {
  readonly plan: JobPlan;
  /** What to run for an attempt. Called when it is launched. */
  specFor(task: TaskRef): Spec;
  /**
   * The executors where a partition would run best, since what it reads is there; best first. Asked when it is about to be
   * launched, and perhaps several times: it must be cheap.
   */
  preferred?(stage: StageId, partition: number): readonly ExecutorId[];
  /**
   * Called once for each partition of each stage of the plan, before `submit` resolves; also for those that another job has run
   * (then `task.job` is that job). Partitions that another job has asked the same stage for are told too.
   */
  onResult(task: TaskRef, result: Result): void;
  readonly signal?: AbortSignal | undefined;
  /** Ends the job early and well: what has come is all that is wanted, and tasks under way are called off. */
  readonly enough?: AbortSignal | undefined;
  /** Milliseconds that the job may take. */
  readonly deadline?: number | undefined;
}

export interface SchedulerOptions<Result> {
  /** Takes what happens; must not throw (see `Events`). */
  readonly onEvent?: (event: EngineEvent) => void;
  /** The metrics inside a result, for taskEnded. */
  readonly metricsOf?: (result: Result) => TaskMetrics;
  readonly clock?: Clock;
}
