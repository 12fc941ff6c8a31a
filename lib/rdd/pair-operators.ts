// Operators on pairs. They exist only on an RDD of pairs: `this` says so.

import { badArgument } from '../core/errors.js';
import { checkPartitions } from '../core/options.js';
import { aggregated, cogroupNode, operatorNode, partitioned, partitionerFor, reducer, shipped } from './make.js';
import type { RDD } from './rdd.js';
import { SetOperators } from './set-operators.js';
import type { Combiner, Pair, Row, Widen } from './types.js';

export class PairOperators<T> extends SetOperators<T> {
  /** One pair a key: its values combined by f, which must be associative. Combines before the shuffle where that pays. */
  reduceByKey<K, V>(this: RDD<Pair<K, V>>, f: (a: Widen<V>, b: Widen<V>) => Widen<V>, partitions?: number): RDD<[K, Widen<V>]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return this.derive(aggregated(this.session, this.node, 'reduceByKey', partitioner, reducer(this.session, f, 'reduceByKey(f)')));
  }

  /** One pair a key: its values gathered in a combiner of any type. */
  combineByKey<K, V, C>(this: RDD<Pair<K, V>>, combiner: Combiner<Widen<V>, C>, partitions?: number): RDD<[K, C]> {
    if (combiner === null || typeof combiner !== 'object') throw badArgument('combineByKey(combiner)', combiner, 'three functions');
    const partitioner = partitionerFor(this.session, partitions, this.node);
    const create = shipped(this.session, combiner.createCombiner, 'combineByKey.createCombiner');
    const mergeValue = shipped(this.session, combiner.mergeValue, 'combineByKey.mergeValue');
    const mergeCombiners = shipped(this.session, combiner.mergeCombiners, 'combineByKey.mergeCombiners');
    const aggregator = { kind: 'combine', create, mergeValue, mergeCombiners } as const;
    return this.derive(aggregated(this.session, this.node, 'combineByKey', partitioner, aggregator));
  }

  /** One pair a key: all its values in an array, in the order of the rows. To reduce them, reduceByKey moves less. */
  groupByKey<K, V>(this: RDD<Pair<K, V>>, partitions?: number): RDD<[K, V[]]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return this.derive(aggregated(this.session, this.node, 'groupByKey', partitioner, { kind: 'group' }));
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

  /** Inner join: [key, [value, other value]] for every combination of values of one key. Moves nothing that is already partitioned so. */
  join<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, partitions?: number): RDD<[K, [V, W]]> {
    this.checkKin(other, 'join(other)');
    const { session } = this;
    const partitioner = partitionerFor(session, partitions, this.node, other.node);
    const groups = cogroupNode(session, [this.node, other.node], 'join', partitioner);
    const joined = operatorNode(session, groups, 'join', 'flatMap', { builtin: 'joinGroups' }, true);
    return this.derive(joined);
  }

  /** The pairs, each in the partition that its key's hash names. */
  partitionBy<K, V>(this: RDD<Pair<K, V>>, partitions: number): RDD<[K, V]> {
    const partitioner = { kind: 'hash', partitions: checkPartitions('partitions', partitions) } as const;
    return this.derive(partitioned(this.session, this.node, 'partitionBy', partitioner));
  }
}
