// What is remembered about the failures of one partition, and the error of a partition that has failed too often.
import type { ErrorRecord } from '../core/errors.js';
import type { SlotId } from '../transport/contract.js';
import type { TaskRef } from './messages.js';

export interface FailureHistory {
  /** Failures so far, which is the number of the next attempt. */
  count: number;
  /** The slots where it failed, each once: an attempt goes elsewhere as long as there is an elsewhere. */
  readonly slots: SlotId[];
}

export const DEFAULT_MAX_FAILURES = 4;

/** Counts a failure of a partition. */
export function recordFailure(failures: Map<number, FailureHistory>, partition: number, slot: SlotId): FailureHistory {
  let history = failures.get(partition);
  if (history === undefined) failures.set(partition, (history = { count: 0, slots: [] }));
  history.count++;
  if (!history.slots.includes(slot)) history.slots.push(slot);
  return history;
}

/** The last error of a task, which now ends its jobs, with what was tried. */
export function exhausted(error: ErrorRecord, task: TaskRef, failures: number): ErrorRecord {
  const { stage, partition } = task;
  const tried = `partition ${partition} of stage ${stage} was tried ${failures} ${failures === 1 ? 'time' : 'times'}, this was the last`;
  return { ...error, message: `${error.message} (${tried})`, data: { ...error.data, stage, partition, failures } };
}
