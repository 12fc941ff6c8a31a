// Actions that fold rows into one value, against arrays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open } from './open.js';

const sc = await open();
const numbers = Array.from({ length: 1000 }, (_, i) => ((i * 37) % 101) / 8 - 3);

describe('reduce, fold and aggregate', () => {
  test('combine in the order of the rows', async () => {
    const texts = Array.from({ length: 1100 }, (_, i) => `${i},`);
    for (const partitions of [1, 3, 7, 1200]) {
      const rdd = sc.parallelize(texts, partitions);
      assert.equal(await rdd.reduce((a, b) => a + b), texts.join(''));
      assert.equal(await rdd.fold('zero:', (a, b) => a + b), `zero:${texts.join('')}`);
      const lists = await rdd.aggregate<string[]>(
        [],
        (list, row) => [...list, row],
        (a, b) => a.concat(b),
      );
      assert.deepStrictEqual(lists, texts);
      const unions = rdd.union(
        rdd.filter((_row): unknown => false),
        sc.parallelize(['end'], 3),
      );
      assert.equal(await unions.reduce((a, b) => a + b), `${texts.join('')}end`);
    }
    assert.equal(
      await sc
        .parallelize(texts, 4)
        .map(text => [1, text])
        .groupByKey(2)
        .map(([, list]) => list.join(''))
        .reduce((a, b) => a + b),
      texts.join(''),
    );
  });

  test('merge with the values of when they were called, and tell of the line that threw', async () => {
    let factor = 2;
    const rows = sc.parallelize([1, 2, 3, 4], 4);
    const answer = rows.reduce((a, b) => a * factor + b);
    factor = 1000;
    assert.equal(await answer, (1 * 2 + 2) * 2 + (3 * 2 + 4));
    const failed = await rows
      .reduce((): number => {
        throw new TypeError('not these');
      })
      .catch((error: unknown) => error as Error);
    assert.equal((failed as { code?: string }).code, 'HEDDLE_TASK_FAILED');
    assert.match((failed as Error).message, /reduce threw TypeError: not these/);
    assert.match(String(((failed as Error).cause as Error).stack), /folds\.test\.[jt]s:\d+/);
  });

  test('of nothing and of one row', async () => {
    const none = sc.parallelize([] as number[], 3);
    await assert.rejects(
      none.reduce((a, b) => a + b),
      { code: 'HEDDLE_EMPTY', message: /reduce/ },
    );
    assert.equal(await none.fold(7, (a, b) => a + b), 7);
    assert.deepStrictEqual(
      await none.aggregate(
        [1],
        list => list,
        list => list,
      ),
      [1],
    );
    assert.equal(await sc.parallelize([5], 4).reduce(() => -1), 5);
    assert.equal(await sc.parallelize([5], 4).fold(2, (a, b) => a * b), 10);
    assert.equal(
      await sc
        .parallelize([undefined], 2)
        .map(() => undefined as unknown)
        .reduce(() => 1),
      undefined,
    );
    assert.equal(
      await sc
        .range(10)
        .filter(i => i === 4)
        .reduce(() => -1),
      4,
    );
  });

  test('take zero once in a fold, and copies of it in an aggregate', async () => {
    for (const partitions of [1, 4, 20]) {
      assert.equal(await sc.range(0, 10, 1, partitions).fold(100, (a, b) => a + b), 145);
      const zero: number[] = [];
      const all = await sc.range(0, 3000, 1, partitions).aggregate(
        zero,
        (list, i) => {
          list.push(i);
          return list;
        },
        (a, b) => {
          a.push(...b);
          return a;
        },
      );
      assert.equal(all.length, 3000);
      const begin = ['begin'];
      const folded = await sc.parallelize([['a'], ['b']], partitions).fold(begin, (a, b) => {
        a.push(...b);
        return a;
      });
      assert.deepStrictEqual(folded, ['begin', 'a', 'b']);
      assert.deepStrictEqual([zero, begin], [[], ['begin']], 'the zero of the caller stays as it is');
    }
  });

  test('see captured values as they were, and name what throws', async () => {
    let k = 1;
    const sums = [
      sc.parallelize([1, 2], 2).reduce((a, b) => a + b + k),
      sc.parallelize([1, 2], 2).fold(0, (a, b) => a + b + k),
      sc.parallelize([1, 2], 2).aggregate(
        0,
        (a, b) => a + b,
        (a, b) => a + b + k,
      ),
    ];
    k = 100;
    assert.deepStrictEqual(await Promise.all(sums), [4, 5, 4]);
    for (const partitions of [1, 2]) {
      const failing = sc.parallelize([1, 2], partitions).reduce(() => {
        throw new RangeError('never');
      });
      await assert.rejects(failing, { code: 'HEDDLE_TASK_FAILED', message: /^reduce.* threw RangeError: never/ });
    }
  });
});

