// RDD<T>: a lazy, typed, partitioned collection. Operators are synchronous and build the plan; actions run it and are
// promises. Pair operators exist only on an RDD of pairs. The names and meanings are those of Spark's core
// (M. Zaharia et al., "Resilient Distributed Datasets", NSDI 2012), in camelCase and with JavaScript's manners.

import { DRIVER_ONLY } from '../codec/closure/index.js';
import { badArgument } from '../core/errors.js';
import { checkOptions, checkPartitions } from '../core/options.js';
import { explain } from '../plan/explain.js';
import type { Node } from '../plan/lineage.js';
import { AggregateOp } from '../shuffle/kernels.js';
import type { Rng } from '../task/rng/rng.js';
import { checkSeed, type Seed } from '../task/rng/seed.js';
import type { Statistics } from '../task/stats/moments.js';
import * as actions from './actions.js';
import { aggregated, cogroupNode, operatorNode, partitioned, partitionerFor, partitionsNode, reducer, shipped } from './make.js';
import type { Session } from './session.js';
import type { ActionOptions, Combiner, Pair, Row, Widen } from './types.js';
import { unionNode } from './union.js';

export class RDD<T> {
  /** Marks what belongs to the main thread: a closure that captures it is refused. */
  readonly [DRIVER_ONLY] = 'RDD';
  /** @internal */ readonly session: Session;
  /** @internal */ readonly node: Node;

  /** @internal */
  constructor(session: Session, node: Node) {
    this.session = session;
    this.node = node;
  }

  // ---- rows to rows

  /** Each row through f. */
  map<U extends Row>(f: (row: T) => U): RDD<U> {
    return this.derive(operatorNode(this.session, this.node, 'map', 'map', shipped(this.session, f, 'map(f)')));
  }

  /** The rows for which f is truthy. Keeps the partitioner. */
  filter<S extends T>(f: (row: T) => row is S): RDD<S>;
  filter(f: (row: T) => unknown): RDD<T>;
  filter(f: (row: T) => unknown): RDD<T> {
    return this.derive(operatorNode(this.session, this.node, 'filter', 'filter', shipped(this.session, f, 'filter(f)'), true));
  }

  /** All elements of what f gives for each row: an array or any other iterable, which is taken lazily. */
  flatMap<U extends Row>(f: (row: T) => Iterable<U>): RDD<U> {
    return this.derive(operatorNode(this.session, this.node, 'flatMap', 'flatMap', shipped(this.session, f, 'flatMap(f)')));
  }

  /** Each partition's rows, as an iterator, through f. Rows are made as f asks for them. */
  mapPartitions<U extends Row>(f: (rows: IterableIterator<T>) => Iterable<U>): RDD<U> {
    return this.derive(partitionsNode(this.session, this.node, 'mapPartitions', shipped(this.session, f, 'mapPartitions(f)'), false));
  }

  /** As mapPartitions, with the partition's index first. */
  mapPartitionsWithIndex<U extends Row>(f: (index: number, rows: IterableIterator<T>) => Iterable<U>): RDD<U> {
    const g = shipped(this.session, f, 'mapPartitionsWithIndex(f)');
    return this.derive(partitionsNode(this.session, this.node, 'mapPartitionsWithIndex', g, true));
  }

  /**
   * Each row through f with random numbers. Over ranges, arrays and trials the numbers belong to the row's index, so that
   * they are the same however it is partitioned; after a shuffle, or on text, to the partition and the row's place in it.
   */
  mapWithRng<U extends Row>(f: (row: T, rng: Rng) => U, options?: { readonly seed?: Seed }): RDD<U> {
    checkOptions('mapWithRng(options)', options, ['seed']);
    checkSeed(options?.seed);
    const node = operatorNode(this.session, this.node, 'mapWithRng', 'mapWithRng', shipped(this.session, f, 'mapWithRng(f)'));
    return this.derive(options?.seed === undefined ? node : { ...node, seed: options.seed });
  }

  /** One array for each partition. */
  glom(): RDD<T[]> {
    return this.derive(partitionsNode(this.session, this.node, 'glom', { builtin: 'glom' }, false));
  }

  /** Pairs [f(row), row]. */
  keyBy<K extends Row>(f: (row: T) => K): RDD<[K, T]> {
    return this.derive(operatorNode(this.session, this.node, 'keyBy', 'keyBy', shipped(this.session, f, 'keyBy(f)')));
  }

  /** The rows of this one and of the others, partitions one after the other; nothing is removed. */
  union(...others: readonly RDD<T>[]): RDD<T> {
    for (const other of others) this.checkKin(other, 'union(...others)');
    return this.derive(unionNode(this.session, [this.node, ...others.map(other => other.node)]));
  }

  /** One row of each that are equal by value: the first. */
  distinct(partitions?: number): RDD<T> {
    const { session } = this;
    const partitioner = partitionerFor(session, partitions);
    const keyed = operatorNode(session, this.node, 'distinct', 'map', { builtin: 'rowToKey' });
    const first = { kind: 'reduce', f: { builtin: 'first' }, op: AggregateOp.First } as const;
    const reduced = aggregated(session, keyed, 'distinct', partitioner, first);
    return this.derive(operatorNode(session, reduced, 'distinct', 'map', { builtin: 'keyOf' }));
  }

  // ---- pairs

