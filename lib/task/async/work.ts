// What a task that waits has under way: calls of user code that gave promises, and external processes. The thread's loop
// turns while it waits, so its cancel flag is looked at by a timer.

import { setMaxListeners } from 'node:events';
import { HeddleError } from '../../core/errors.js';
import type { Batch } from '../batch.js';
import type { TaskEnv } from '../env.js';
import type { InputSpec, SourceSpec } from '../spec.js';

/** Milliseconds from a cancel flag's change until a waiting task knows. */
const POLL_MS = 20;
/** Milliseconds that what is still under way at the end has to wind up: between tasks the thread's loop does not turn. */
const WIND_UP_MS = 100;

export class AsyncWork {
  private readonly controller = new AbortController();
  /** Aborted when the task fails, is called off, or needs no more rows; its reason is the error. */
  readonly signal: AbortSignal = this.controller.signal;
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly timer: NodeJS.Timeout;
  private readonly buffers = new Map<SourceSpec, Map<readonly InputSpec[], Batch[]>>();

  constructor(readonly env: TaskEnv) {
    // Each call of the user's function may listen.
    setMaxListeners(0, this.signal);
    this.timer = setInterval(() => {
      try {
        env.checkCancelled();
      } catch (error) {
        this.fail(error);
      }
    }, POLL_MS);
  }

  /** Ends the task with this error, unless it already ends with another one. */
  fail(error: unknown): void {
    this.controller.abort(error);
  }

  /** Has the task wait a little for a promise that is still open when it ends. It must not reject. */
  track(promise: Promise<unknown>): void {
    this.underWay.add(promise);
    void promise.then(() => this.underWay.delete(promise));
  }

  /** Keeps the batches of a source that ran before the task's loop; the inputs tell the partitions of a task of parts apart. */
  keep(source: SourceSpec, inputs: readonly InputSpec[], batches: Batch[]): void {
    let byInputs = this.buffers.get(source);
    if (byInputs === undefined) this.buffers.set(source, (byInputs = new Map()));
    byInputs.set(inputs, batches);
  }

  /** The batches of a source that ran before; undefined if it did not. */
  kept(source: SourceSpec, inputs: readonly InputSpec[]): Batch[] | undefined {
    return this.buffers.get(source)?.get(inputs);
  }

  /** Signals what is still under way, and waits for it a little while. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    this.controller.abort(new HeddleError('HEDDLE_CANCELLED', 'the task has ended'));
    if (this.underWay.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise(resolve => {
      timer = setTimeout(resolve, WIND_UP_MS);
    });
    await Promise.race([Promise.all(this.underWay), late]);
    clearTimeout(timer);
  }
}
