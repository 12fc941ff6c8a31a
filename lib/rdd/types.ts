// Types that operators share.

import type { KnownPartitioner } from './partitioners.js';

/** A literal type as the type it is of: `[word, 1] as const` still counts as number. */
export type Widen<T> = T extends number ? number : T extends string ? string : T extends boolean ? boolean : T extends bigint ? bigint : T;

/** A pair as operators take it. */
export type Pair<K, V> = readonly [K, V];

/** Lets TypeScript see `[word, 1]` as a pair and not as an array of either; excludes nothing. */
// biome-ignore lint/complexity/noBannedTypes: {} is meant: anything but null and undefined, which stand beside it
export type Row = [] | {} | null | undefined;

/**
 * A partitioner of one's own. `partition` is shipped when it is first passed in; the same object is the same partitioner from
 * then on, so that a join of RDDs that were partitioned by it moves nothing.
 */
export interface Partitioner<K> {
  readonly partitions: number;
  /** From 0 to partitions - 1, and the same for keys that are equal by value. */
  readonly partition: (key: K) => number;
}

/** How pairs are spread: over so many partitions by the hash of the key, by a partitioner, or as another RDD is. */
export type Partitions<K> = number | Partitioner<K> | KnownPartitioner<K>;

/** The three functions of combineByKey. */
export interface Combiner<V, C> {
  /** A combiner of a key's first value. */
  readonly createCombiner: (value: V) => C;
  /** Adds a value to a combiner. */
  readonly mergeValue: (combiner: C, value: V) => C;
  /** Makes one combiner of two. */
  readonly mergeCombiners: (a: C, b: C) => C;
}

/** The last argument of every action. */
export interface ActionOptions {
  /** Cancels the job: the action rejects with HEDDLE_CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the job may take: past them the action rejects with HEDDLE_DEADLINE. */
  readonly deadline?: number | undefined;
}
