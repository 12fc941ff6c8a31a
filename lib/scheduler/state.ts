// What the scheduler's machine remembers. Only the machine (and the modules it is made of) changes it.
//
// Objects point at each other, so that no event costs a search: a slot knows its task, a task its stage, a stage its jobs.
// docs/scheduler-states.md lists the states and their legal moves.
import type { ExecutorId, JobId, StageId } from '../core/ids.js';
import { Fleet, LinkedList, type QuarantineRule, type SlotState } from './fleet.js';
import type { TaskRef } from './messages.js';
import { PartitionSet } from './partition-set.js';
import { PartitionQueue } from './partitionQueue.js';
import type { FailureHistory } from './retry.js';

export interface Job {
  readonly id: JobId;
  readonly maxFailures: number;
  /** Its partitions may have preferred executors. */
  readonly hasPreferences: boolean;
  /**
   * Every stage that the job holds, with all that these read, ended ones too: while it lives, a later job need not run them again.
   */
  readonly stages: Set<Stage>;
  /** Those of `stages` that the job waits for. It succeeds when none is left. */
  readonly open: Set<Stage>;
  /** Those of `open` that have started, by id. */
  readonly started: Stage[];
  /** Running tasks that are accounted to this job: what fair sharing compares. */
  running: number;
}

export interface Stage {
  readonly id: StageId;
  phase: 'waiting' | 'running' | 'ended';
  /** `stageStarted` was told, and no end since. */
  isStarted: boolean;
  /** The stages that it reads. */
  readonly parents: Set<Stage>;
  /** Those of them that must end first. */
  readonly waitingFor: Set<Stage>;
  /** The stages that read it. */
  readonly children: Set<Stage>;
  /** Every partition asked for: those that succeeded, run, or wait for a slot. */
  readonly asked: PartitionSet;
  /** Those of them that succeeded. */
  readonly done: PartitionSet;
  /**
   * Those whose output was lost, or not there when a job came that holds the stage without running it, and has not been made since.
   * An ended stage makes them once a stage that is open reads it.
   */
  readonly missing: Set<number>;
  /** It had ended, and is open for nothing but what is missing. */
  isReopened: boolean;
  /** Those that wait for a slot. */
  readonly queue: PartitionQueue;
  readonly running: LinkedList<Task>;
  /** How many of the asked partitions have not succeeded. */
  left: number;
  /** Of partitions that failed and have not succeeded since. */
  readonly failures: Map<number, FailureHistory>;
  /** The number of the first attempt at a partition without failures: above all attempts before output was lost, or the stage stopped. */
  firstAttempt: number;
  lastAttempt: number;
  /** How often it went back for input that could not be fetched, and how often since a task found all of its input. */
  round: number;
  vainRounds: number;
  /** None of its tasks is launched before it can begin. */
  takesTurns: boolean;
  /** How long its tasks run, the latest ones above all, if that is told; forgotten when one came back unbegun. */
  seconds: number | undefined;
  /** Milliseconds that its tasks took; kept for speculation only. */
  readonly durations: number[];
  /** The jobs that named it and live. The stage is forgotten with the last. */
  readonly holders: Set<Job>;
  /** The holders for which it has not ended. Without any, an ended stage stays ended and any other is stopped. */
  readonly waiters: Set<Job>;
  /** The ids of `waiters`; replaced, never changed, for commands refer to it. */
  waiterIds: readonly JobId[];
  maxFailures: number;
}

/** An attempt that occupies a slot. */
export interface Task {
  readonly ref: TaskRef;
  readonly stage: Stage;
  readonly slot: SlotState;
  /** What the machine's time was. */
  readonly started: number;
  /** The stage's round of then. */
  readonly round: number;
  /** The job that it is accounted to; undefined once the attempt is aborted and only its slot matters. */
  job: Job | undefined;
  /** Another attempt at the same partition that runs at the same time. */
  twin: Task | undefined;
  // Links of the stage's list of running tasks.
  previous: Task | undefined;
  next: Task | undefined;
}

export interface SpeculationRule {
  /** The part of a stage's tasks that must have succeeded. */
  readonly quantile: number;
  /** How many times longer than the median a task must have run. */
  readonly multiplier: number;
  /** Milliseconds that a task must have run in any case. */
  readonly minimum: number;
}

export interface Rules {
  /** Whether tasks that take long are copied. */
  readonly speculation?: SpeculationRule | undefined;
  readonly quarantine: QuarantineRule;
  /** The executors where a partition would run best. Asked for jobs with preferences only. */
  preferred?(job: JobId, stage: StageId, partition: number): readonly ExecutorId[];
}

export interface State {
  readonly rules: Rules;
  /** Milliseconds, as last told: 0 when nobody tells. */
  now: number;
  /** In order of submission. */
  readonly jobs: Map<JobId, Job>;
  readonly stages: Map<StageId, Stage>;
  readonly fleet: Fleet;
}

/** 3 failures in a row, 30 ticks. */
export const DEFAULT_QUARANTINE: QuarantineRule = { after: 3, ticks: 30 };

export function createState(rules: Rules = { quarantine: DEFAULT_QUARANTINE }): State {
  return { rules, now: 0, jobs: new Map(), stages: new Map(), fleet: new Fleet(rules.quarantine) };
}

export function createJob(id: JobId, maxFailures: number, hasPreferences: boolean): Job {
  return { id, maxFailures, hasPreferences, stages: new Set(), open: new Set(), started: [], running: 0 };
}

export function createStage(id: StageId): Stage {
  return {
    id,
    phase: 'waiting',
    isStarted: false,
    parents: new Set(),
    waitingFor: new Set(),
    children: new Set(),
    asked: new PartitionSet(),
    done: new PartitionSet(),
    missing: new Set(),
    isReopened: false,
    queue: new PartitionQueue(),
    running: new LinkedList(),
    left: 0,
    failures: new Map(),
    firstAttempt: 0,
    lastAttempt: -1,
    round: 0,
    vainRounds: 0,
    takesTurns: false,
    seconds: undefined,
    durations: [],
    holders: new Set(),
    waiters: new Set(),
    waiterIds: [],
    maxFailures: 1,
  };
}

/** Whether nothing is left of any job: no job, no stage, and every slot idle. */
export function isQuiet(state: State): boolean {
  return state.jobs.size === 0 && state.stages.size === 0 && state.fleet.busy === 0;
}
