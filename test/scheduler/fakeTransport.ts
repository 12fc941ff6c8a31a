// A transport in memory on which the test decides when each task ends, and a clock that only the test moves.
import type { ErrorRecord } from '../../lib/core/errors.js';
import type { Slot, SlotListener, TaskFailure, TaskOutcome, Transport } from '../../lib/transport/contract.js';
import { EXECUTOR_LOST, executorId, LOST, range, slotId, slotOf } from './messages.js';

export interface Run<Spec, Result> {
  readonly spec: Spec;
  readonly slot: Slot;
  readonly signal: AbortSignal;
  settle(outcome: TaskOutcome<Result>): void;
}

export class FakeTransport<Spec, Result> implements Transport<Spec, Result> {
  /** The tasks under way, by slot. */
  readonly runs = new Map<number, Run<Spec, Result>>();
  readonly specs: Spec[] = [];
  readonly listeners = new Set<SlotListener>();
  private readonly present = new Map<number, Slot>();
  private readonly started: (() => void)[] = [];

  /** So many slots of one executor, or one for each name. */
  constructor(slots: number | string[]) {
    if (typeof slots === 'number') for (const id of range(slots)) this.present.set(id, slotOf(id));
    else for (const [id, executor] of slots.entries()) this.present.set(id, slotOf(id, executor));
  }

  slots(): Slot[] {
    return [...this.present.values()];
  }

  run(spec: Spec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<Result>> {
    this.specs.push(spec);
    return new Promise(resolve => {
      this.runs.set(slot.id, { spec, slot, signal, settle: resolve });
      for (const wake of this.started.splice(0)) wake();
    });
  }

  subscribe(listener: SlotListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {}

  join(id: number, executor?: string): void {
    this.present.set(id, slotOf(id, executor));
    for (const listener of this.listeners) listener.joined(slotOf(id, executor));
  }

  loseExecutor(executor: string): void {
    for (const [id, slot] of this.present) if (slot.executor === executorId(executor)) this.present.delete(id);
    for (const listener of this.listeners) listener.executorLost?.(executorId(executor), EXECUTOR_LOST);
  }

  leave(id: number): void {
    this.present.delete(id);
    for (const listener of this.listeners) listener.left(slotId(id), LOST);
  }

  /** Takes the task under way on a slot, waiting for one to be started there. */
  async take(slot: number): Promise<Run<Spec, Result>> {
    for (;;) {
      const run = this.runs.get(slot);
      if (run !== undefined) {
        this.runs.delete(slot);
        return run;
      }
      await new Promise<void>(resolve => this.started.push(resolve));
    }
  }

  async succeed(slot: number, result: Result): Promise<void> {
    (await this.take(slot)).settle({ ok: true, result });
  }

  async fail(slot: number, error: ErrorRecord, retryable: boolean, more: Partial<TaskFailure> = {}): Promise<void> {
    (await this.take(slot)).settle({ ok: false, error, retryable, ...more });
  }
}

export { FakeClock } from '../fake-clock.js';
