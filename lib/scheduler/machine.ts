// The scheduler as a machine: an event goes in, the state moves, commands come out.
//
// No clock, no promise, no Node module: whoever feeds it decides what time is, so a test can drive any interleaving. An
// event costs the same however many tasks wait; it costs more only with the number of jobs, and of stages that have started.
import { type ErrorRecord, HeddleError, toErrorRecord } from '../core/errors.js';
import type { Slot, SlotId } from '../transport/contract.js';
import type { Command, SchedulerEvent, TaskRef } from './messages.js';
import { chooseSlot } from './placement.js';
import { exhausted, recordFailure } from './retry.js';
import { endStage, releaseStages, type Submission, startReady, submitStages, unknownParent } from './stages.js';
import { createJob, type Job, type SlotState, type Stage, type State, type Task } from './state.js';

/** Takes one event. The commands are to be carried out in order, before the next event. */
export function step(state: State, event: SchedulerEvent): Command[] {
  const out: Command[] = [];
  switch (event.type) {
    case 'jobSubmitted':
      submitJob(state, event, out);
      break;
    case 'jobCancelled': {
      const job = state.jobs.get(event.job);
      if (job !== undefined) failJob(state, job, event.error, out);
      break;
    }
    case 'slotJoined':
      addSlot(state, event.slot);
      break;
    case 'slotLost':
      loseSlot(state, event.slot, event.error, out);
      break;
    case 'taskSucceeded': {
      const slot = slotRunning(state, event.slot, event.task);
      if (slot !== undefined) succeedTask(state, slot, slot.task!, out);
      break;
    }
    case 'taskFailed': {
      // A failure of an earlier task must not end the slot that has come since under the same id.
      const slot = slotRunning(state, event.slot, event.task);
      if (slot === undefined) break;
      if (event.lostSlot === true) loseSlot(state, event.slot, event.error, out);
      else {
        const task = vacate(slot);
        state.idle.addLast(slot);
        failTask(state, task, event.error, event.retryable, out);
      }
      break;
    }
  }
  launchTasks(state, out);
  return out;
}

function submitJob(state: State, event: Submission, out: Command[]): void {
  if (state.jobs.has(event.job)) throw new HeddleError('HEDDLE_INTERNAL', `job ${event.job} was submitted twice`);
  const orphan = unknownParent(event.stages);
  if (orphan !== undefined) {
    const error = new HeddleError('HEDDLE_INTERNAL', `stage ${orphan.stage} has parent ${orphan.parent}, which does not stand before it`);
    out.push({ type: 'jobFailed', job: event.job, error: toErrorRecord(error) });
    return;
  }
  const job = createJob(event.job, event.maxFailures);
  state.jobs.set(job.id, job);
  const ready = submitStages(state, job, event.stages);
  succeedJobs(state, startReady(ready, out), out);
  if (job.open.size === 0 && state.jobs.has(job.id)) succeedJobs(state, [job], out);
}

function succeedJobs(state: State, jobs: readonly Job[], out: Command[]): void {
  for (const job of jobs) {
    endJob(state, job, out);
    out.push({ type: 'jobSucceeded', job: job.id });
  }
}

function failJob(state: State, job: Job, error: ErrorRecord, out: Command[]): void {
  endJob(state, job, out);
  out.push({ type: 'jobFailed', job: job.id, error });
}

function endJob(state: State, job: Job, out: Command[]): void {
  state.jobs.delete(job.id);
  releaseStages(state, job, out);
}

function addSlot(state: State, slot: Slot): void {
  if (state.slots.has(slot.id)) return;
  const added: SlotState = { slot, task: undefined, previous: undefined, next: undefined };
  state.slots.set(slot.id, added);
  state.idle.addLast(added);
}

function loseSlot(state: State, id: SlotId, error: ErrorRecord, out: Command[]): void {
  const slot = state.slots.get(id);
  if (slot === undefined) return;
  state.slots.delete(id);
  if (slot.task === undefined) state.idle.remove(slot);
  else failTask(state, vacate(slot), error, true, out);
}

