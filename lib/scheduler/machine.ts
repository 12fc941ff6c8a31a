// The scheduler as a machine: an event goes in, the state moves, commands come out.
//
// No clock, no promise, no Node module: whoever feeds it decides what time is, so a test can drive any interleaving. An
// event costs the same however many tasks wait; it costs more only with the number of jobs, and of stages that have started.
import { type ErrorRecord, HeddleError, toErrorRecord } from '../core/errors.js';
import type { ExecutorId } from '../core/ids.js';
import type { FailedFetch, FailureReason, SlotId } from '../transport/contract.js';
import type { ExecutorState, SlotState } from './fleet.js';
import { launchCopies, launchTasks } from './launch.js';
import { loseOutputs } from './lost.js';
import type { Command, LostOutput, SchedulerEvent, TaskRef } from './messages.js';
import { exhausted, historyOf, MOST_FETCH_ROUNDS, recordFailure, unreadable } from './retry.js';
import { abortTask, endStage, releaseStages, type Submission, startReady, submitStages, unknownParent } from './stages.js';
import { createJob, type Job, type State, type Task } from './state.js';

/**
 * Takes one event. The commands are to be carried out in order, before the next event. `now` is any clock's milliseconds; who
 * neither speculates nor ticks need not tell.
 */
export function step(state: State, event: SchedulerEvent, now = state.now): Command[] {
  const out: Command[] = [];
  state.now = now;
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
      state.fleet.join(event.slot);
      break;
    case 'slotLost':
      loseSlot(state, event.slot, { error: event.error, retryable: true, reason: 'lost' }, out);
      break;
    case 'executorLost':
      loseExecutor(state, event.executor, event.error, event.outputs, out);
      break;
    case 'outputsLost':
      succeedJobs(state, loseOutputs(state, [event], out), out);
      break;
    case 'tick':
      state.fleet.tick();
      break;
    case 'taskSucceeded': {
      const slot = slotRunning(state, event.slot, event.task);
      if (slot !== undefined) succeedTask(state, slot, slot.task!, event.seconds, out);
      break;
    }
    case 'taskFailed': {
      // A failure of an earlier task must not end the slot that has come since under the same id.
      const slot = slotRunning(state, event.slot, event.task);
      if (slot === undefined) break;
      if (event.lostSlot === true) loseSlot(state, event.slot, event, out);
      else if (event.reason === 'notBegun') takeBack(state, slot);
      else failTask(state, vacate(state, slot), event, out);
      break;
    }
  }
  launchTasks(state, out);
  if (event.type === 'tick') launchCopies(state, out);
  return out;
}

interface Failure {
  readonly error: ErrorRecord;
  readonly retryable: boolean;
  readonly reason?: FailureReason | undefined;
  readonly fetch?: FailedFetch | undefined;
}

