// What is asked of the scheduler, and what it is given to work with.
import type { EngineEvent, TaskMetrics } from '../core/events.js';
import type { ExecutorId, StageId } from '../core/ids.js';
import type { FailedFetch } from '../transport/contract.js';
import type { Clock } from './clock.js';
import type { QuarantineRule } from './fleet.js';
import type { LostOutput, StagePlan, TaskRef } from './messages.js';
import type { SpeculationRule } from './state.js';

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
   * (then `task.job` is that job). Partitions that another job has asked the same stage for are told too, and those of a dormant
   * stage that run after all.
   */
  onResult(task: TaskRef, result: Result): void;
  readonly signal?: AbortSignal | undefined;
  /** Ends the job early and well: what has come is all that is wanted, and tasks under way are called off. */
  readonly enough?: AbortSignal | undefined;
  /** Milliseconds that the job may take. */
  readonly deadline?: number | undefined;
  /** Milliseconds that the job waits when there is no executor at all; as long as it takes when not given. */
  readonly waitForExecutors?: number | undefined;
}

/** Who keeps book of what tasks have written, and where. */
export interface StageOutputs<Spec, Result> {
  /** The outcome of this task counts: what it wrote is at this executor. */
  accepted(spec: Spec, executor: ExecutorId, result: Result): void;
  /** All that was at an executor is gone. Returns what that was. */
  executorLost(executor: ExecutorId): readonly LostOutput[];
  /** Some output could not be had from where it should be, and is to be made again. Returns what was known to be there. */
  fetchFailed(fetch: FailedFetch): readonly LostOutput[];
}

export interface SchedulerOptions<Spec, Result> {
  /** Takes what happens; must not throw (see `Events`). */
  readonly onEvent?: (event: EngineEvent) => void;
  /** The metrics inside a result, for taskEnded. */
  readonly metricsOf?: (result: Result) => TaskMetrics;
  /** How long a task ran: where that is told, quick ones may wait in an executor's queue. */
  readonly secondsOf?: (result: Result) => number | undefined;
  readonly clock?: Clock;
  readonly outputs?: StageOutputs<Spec, Result>;
  /**
   * Whether a task that takes much longer than the others of its stage is run a second time, on another executor: off when not
   * given. `true` is for { quantile: 0.75, multiplier: 1.5, minimum: 1000 }.
   */
  readonly speculation?: boolean | SpeculationRule;
  /** An executor that fails so many tasks in a row for reasons of its own gets none for so many ticks: 3 and 30 when not given. */
  readonly quarantine?: QuarantineRule;
  /** Milliseconds between ticks, while somebody waits for them; 1000 when not given. */
  readonly tick?: number;
}
