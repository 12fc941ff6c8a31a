// The tasks of an executor that wait for one of its threads, first come, first served. One that waits for long goes back: the driver
// may know of a thread that is free elsewhere.

import type { Clock } from '../../core/clock.js';
import { MOST_WAIT_MS } from '../contract.js';

export interface QueuedTask {
  readonly id: number;
  /** Resolves when the thread is free again; never rejects. */
  run(thread: number): Promise<void>;
  /** It does not run here. */
  giveBack(why: 'cancelled' | 'notBegun'): void;
}

interface Waiting {
  readonly task: QueuedTask;
  readonly since: number;
}

export class TaskQueue {
  private readonly free: number[];
  private waiting: Waiting[] = [];
  private readonly running = new Set<Promise<void>>();
  private isWatching = false;

  constructor(
    threads: number,
    private readonly clock: Clock,
  ) {
    this.free = Array.from(new Array(threads).keys()).reverse();
  }

  /** How many wait. */
  get length(): number {
    return this.waiting.length;
  }

  add(task: QueuedTask): void {
    if (this.free.length > 0) {
      this.begin(task);
      return;
    }
    this.waiting.push({ task, since: this.clock.now() });
    this.watch();
  }

  /** Has a task go back that waits; says whether it did. */
  cancel(id: number): boolean {
    const at = this.waiting.findIndex(({ task }) => task.id === id);
    if (at < 0) return false;
    const [{ task }] = this.waiting.splice(at, 1) as [Waiting];
    task.giveBack('cancelled');
    return true;
  }

  /** Has all go back that wait, and resolves when those that run have ended. */
  async close(): Promise<void> {
    for (const { task } of this.waiting.splice(0)) task.giveBack('cancelled');
    await Promise.all(this.running);
  }

  private begin(task: QueuedTask): void {
    const thread = this.free.pop()!;
    const run = task.run(thread).then(() => {
      this.running.delete(run);
      this.free.push(thread);
      const next = this.waiting.shift();
      if (next !== undefined) this.begin(next.task);
    });
    this.running.add(run);
  }

  private watch(): void {
    if (this.isWatching || this.waiting.length === 0) return;
    this.isWatching = true;
    this.clock.after(MOST_WAIT_MS, () => {
      this.isWatching = false;
      const due = this.clock.now() - MOST_WAIT_MS;
      const young = this.waiting.findIndex(({ since }) => since > due);
      for (const { task } of this.waiting.splice(0, young < 0 ? this.waiting.length : young)) task.giveBack('notBegun');
      this.watch();
    });
  }
}
