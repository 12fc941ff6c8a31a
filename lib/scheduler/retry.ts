// What is remembered about the failures of one partition, and the error of a partition that has failed too often.
import { type ErrorRecord, HeddleError, toErrorRecord } from '../core/errors.js';
import type { ExecutorId, ShuffleId } from '../core/ids.js';
import type { FailureReason, Slot, SlotId } from '../transport/contract.js';
import type { TaskRef } from './messages.js';
import type { Stage, Task } from './state.js';

export interface FailureHistory {
  /** The number of the next attempt. */
  next: number;
  /** Runs that failed, for whatever reason. */
  runs: number;
  /** Failures that count towards the limit. */
  count: number;
  /** How many of these were losses of the executor. */
  losses: number;
  /** The slots where it failed, each once: an attempt goes elsewhere as long as there is an elsewhere. */
  readonly slots: SlotId[];
  /** The executors where it failed, each once, the last one last. */
  readonly executors: ExecutorId[];
  /** After a timeout: where it is tried again. */
  staysAt: ExecutorId | undefined;
  /** In a row at `staysAt`. */
  timeouts: number;
  /** The last failure that sends it elsewhere, until it is told. */
  movesFrom: { readonly slot: Slot; readonly reason: FailureReason | 'failed' } | undefined;
}

export const DEFAULT_MAX_FAILURES = 4;
/** After so many timeouts at one executor, a task moves to the next: together they are one failure. */
export const TIMEOUTS_BEFORE_MOVE = 5;
/** How often in a row a stage may go back for input that could not be fetched. */
export const MOST_FETCH_ROUNDS = 8;

/** The history of a partition whose attempt `attempt` there is more to be said about. */
export function historyOf(stage: Stage, { partition, attempt }: TaskRef): FailureHistory {
  let history = stage.failures.get(partition);
  if (history === undefined) {
    history = {
      next: attempt + 1,
      runs: 0,
      count: 0,
      losses: 0,
      slots: [],
      executors: [],
      staysAt: undefined,
      timeouts: 0,
      movesFrom: undefined,
    };
    stage.failures.set(partition, history);
  }
  return history;
}

/** Notes a failure that may be retried. */
export function recordFailure({ stage, ref, slot }: Task, reason: FailureReason | undefined): FailureHistory {
  const history = historyOf(stage, ref);
  history.runs++;
  if (reason === 'fetchFailed') return history; // not its fault
  const { id, executor } = slot.slot;
  if (reason === 'timeout') {
    if (history.staysAt !== executor) history.timeouts = 0;
    history.staysAt = executor;
    if (++history.timeouts < TIMEOUTS_BEFORE_MOVE) return history;
  }
  history.staysAt = undefined;
  history.timeouts = 0;
  history.count++;
  if (reason === 'lost') history.losses++;
  if (!history.slots.includes(id)) history.slots.push(id);
  const known = history.executors.indexOf(executor);
  if (known >= 0) history.executors.splice(known, 1);
  history.executors.push(executor);
  history.movesFrom = { slot: slot.slot, reason: reason ?? 'failed' };
  return history;
}

/** The last error of a task, which now ends its jobs, with what was tried. */
export function exhausted(error: ErrorRecord, task: TaskRef, history: FailureHistory): ErrorRecord {
  const { stage, partition } = task;
  const { runs, count, losses, executors } = history;
  const times = (n: number) => `${n} ${n === 1 ? 'time' : 'times'}`;
  if (losses === count) {
    const where = executors.join(', ');
    const message =
      `partition ${partition} of stage ${stage} was lost with its executor ${times(losses)} (${where}), this was the last: ${error.message}. ` +
      'It may be what ends them: look for memory that grows without bound, process.exit or native code in its closures';
    const lost = new HeddleError('HEDDLE_TASK_LOST', message, { data: { stage, partition, losses, executors: [...executors] } });
    return { ...toErrorRecord(lost), cause: error };
  }
  const tried = `partition ${partition} of stage ${stage} was tried ${times(runs)}, this was the last`;
  return { ...error, message: `${error.message} (${tried})`, data: { ...error.data, stage, partition, failures: count } };
}

/** The error of a stage whose input could not be had in many rounds. */
export function unreadable(error: ErrorRecord, { stage, partition }: TaskRef, shuffle: ShuffleId | undefined): ErrorRecord {
  const message = `stage ${stage} could not read its input, though it was made again ${MOST_FETCH_ROUNDS} times: ${error.message}`;
  const data = { stage, partition, ...(shuffle === undefined ? {} : { shuffle }) };
  return { ...toErrorRecord(new HeddleError('HEDDLE_FETCH_FAILED', message, { data })), cause: error };
}
