// A place for an executor process: when one ends, another one is started there. At once at first; where processes end one after
// the other, none with a task to its credit, after longer and longer pauses. A place whose processes do not even come up is
// given up after some.

import type { Clock } from '../../core/clock.js';
import type { ExecutorProcess } from './executor-process.js';

/** Before the third process in a row; twice that before the next, and so on. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Starts in a row that come to nothing. */
const MOST_STARTS = 8;

export class Place {
  private process: ExecutorProcess | undefined;
  /** Processes in a row that ended without a task to their credit. */
  private ends = 0;
  private isClosed = false;
  private callOff = (): void => {};

  constructor(
    private readonly start: () => ExecutorProcess,
    private readonly clock: Clock,
    private readonly log: (message: string) => void,
  ) {}

  /** Starts the first process. Rejects with HEDDLE_NO_EXECUTORS where it does not come up. */
  async open(): Promise<void> {
    const first = (this.process = this.start());
    await first.up;
    void first.ended.then(() => this.replace());
  }

  /** A task has succeeded here. */
  prove(): void {
    this.ends = 0;
  }

  /** Ends the process, and starts no more. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.callOff();
    await this.process?.end();
  }

  private replace(starts = 1): void {
    if (this.isClosed) return;
    const pause = this.ends === 0 ? 0 : Math.min(PAUSE_MS * 2 ** (this.ends - 1), LONGEST_PAUSE_MS);
    this.ends++;
    this.callOff = this.clock.after(pause, () => {
      this.open().catch((error: Error) => {
        if (this.isClosed) return;
        const next = starts < MOST_STARTS ? 'another one is started' : `after ${starts} of them, no more are started in its place`;
        this.log(`${error.message}; ${next}`);
        if (starts < MOST_STARTS) this.replace(starts + 1);
      });
    });
  }
}
