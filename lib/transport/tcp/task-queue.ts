// Tasks of which only some may be under way at once, first come, first served. One that waits for long goes back: the driver may know
// of a thread that is free elsewhere.

import type { Clock } from '../../core/clock.js';
import { MOST_WAIT_MS } from '../contract.js';

export interface QueuedTask {
  readonly id: number;
  /** Resolves when another one may begin; never rejects. */
  run(): Promise<void>;
  /** It does not run here. */
  giveBack(why: 'cancelled' | 'notBegun'): void;
}

interface Waiting {
  readonly task: QueuedTask;
  readonly since: number;
}

export class TaskQueue {
  private waiting: Waiting[] = [];
  private readonly running = new Set<Promise<void>>();
  private isWatching = false;

  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {}

  add(task: QueuedTask): void {
    if (this.running.size < this.most) {
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
    const run = task.run().then(() => {
      this.running.delete(run);
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
