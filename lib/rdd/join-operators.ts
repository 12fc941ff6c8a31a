// Operators on pairs of several RDDs: the values of each key are brought together. What is already partitioned by the
// same partitioner does not move.

import { badArgument } from '../core/errors.js';
import type { JoinKind } from '../task/join-source.js';
import { aggregated, cogroupNode, FIRST_OF_EACH, operatorNode } from './make.js';
import { PairOperators } from './pair-operators.js';
import { partitionerFor } from './partitioners.js';
import type { RDD } from './rdd.js';
import { RddBase } from './rdd-base.js';
import type { Pair, Partitions } from './types.js';

/** RDDs beside this one that a cogroup takes at most. */
const MOST_OTHERS = 3;

export class JoinOperators<T> extends PairOperators<T> {
  /** Inner join: [key, [value, other value]] for every combination of values of one key. Moves nothing that is already partitioned so. */
  join<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, partitions?: Partitions<K>): RDD<[K, [V, W]]> {
    return joined(this, other, 'join', 'inner', partitions);
  }

  /** As join; a value whose key the other one lacks comes once, with undefined. */
  leftOuterJoin<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, partitions?: Partitions<K>): RDD<[K, [V, W | undefined]]> {
    return joined(this, other, 'leftOuterJoin', 'left', partitions);
  }

  /** As join; a value of the other one whose key this one lacks comes once, with undefined. */
  rightOuterJoin<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, partitions?: Partitions<K>): RDD<[K, [V | undefined, W]]> {
    return joined(this, other, 'rightOuterJoin', 'right', partitions);
  }

  /** As join; a value whose key the other side lacks comes once, with undefined. */
  fullOuterJoin<K, V, W>(
    this: RDD<Pair<K, V>>,
    other: RDD<Pair<K, W>>,
    partitions?: Partitions<K>,
  ): RDD<[K, [V | undefined, W | undefined]]> {
    return joined(this, other, 'fullOuterJoin', 'full', partitions);
  }

  /** One pair a key: for this RDD and each of one to three others the array of the key's values, in the order of the rows. */
  cogroup<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, partitions?: Partitions<K>): RDD<[K, [V[], W[]]]>;
  cogroup<K, V, W, X>(
    this: RDD<Pair<K, V>>,
    other: RDD<Pair<K, W>>,
    third: RDD<Pair<K, X>>,
    partitions?: Partitions<K>,
  ): RDD<[K, [V[], W[], X[]]]>;
  cogroup<K, V, W, X, Y>(
    this: RDD<Pair<K, V>>,
    other: RDD<Pair<K, W>>,
    third: RDD<Pair<K, X>>,
    fourth: RDD<Pair<K, Y>>,
    partitions?: Partitions<K>,
  ): RDD<[K, [V[], W[], X[], Y[]]]>;
  cogroup<K>(this: RDD<Pair<K, unknown>>, ...args: readonly unknown[]): RDD<never> {
    const last = args.at(-1);
    const isPartitions = args.length > 1 && !(last instanceof RddBase);
    const others = isPartitions ? args.slice(0, -1) : args;
    return cogrouped(this, others, isPartitions ? (last as Partitions<never> | undefined) : undefined, 'cogroup');
  }

  /** The same as cogroup, in as many partitions as it takes by itself. */
  groupWith<K, V, W>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>): RDD<[K, [V[], W[]]]>;
  groupWith<K, V, W, X>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, W>>, third: RDD<Pair<K, X>>): RDD<[K, [V[], W[], X[]]]>;
  groupWith<K, V, W, X, Y>(
    this: RDD<Pair<K, V>>,
    other: RDD<Pair<K, W>>,
    third: RDD<Pair<K, X>>,
    fourth: RDD<Pair<K, Y>>,
  ): RDD<[K, [V[], W[], X[], Y[]]]>;
  groupWith<K>(this: RDD<Pair<K, unknown>>, ...others: readonly unknown[]): RDD<never> {
    return cogrouped(this, others, undefined, 'groupWith');
  }

  /** The pairs whose keys the other one lacks: those of one key together, keys in order of first appearance. */
  subtractByKey<K, V>(this: RDD<Pair<K, V>>, other: RDD<Pair<K, unknown>>, partitions?: Partitions<K>): RDD<[K, V]> {
    this.checkKin(other, 'subtractByKey(other)');
    const { session } = this;
    const partitioner = partitionerFor(session, partitions, this.node, other.node);
    // Of the other one a key need move but once.
    const marked = operatorNode(session, other.node, 'subtractByKey', 'mapValues', { builtin: 'one' }, true);
    const keys = aggregated(session, marked, 'subtractByKey', partitioner, FIRST_OF_EACH);
    return this.derive(cogroupNode(session, [this.node, keys], 'subtractByKey', partitioner, 'subtract'));
  }
}

function joined<U>(rdd: RddBase, other: unknown, name: string, join: JoinKind, partitions: Partitions<never> | undefined): RDD<U> {
  rdd.checkKin(other, `${name}(other)`);
  const { session, node } = rdd;
  const right = (other as RddBase).node;
  return rdd.derive(cogroupNode(session, [node, right], name, partitionerFor(session, partitions, node, right), join));
}

function cogrouped(rdd: RddBase, others: readonly unknown[], partitions: Partitions<never> | undefined, name: string): RDD<never> {
  if (others.length === 0 || others.length > MOST_OTHERS) {
    throw badArgument(`${name}(...others)`, others.length, `1 to ${MOST_OTHERS} RDDs`);
  }
  for (const other of others) rdd.checkKin(other, `${name}(...others)`);
  const { session } = rdd;
  const nodes = [rdd.node, ...others.map(other => (other as RddBase).node)];
  return rdd.derive(cogroupNode(session, nodes, name, partitionerFor(session, partitions, ...nodes)));
}