  /** One pair a key: its values combined by f, which must be associative. Combines before the shuffle where that pays. */
  reduceByKey<K, V>(this: RDD<Pair<K, V>>, f: (a: Widen<V>, b: Widen<V>) => Widen<V>, partitions?: number): RDD<[K, Widen<V>]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return derive(this, aggregated(this.session, this.node, 'reduceByKey', partitioner, reducer(this.session, f, 'reduceByKey(f)')));
  }

  /** One pair a key: its values gathered in a combiner of any type. */
  combineByKey<K, V, C>(this: RDD<Pair<K, V>>, combiner: Combiner<Widen<V>, C>, partitions?: number): RDD<[K, C]> {
    if (combiner === null || typeof combiner !== 'object') throw badArgument('combineByKey(combiner)', combiner, 'three functions');
    const partitioner = partitionerFor(this.session, partitions, this.node);
    const create = shipped(this.session, combiner.createCombiner, 'combineByKey.createCombiner');
    const mergeValue = shipped(this.session, combiner.mergeValue, 'combineByKey.mergeValue');
    const mergeCombiners = shipped(this.session, combiner.mergeCombiners, 'combineByKey.mergeCombiners');
    const aggregator = { kind: 'combine', create, mergeValue, mergeCombiners } as const;
    return derive(this, aggregated(this.session, this.node, 'combineByKey', partitioner, aggregator));
  }

  /** One pair a key: all its values in an array, in the order of the rows. To reduce them, reduceByKey moves less. */
  groupByKey<K, V>(this: RDD<Pair<K, V>>, partitions?: number): RDD<[K, V[]]> {
    const partitioner = partitionerFor(this.session, partitions, this.node);
    return derive(this, aggregated(this.session, this.node, 'groupByKey', partitioner, { kind: 'group' }));
  }

  /** Each value through f; keys, and the partitioner, stay. */
  mapValues<K, V, U extends Row>(this: RDD<Pair<K, V>>, f: (value: V) => U): RDD<[K, U]> {
    return derive(this, operatorNode(this.session, this.node, 'mapValues', 'mapValues', shipped(this.session, f, 'mapValues(f)'), true));
  }

  /** A pair for each element of what f gives for a value; keys, and the partitioner, stay. */
  flatMapValues<K, V, U extends Row>(this: RDD<Pair<K, V>>, f: (value: V) => Iterable<U>): RDD<[K, U]> {
    return derive(
      this,
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
    return derive(this, joined);
  }

  /** The pairs, each in the partition that its key's hash names. */
  partitionBy<K, V>(this: RDD<Pair<K, V>>, partitions: number): RDD<[K, V]> {
    const partitioner = { kind: 'hash', partitions: checkPartitions('partitions', partitions) } as const;
    return derive(this, partitioned(this.session, this.node, 'partitionBy', partitioner));
  }

  // ---- actions

  /** All rows, partition after partition. */
  collect(options?: ActionOptions): Promise<T[]> {
    return actions.collect(this, options);
  }

  /** How many rows there are. */
  count(options?: ActionOptions): Promise<number> {
    return actions.count(this, options);
  }

  /** The first row. Runs only as many partitions as it needs. Rejects with HEDDLE_EMPTY when there is none. */
  first(options?: ActionOptions): Promise<T> {
    return actions.first(this, options);
  }

  /** The first n rows. Runs only as many partitions as it needs. */
  take(n: number, options?: ActionOptions): Promise<T[]> {
    return actions.take(this, n, options);
  }

  /** All rows combined by f, which must be associative; over indexed sources, in the same order whatever the partitions. Rejects with HEDDLE_EMPTY. */
  reduce(f: (a: Widen<T>, b: Widen<T>) => Widen<T>, options?: ActionOptions): Promise<Widen<T>> {
    return actions.reduce(this as RDD<unknown>, f as never, options) as Promise<Widen<T>>;
  }

  /** As reduce, beginning with zero, which is taken once. */
  fold(zero: Widen<T>, f: (a: Widen<T>, b: Widen<T>) => Widen<T>, options?: ActionOptions): Promise<Widen<T>> {
    return actions.fold(this as RDD<unknown>, zero, f as never, options) as Promise<Widen<T>>;
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
    return actions.countByValue(this, options);
  }

  /** How often each key comes. */
  countByKey<K, V>(this: RDD<Pair<K, V>>, options?: ActionOptions): Promise<Map<K, number>> {
    const keys = derive<K>(this, operatorNode(this.session, this.node, 'countByKey', 'map', { builtin: 'keyOf' }));
    return actions.countByValue(keys, options);
  }

  /** Calls f for each row, in the threads: what f does there is all that remains. */
  forEach(f: (row: T) => void, options?: ActionOptions): Promise<void> {
    return actions.forEach(this, f, options);
  }

  /** Each row as a line of text, a file for each partition, in a directory that must not exist and appears whole or not at all. */
  saveAsTextFile(directory: string, options?: ActionOptions): Promise<void> {
    return actions.saveAsTextFile(this, directory, options);
  }

  // ---- about it

  getNumPartitions(): number {
    return this.node.partitions;
  }

  /** What each stage will do, and which path it takes. */
  explain(): string {
    return explain(this.node);
  }

  /** An RDD of another context has its rows in another heap. */
  private checkKin(other: unknown, argument: string): void {
    if (!(other instanceof RDD)) throw badArgument(argument, other, 'an RDD');
    if (other.session !== this.session) throw badArgument(argument, other, 'an RDD of this context (it belongs to another one)');
  }

  private derive<U>(node: Node): RDD<U> {
    return derive(this, node);
  }
}

function derive<U>(from: { readonly session: Session }, node: Node): RDD<U> {
  return new RDD<U>(from.session, node);
}
