// mapAsync: calls of a user's function that may give promises, so many at once, their results in the order of the rows.
//
// A batch has as many rows as were asked for, up to a limit, unless its block or the rows end: never as many as happen to be
// there, since what comes after may decide by batches, and no answer may depend on which promise was quicker. Calls go on across
// the borders of batches, ahead of what was asked for by less than the concurrency.

import type { Batch, Source } from '../batch.js';
import { type TaskContext, taskError } from '../pipeline.js';
import type { MapAsyncSpec } from '../spec.js';
import { Upstream } from './upstream.js';
import type { AsyncWork } from './work.js';

/** Rows of a batch. */
const BATCH_ROWS = 256;

interface Call {
  readonly block: number;
  done: boolean;
  value: unknown;
}

export class MapAsyncSource implements Source {
  readonly bytesRead = 0;
  private readonly f: (row: unknown, context: { readonly signal: AbortSignal }) => unknown;
  private readonly upstream: Upstream;
  /** In the order of the rows. */
  private readonly calls: Call[] = [];
  /** Calls of the first block that are done, from the first one on. */
  private done = 0;
  private active = 0;
  private reading = false;
  private wake = () => {};

  constructor(
    private readonly task: TaskContext,
    private readonly work: AsyncWork,
    private readonly spec: MapAsyncSpec,
    blockwise: boolean,
  ) {
    this.f = task.loaded.functions.get(spec.f) as MapAsyncSource['f'];
    this.upstream = new Upstream(task, spec.of, blockwise);
    work.signal.addEventListener('abort', () => this.wake());
  }

  async ready(limit: number): Promise<void> {
    const { signal } = this.work;
    for (;;) {
      signal.throwIfAborted();
      this.fill(rowsFor(limit));
      if (this.batchRows(limit) !== undefined) return;
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
    }
  }

  next(limit: number): Batch | null {
    // As many as ready() waited for; who waits for fewer than it takes gets what is there, and must not care how many that is.
    this.batchRows(limit);
    const n = Math.min(this.done, rowsFor(limit));
    if (n === 0) return null;
    this.done = 0;
    const calls = this.calls.splice(0, n);
    return { kind: 'rows', rows: calls.map(call => call.value), n, block: calls[0]!.block };
  }

  close(): void {
    this.upstream.close();
  }

  /** Rows of the next batch, 0 at the end; undefined when it is not complete yet. */
  private batchRows(limit: number): number | undefined {
    const { calls } = this;
    const wanted = rowsFor(limit);
    const { block } = calls[0] ?? {};
    while (this.done < wanted && calls[this.done]?.done === true && calls[this.done]!.block === block) this.done++;
    if (this.done >= wanted) return wanted;
    const next = calls[this.done];
    if (next === undefined) return this.upstream.ended ? this.done : undefined;
    return next.block === block ? undefined : this.done;
  }

  /** Makes as many calls as may be under way. */
  private fill(wanted: number): void {
    const { upstream, calls, spec } = this;
    for (;;) {
      const room = wanted + spec.concurrency - 1 - calls.length;
      if (room <= 0 || this.active >= spec.concurrency) return;
      if (upstream.ahead > 0) {
        this.call(upstream.take());
        continue;
      }
      if (upstream.ended || this.reading) return;
      const read = upstream.read(room);
      if (read !== undefined) this.await(read);
    }
  }

  private await(read: Promise<void>): void {
    this.reading = true;
    read.then(
      () => {
        this.reading = false;
        this.wake();
      },
      error => this.work.fail(error),
    );
  }

  private call(row: unknown): void {
    const call: Call = { block: this.upstream.block, done: false, value: undefined };
    this.calls.push(call);
    const end = (value: unknown) => {
      call.value = value;
      call.done = true;
    };
    const failed = (error: unknown) => taskError(error, this.spec.label, this.task.spec, row);
    let result: unknown;
    try {
      result = this.f(row, { signal: this.work.signal });
      if (!isThenable(result)) {
        end(result);
        return;
      }
    } catch (error) {
      throw failed(error);
    }
    this.active++;
    this.work.track(
      Promise.resolve(result).then(
        value => {
          this.active--;
          end(value);
          this.wake();
        },
        error => this.work.fail(failed(error)),
      ),
    );
  }
}

const rowsFor = (limit: number) => Math.max(1, Math.min(limit, BATCH_ROWS));

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
