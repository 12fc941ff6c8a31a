// Statistics and histograms of numbers, against arrays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { evenly } from '../../lib/rdd/number-actions.js';
import { open } from './open.js';

const sc = await open({ threads: 2 });

test('variance and deviation are those of stats, whatever the partitions', async () => {
  const numbers = Array.from({ length: 3000 }, (_, i) => ((i * 37) % 101) / 8 - 3);
  const mean = numbers.reduce((a, b) => a + b) / numbers.length;
  const squares = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-9 * expected, `${actual} ${expected}`);
  const seen = new Set<number>();
  for (const partitions of [1, 4, 50]) {
    const rdd = sc.parallelize(numbers, partitions);
    near(await rdd.variance(), squares / 3000);
    near(await rdd.sampleVariance(), squares / 2999);
    near(await rdd.stdev(), Math.sqrt(squares / 3000));
    near(await rdd.sampleStdev(), Math.sqrt(squares / 2999));
    seen.add(await rdd.variance());
  }
  assert.equal(seen.size, 1, 'bit for bit');
  const one = sc.parallelize([4]);
  assert.deepStrictEqual([await one.variance(), await one.stdev(), await one.sampleVariance()], [0, 0, Number.NaN]);
  const none = sc.parallelize<number>([], 2);
  for (const name of ['variance', 'sampleVariance', 'stdev', 'sampleStdev'] as const) {
    await assert.rejects(none[name](), { code: 'HEDDLE_EMPTY', message: new RegExp(`^${name}`) });
    await assert.rejects(sc.range(5)[name]({ deadline: 0 }), { code: 'HEDDLE_DEADLINE' });
    await assert.rejects(sc.range(5)[name]({ signal: AbortSignal.abort() }), { code: 'HEDDLE_CANCELLED' });
  }
  await assert.rejects(sc.parallelize(['a'] as never[]).variance(), { code: 'HEDDLE_VALUE' });
});

describe('histogram', () => {
  const count = (numbers: readonly number[], edges: readonly number[]) =>
    edges.slice(1).map((end, i) => {
      const isLast = i === edges.length - 2;
      return numbers.filter(x => x >= edges[i]! && (x < end || (isLast && x === end))).length;
    });

  test('counts between the edges that it is given', async () => {
    const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double(), fc.constantFrom(Number.NaN, -0, Number.NEGATIVE_INFINITY));
    const edge = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.double({ noNaN: true }));
    const edges = fc
      .uniqueArray(edge, { minLength: 2, maxLength: 9, comparator: (a, b) => a === b })
      .map(list => list.sort((a, b) => a - b));
    const property = fc.asyncProperty(fc.array(number), edges, fc.integer({ min: 1, max: 5 }), async (numbers, edges, partitions) => {
      const { buckets, counts } = await sc.parallelize(numbers, partitions).histogram(edges);
      assert.deepStrictEqual(buckets, edges);
      assert.deepStrictEqual(counts, count(numbers, edges));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test('cuts the range of the numbers into equal buckets', async () => {
    const { buckets, counts } = await sc.range(0, 51, 1, 4).histogram(2);
    assert.deepStrictEqual(
      [buckets, counts],
      [
        [0, 25, 50],
        [25, 26],
      ],
    );
    const property = fc.asyncProperty(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      async (numbers, n) => {
        const { buckets, counts } = await sc.parallelize(numbers, 3).histogram(n);
        assert.equal(
          counts.reduce((a, b) => a + b),
          numbers.length,
          'each number is in one',
        );
        assert.deepStrictEqual(counts, count(numbers, buckets));
        const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
        assert.deepStrictEqual([buckets[0]! + 0, buckets.at(-1)! + 0], [least + 0, greatest + 0]);
        if (least !== greatest) assert.equal(buckets.length, n + 1);
        else assert.deepStrictEqual(counts, [numbers.length]);
      },
    );
    await fc.assert(property, { numRuns: 60 });
    assert.deepStrictEqual(evenly(-Number.MAX_VALUE, Number.MAX_VALUE, 2), [-Number.MAX_VALUE, 0, Number.MAX_VALUE]);
  });

  test('refuses what makes no sense', async () => {
    const rdd = sc.range(5);
    const wrong = [0, -1, 1.5, Number.NaN, 2 ** 30, [], [1], [1, 1], [2, 1], [1, Number.NaN], [Number.NaN, 1], ['a', 'b'], '3', undefined];
    for (const buckets of wrong) {
      await assert.rejects(rdd.histogram(buckets as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /histogram\(buckets\)/ });
    }
    await assert.rejects(sc.parallelize<number>([], 2).histogram(3), { code: 'HEDDLE_EMPTY' });
    assert.deepStrictEqual((await sc.parallelize<number>([], 2).histogram([1, 2])).counts, [0]);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(sc.parallelize([1, odd]).histogram(3), { code: 'HEDDLE_VALUE' });
    }
    await assert.rejects(sc.parallelize(['a'] as never[]).histogram([0, 1]), { code: 'HEDDLE_VALUE', message: /histogram/ });
    await assert.rejects(rdd.histogram(3, { deadline: 0 }), { code: 'HEDDLE_DEADLINE' });
    await assert.rejects(rdd.histogram([0, 1], { signal: AbortSignal.abort() }), { code: 'HEDDLE_CANCELLED' });
  });
});
