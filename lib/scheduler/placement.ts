// Where a task runs: the choice of an idle slot for an attempt.
import type { ExecutorId } from '../core/ids.js';
import type { ExecutorState, Fleet, SlotState } from './fleet.js';
import type { FailureHistory } from './retry.js';

// How many executors are looked at for one that fits better: an event must not cost more in a larger fleet.
const EXECUTORS_IN_SIGHT = 16;

/** An idle slot of one of these executors. */
export function preferredSlot(fleet: Fleet, executors: readonly ExecutorId[]): SlotState | undefined {
  for (const id of executors) {
    const executor = fleet.executors.get(id);
    if (executor?.isOffering === true) return executor.idle.first;
  }
  return undefined;
}

/** The first slot of the executor that was given none for longest. */
export function anySlot(fleet: Fleet): SlotState | undefined {
  return fleet.offering.first?.idle.first;
}

// Seconds of work that may wait in an executor's queue for each of its threads: enough for the way to the driver and back.
const QUEUED_SECONDS = 0.02;

/** A place in the queue of an executor that has room for another task of so many seconds; of a preferred one before others. */
export function queuePlace(fleet: Fleet, seconds: number, preferred: readonly ExecutorId[]): SlotState | undefined {
  const most = QUEUED_SECONDS / seconds;
  for (const id of preferred) {
    const executor = fleet.executors.get(id);
    if (executor?.queueing !== undefined && hasRoom(executor, most)) return executor.places.first;
  }
  let link = fleet.queueing.first;
  for (let seen = 0; link !== undefined && seen < EXECUTORS_IN_SIGHT; link = link.next, seen++) {
    if (hasRoom(link.executor, most)) return link.executor.places.first;
  }
  return undefined;
}

function hasRoom({ queued, threads }: ExecutorState, most: number): boolean {
  return queued < Math.floor(threads * most);
}

/**
 * The idle slot for another attempt, or undefined when it has to wait. After a timeout it stays where it was, until it moves on.
 * Otherwise it avoids every executor where it failed, and when it has failed on all of them every slot where it failed: it rather
 * waits for a busy one than burn its attempts on a broken one that is idle because it is broken. When it has failed on all the
 * slots there are, any will do. It cannot wait for ever: it waits only for slots that a running task keeps from it.
 */
export function retrySlot(fleet: Fleet, history: FailureHistory): SlotState | undefined {
  if (history.staysAt !== undefined) {
    const executor = fleet.executors.get(history.staysAt);
    if (executor !== undefined && executor.health !== 'quarantined') return executor.isOffering ? executor.idle.first : undefined;
  }
  const { executors, slots } = history;
  let avoided = 0;
  for (const id of executors) if (isUsable(fleet.executors.get(id))) avoided++;
  if (avoided < fleet.usable) return elsewhere(fleet, history);
  for (let executor = fleet.offering.first; executor !== undefined; executor = executor.next) {
    for (let slot = executor.idle.first; slot !== undefined; slot = slot.next) {
      if (!slots.includes(slot.slot.id)) return slot;
    }
  }
  let tried = 0;
  for (const id of slots) {
    const slot = fleet.slots.get(id);
    if (slot?.slot.ahead !== true && isUsable(slot?.executor)) tried++;
  }
  return tried < fleet.usableSlots ? undefined : anySlot(fleet);
}

function isUsable(executor: ExecutorState | undefined): boolean {
  return executor !== undefined && executor.health !== 'quarantined';
}

/**
 * An idle slot of an executor where the partition has not failed: the next in the ring after the last failure if one of the next
 * few is idle. A task that was lost with its executor twice rather has one to itself.
 */
function elsewhere(fleet: Fleet, history: FailureHistory): SlotState | undefined {
  const { ring, offering } = fleet;
  const wantsItsOwn = shouldRunAlone(history);
  let found: ExecutorState | undefined;
  const isFound = (executor: ExecutorState): boolean => {
    if (!executor.isOffering || history.executors.includes(executor.id)) return false;
    found ??= executor;
    if (wantsItsOwn && executor.busy > 0) return false;
    found = executor;
    return true;
  };
  const last = history.executors.at(-1);
  const start = last === undefined ? 0 : fleet.place(last);
  const first = last !== undefined && ring[start]?.id === last ? start + 1 : start;
  const count = Math.min(EXECUTORS_IN_SIGHT, ring.length);
  for (let i = 0; i < count; i++) if (isFound(ring[(first + i) % ring.length]!)) return found!.idle.first;
  if (found !== undefined) return found.idle.first;
  // Passes over those that it avoids, which are fewer than it may fail.
  for (let executor = offering.first; executor !== undefined; executor = executor.next) {
    if (!history.executors.includes(executor.id)) return executor.idle.first;
  }
  return undefined;
}

/** Whether the task itself may be what ends executors: others are kept away from where it runs, if that can be had. */
export function shouldRunAlone(history: FailureHistory): boolean {
  return history.losses >= 2;
}
