// Operators on RDDs as collections: of several, or of all the rows of one.

import { badArgument } from '../core/errors.js';
import { checkOptions, checkPartitions, MOST_PARTITIONS } from '../core/options.js';
import { Deferred } from '../plan/deferred.js';
import type { Node, PlanAggregator } from '../plan/lineage.js';
import { AggregateOp } from '../shuffle/kernels.js';
import { AsyncOperators } from './async-operators.js';
import { aggregated, cogroupNode, FIRST_OF_EACH, operatorNode, partitioned, partsNode, shipped } from './make.js';
import { partitionerFor } from './partitioners.js';
import type { RDD } from './rdd.js';
import type { RddBase } from './rdd-base.js';
import type { Session } from './session.js';
import type { Partitions, Row } from './types.js';
import { unionNode } from './union.js';

export class SetOperators<T> extends AsyncOperators<T> {
  /**
   * The rows of this one and of the others, partitions one after the other; nothing is removed. Of RDDs with one partitioner
   * the partitions of one number are joined, and the partitioner stays.
   */
  union(...others: readonly RDD<T>[]): RDD<T> {
    for (const other of others) this.checkKin(other, 'union(...others)');
    return this.derive(unionNode(this.session, [this.node, ...others.map(other => other.node)]));
  }

  /** One row of each that are equal by value: the first. */
  distinct(partitions?: Partitions<T>): RDD<T> {
    const { session } = this;
    const partitioner = partitionerFor(session, partitions);
    const keyed = operatorNode(session, this.node, 'distinct', 'map', { builtin: 'rowToKey' });
    const reduced = aggregated(session, keyed, 'distinct', partitioner, FIRST_OF_EACH);
    return this.derive(operatorNode(session, reduced, 'distinct', 'map', { builtin: 'keyOf' }));
  }

  /** One pair for each value of f: it, and the rows that give it, in their order. To reduce them, keyBy and reduceByKey move less. */
  groupBy<K extends Row>(f: (row: T) => K, partitions?: Partitions<K>): RDD<[K, T[]]> {
    const { session } = this;
    const keyed = operatorNode(session, this.node, 'groupBy', 'keyBy', shipped(session, f, 'groupBy(f)'));
    return this.derive(aggregated(session, keyed, 'groupBy', partitionerFor(session, partitions), { kind: 'group' }));
  }

  /** The rows that the other one has too, each once: the first that is equal by value, in order of first appearance here. */
  intersection(other: RDD<T>, partitions?: Partitions<T>): RDD<T> {
    this.checkKin(other, 'intersection(other)');
    const groups = sideBySide(this, other, 'intersection', partitions, FIRST_OF_EACH);
    return this.derive(operatorNode(this.session, groups, 'intersection', 'flatMap', { builtin: 'inBoth' }));
  }

  /** The rows that the other one lacks, by value. Rows that are equal stay as many as they are, and come together. */
  subtract(other: RDD<T>, partitions?: Partitions<T>): RDD<T> {
    this.checkKin(other, 'subtract(other)');
    const groups = sideBySide(this, other, 'subtract', partitions, COUNT_OF_EACH);
    return this.derive(operatorNode(this.session, groups, 'subtract', 'flatMap', { builtin: 'onlyLeft' }));
  }

  /**
   * Every row with every row of the other one: first those of the first partition with its first one, then with its second.
   * Computes this one once for each partition of the other, and holds a partition of the other one in memory.
   */
  cartesian<U>(other: RDD<U>): RDD<[T, U]> {
    this.checkKin(other, 'cartesian(other)');
    const [m, n] = [this.node.partitions, other.node.partitions];
    const partitions = m * n;
    if (partitions > MOST_PARTITIONS)
      throw badArgument('cartesian(other)', partitions, `at most ${MOST_PARTITIONS} partitions in all (${m} * ${n})`);
    const partsOf = (partition: number) => [
      { parent: 0, partition: Math.floor(partition / n) },
      { parent: 1, partition: partition % n },
    ];
    const rule = { kind: 'cartesian' } as const;
    return this.derive(partsNode(this.session, [this.node, other.node], 'cartesian', { rule, partitions, partsOf }));
  }

  /**
   * Fewer partitions: neighbours one after the other, so that the order stays and nothing moves. As many as there are, if that
   * is less. With `shuffle` the same as repartition.
   */
  coalesce(partitions: number, options?: { readonly shuffle?: boolean }): RDD<T> {
    const n = checkPartitions('coalesce(partitions)', partitions);
    checkOptions('coalesce(options)', options, ['shuffle']);
    const { shuffle = false } = options ?? {};
    if (typeof shuffle !== 'boolean') throw badArgument('coalesce(shuffle)', shuffle, 'true or false');
    if (shuffle) return this.derive(dealt(this.session, this.node, 'coalesce', n));
    const all = this.node.partitions;
    if (n >= all) return this.derive(this.node);
    const firstOf = (partition: number) => Math.floor((partition * all) / n);
    const partsOf = (partition: number) => {
      const first = firstOf(partition);
      return Array.from({ length: firstOf(partition + 1) - first }, (_, i) => ({ parent: 0, partition: first + i }));
    };
    return this.derive(partsNode(this.session, [this.node], 'coalesce', { rule: { kind: 'concat' }, partitions: n, partsOf }));
  }

  /** The rows dealt out in turn to so many partitions, through a shuffle: to the same ones on every run. */
  repartition(partitions: number): RDD<T> {
    return this.derive(dealt(this.session, this.node, 'repartition', checkPartitions('repartition(partitions)', partitions)));
  }
}

/** How often each key comes. */
const COUNT_OF_EACH = { kind: 'reduce', f: { builtin: 'add' }, op: AggregateOp.Sum } as const;

/** Each partition begins with another one, so that few rows a partition do not all go to the first. */
function dealt(session: Session, parent: Node, name: string, partitions: number): Node {
  const turns = partsNode(session, [parent], name, {
    rule: { kind: 'deal', partitions },
    partitions: parent.partitions,
    partsOf: partition => [{ parent: 0, partition }],
    firsts: Deferred.of(partition => partition % partitions),
  });
  const moved = partitioned(session, turns, name, { kind: 'index', partitions });
  return operatorNode(session, moved, name, 'map', { builtin: 'valueOf' });
}

/** The rows of both as keys in one place: the first one's aggregated, of the other one each once. */
function sideBySide<T>(
  rdd: RddBase,
  other: RddBase,
  name: string,
  partitions: Partitions<T> | undefined,
  aggregator: PlanAggregator,
): Node {
  const { session } = rdd;
  const partitioner = partitionerFor(session, partitions);
  const sides = [rdd, other].map(({ node }, i) => {
    const keyed = operatorNode(session, node, name, 'map', { builtin: 'rowToKey' });
    return aggregated(session, keyed, name, partitioner, i === 0 ? aggregator : FIRST_OF_EACH);
  });
  return cogroupNode(session, sides, name, partitioner);
}
