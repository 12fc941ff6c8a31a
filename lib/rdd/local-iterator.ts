// toLocalIterator: the rows of an RDD on the main thread, a partition at a time.

import { checkJobOptions, checkOptions } from '../core/options.js';
import { cancelled } from '../scheduler/endings.js';
import type { RddBase } from './rdd-base.js';
import { appendRows, runForColumns } from './results.js';
import type { ActionOptions } from './types.js';

export interface IteratorOptions extends ActionOptions {
  /** Whether the next partition is made while the rows of one are taken. Default: true. */
  readonly prefetch?: boolean;
}

/** Checks at the call; runs nothing before the first row is asked for. */
export function localIterator<T>(rdd: RddBase, options: IteratorOptions | undefined): AsyncIterableIterator<T> {
  checkOptions('options', options, ['signal', 'deadline', 'prefetch']);
  checkJobOptions(options ?? {});
  rdd.session.checkOpen();
  return rowsOf<T>(rdd, options ?? {});
}

async function* rowsOf<T>(rdd: RddBase, { signal, deadline, prefetch = true }: IteratorOptions): AsyncGenerator<T, void, undefined> {
  // The iterator's own, because it ends its job also when the loop is left; and no listener of it may stay with a signal
  // that outlives it.
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal!.reason);
  const fetch = (partition: number): Promise<T[]> | undefined => {
    if (partition >= rdd.node.partitions) return undefined;
    const columns = runForColumns(
      { session: rdd.session, node: rdd.node, name: 'toLocalIterator', options: { signal: ending.signal, deadline } },
      () => ({ kind: 'collect' }),
      [partition],
    );
    const rows = columns.then(([encoded]) => {
      const rows: T[] = [];
      appendRows(rows, encoded!);
      return rows;
    });
    // It may fail while nobody waits for it; whoever does later hears of it all the same.
    rows.catch(() => {});
    return rows;
  };
  let next: Promise<T[]> | undefined;
  try {
    checkAborted(signal);
    signal?.addEventListener('abort', onAbort, { once: true });
    next = fetch(0);
    for (let partition = 0; next !== undefined; partition++) {
      const rows = await next;
      next = prefetch ? fetch(partition + 1) : undefined;
      for (const row of rows) {
        checkAborted(signal);
        yield row;
      }
      if (!prefetch) next = fetch(partition + 1);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    ending.abort(new Error('the loop over its rows was left'));
    // Whoever leaves the loop finds no job of it any more.
    await next?.catch(() => {});
  }
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal);
}
