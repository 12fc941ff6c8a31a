// Actions: each builds a sink, runs the job, and puts the answer together on the main thread.

import { originalOf, ownReferences, reviveClosure, takesNothing } from '../codec/closure/index.js';
import { decodeValue, encodeValue, readColumn } from '../codec/column.js';
import { KeyIndex } from '../codec/key-index.js';
import { badArgument, HeddleError, toErrorRecord } from '../core/errors.js';
import { removeOnInterrupt } from '../core/interrupt.js';
import { checkCount } from '../core/options.js';
import { labelOf, type Node, type PlanFunction } from '../plan/lineage.js';
import { OutputJob } from '../storage/output.js';
import { Moments, type MomentsRecord, type Statistics, statistics } from '../task/stats/moments.js';
import { partitionsNode, shipped } from './make.js';
import type { RddBase } from './rdd-base.js';
import { type Action, appendRows, runAsTheyCome, runForAllColumns, runForColumns, runForRows, runForTree } from './results.js';
import type { ActionOptions } from './types.js';

/** What an action's method hands on. */
export const action = (rdd: RddBase, name: string, options: ActionOptions | undefined): Action => ({
  session: rdd.session,
  node: rdd.node,
  name,
  options,
});

export function collect<T>(rdd: RddBase, options?: ActionOptions): Promise<T[]> {
  return runForRows<T>(action(rdd, 'collect', options), () => ({ kind: 'collect' }));
}

export async function count(rdd: RddBase, options?: ActionOptions): Promise<number> {
  let rows = 0;
  // As they come: thousands of columns that are kept until the end would be moved about by the collector.
  await runAsTheyCome(
    action(rdd, 'count', options),
    () => ({ kind: 'count' }),
    ([column]) => {
      rows += readColumn(column!)[0] as number;
    },
  );
  return rows;
}

/** Partitions of the first step of a take; each further step takes four times as many. */
const FIRST_PARTITIONS = 1;

export async function take<T>(rdd: RddBase, n: number, options?: ActionOptions, name = 'take'): Promise<T[]> {
  const limit = checkCount('take(n)', n);
  rdd.session.checkOpen();
  const rows: T[] = [];
  const all = rdd.node.partitions;
  for (let from = 0, step = FIRST_PARTITIONS; from < all && rows.length < limit; step *= 4) {
    const wanted = Array.from({ length: Math.min(step, all - from) }, (_, i) => from + i);
    const room = limit - rows.length;
    const results = await runForColumns(action(rdd, name, options), () => ({ kind: 'take', limit: room }), wanted);
    for (const columns of results) appendRows(rows, columns);
    from += wanted.length;
  }
  if (rows.length > limit) rows.length = limit;
  return rows;
}

export async function first<T>(rdd: RddBase, options?: ActionOptions): Promise<T> {
  const rows = await take<T>(rdd, 1, options, 'first');
  if (rows.length === 0) throw empty('first', rdd.node);
  return rows[0]!;
}

export async function reduce(
  rdd: RddBase,
  f: (a: unknown, b: unknown) => unknown,
  options?: ActionOptions,
  name = 'reduce',
): Promise<unknown> {
  const result = await reduced(rdd, name, f, options);
  if (result === undefined) throw empty(name, rdd.node);
  return result.value;
}

export async function fold(rdd: RddBase, zero: unknown, f: (a: unknown, b: unknown) => unknown, options?: ActionOptions): Promise<unknown> {
  const copy = decodeValue(encodeValue(zero));
  const result = await reduced(rdd, 'fold', f, options);
  return result === undefined ? copy : result.merge(copy, result.value);
}

async function reduced(rdd: RddBase, name: string, f: (a: unknown, b: unknown) => unknown, options: ActionOptions | undefined) {
  const planned = shipped(rdd.session, f, `${name}(f)`);
  const merge = await merger<unknown>(planned, name);
  const result = await runForTree(action(rdd, name, options), place => ({ kind: 'reduce', f: place(planned), label: name }), merge);
  return result === undefined ? undefined : { ...result, merge };
}

/**
 * What merges tasks' results here: the function as it was captured, so that here and in the threads it sees the same values. One
 * that sees none is the user's own.
 */
export async function merger<P>(planned: PlanFunction, name: string): Promise<(a: P, b: P) => P> {
  if (!('closure' in planned)) throw new HeddleError('HEDDLE_INTERNAL', `${name}: no function of the user`);
  const { closure } = planned;
  const own = takesNothing(closure) ? originalOf(closure) : undefined;
  const f = (own ?? (await reviveClosure(closure, ownReferences(closure)))) as unknown as (a: P, b: P) => P;
  return (a, b) => {
    try {
      return f(a, b);
    } catch (cause) {
      const error = toErrorRecord(cause);
      const message = `${name} threw ${error.name}: ${error.message} (merging the partitions' results)`;
      throw new HeddleError('HEDDLE_TASK_FAILED', message, { data: { operator: name }, cause });
    }
  };
}

