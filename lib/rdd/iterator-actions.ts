// Actions that hand partitions or rows on, one after the other: to functions in the threads, or to the script.

import { badArgument } from '../core/errors.js';
import { checkCount, checkOptions } from '../core/options.js';
import { action, aggregate, reduce } from './actions.js';
import { type AsyncContext, type AsyncOptions, mapAsyncNode } from './async-operators.js';
import { type IteratorOptions, localIterator } from './local-iterator.js';
import { partitionsNode, shipped } from './make.js';
import { NumberActions } from './number-actions.js';
import { runForColumns } from './results.js';
import type { ActionOptions, Widen } from './types.js';

export class IteratorActions<T> extends NumberActions<T> {
  /** Calls f with each partition's rows, in the threads: what f does there is all that remains. What f leaves unread is not made. */
  async forEachPartition(f: (rows: IterableIterator<T>) => void, options?: ActionOptions): Promise<void> {
    const planned = shipped(this.session, f, 'forEachPartition(f)');
    const node = partitionsNode(this.session, this.node, 'forEachPartition', planned, false, true);
    await runForColumns({ ...action(this, 'forEachPartition', options), node }, () => ({ kind: 'count' }));
  }

  /**
   * Calls f for each row, in the threads, and waits for what it promises: at most `concurrency` calls are under way in a task at
   * once. The first one that fails ends the job; the others are told by their `signal`.
   */
  async forEachAsync(f: (row: T, context: AsyncContext) => unknown, options?: AsyncOptions & ActionOptions): Promise<void> {
    checkOptions('forEachAsync(options)', options, ['concurrency', 'signal', 'deadline']);
    const { concurrency, ...rest } = options ?? {};
    const node = mapAsyncNode(this, 'forEachAsync', f, concurrency);
    await runForColumns({ ...action(this, 'forEachAsync', rest), node }, () => ({ kind: 'count' }));
  }

  /**
   * All rows, partition after partition, of which no more than two are in memory: the one whose rows are taken, and the next
   * one, which is made ahead. A job a partition; leaving the loop calls off the one that is under way. `deadline` is for each
   * of these jobs.
   */
  toLocalIterator(options?: IteratorOptions): AsyncIterableIterator<T> {
    return localIterator<T>(this, options);
  }

  /** The same as reduce, which merges in a tree already. `depth` is taken for Spark's sake, and has no effect. */
  treeReduce(f: (a: Widen<T>, b: Widen<T>) => Widen<T>, depth = 2, options?: ActionOptions): Promise<Widen<T>> {
    checkDepth('treeReduce(depth)', depth);
    return reduce(this, f as never, options, 'treeReduce') as Promise<Widen<T>>;
  }

  /** The same as aggregate, which merges in a tree already. `depth` is taken for Spark's sake, and has no effect. */
  treeAggregate<U>(zero: U, seq: (accumulator: U, row: T) => U, comb: (a: U, b: U) => U, depth = 2, options?: ActionOptions): Promise<U> {
    checkDepth('treeAggregate(depth)', depth);
    return aggregate(this, zero, seq, comb, options, 'treeAggregate');
  }
}

function checkDepth(argument: string, depth: unknown): void {
  if (checkCount(argument, depth) < 1) throw badArgument(argument, depth, 'a depth, an integer from 1');
}
