// The scheduler's machine with what it was told to run where, in few words.
import assert from 'node:assert/strict';
import { step } from '../../lib/scheduler/machine.js';
import type { SchedulerEvent, TaskRef } from '../../lib/scheduler/messages.js';
import { createState, isQuiet, type Rules, type State } from '../../lib/scheduler/state.js';
import type { SlotId } from '../../lib/transport/contract.js';
import { brief, failed, joined, range, slotId, succeeded } from './messages.js';

/** A machine with slots 0 to `slots` - 1, and the tasks that occupy them. */
export class Machine {
  readonly state: State;
  now = 0;
  readonly busy = new Map<SlotId, TaskRef>();

  /** Without a name for each slot's executor, all are one executor's. */
  constructor(slots: number | string[], rules?: Rules) {
    this.state = createState(rules);
    if (typeof slots === 'number') for (const slot of range(slots)) this.do(joined(slot));
    else for (const [slot, executor] of slots.entries()) this.do(joined(slot, executor));
  }

  do(event: SchedulerEvent): string[] {
    const commands = step(this.state, event, this.now);
    for (const command of commands) if (command.type === 'launch') this.busy.set(command.slot, command.task);
    return commands.map(brief);
  }

  task(slot: number): TaskRef {
    const task = this.busy.get(slotId(slot));
    assert.ok(task, `slot ${slot} is idle`);
    return task;
  }

  succeed(slot: number): string[] {
    const task = this.task(slot);
    this.busy.delete(slotId(slot));
    return this.do(succeeded(task, slotId(slot)));
  }

  fail(slot: number, how: Parameters<typeof failed>[2] = {}): string[] {
    const task = this.task(slot);
    this.busy.delete(slotId(slot));
    return this.do(failed(task, slotId(slot), how));
  }

  quiet(): void {
    assert.ok(isQuiet(this.state));
  }
}
