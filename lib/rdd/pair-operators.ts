// Operators on pairs. They exist only on an RDD of pairs: `this` says so.

import { badArgument } from '../core/errors.js';
import { newRegisters, precisionFor } from '../task/stats/hyperloglog.js';
import { aggregated, operatorNode, partitioned, reducer, shipped, withFirst } from './make.js';
import { partitionerFor } from './partitioners.js';
import type { RDD } from './rdd.js';
import type { Combiner, Pair, Partitions, Row, Widen } from './types.js';
import { ZipOperators } from './zip-operators.js';

export class PairOperators<T> extends ZipOperators<T> {
  /** One pair a key: its values combined by f, which must be associative. Combines before the shuffle where that pays. */
  reduceByKey<K, V>(this: RDD<Pair<K, V>>, f: (a: Widen<V>, b: Widen<V>) => Widen<V>, partitions?: Partitions<K>): RDD<[K, Widen<V>]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return this.derive(aggregated(this.session, this.node, 'reduceByKey', partitioner, reducer(this.session, f, 'reduceByKey(f)')));
  }

  /** One pair a key: its values gathered in a combiner of any type. */
  combineByKey<K, V, C>(this: RDD<Pair<K, V>>, combiner: Combiner<Widen<V>, C>, partitions?: Partitions<K>): RDD<[K, C]> {
    if (combiner === null || typeof combiner !== 'object') throw badArgument('combineByKey(combiner)', combiner, 'three functions');
    const partitioner = partitionerFor(this.session, partitions, this.node);
    const create = shipped(this.session, combiner.createCombiner, 'combineByKey.createCombiner');
    const mergeValue = shipped(this.session, combiner.mergeValue, 'combineByKey.mergeValue');
    const mergeCombiners = shipped(this.session, combiner.mergeCombiners, 'combineByKey.mergeCombiners');
    const aggregator = { kind: 'combine', create, mergeValue, mergeCombiners } as const;
    return this.derive(aggregated(this.session, this.node, 'combineByKey', partitioner, aggregator));
  }

  /**
   * As reduceByKey, each key's value beginning with a copy of zero of its own: f(zero, combined values). As fold, it takes its zero
   * once. f must be associative.
   */
  foldByKey<K, V>(
    this: RDD<Pair<K, V>>,
    zero: Widen<V>,
    f: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    partitions?: Partitions<K>,
  ): RDD<[K, Widen<V>]> {
    const { session } = this;
    const aggregator = reducer(session, f, 'foldByKey(f)');
    const begin = withFirst(aggregator.f, zero);
    const reduced = aggregated(session, this.node, 'foldByKey', partitionerFor(session, partitions, this.node), aggregator);
    return this.derive(operatorNode(session, reduced, 'foldByKey', 'mapValues', begin, true));
  }

  /**
   * One pair a key: its values folded by seq into copies of zero, those merged by comb. zero must be neutral: how many copies
   * a key gets depends on the partitions.
   */
  aggregateByKey<K, V, U>(
    this: RDD<Pair<K, V>>,
    zero: U,
    seq: (accumulator: U, value: Widen<V>) => U,
    comb: (a: U, b: U) => U,
    partitions?: Partitions<K>,
  ): RDD<[K, U]> {
    const { session } = this;
    const mergeValue = shipped(session, seq, 'aggregateByKey(seq)');
    const mergeCombiners = shipped(session, comb, 'aggregateByKey(comb)');
    const aggregator = { kind: 'combine', create: withFirst(mergeValue, zero), mergeValue, mergeCombiners } as const;
    return this.derive(aggregated(session, this.node, 'aggregateByKey', partitionerFor(session, partitions, this.node), aggregator));
  }

  /**
   * One pair a key: about how many different values it has, as countApproxDistinct says it of rows. Each key takes
   * 1.1 / relativeSD² bytes in a table and, once a task, in the shuffle.
   */
  countApproxDistinctByKey<K, V>(this: RDD<Pair<K, V>>, relativeSD = 0.05, partitions?: Partitions<K>): RDD<[K, number]> {
    const { session } = this;
    const name = 'countApproxDistinctByKey';
    const none = newRegisters(precisionFor(`${name}(relativeSD)`, relativeSD));
    const mergeValue = { builtin: 'addDistinct' } as const;
    const create = withFirst(mergeValue, none);
    const aggregator = { kind: 'combine', create, mergeValue, mergeCombiners: { builtin: 'mergeDistinct' } } as const;
    const sketches = aggregated(session, this.node, name, partitionerFor(session, partitions, this.node), aggregator);
    return this.derive(operatorNode(session, sketches, name, 'mapValues', { builtin: 'estimateDistinct' }, true));
  }

  /** One pair a key: all its values in an array, in the order of the rows. To reduce them, reduceByKey moves less. */
  groupByKey<K, V>(this: RDD<Pair<K, V>>, partitions?: Partitions<K>): RDD<[K, V[]]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return this.derive(aggregated(this.session, this.node, 'groupByKey', partitioner, { kind: 'group' }));
  }

  /** The first of each pair. */
  keys<K, V>(this: RDD<Pair<K, V>>): RDD<K> {
    return this.derive(operatorNode(this.session, this.node, 'keys', 'map', { builtin: 'keyOf' }));
  }

  /** The second of each pair. */
  values<K, V>(this: RDD<Pair<K, V>>): RDD<V> {
    return this.derive(operatorNode(this.session, this.node, 'values', 'map', { builtin: 'valueOf' }));
  }

  /** Each value through f; keys, and the partitioner, stay. */
  mapValues<K, V, U extends Row>(this: RDD<Pair<K, V>>, f: (value: V) => U): RDD<[K, U]> {
    return this.derive(operatorNode(this.session, this.node, 'mapValues', 'mapValues', shipped(this.session, f, 'mapValues(f)'), true));
  }

  /** A pair for each element of what f gives for a value; keys, and the partitioner, stay. */
  flatMapValues<K, V, U extends Row>(this: RDD<Pair<K, V>>, f: (value: V) => Iterable<U>): RDD<[K, U]> {
    return this.derive(
      operatorNode(this.session, this.node, 'flatMapValues', 'flatMapValues', shipped(this.session, f, 'flatMapValues(f)'), true),
    );
  }

  /** The pairs, each in the partition that its key's hash, or the partitioner, names. */
  partitionBy<K, V>(this: RDD<Pair<K, V>>, partitions: Partitions<K>): RDD<[K, V]> {
    if (partitions === undefined) throw badArgument('partitions', partitions, 'a number of partitions or a partitioner');
    return this.derive(partitioned(this.session, this.node, 'partitionBy', partitionerFor(this.session, partitions)));
  }
}