describe('sum, mean and stats', () => {
  test('of numbers', async () => {
    const sum = numbers.reduce((a, b) => a + b);
    const mean = sum / numbers.length;
    const variance = numbers.reduce((s, x) => s + (x - mean) ** 2, 0) / numbers.length;
    for (const partitions of [1, 3, 7]) {
      const rdd = sc.parallelize(numbers, partitions);
      // Eighths: every order of addition is exact.
      assert.equal(await rdd.sum(), sum);
      assert.equal(await rdd.mean(), mean);
      const stats = await rdd.stats();
      assert.deepStrictEqual([stats.count, stats.sum, stats.min, stats.max], [1000, sum, Math.min(...numbers), Math.max(...numbers)]);
      for (const [got, expected] of [
        [stats.mean, mean],
        [stats.variance, variance],
        [stats.stdev, Math.sqrt(variance)],
        [stats.sampleVariance, (variance * 1000) / 999],
      ] as const) {
        assert(Math.abs(got - expected) <= 1e-12 * Math.abs(expected), `${got} is not ${expected}`);
      }
    }
    assert.equal(await sc.range(1e6).sum(), 499999500000);
    assert.equal(
      await sc
        .range(10)
        .map(i => [i % 2, i])
        .reduceByKey((a, b) => a + b, 3)
        .map(([, n]) => n)
        .sum(),
      45,
    );
  });

  test('of none, one, NaN and infinities', async () => {
    const none = sc.parallelize([] as number[], 2);
    assert.equal(await none.sum(), 0);
    await assert.rejects(none.mean(), { code: 'HEDDLE_EMPTY', message: /mean/ });
    assert.equal((await none.stats()).count, 0);
    assert.deepStrictEqual(Object.values(await sc.parallelize([3]).stats()), [1, 3, 3, 0, Number.NaN, 0, Number.NaN, 3, 3]);
    assert.equal(await sc.parallelize([1, Number.NaN]).sum(), Number.NaN);
    assert.equal(await sc.parallelize([1, Number.POSITIVE_INFINITY], 2).mean(), Number.POSITIVE_INFINITY);
  });

  test('refuse what is no number', async () => {
    for (const row of ['1', 1n, null, undefined, [1]]) {
      await assert.rejects(sc.parallelize([1, row] as number[]).sum(), { code: 'HEDDLE_VALUE', message: /need numbers/ });
      await assert.rejects(sc.parallelize([1, row] as number[]).stats(), { code: 'HEDDLE_VALUE', message: /need numbers/ });
    }
  });
});

test('a sum by key goes on in order where whole numbers give way to fractions', async () => {
  const value = (i: number) => (i < 600 || i % 3 > 0 ? 7 : 0.1);
  const sums = await sc
    .range(0, 1000, 1, 1)
    .map(i => [i % 2, i < 600 || i % 3 > 0 ? 7 : 0.1] as const)
    .reduceByKey((a, b) => a + b, 1)
    .collectAsMap();
  const expected = [0, 0];
  for (let i = 0; i < 1000; i++) expected[i % 2]! += value(i);
  assert.deepStrictEqual([sums.get(0), sums.get(1)], expected);
});
