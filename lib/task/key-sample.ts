// A sample of the keys of a partition, and from the samples of all of them the bounds of a sort: the way of Spark's
// RangePartitioner. The draws depend on the partition and on the place of the row, so the bounds are the same on every run.

import { compareKeys } from '../codec/key-order.js';
import { threefry } from './rng/threefry.js';

/**
 * Keys of a partition, each as likely as any other to be among them: algorithm L of K.-H. Li, "Reservoir-sampling algorithms of
 * time complexity O(n(1 + log(N/n)))", 1994, which draws only for the keys that it takes.
 */
export class KeySample {
  readonly keys: unknown[] = [];
  /** Keys that were offered. */
  rows = 0;
  private weight = 1;
  private next = 0;
  private draws = 0;
  private readonly words = new Uint32Array(4);

  constructor(
    private readonly partition: number,
    private readonly size: number,
  ) {}

  add(key: unknown): void {
    const row = this.rows++;
    if (row < this.size) this.keys.push(key);
    else if (row === this.next) this.keys[Math.floor(this.uniform() * this.size)] = key;
    else return;
    if (row >= this.size - 1) this.skip(row);
  }

  /** Adds the keys of n rows, of which it asks for those that it takes. */
  addRows(n: number, keyOf: (row: number) => unknown): void {
    const first = this.rows;
    const end = first + n;
    for (let row = this.wanted; row < end; row = this.wanted) {
      this.rows = row;
      this.add(keyOf(row - first));
    }
    this.rows = end;
  }

  private get wanted(): number {
    return this.rows < this.size ? this.rows : this.next;
  }

  /** Chooses the next row that is taken. */
  private skip(row: number): void {
    this.weight *= Math.exp(Math.log(this.uniform()) / this.size);
    this.next = row + 1 + Math.floor(Math.log(this.uniform()) / Math.log1p(-this.weight));
  }

  /** Between 0 and 1, neither of them. */
  private uniform(): number {
    const at = this.draws++ & 3;
    if (at === 0) threefry(this.partition, 0, 0, 0, this.draws >>> 2, 0, 0, 0, this.words, 0);
    return (this.words[at]! + 0.5) / 2 ** 32;
  }
}

/** Keys that a bound is chosen from, for each of the partitions to be. */
const KEYS_A_BOUND = 20;
const MOST_SAMPLED = 1e6;
/** Taken from each partition beyond its share, for partitions differ in size. */
const SURPLUS = 3;

/** How many keys of each of `parents` partitions are sampled for the bounds of so many partitions. */
export function sampleSize(partitions: number, parents: number): number {
  return Math.ceil((SURPLUS * Math.min(KEYS_A_BOUND * partitions, MOST_SAMPLED)) / parents);
}

/** At most partitions - 1 distinct keys, in order, that part the sampled rows as evenly as can be. */
export function boundsOf(samples: readonly Pick<KeySample, 'keys' | 'rows'>[], partitions: number, ascending: boolean): unknown[] {
  const order = ascending ? compareKeys : (a: unknown, b: unknown) => compareKeys(b, a);
  const weighted = samples.flatMap(({ keys, rows }) => keys.map(key => ({ key, weight: rows / keys.length })));
  weighted.sort((a, b) => order(a.key, b.key));
  const step = weighted.reduce((sum, { weight }) => sum + weight, 0) / partitions;
  const bounds: unknown[] = [];
  let passed = 0;
  let target = step;
  for (const { key, weight } of weighted) {
    if (bounds.length === partitions - 1) break;
    passed += weight;
    if (passed < target || (bounds.length > 0 && order(bounds.at(-1), key) === 0)) continue;
    bounds.push(key);
    target += step;
  }
  return bounds;
}
