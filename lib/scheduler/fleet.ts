// The executors with their slots: which are idle, which may be given a task, and the ring in which executors stand.
//
// An executor whose tasks failed several times in a row for reasons of its own is in quarantine for some ticks: it is given
// nothing. Then it is on trial: one task at a time, until one succeeds. Never are all of them in quarantine.
//
// Some slots are places in an executor's queue. One whose task came back unbegun rests until another task of the executor has
// ended: what it was given before that would come back, too.
import type { ExecutorId } from '../core/ids.js';
import type { Slot, SlotId } from '../transport/contract.js';
import type { Task } from './state.js';

export interface SlotState {
  readonly slot: Slot;
  readonly executor: ExecutorState;
  task: Task | undefined;
  // Links of the list of idle slots.
  previous: SlotState | undefined;
  next: SlotState | undefined;
}

export interface ExecutorState {
  readonly id: ExecutorId;
  readonly address: string | undefined;
  readonly slots: Set<SlotState>;
  /** Those of them that are no places in its queue. */
  threads: number;
  /** Slots with a task. */
  busy: number;
  readonly idle: LinkedList<SlotState>;
  /** The idle places in its queue. */
  readonly places: LinkedList<SlotState>;
  /** How many places have a task. */
  queued: number;
  readonly resting: Set<SlotState>;
  health: 'trusted' | 'quarantined' | 'trial';
  /** Of its last tasks, how many failed one after the other for reasons of the executor's. */
  failures: number;
  /** Until the quarantine ends. */
  ticksLeft: number;
  /** A task runs that is to have the executor by itself. */
  isReserved: boolean;
  isOffering: boolean;
  /** In the list of those whose queue has room, while it is there. */
  queueing: QueueLink | undefined;
  // Links of the list of executors that can be given a task.
  previous: ExecutorState | undefined;
  next: ExecutorState | undefined;
}

export interface QueueLink {
  readonly executor: ExecutorState;
  previous: QueueLink | undefined;
  next: QueueLink | undefined;
}

interface Links<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** Adding, removing and taking all cost the same however long it is. */
export class LinkedList<T extends Links<T>> {
  first: T | undefined;
  private last: T | undefined;
  size = 0;

  /** The item at hand may be removed meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let item = this.first, next: T | undefined; item !== undefined; item = next) {
      next = item.next;
      yield item;
    }
  }

  addFirst(item: T): void {
    item.next = this.first;
    if (this.first === undefined) this.last = item;
    else this.first.previous = item;
    this.first = item;
    this.size++;
  }

  addLast(item: T): void {
    item.previous = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.next = item;
    this.last = item;
    this.size++;
  }

  /** Removes an item that is in the list. */
  remove(item: T): void {
    if (item.previous === undefined) this.first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.last = item.previous;
    else item.next.previous = item.previous;
    item.previous = item.next = undefined;
    this.size--;
  }
}

export interface QuarantineRule {
  /** Failures in a row. */
  readonly after: number;
  readonly ticks: number;
}

export class Fleet {
  readonly slots = new Map<SlotId, SlotState>();
  readonly executors = new Map<ExecutorId, ExecutorState>();
  /** By id. */
  readonly ring: ExecutorState[] = [];
  /** Those that can be given a task now. The one that was given none for longest stands first, so that load spreads. */
  readonly offering = new LinkedList<ExecutorState>();
  /** The same for those whose queue has room. */
  readonly queueing = new LinkedList<QueueLink>();
  readonly quarantined = new Set<ExecutorState>();
  /** Slots with a task. */
  busy = 0;
  /** Slots of executors that are not in quarantine, without places in queues. */
  usableSlots = 0;

  constructor(private readonly rule: QuarantineRule) {}

  /** Executors that are not in quarantine. */
  get usable(): number {
    return this.ring.length - this.quarantined.size;
  }

  join(slot: Slot): void {
    if (this.slots.has(slot.id)) return;
    const executor = this.executors.get(slot.executor) ?? this.addExecutor(slot);
    const added: SlotState = { slot, executor, task: undefined, previous: undefined, next: undefined };
    this.slots.set(slot.id, added);
    executor.slots.add(added);
    listOf(added).addLast(added);
    if (slot.ahead !== true) {
      executor.threads++;
      if (executor.health !== 'quarantined') this.usableSlots++;
    }
    this.refresh(executor);
  }

  /** A slot without a task, for good. The executor goes with its last one. */
  leave(slot: SlotState): void {
    const { executor } = slot;
    this.slots.delete(slot.slot.id);
    executor.slots.delete(slot);
    if (slot.slot.ahead !== true) {
      executor.threads--;
      if (executor.health !== 'quarantined') this.usableSlots--;
    }
    if (!executor.resting.delete(slot)) listOf(slot).remove(slot);
    this.refresh(executor);
    if (executor.slots.size > 0) return;
    this.executors.delete(executor.id);
    this.ring.splice(this.place(executor.id), 1);
    this.quarantined.delete(executor);
    // Rather a suspect than nobody.
    if (this.usable === 0) for (const suspect of this.quarantined) this.putOnTrial(suspect);
  }

