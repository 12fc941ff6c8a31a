// Short ways to write the messages of the scheduler's machine, and to read its commands.
import type { ErrorRecord } from '../../lib/core/errors.js';
import type { ExecutorId, JobId, StageId } from '../../lib/core/ids.js';
import type { Command, LostOutput, SchedulerEvent, StagePlan, TaskRef } from '../../lib/scheduler/messages.js';
import type { Slot, SlotId } from '../../lib/transport/contract.js';

export const jobId = (id: number) => id as JobId;
export const stageId = (id: number) => id as StageId;
export const slotId = (id: number) => id as SlotId;
export const executorId = (id: string) => id as ExecutorId;
export const slotOf = (id: number, executor = 'here'): Slot => ({ id: slotId(id), executor: executorId(executor), thread: id });
/** A place in an executor's queue. */
export const placeOf = (id: number, executor = 'here'): Slot => ({ ...slotOf(id, executor), ahead: true });

export const LOST: ErrorRecord = { kind: 'heddle', name: 'HeddleError', code: 'HEDDLE_THREAD_LOST', message: 'the thread ended', data: {} };
export const EXECUTOR_LOST: ErrorRecord = { ...LOST, code: 'HEDDLE_THREAD_LOST', message: 'the executor is gone' };
export const TYPE_ERROR: ErrorRecord = { kind: 'user', name: 'TypeError', message: 'x is not a function' };

export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

export function stagePlan(id: number, partitions: number[], parents: number[] = []): StagePlan {
  return { id: stageId(id), name: `stage ${id}`, partitions, parents: parents.map(stageId) };
}

export const submitted = (job: number, stages: StagePlan[], maxFailures = 4): SchedulerEvent => ({
  type: 'jobSubmitted',
  job: jobId(job),
  stages,
  maxFailures,
});
export const cancelledJob = (job: number, error = TYPE_ERROR): SchedulerEvent => ({ type: 'jobCancelled', job: jobId(job), error });
export const joined = (slot: number, executor?: string): SchedulerEvent => ({ type: 'slotJoined', slot: slotOf(slot, executor) });
export const executorLost = (executor: string, outputs: LostOutput[] = []): SchedulerEvent => ({
  type: 'executorLost',
  executor: executorId(executor),
  error: EXECUTOR_LOST,
  outputs,
});
export const lostOutput = (stage: number, partitions: number[]): LostOutput => ({ stage: stageId(stage), partitions });
export const outputsLost = (stage: number, partitions: number[]): SchedulerEvent => ({
  type: 'outputsLost',
  ...lostOutput(stage, partitions),
});
export const tick: SchedulerEvent = { type: 'tick' };
export const lost = (slot: number): SchedulerEvent => ({ type: 'slotLost', slot: slotId(slot), error: LOST });
export const succeeded = (task: TaskRef, slot: SlotId, seconds?: number): SchedulerEvent => ({
  type: 'taskSucceeded',
  task,
  slot,
  seconds,
});

export function failed(task: TaskRef, slot: SlotId, how: Partial<Extract<SchedulerEvent, { type: 'taskFailed' }>> = {}): SchedulerEvent {
  return { type: 'taskFailed', task, slot, error: LOST, retryable: true, ...how };
}

/** A command in few characters: `launch 1.0 #2 @3` is stage 1, partition 0, attempt 2, slot 3. */
export function brief(command: Command): string {
  switch (command.type) {
    case 'launch':
    case 'abort':
      return `${command.type} ${command.task.stage}.${command.task.partition} #${command.task.attempt} @${command.slot}`;
    case 'accept':
      return `accept ${command.task.stage}.${command.task.partition} for ${command.jobs.join(',')}`;
    case 'stageStarted':
    case 'stageEnded':
    case 'stageAborted':
      return `${command.type} ${command.stage}`;
    case 'taskMoved':
      return `taskMoved ${command.task.stage}.${command.task.partition} from ${command.from.executor} to ${command.to.executor}: ${command.reason}`;
    case 'executorQuarantined':
      return `executorQuarantined ${command.executor}`;
    case 'jobSucceeded':
      return `jobSucceeded ${command.job}`;
    case 'jobFailed':
      return `jobFailed ${command.job}: ${command.error.message}`;
  }
}
