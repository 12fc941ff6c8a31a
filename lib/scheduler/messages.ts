// Every message into and out of the scheduler's machine, in one place.
//
// Events go in, commands come out; both are plain data, so that a run can be recorded, replayed and simulated.
import type { ErrorRecord } from '../core/errors.js';
import type { EngineEvent } from '../core/events.js';
import type { ExecutorId, JobId, StageId } from '../core/ids.js';
import type { FailedFetch, FailureReason, Slot, SlotId } from '../transport/contract.js';

/** One attempt at one partition of a stage. `job` is the job that it is accounted to, of all that share the stage. */
export interface TaskRef {
  readonly job: JobId;
  readonly stage: StageId;
  readonly partition: number;
  /** 0 for the first attempt. */
  readonly attempt: number;
}

export interface StagePlan {
  /** Jobs that name the same stage share it: it runs once and all of them wait for it. */
  readonly id: StageId;
  readonly name: string;
  /** Stages that must end first. Each stands earlier in the same plan, with no partitions when there is nothing left to run. */
  readonly parents: readonly StageId[];
  /** The partitions to run. */
  readonly partitions: readonly number[];
  /** These are missing but not wanted: they run only once a stage that runs reads this one. */
  readonly isDormant?: boolean;
  /** Its tasks may find done what others have done before: none is launched before it can begin. */
  readonly takesTurns?: boolean;
}

/** Partitions of a stage whose output is gone. */
export interface LostOutput {
  readonly stage: StageId;
  readonly partitions: readonly number[];
}

export type SchedulerEvent =
  | {
      readonly type: 'jobSubmitted';
      readonly job: JobId;
      /** With every stage that these read whose output may be lost. */
      readonly stages: readonly StagePlan[];
      readonly maxFailures: number;
      /** The machine asks its rules for preferred executors. */
      readonly hasPreferences?: boolean;
    }
  | { readonly type: 'jobCancelled'; readonly job: JobId; readonly error: ErrorRecord }
  | { readonly type: 'slotJoined'; readonly slot: Slot }
  | { readonly type: 'slotLost'; readonly slot: SlotId; readonly error: ErrorRecord }
  /** All slots of an executor, and what it kept. */
  | {
      readonly type: 'executorLost';
      readonly executor: ExecutorId;
      readonly error: ErrorRecord;
      readonly outputs: readonly LostOutput[];
    }
  /** Output that is gone; never that of a last stage, which has been handed over. */
  | ({ readonly type: 'outputsLost' } & LostOutput)
  /** Time passes: for speculation and quarantine. */
  | { readonly type: 'tick' }
  /** `seconds`: how long it ran, if known. */
  | { readonly type: 'taskSucceeded'; readonly task: TaskRef; readonly slot: SlotId; readonly seconds?: number | undefined }
  | {
      readonly type: 'taskFailed';
      readonly task: TaskRef;
      readonly slot: SlotId;
      readonly error: ErrorRecord;
      readonly retryable: boolean;
      readonly lostSlot?: boolean;
      readonly reason?: FailureReason | undefined;
      readonly fetch?: FailedFetch | undefined;
    };

export type Command =
  /** The result of this task counts, for these jobs. Always the first command of its event. */
  | { readonly type: 'accept'; readonly task: TaskRef; readonly jobs: readonly JobId[] }
  | { readonly type: 'launch'; readonly task: TaskRef; readonly slot: SlotId }
  /** A task that failed at one executor is about to be launched at another. */
  | {
      readonly type: 'taskMoved';
      readonly task: TaskRef;
      readonly from: Slot;
      readonly to: Slot;
      readonly reason: FailureReason | 'failed';
    }
  /** An executor has failed so many tasks in a row that it is given none for a while. */
  | {
      readonly type: 'executorQuarantined';
      readonly executor: ExecutorId;
      readonly address: string | undefined;
      readonly failures: number;
    }
  /** The outcome of this task no longer matters; its slot is free again when the outcome comes in. */
  | { readonly type: 'abort'; readonly task: TaskRef; readonly slot: SlotId }
  | { readonly type: 'stageStarted'; readonly stage: StageId; readonly jobs: readonly JobId[] }
  | { readonly type: 'stageEnded'; readonly stage: StageId; readonly jobs: readonly JobId[] }
  /** A started stage that no job waits for any longer; `job` was the last. */
  | { readonly type: 'stageAborted'; readonly stage: StageId; readonly job: JobId }
  | { readonly type: 'jobSucceeded'; readonly job: JobId }
  | { readonly type: 'jobFailed'; readonly job: JobId; readonly error: ErrorRecord };

/** The event of a command. */
export function moved({ task, from, to, reason }: Extract<Command, { type: 'taskMoved' }>): EngineEvent {
  const { job, stage, partition, attempt } = task;
  const addresses = {
    ...(from.address === undefined ? {} : { fromAddress: from.address }),
    ...(to.address === undefined ? {} : { toAddress: to.address }),
  };
  return { type: 'taskMoved', job, stage, partition, attempt, from: from.executor, to: to.executor, reason, ...addresses };
}
