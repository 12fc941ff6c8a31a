// Partitioners: which reduce id a key belongs to.

import { decodeValue } from '../codec/column.js';
import { hashKey } from '../codec/key-hash.js';
import { compareKeys } from '../codec/key-order.js';
import { isWholeText } from '../codec/whole-text.js';
import { HeddleError, show } from '../core/errors.js';

/** By the hash of the key. Plain data, so that it travels with a task. */
export interface HashPartitioner {
  readonly kind: 'hash';
  readonly partitions: number;
}

/** The key is its partition. */
export interface IndexPartitioner {
  readonly kind: 'index';
  readonly partitions: number;
}

/** By the order of the keys: partition i has those that are behind bound i - 1 and not behind bound i. */
export interface RangePartitioner {
  readonly kind: 'range';
  readonly partitions: number;
  readonly ascending: boolean;
  /** An array of at most partitions - 1 keys, encoded, in the order of the partitions. */
  readonly bounds: Uint8Array;
}

/** By a function of the user's. */
export interface CustomPartitioner {
  readonly kind: 'custom';
  readonly partitions: number;
  readonly f: (key: unknown) => unknown;
}

export type Partitioner = HashPartitioner | IndexPartitioner | RangePartitioner | CustomPartitioner;

/**
 * Spreads a 32-bit hash over n reduce ids by its high bits (multiply-shift; D. Lemire, "Fast random integer generation in an
 * interval", 2019), which leaves the low bits to the tables. Exact in doubles while n is below 2^21.
 */
export function reduceIdOf(hash: number, n: number): number {
  return Math.floor((hash * n) / 4294967296);
}

/** The reduce id of a key. For many keys placing() is quicker. */
export function partitionOf(partitioner: Partitioner, key: unknown): number {
  return placing(partitioner)(key);
}

/** From keys to their reduce ids. */
export function placing(partitioner: Partitioner): (key: unknown) => number {
  const { partitions } = partitioner;
  switch (partitioner.kind) {
    case 'hash':
      return key => reduceIdOf(hashKey(key), partitions);
    case 'index':
      return key => key as number;
    case 'range':
      return placingByRange(partitioner);
    case 'custom':
      return key => checked(partitioner, key, partitioner.f(key));
  }
}

function boundsOf({ bounds }: RangePartitioner): unknown[] {
  // A column begins at a multiple of 8, which its place in a program need not be.
  return decodeValue(new Uint8Array(bounds)) as unknown[];
}

/** The bounds, where all of them are numbers and none is NaN. */
export function numericBounds(partitioner: RangePartitioner): Float64Array | undefined {
  const keys = boundsOf(partitioner);
  return keys.every(bound => typeof bound === 'number' && !Number.isNaN(bound)) ? Float64Array.from(keys as readonly number[]) : undefined;
}

/** The bounds as UTF-8, where all of them are text that this can stand for. */
export function textBounds(partitioner: RangePartitioner): readonly Uint8Array[] | undefined {
  const keys = boundsOf(partitioner);
  const isWhole = (bound: unknown): bound is string => typeof bound === 'string' && isWholeText(bound);
  return keys.every(isWhole) ? keys.map(bound => Buffer.from(bound)) : undefined;
}

function placingByRange(partitioner: RangePartitioner): (key: unknown) => number {
  const { ascending } = partitioner;
  const keys = boundsOf(partitioner);
  const order = ascending ? compareKeys : (a: unknown, b: unknown) => compareKeys(b, a);
  // Alone it would go unseen that a key is none.
  if (keys.length === 0) return key => order(key, key);
  const find = (key: unknown) => {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order(keys[middle], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const numbers = numericBounds(partitioner);
  if (numbers === undefined) return find;
  return key => (typeof key === 'number' && !Number.isNaN(key) ? findNumber(numbers, ascending, key) : find(key));
}

/** How many bounds a number that is not NaN is behind. */
export function findNumber(bounds: Float64Array, ascending: boolean, key: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending ? bounds[middle]! < key : bounds[middle]! > key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checked({ partitions }: CustomPartitioner, key: unknown, index: unknown): number {
  if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < partitions) return index as number;
  const expected = `an integer from 0 to ${partitions - 1}`;
  throw new HeddleError('HEDDLE_PARTITION', `the partitioner gave ${show(index)} for the key ${show(key)}, expected ${expected}`, {
    data: { key: show(key), partition: show(index), partitions },
  });
}
