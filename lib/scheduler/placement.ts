// Where a task runs: the list of idle slots, and the choice of one for an attempt.
import type { FailureHistory } from './retry.js';
import type { SlotState, State } from './state.js';

/**
 * Idle slots in a doubly linked list: joining, leaving and being taken all cost the same however many there are. A slot
 * whose task succeeded is used again first, while its code and caches are warm; one whose task failed is used last.
 */
export class IdleSlots {
  first: SlotState | undefined;
  private last: SlotState | undefined;
  size = 0;

  addFirst(slot: SlotState): void {
    slot.next = this.first;
    if (this.first === undefined) this.last = slot;
    else this.first.previous = slot;
    this.first = slot;
    this.size++;
  }

  addLast(slot: SlotState): void {
    slot.previous = this.last;
    if (this.last === undefined) this.first = slot;
    else this.last.next = slot;
    this.last = slot;
    this.size++;
  }

  /** Removes a slot that is in the list. */
  remove(slot: SlotState): void {
    if (slot.previous === undefined) this.first = slot.next;
    else slot.previous.next = slot.next;
    if (slot.next === undefined) this.last = slot.previous;
    else slot.next.previous = slot.previous;
    slot.previous = slot.next = undefined;
    this.size--;
  }
}

/**
 * The idle slot for an attempt, or undefined when it has to wait. A retry avoids every slot where it failed, and rather
 * waits for a busy slot than burn its attempts on a broken one that is idle because it is broken; when it has failed on all
 * the slots there are, any will do. It cannot wait for ever: it waits only while a task runs elsewhere, and every task ends.
 */
export function chooseSlot(state: State, history: FailureHistory | undefined): SlotState | undefined {
  const first = state.idle.first;
  if (history === undefined || first === undefined) return first;
  for (let slot: SlotState | undefined = first; slot !== undefined; slot = slot.next) {
    if (!history.slots.includes(slot.slot.id)) return slot;
  }
  let avoided = 0;
  for (const id of history.slots) if (state.slots.has(id)) avoided++;
  return avoided < state.slots.size ? undefined : first;
}
