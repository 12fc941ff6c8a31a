// Actions: they run a job and are promises. What each does is in actions.ts.

import type { Statistics } from '../task/stats/moments.js';
import * as actions from './actions.js';
import { operatorNode } from './make.js';
import type { RDD } from './rdd.js';
import { SamplingOperators } from './sampling-operators.js';
import type { ActionOptions, Pair, Widen } from './types.js';

export class ActionMethods<T> extends SamplingOperators<T> {
  /** All rows, partition after partition. */
  collect(options?: ActionOptions): Promise<T[]> {
    return actions.collect<T>(this, options);
  }

  /** How many rows there are. */
  count(options?: ActionOptions): Promise<number> {
    return actions.count(this, options);
  }

  /** The first row. Runs only as many partitions as it needs. Rejects with HEDDLE_EMPTY when there is none. */
  first(options?: ActionOptions): Promise<T> {
    return actions.first<T>(this, options);
  }

  /** The first n rows. Runs only as many partitions as it needs. */
  take(n: number, options?: ActionOptions): Promise<T[]> {
    return actions.take<T>(this, n, options);
  }

  /** All rows combined by f, which must be associative; over indexed sources, in the same order whatever the partitions. Rejects with HEDDLE_EMPTY. */
  reduce(f: (a: Widen<T>, b: Widen<T>) => Widen<T>, options?: ActionOptions): Promise<Widen<T>> {
    return actions.reduce(this, f as never, options) as Promise<Widen<T>>;
  }

  /** As reduce, beginning with zero, which is taken once. */
  fold(zero: Widen<T>, f: (a: Widen<T>, b: Widen<T>) => Widen<T>, options?: ActionOptions): Promise<Widen<T>> {
    return actions.fold(this, zero, f as never, options) as Promise<Widen<T>>;
  }

  /** Rows folded by seq into copies of zero, those merged by comb. zero must be neutral: how many copies there are is not promised. */
  aggregate<U>(zero: U, seq: (accumulator: U, row: T) => U, comb: (a: U, b: U) => U, options?: ActionOptions): Promise<U> {
    return actions.aggregate(this, zero, seq, comb, options);
  }

  /** The sum of numbers; 0 for none. */
  sum(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return actions.sum(this, options);
  }

  /** The mean of numbers. Rejects with HEDDLE_EMPTY. */
  mean(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return actions.mean(this, options);
  }

  /** Count, mean, variance, deviation and extremes of numbers, in one pass. */
  stats(this: RDD<number>, options?: ActionOptions): Promise<Statistics> {
    return actions.stats(this, options);
  }

  /** How often each row comes. Keys that are equal by value are one. */
  countByValue(options?: ActionOptions): Promise<Map<T, number>> {
    return actions.countByValue<T>(this, options);
  }

  /** How often each key comes. */
  countByKey<K, V>(this: RDD<Pair<K, V>>, options?: ActionOptions): Promise<Map<K, number>> {
    const keys = this.derive<K>(operatorNode(this.session, this.node, 'countByKey', 'map', { builtin: 'keyOf' }));
    return actions.countByValue<K>(keys, options);
  }

  /** Calls f for each row, in the threads: what f does there is all that remains. */
  forEach(f: (row: T) => void, options?: ActionOptions): Promise<void> {
    return actions.forEach(this, f, options);
  }

  /** Each row as a line of text, a file for each partition, in a directory that must not exist and appears whole or not at all. */
  saveAsTextFile(directory: string, options?: ActionOptions): Promise<void> {
    return actions.saveAsTextFile(this, directory, options);
  }
}
