// A clock that stands still until a test moves it.
import type { Clock } from '../lib/core/clock.js';

export class FakeClock implements Clock {
  private at = 0;
  readonly timers = new Set<{ due: number; callback: () => void }>();

  now(): number {
    return this.at;
  }

  time(): number {
    return 1_000_000 + this.at;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.at + milliseconds, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  advance(milliseconds: number): void {
    const end = this.at + milliseconds;
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.timers.delete(next);
      this.at = next.due;
      next.callback();
    }
    this.at = end;
  }
}
