// What reads whole partitions of others gives back the heap that they hold, however it ends, and tells what went wrong.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import type { RDD } from '../../lib/rdd/rdd.js';
import { drainedHeap, failure, smallContext } from './support.js';

let sc: Context;
before(async () => {
  sc = await smallContext();
});
after(() => sc.stop());

/** With random numbers, whose generators live in the heap. */
const noisy = (f: (n: number) => number = n => n) => sc.range(0, 2000, 1, 3).mapWithRng((n, rng) => f(n) + rng.int(1));
const pairs = (rdd: RDD<number>): RDD<[number, number]> => rdd.map(n => [n % 7, n]);

const operators: Record<string, (rdd: RDD<number>, other: RDD<number>) => RDD<unknown>> = {
  zip: (rdd, other) => rdd.zip(other),
  zipPartitions: (rdd, other) => rdd.zipPartitions(other, (a, b) => [...a, ...b]),
  cartesian: (rdd, other) => rdd.filter(n => n % 100 === 0).cartesian(other),
  coalesce: (rdd, other) => rdd.union(other).coalesce(2),
  zipWithIndex: (rdd, other) =>
    rdd
      .union(other)
      .filter(() => true)
      .zipWithIndex(),
  repartition: (rdd, other) => rdd.union(other).repartition(4),
  sortBy: (rdd, other) => rdd.union(other).sortBy(n => -n, true, 3),
  union: (rdd, other) =>
    pairs(rdd)
      .partitionBy(2)
      .mapWithRng((pair, rng) => [pair[0], rng.int(9)] as [number, number])
      .union(pairs(other).partitionBy(2)),
  cogroup: (rdd, other) => pairs(rdd).cogroup(pairs(other), 2),
};

const broken = (n: number): number => {
  if (n === 1900) throw new RangeError('1900');
  return n;
};

type Operator = (typeof operators)[string];

// In functions of their own: what a test can still reach keeps its shuffles.
async function completes(operator: Operator): Promise<void> {
  assert.ok((await operator(noisy(), noisy()).count()) > 0);
  await operator(noisy(), noisy()).take(2);
}
async function failsBefore(operator: Operator): Promise<void> {
  for (const rdd of [operator(noisy(broken), noisy()), operator(noisy(), noisy(broken))]) {
    const error = await failure(rdd.count(), 'HEDDLE_TASK_FAILED');
    assert.match(error.message, /mapWithRng at parts\.test.*RangeError: 1900.*record 1900/);
  }
}
async function failsAfter(operator: Operator): Promise<void> {
  const rdd = operator(noisy(), noisy()).map(() => {
    throw new RangeError('later');
  });
  const error = await failure(rdd.collect(), 'HEDDLE_TASK_FAILED');
  assert.match(error.message, /map at parts\.test.*RangeError: later/);
}

for (const [name, operator] of Object.entries(operators)) {
  describe(`${name} holds nothing`, () => {
    for (const [when, run] of Object.entries({
      'when it is done': completes,
      'when a side fails': failsBefore,
      'when what comes after it fails': failsAfter,
    })) {
      test(when, async () => {
        await run(operator);
        assert.equal((await drainedHeap(sc)).blocks, 0);
      });
    }
  });
}

test('sides of different lengths leave nothing behind', async () => {
  await failure(
    noisy()
      .zip(noisy().filter(n => n > 5))
      .count(),
    'HEDDLE_UNEQUAL',
  );
  assert.equal((await drainedHeap(sc)).blocks, 0);
});
