// RDDs of all the kinds that have blocks of their own, and answers about them of which no bit may change where they are kept.
import assert from 'node:assert/strict';
import type { Context, RDD } from '../../lib/index.js';

export const kinds: Record<string, (sc: Context) => RDD<number>> = {
  range: sc => sc.range(0, 25_000, 1, 5).map(i => 1 / (i + 1)),
  array: sc =>
    sc.parallelize(
      Array.from({ length: 3000 }, (_, i) => Math.sin(i)),
      3,
    ),
  'few rows': sc => sc.parallelize([0.1, 0.2, 0.3, 0.7, 1e17, -1e17, 0.4], 2),
  trials: sc => sc.trials(20_000, rng => rng.normal(), { partitions: 6 }),
  filtered: sc =>
    sc
      .range(0, 30_000, 1, 4)
      .filter(i => i % 97 === 3)
      .map(i => i / 7),
  'many of one': sc => sc.range(0, 300, 1, 3).flatMap(i => Array.from({ length: i }, (_, j) => (i - j) / 3)),
  union: sc =>
    sc
      .range(0, 9000, 1, 3)
      .map(Math.sqrt)
      .union(
        sc.trials(5000, rng => rng.uniform()),
        sc.parallelize([0.1, 0.7]),
      ),
  'by key': sc =>
    sc
      .range(0, 4000, 1, 4)
      .map((i): [number, number] => [i % 301, 1 / (i + 3)])
      .reduceByKey((a, b) => a + b, 3)
      .values(),
  'two inputs': sc =>
    sc
      .range(0, 900, 1, 3)
      .zip(sc.range(0, 900, 1, 3))
      .map(([a, b]) => a / (b + 3)),
  nothing: sc => sc.range(0, 1000, 1, 3).filter(() => false),
};
/** Answers of which every bit may tell rows that are kept from others. */
export const answersOf = async (rdd: RDD<number>) => [
  await rdd.sum(),
  await rdd.mapWithRng((x, rng) => x * rng.uniform()).sum(),
  await rdd.map(x => x + 0.1).stats(),
  await rdd.fold(0, (a, b) => a * 0.5 + b),
  await rdd.sample(false, 0.3, 5).collect(),
  await rdd.sample(true, 1.5).sum(),
  await rdd
    .map((x): [number, number] => [Math.floor(x * 100) % 11, x])
    .reduceByKey((a, b) => a + b, 3)
    .collect(),
  await rdd.zipWithIndex().collect(),
  await rdd.glom().collect(),
  await rdd.sortBy(x => x).take(20),
];

/** Holds the answers of rows that are kept, at their first time and read again, against those of rows that are not, which it returns. */
export async function keepsAnswers(make: () => RDD<number>) {
  const expected = await answersOf(make());
  for (const level of ['memory', 'disk'] as const) {
    const kept = make().persist(level);
    assert.deepEqual(await answersOf(kept), expected);
    assert.deepEqual(await answersOf(kept), expected);
    kept.unpersist();
  }
  return expected;
}