function submitJob(state: State, event: Submission, out: Command[]): void {
  if (state.jobs.has(event.job)) throw new HeddleError('HEDDLE_INTERNAL', `job ${event.job} was submitted twice`);
  const orphan = unknownParent(event.stages);
  if (orphan !== undefined) {
    const error = new HeddleError('HEDDLE_INTERNAL', `stage ${orphan.stage} has parent ${orphan.parent}, which does not stand before it`);
    out.push({ type: 'jobFailed', job: event.job, error: toErrorRecord(error) });
    return;
  }
  const job = createJob(event.job, event.maxFailures, event.hasPreferences === true);
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

function loseSlot(state: State, id: SlotId, failure: Failure, out: Command[]): void {
  const slot = state.fleet.slots.get(id);
  if (slot === undefined) return;
  const task = removeSlot(state, slot);
  if (task !== undefined) loseTask(state, task, failure, out);
}

function loseExecutor(state: State, id: ExecutorId, error: ErrorRecord, outputs: readonly LostOutput[], out: Command[]): void {
  const executor = state.fleet.executors.get(id);
  // Nothing may be launched there, and all that is lost be known, before the first of its tasks fails.
  const tasks = executor === undefined ? [] : Array.from(executor.slots, slot => removeSlot(state, slot));
  succeedJobs(state, loseOutputs(state, outputs, out), out);
  for (const task of tasks) if (task !== undefined) loseTask(state, task, { error, retryable: true, reason: 'lost' }, out);
}

/**
 * A task whose slot is gone. One in a queue has most likely not begun, so that is no failure of it: it is queued again, for a thread.
 * If it was the one that ends executors it does so there, where it counts.
 */
function loseTask(state: State, task: Task, failure: Failure, out: Command[]): void {
  if (task.slot.slot.ahead === true) queueAgain(task);
  else failTask(state, task, failure, out);
}

/** Returns the task that ran there. */
function removeSlot(state: State, slot: SlotState): Task | undefined {
  const task = slot.task === undefined ? undefined : vacate(state, slot);
  state.fleet.leave(slot);
  return task;
}

/** The slot that is busy with this very attempt: anything else is an echo of an attempt given up, and is ignored. */
function slotRunning(state: State, id: SlotId, task: TaskRef): SlotState | undefined {
  const slot = state.fleet.slots.get(id);
  const running = slot?.task?.ref;
  if (running === undefined || running === task) return running === undefined ? undefined : slot;
  const same =
    running.partition === task.partition && running.stage === task.stage && running.attempt === task.attempt && running.job === task.job;
  return same ? slot : undefined;
}

/** Whether this outcome, if it is a success, will be accepted. */
export function isAwaited(state: State, task: TaskRef, slot: SlotId): boolean {
  return slotRunning(state, slot, task)?.task?.job !== undefined;
}

/** Takes the task off its slot and off the books. */
function vacate(state: State, slot: SlotState, how?: 'warm' | 'rests'): Task {
  const task = slot.task!;
  if (how === 'rests') state.fleet.rest(slot);
  else state.fleet.vacate(slot, how === 'warm');
  if (task.job !== undefined) {
    task.job.running--;
    task.stage.running.remove(task);
  }
  return task;
}

/** The task waits for another slot, as if it had not been launched but for the number of its attempt. */
function takeBack(state: State, slot: SlotState): void {
  const task = slot.task!;
  vacate(state, slot, 'rests');
  if (task.job !== undefined) task.stage.seconds = undefined;
  queueAgain(task);
}

function queueAgain({ job, stage, ref, twin }: Task): void {
  if (job === undefined) return; // aborted
  if (twin !== undefined) {
    twin.twin = undefined;
    return;
  }
  historyOf(stage, ref);
  stage.queue.addRetry(ref.partition);
}

// What the latest task says of how long those of its stage run, against all before.
const NEWS = 1 / 4;

function succeedTask(state: State, slot: SlotState, task: Task, seconds: number | undefined, out: Command[]): void {
  vacate(state, slot, 'warm');
  if (task.job === undefined) return; // aborted
  state.fleet.trust(slot.executor);
  const { stage, twin } = task;
  if (seconds !== undefined) stage.seconds = stage.seconds === undefined ? seconds : stage.seconds + (seconds - stage.seconds) * NEWS;
  const { partition } = task.ref;
  stage.left--;
  stage.done.add(partition);
  if (stage.missing.size > 0) stage.missing.delete(partition);
  if (stage.failures.size > 0) stage.failures.delete(partition);
  if (task.round === stage.round) stage.vainRounds = 0;
  if (state.rules.speculation !== undefined) stage.durations.push(state.now - task.started);
  out.push({ type: 'accept', task: task.ref, jobs: stage.waiterIds });
  if (twin !== undefined) abortTask(twin, out);
  if (stage.left > 0) return;
  const ready = endStage(stage, out);
  succeedJobs(state, ready.doneJobs.concat(startReady(ready.stages, out)), out);
}

function failTask(state: State, task: Task, failure: Failure, out: Command[]): void {
  if (task.job === undefined) return; // aborted
  const { stage, ref, twin, slot } = task;
  const { error, retryable, reason, fetch } = failure;
  const history = retryable ? recordFailure(task, reason) : undefined;
  if (reason === 'fetchFailed') suspect(state, fetch && state.fleet.executors.get(fetch.executor), out);
  else if (history !== undefined && history.staysAt === undefined) suspect(state, slot.executor, out);
  if (twin !== undefined) {
    // The other attempt decides.
    twin.twin = undefined;
    return;
  }
  let fatal = error;
  if (history !== undefined) {
    if (reason === 'fetchFailed' && task.round === stage.round) {
      stage.round++;
      stage.vainRounds++;
    }
    const isHopeless = stage.vainRounds > MOST_FETCH_ROUNDS;
    if (!isHopeless && history.count < stage.maxFailures) {
      stage.queue.addRetry(ref.partition);
      return;
    }
    fatal = isHopeless ? unreadable(error, ref, fetch?.shuffle) : exhausted(error, ref, history);
  }
  // The stage stops now, but may go on for a later job, which then asks for this partition anew.
  stage.asked.delete(ref.partition);
  for (const job of [...stage.waiters]) failJob(state, job, fatal, out);
}

function suspect(state: State, executor: ExecutorState | undefined, out: Command[]): void {
  // One that has just left is nobody's concern any more.
  if (executor === undefined || state.fleet.executors.get(executor.id) !== executor || !state.fleet.suspect(executor)) return;
  const { id, address, failures } = executor;
  out.push({ type: 'executorQuarantined', executor: id, address, failures });
}
