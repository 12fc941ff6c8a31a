// What the scheduler's machine remembers. Only the machine (and the modules it is made of) changes it.
//
// Objects point at each other, so that no event costs a search: a slot knows its task, a task its stage, a stage its jobs.
// docs/scheduler-states.md lists the states and their legal moves.
import type { JobId, StageId } from '../core/ids.js';
import type { Slot } from '../transport/contract.js';
import type { TaskRef } from './messages.js';
import { PartitionQueue } from './partitionQueue.js';
import { IdleSlots } from './placement.js';
import type { FailureHistory } from './retry.js';

export interface Job {
  readonly id: JobId;
  readonly maxFailures: number;
  /** Every stage that the job holds, ended ones too: while it lives, a later job need not run them again. */
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
  /** The parents that have not ended. */
  readonly waitingFor: Set<Stage>;
  /** The stages that wait for this one. */
  readonly children: Set<Stage>;
  /** Every partition asked for: those that succeeded, run, or wait for a slot. */
  readonly asked: Set<number>;
  /** Those that wait for a slot. */
  readonly queue: PartitionQueue;
  readonly running: Set<Task>;
  /** How many of the asked partitions have not succeeded. */
  left: number;
  /** Of partitions that failed and have not succeeded since. */
  readonly failures: Map<number, FailureHistory>;
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
  /** The job that it is accounted to; undefined once the attempt is aborted and only its slot matters. */
  job: Job | undefined;
}

export interface SlotState {
  readonly slot: Slot;
  task: Task | undefined;
  // Links of the list of idle slots.
  previous: SlotState | undefined;
  next: SlotState | undefined;
}

export interface State {
  /** In order of submission. */
  readonly jobs: Map<JobId, Job>;
  readonly stages: Map<StageId, Stage>;
  readonly slots: Map<number, SlotState>;
  readonly idle: IdleSlots;
}

export function createState(): State {
  return { jobs: new Map(), stages: new Map(), slots: new Map(), idle: new IdleSlots() };
}

export function createJob(id: JobId, maxFailures: number): Job {
  return { id, maxFailures, stages: new Set(), open: new Set(), started: [], running: 0 };
}

export function createStage(id: StageId): Stage {
  return {
    id,
    phase: 'waiting',
    waitingFor: new Set(),
    children: new Set(),
    asked: new Set(),
    queue: new PartitionQueue(),
    running: new Set(),
    left: 0,
    failures: new Map(),
    holders: new Set(),
    waiters: new Set(),
    waiterIds: [],
    maxFailures: 1,
  };
}

/** Whether nothing is left of any job: no job, no stage, and every slot idle. */
export function isQuiet(state: State): boolean {
  return state.jobs.size === 0 && state.stages.size === 0 && state.idle.size === state.slots.size;
}