  /** Gives a task to an idle slot. */
  occupy(slot: SlotState, task: Task, isReserved: boolean): void {
    const { executor } = slot;
    slot.task = task;
    this.busy++;
    executor.busy++;
    listOf(slot).remove(slot);
    if (slot.slot.ahead === true) executor.queued++;
    executor.isReserved ||= isReserved;
    this.refresh(executor);
    const { queueing } = executor;
    if (slot.slot.ahead === true) {
      if (queueing === undefined) return;
      this.queueing.remove(queueing);
      this.queueing.addLast(queueing);
    } else if (executor.isOffering) {
      this.offering.remove(executor);
      this.offering.addLast(executor);
    }
  }

  /** A slot's task has ended. A slot whose task succeeded is used again first, while its code and caches are warm. */
  vacate(slot: SlotState, isWarm: boolean): void {
    const { executor } = slot;
    this.clear(slot);
    if (isWarm) listOf(slot).addFirst(slot);
    else listOf(slot).addLast(slot);
    this.wake(executor);
    this.refresh(executor);
  }

  /** A slot's task has come back unbegun. */
  rest(slot: SlotState): void {
    const { executor } = slot;
    this.clear(slot);
    executor.resting.add(slot);
    if (executor.busy === 0) this.wake(executor);
    this.refresh(executor);
  }

  /** Clears an executor of all suspicion. */
  trust(executor: ExecutorState): void {
    executor.failures = 0;
    if (executor.health === 'trusted') return;
    this.endQuarantine(executor);
    executor.health = 'trusted';
    this.refresh(executor);
  }

  /** Counts a failure for reasons of the executor's. Returns whether it is in quarantine from now on. */
  suspect(executor: ExecutorState): boolean {
    executor.failures++;
    const isDue = executor.health === 'trial' || (executor.health === 'trusted' && executor.failures >= this.rule.after);
    if (!isDue || this.usable === 1) return false;
    executor.health = 'quarantined';
    executor.ticksLeft = this.rule.ticks;
    this.quarantined.add(executor);
    this.usableSlots -= executor.threads;
    this.refresh(executor);
    return true;
  }

  tick(): void {
    for (const executor of this.quarantined) if (--executor.ticksLeft <= 0) this.putOnTrial(executor);
  }

  /** Where an executor of this id stands in the ring, or would stand. */
  place(id: ExecutorId): number {
    let low = 0;
    let high = this.ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ring[middle]!.id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private addExecutor({ executor: id, address }: Slot): ExecutorState {
    const executor: ExecutorState = {
      id,
      address,
      slots: new Set(),
      threads: 0,
      busy: 0,
      idle: new LinkedList(),
      places: new LinkedList(),
      queued: 0,
      resting: new Set(),
      health: 'trusted',
      failures: 0,
      ticksLeft: 0,
      isReserved: false,
      isOffering: false,
      queueing: undefined,
      previous: undefined,
      next: undefined,
    };
    this.executors.set(id, executor);
    this.ring.splice(this.place(id), 0, executor);
    return executor;
  }

  private clear(slot: SlotState): void {
    const { executor } = slot;
    slot.task = undefined;
    this.busy--;
    executor.busy--;
    if (slot.slot.ahead === true) executor.queued--;
    if (executor.busy === 0) executor.isReserved = false;
  }

  /** Its resting slots are idle again. */
  private wake({ resting }: ExecutorState): void {
    if (resting.size === 0) return; // a Set makes its table anew when it is cleared
    for (const slot of resting) listOf(slot).addLast(slot);
    resting.clear();
  }

  private putOnTrial(executor: ExecutorState): void {
    this.endQuarantine(executor);
    executor.health = 'trial';
    this.refresh(executor);
  }

  private endQuarantine(executor: ExecutorState): void {
    if (this.quarantined.delete(executor)) this.usableSlots += executor.threads;
  }

  /** Keeps the lists of those that can be given a task. */
  private refresh(executor: ExecutorState): void {
    const { health, idle, places, busy, isReserved, queueing } = executor;
    const isQueueing = places.size > 0 && !isReserved && health === 'trusted';
    if (isQueueing && queueing === undefined) {
      executor.queueing = { executor, previous: undefined, next: undefined };
      this.queueing.addLast(executor.queueing);
    } else if (!isQueueing && queueing !== undefined) {
      this.queueing.remove(queueing);
      executor.queueing = undefined;
    }
    const isOffering = idle.size > 0 && !isReserved && (health === 'trusted' || (health === 'trial' && busy === 0));
    if (isOffering === executor.isOffering) return;
    executor.isOffering = isOffering;
    if (isOffering) this.offering.addLast(executor);
    else this.offering.remove(executor);
  }
}

/** Where a slot is while it is idle. */
function listOf({ slot, executor }: SlotState): LinkedList<SlotState> {
  return slot.ahead === true ? executor.places : executor.idle;
}