/** The slot that is busy with this very attempt: anything else is an echo of an attempt given up, and is ignored. */
function slotRunning(state: State, id: SlotId, task: TaskRef): SlotState | undefined {
  const slot = state.slots.get(id);
  const running = slot?.task?.ref;
  if (running === undefined || running === task) return running === undefined ? undefined : slot;
  const same =
    running.partition === task.partition && running.stage === task.stage && running.attempt === task.attempt && running.job === task.job;
  return same ? slot : undefined;
}

/** Takes the task off its slot and off the books, but puts the slot nowhere: it is idle again, or lost. */
function vacate(slot: SlotState): Task {
  const task = slot.task!;
  slot.task = undefined;
  if (task.job !== undefined) {
    task.job.running--;
    task.stage.running.delete(task);
  }
  return task;
}

function succeedTask(state: State, slot: SlotState, task: Task, out: Command[]): void {
  vacate(slot);
  state.idle.addFirst(slot);
  if (task.job === undefined) return; // aborted
  const { stage } = task;
  stage.left--;
  stage.failures.delete(task.ref.partition);
  out.push({ type: 'accept', task: task.ref, jobs: stage.waiterIds });
  if (stage.left > 0) return;
  const ready = endStage(stage, out);
  succeedJobs(state, ready.doneJobs.concat(startReady(ready.stages, out)), out);
}

function failTask(state: State, task: Task, error: ErrorRecord, retryable: boolean, out: Command[]): void {
  if (task.job === undefined) return; // aborted
  const { stage, ref } = task;
  let fatal = error;
  if (retryable) {
    const history = recordFailure(stage.failures, ref.partition, task.slot.slot.id);
    if (history.count < stage.maxFailures) {
      stage.queue.addRetry(ref.partition);
      return;
    }
    fatal = exhausted(error, ref, history.count);
  }
  // The stage stops now, but may go on for a later job, which then asks for this partition anew.
  stage.asked.delete(ref.partition);
  for (const job of [...stage.waiters]) failJob(state, job, fatal, out);
}

interface Choice {
  readonly job: Job;
  readonly stage: Stage;
  readonly partition: number;
  readonly slot: SlotState;
}

function launchTasks(state: State, out: Command[]): void {
  while (state.idle.size > 0) {
    const choice = nextTask(state);
    if (choice === undefined) return;
    const { job, stage, partition, slot } = choice;
    stage.queue.take(partition);
    state.idle.remove(slot);
    const ref: TaskRef = { job: job.id, stage: stage.id, partition, attempt: stage.failures.get(partition)?.count ?? 0 };
    const task: Task = { ref, stage, slot, job };
    slot.task = task;
    stage.running.add(task);
    job.running++;
    out.push({ type: 'launch', task: ref, slot: slot.slot.id });
  }
}

/** Fair sharing: of the jobs that have a task to launch, the one with the fewest running; the earliest on a tie. */
function nextTask(state: State): Choice | undefined {
  let best: Choice | undefined;
  for (const job of state.jobs.values()) {
    if (best !== undefined && job.running >= best.job.running) continue;
    best = nextTaskOf(state, job) ?? best;
    if (best !== undefined && best.job.running === 0) break;
  }
  return best;
}

// How many retries that have to wait for another slot are passed over in search of one that has not. Without the limit, a slot
// that fails everything it is given would make each event walk over all it has failed. A retry out of sight is not lost: it
// comes into sight when those before it have gone.
const RETRIES_IN_SIGHT = 16;

/** Within a job: the lowest stage, then the partition that was asked for first; a retry before fresh partitions above it. */
function nextTaskOf(state: State, job: Job): Choice | undefined {
  for (const stage of job.started) {
    const { queue } = stage;
    if (queue.isEmpty) continue;
    const fresh = queue.firstFresh;
    for (let rank = 0; rank < RETRIES_IN_SIGHT; rank++) {
      const partition = queue.retryAt(rank);
      if (partition === undefined || (fresh !== undefined && fresh < partition)) break;
      const slot = chooseSlot(state, stage.failures.get(partition));
      if (slot !== undefined) return { job, stage, partition, slot };
    }
    if (fresh !== undefined) return { job, stage, partition: fresh, slot: state.idle.first! };
  }
  return undefined;
}
