// Which task goes next, and where: queued tasks are given to idle slots as long as there are both.
import type { ExecutorId } from '../core/ids.js';
import type { SlotState } from './fleet.js';
import type { Command, TaskRef } from './messages.js';
import { anySlot, preferredSlot, queuePlace, retrySlot, shouldRunAlone } from './placement.js';
import { type FailureHistory, historyOf } from './retry.js';
import { copyStragglers } from './speculation.js';
import type { Job, Stage, State, Task } from './state.js';

interface Choice {
  readonly job: Job;
  readonly stage: Stage;
  readonly partition: number;
  readonly slot: SlotState;
}

export function launchTasks(state: State, out: Command[]): void {
  const { offering, queueing } = state.fleet;
  while (offering.first !== undefined) {
    if (!launchNext(state, nextTaskOf, out)) return;
  }
  // Where no slot is idle, quick tasks may wait for one at an executor: else it would wait for them, longer than they take.
  while (queueing.first !== undefined && launchNext(state, nextQuickOf, out));
}

function launchNext(state: State, choose: typeof nextTaskOf, out: Command[]): boolean {
  const choice = nextTask(state, choose);
  if (choice === undefined) return false;
  const { job, stage, partition, slot } = choice;
  stage.queue.take(partition);
  start(state, job, stage, partition, slot, out);
  return true;
}

/** Copies tasks that take too long, where slots are left over. */
export function launchCopies(state: State, out: Command[]): void {
  const { speculation } = state.rules;
  if (speculation === undefined) return;
  copyStragglers(state, speculation, ({ of, slot }) => {
    historyOf(of.stage, of.ref); // which numbers the copy as another attempt
    const copy = start(state, of.job!, of.stage, of.ref.partition, slot, out);
    copy.twin = of;
    of.twin = copy;
  });
}

function start(state: State, job: Job, stage: Stage, partition: number, slot: SlotState, out: Command[]): Task {
  const history = stage.failures.get(partition);
  const attempt = history?.next ?? stage.firstAttempt;
  const ref: TaskRef = { job: job.id, stage: stage.id, partition, attempt };
  const task: Task = {
    ref,
    stage,
    slot,
    started: state.now,
    round: stage.round,
    job,
    twin: undefined,
    previous: undefined,
    next: undefined,
  };
  if (history !== undefined) noteLaunch(history, task, out);
  if (attempt > stage.lastAttempt) stage.lastAttempt = attempt;
  stage.running.addLast(task);
  job.running++;
  const { executor } = slot;
  const isAlone = history !== undefined && shouldRunAlone(history) && executor.busy === 0;
  state.fleet.occupy(slot, task, isAlone);
  out.push({ type: 'launch', task: ref, slot: slot.slot.id });
  return task;
}

function noteLaunch(history: FailureHistory, { ref, slot: { slot } }: Task, out: Command[]): void {
  history.next++;
  const { movesFrom } = history;
  if (movesFrom === undefined) return;
  history.movesFrom = undefined;
  if (movesFrom.slot.executor === slot.executor) return;
  out.push({ type: 'taskMoved', task: ref, from: movesFrom.slot, to: slot, reason: movesFrom.reason });
}

/** Fair sharing: of the jobs that have a task to launch, the one with the fewest running; the earliest on a tie. */
function nextTask(state: State, choose: typeof nextTaskOf): Choice | undefined {
  let best: Choice | undefined;
  for (const job of state.jobs.values()) {
    if (best !== undefined && job.running >= best.job.running) continue;
    best = choose(state, job) ?? best;
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
      const history = stage.failures.get(partition);
      const slot = isUnburdened(history) ? bestSlot(state, job, stage, partition) : retrySlot(state.fleet, history);
      if (slot !== undefined) return { job, stage, partition, slot };
    }
    if (fresh !== undefined)
      return job.hasPreferences ? bestFresh(state, job, stage, fresh) : choice(job, stage, fresh, anySlot(state.fleet));
  }
  return undefined;
}

const NOWHERE: readonly ExecutorId[] = [];

/** The same for a place in an executor's queue: no retries, and only of stages whose tasks have been quick up to now. */
function nextQuickOf(state: State, job: Job): Choice | undefined {
  for (const stage of job.started) {
    const { queue, seconds, takesTurns } = stage;
    if (queue.isEmpty || takesTurns) continue;
    const fresh = queue.firstFresh;
    if (fresh === undefined || seconds === undefined) return undefined;
    const preferred = (job.hasPreferences ? state.rules.preferred?.(job.id, stage.id, fresh) : undefined) ?? NOWHERE;
    return choice(job, stage, fresh, queuePlace(state.fleet, seconds, preferred));
  }
  return undefined;
}

/** Nothing speaks for or against any executor. */
function isUnburdened(history: FailureHistory | undefined): history is undefined {
  return history === undefined || (history.executors.length === 0 && history.staysAt === undefined);
}

function choice(job: Job, stage: Stage, partition: number, slot: SlotState | undefined): Choice | undefined {
  return slot === undefined ? undefined : { job, stage, partition, slot };
}

function bestSlot(state: State, job: Job, stage: Stage, partition: number): SlotState | undefined {
  return (job.hasPreferences ? slotPreferred(state, job, stage, partition) : undefined) ?? anySlot(state.fleet);
}

function slotPreferred(state: State, job: Job, stage: Stage, partition: number): SlotState | undefined {
  return preferredSlot(state.fleet, state.rules.preferred?.(job.id, stage.id, partition) ?? []);
}

// How many partitions are looked at for one that prefers an idle slot, and how often in a row the first may be passed over.
const FRESH_IN_SIGHT = 16;
const MOST_PASSES = 16;

/**
 * The first partition in sight that prefers an executor with an idle slot, else the first on any. As in delay scheduling (Zaharia
 * et al., 2010) others may go first a bounded number of times; but no slot is left idle for it.
 */
function bestFresh(state: State, job: Job, stage: Stage, first: number): Choice | undefined {
  const { queue } = stage;
  const sight = queue.passes < MOST_PASSES ? FRESH_IN_SIGHT : 1;
  for (let rank = 0; rank < sight; rank++) {
    const partition = queue.freshAt(rank);
    if (partition === undefined) break;
    const slot = slotPreferred(state, job, stage, partition);
    if (slot !== undefined) return { job, stage, partition, slot };
  }
  return choice(job, stage, first, anySlot(state.fleet));
}
