// Actions that look for rows by an order: the first, the last, the least, the greatest.
//
// Without a function the order is that of keys (codec/key-order.ts): numbers by size with NaN behind all of them, text by
// code units, arrays element by element. A function of one parameter gives for a row what it is ordered by, in that same
// order; one of two parameters is a comparator, as Array.prototype.sort takes it.

import { badArgument } from '../core/errors.js';
import { checkCount } from '../core/options.js';
import type { Compare } from '../task/bounded-heap.js';
import { compareOf } from '../task/sinks/ordered.js';
import { action, empty, merger, take } from './actions.js';
import { shipped } from './make.js';
import { PairActions } from './pair-actions.js';
import type { RddBase } from './rdd-base.js';
import { appendRows, runForColumns } from './results.js';
import type { ActionOptions, Row } from './types.js';

/** What orders rows: `row => key`, or `(a, b) => negative, 0 or positive`. Told apart by the number of parameters. */
export type Order<T> = ((row: T) => Row) | ((a: T, b: T) => number);

export class OrderedActions<T> extends PairActions<T> {
  /** Whether there is no row. Runs only as many partitions as it needs. */
  async isEmpty(options?: ActionOptions): Promise<boolean> {
    return (await take(this, 1, options, 'isEmpty')).length === 0;
  }

  /**
   * The first n rows in order, as a stable sort would have them, whatever the partitions. Keeps n rows a partition. `by` gives
   * what a row is ordered by, or, with two parameters, compares two rows.
   */
  takeOrdered(n: number, by: (a: T, b: T) => number, options?: ActionOptions): Promise<T[]>;
  takeOrdered(n: number, by?: ((row: T) => Row) | undefined, options?: ActionOptions): Promise<T[]>;
  takeOrdered(n: number, by?: Order<T>, options?: ActionOptions): Promise<T[]> {
    return ordered<T>(this, 'takeOrdered', n, false, by, options);
  }

  /** The last n rows in order, the last one first; of rows that are level the earlier one comes first. */
  top(n: number, by: (a: T, b: T) => number, options?: ActionOptions): Promise<T[]>;
  top(n: number, by?: ((row: T) => Row) | undefined, options?: ActionOptions): Promise<T[]>;
  top(n: number, by?: Order<T>, options?: ActionOptions): Promise<T[]> {
    return ordered<T>(this, 'top', n, true, by, options);
  }

  /** The least row; of several the first. Rejects with HEDDLE_EMPTY. */
  min(by: (a: T, b: T) => number, options?: ActionOptions): Promise<T>;
  min(by?: ((row: T) => Row) | undefined, options?: ActionOptions): Promise<T>;
  min(by?: Order<T>, options?: ActionOptions): Promise<T> {
    return extreme<T>(this, 'min', false, by, options);
  }

  /** The greatest row; of several the first. NaN is greater than any number. Rejects with HEDDLE_EMPTY. */
  max(by: (a: T, b: T) => number, options?: ActionOptions): Promise<T>;
  max(by?: ((row: T) => Row) | undefined, options?: ActionOptions): Promise<T>;
  max(by?: Order<T>, options?: ActionOptions): Promise<T> {
    return extreme<T>(this, 'max', true, by, options);
  }
}

async function extreme<T>(rdd: RddBase, name: string, descending: boolean, by: unknown, options: ActionOptions | undefined): Promise<T> {
  const rows = await ordered<T>(rdd, name, 1, descending, by, options);
  if (rows.length === 0) throw empty(name, rdd.node);
  return rows[0]!;
}

async function ordered<T>(
  rdd: RddBase,
  name: string,
  n: number,
  descending: boolean,
  by: unknown,
  options: ActionOptions | undefined,
): Promise<T[]> {
  const limit = checkCount(`${name}(n)`, n);
  const expected = 'a function of a row that gives what to order by, or of two rows that compares them';
  if (by !== undefined && typeof by !== 'function') throw badArgument(`${name}(by)`, by, expected);
  const planned = by === undefined ? undefined : shipped(rdd.session, by, `${name}(by)`);
  const compares = by !== undefined && by.length > 1;
  const comparator = compares ? ((await merger<unknown>(planned!, name)) as unknown as Compare) : undefined;
  const results = await runForColumns(action(rdd, name, options), place => ({
    kind: 'ordered',
    order: { limit, descending, by: planned === undefined ? null : place(planned), compares },
  }));
  const keys: unknown[] = [];
  const rows: T[] = [];
  for (const columns of results) {
    appendRows(rows, columns.slice(-1));
    appendRows(keys, columns.slice(0, 1));
  }
  const compare = compareOf(descending, comparator);
  // By index, for Array.prototype.sort puts undefined behind everything without asking; it is stable, so that of rows that
  // are level those of an earlier partition come first.
  const order = Array.from(rows.keys()).sort((i, j) => compare(keys[i], keys[j]));
  if (order.length > limit) order.length = limit;
  return order.map(i => rows[i]!);
}