export async function aggregate<T, U>(
  rdd: RddBase,
  zero: U,
  seq: (accumulator: U, row: T) => U,
  comb: (a: U, b: U) => U,
  options?: ActionOptions,
  name = 'aggregate',
): Promise<U> {
  const [plannedSeq, plannedComb] = [shipped(rdd.session, seq, `${name}(seq)`), shipped(rdd.session, comb, `${name}(comb)`)];
  const encoded = encodeValue(zero);
  const merge = await merger<U>(plannedComb, name);
  const result = await runForTree<U>(
    action(rdd, name, options),
    place => ({ kind: 'aggregate', zero: encoded, seq: place(plannedSeq), comb: place(plannedComb), label: name }),
    merge,
  );
  return result === undefined ? (decodeValue(encoded) as U) : result.value;
}

async function countAndSum(rdd: RddBase, name: string, options: ActionOptions | undefined): Promise<readonly [number, number]> {
  const merge = (a: readonly [number, number], b: readonly [number, number]) => [a[0] + b[0], a[1] + b[1]] as const;
  const result = await runForTree<readonly [number, number]>(action(rdd, name, options), () => ({ kind: 'sum' }), merge);
  return result?.value ?? [0, 0];
}

export async function sum(rdd: RddBase, options?: ActionOptions): Promise<number> {
  return (await countAndSum(rdd, 'sum', options))[1];
}

export async function mean(rdd: RddBase, options?: ActionOptions): Promise<number> {
  const [rows, total] = await countAndSum(rdd, 'mean', options);
  if (rows === 0) throw empty('mean', rdd.node);
  return total / rows;
}

export async function stats(rdd: RddBase, options?: ActionOptions, name = 'stats'): Promise<Statistics> {
  const sink = () => ({ kind: 'moments' }) as const;
  const result = await runForTree<MomentsRecord>(action(rdd, name, options), sink, (a, b) => Moments.from(a).merge(b).toRecord());
  return statistics(result?.value ?? new Moments());
}

export async function countByValue<T>(rdd: RddBase, options?: ActionOptions): Promise<Map<T, number>> {
  const index = new KeyIndex();
  const counts: number[] = [];
  for (const [keys, numbers] of await runForAllColumns(action(rdd, 'countByValue', options), () => ({ kind: 'countByValue' }))) {
    const [rows, times] = [readColumn(keys!), readColumn(numbers!) as ArrayLike<number>];
    for (let i = 0; i < rows.length; i++) {
      const at = index.findOrAdd(rows[i]);
      counts[at] = (counts[at] ?? 0) + times[i]!;
    }
  }
  return new Map(index.keys.map((key, at) => [key as T, counts[at]!]));
}

export async function forEach<T>(rdd: RddBase, f: (row: T) => void, options?: ActionOptions): Promise<void> {
  const planned = shipped(rdd.session, f, 'forEach(f)');
  await runForColumns(action(rdd, 'forEach', options), place => ({ kind: 'forEach', f: place(planned), label: 'forEach' }));
}

export async function saveAsTextFile(rdd: RddBase, directory: string, options?: ActionOptions): Promise<void> {
  if (typeof directory !== 'string' || directory === '') throw badArgument('saveAsTextFile(directory)', directory, 'a path');
  rdd.session.checkOpen();
  const output = OutputJob.begin(directory, 'saveAsTextFile(directory)', rdd.node.partitions);
  const settled = removeOnInterrupt(() => output.abort());
  try {
    await runForColumns(action(rdd, 'saveAsTextFile', options), () => ({ kind: 'text', output: output.spec }));
    output.commit();
  } catch (error) {
    output.abort();
    throw error;
  } finally {
    settled();
  }
}

/** Results of a function over chosen partitions' rows, in the order asked for. */
export async function runJob<T, R>(
  rdd: RddBase,
  f: (rows: IterableIterator<T>) => R,
  partitions: readonly number[] | undefined,
  options?: ActionOptions,
): Promise<R[]> {
  const planned = shipped(rdd.session, f, 'runJob(f)');
  const node = partitionsNode(rdd.session, rdd.node, 'runJob', planned, false, true);
  const asked = partitions ?? Array.from({ length: rdd.node.partitions }, (_, p) => p);
  for (const partition of asked) {
    if (!Number.isInteger(partition) || partition < 0 || partition >= rdd.node.partitions) {
      throw badArgument('runJob(partitions)', partition, `partitions from 0 to ${rdd.node.partitions - 1}`);
    }
  }
  // A partition that is asked for twice runs once.
  const once = [...new Set(asked)];
  const columns = await runForColumns({ session: rdd.session, node, name: 'runJob', options }, () => ({ kind: 'collect' }), once);
  const results = new Map<number, R>();
  for (const [i, partition] of once.entries()) {
    const rows: R[] = [];
    appendRows(rows, columns[i]!);
    results.set(partition, rows[0]!);
  }
  return asked.map(partition => results.get(partition)!);
}

export function empty(name: string, node: Node): HeddleError {
  return new HeddleError('HEDDLE_EMPTY', `${name}: there are no rows (${labelOf(node)}); use fold, take(1) or count where that may be`, {
    data: { action: name },
  });
}
