// Partitioners: which reduce id a key belongs to. Two RDDs with equal partitioners have every key in the same
// partition, so that a join of them moves nothing.

import { hashKey } from '../codec/key-hash.js';

/** Plain data, so that it travels with a task. */
export interface HashPartitioner {
  readonly kind: 'hash';
  readonly partitions: number;
}

export type Partitioner = HashPartitioner;

/**
 * Spreads a 32-bit hash over n reduce ids by its high bits (multiply-shift; D. Lemire, "Fast random integer generation in an
 * interval", 2019), which leaves the low bits to the tables. Exact in doubles while n is below 2^21.
 */
export function reduceIdOf(hash: number, n: number): number {
  return Math.floor((hash * n) / 4294967296);
}

/** The reduce id of a key. */
export function partitionOf(partitioner: Partitioner, key: unknown): number {
  return reduceIdOf(hashKey(key), partitioner.partitions);
}

export function samePartitioner(a: Partitioner | undefined, b: Partitioner | undefined): boolean {
  return a !== undefined && b !== undefined && a.kind === b.kind && a.partitions === b.partitions;
}
