// Operators on RDDs as collections: intersection, subtract, cartesian, and other numbers of partitions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RDD } from '../../lib/index.js';
import { open, sorted, workOf } from './open.js';

const sc = await open();
const bad = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'HEDDLE_BAD_ARGUMENT', message });

describe('intersection and subtract', () => {
  const left = sc.parallelize([5, 1, 2, 2, 3, Number.NaN, 5, -0], 3);
  const right = sc.parallelize([2, 0, 9, Number.NaN, 2], 2);

  test('go by value', async () => {
    assert.deepStrictEqual(await left.intersection(right, 1).collect(), [2, Number.NaN, 0]);
    assert.deepStrictEqual(await left.subtract(right, 1).collect(), [5, 5, 1, 3]);
    const structured = sc.parallelize([{ a: [1] }, { a: [2] }, { a: [1] }]);
    const one = sc.parallelize([{ a: [1] }]);
    assert.deepStrictEqual(await structured.intersection(one).collect(), [{ a: [1] }]);
    assert.deepStrictEqual(await structured.subtract(one).collect(), [{ a: [2] }]);
  });

  test('have as many partitions as asked for, of nothing too', async () => {
    assert.equal(left.intersection(right, 7).getNumPartitions(), 7);
    assert.equal(left.subtract(right).getNumPartitions(), sc.defaultParallelism);
    const none = sc.emptyRDD<number>();
    assert.deepStrictEqual(await left.intersection(none).collect(), []);
    assert.deepStrictEqual(await none.subtract(left).collect(), []);
    assert.deepStrictEqual(sorted(await left.subtract(none).collect()), sorted([5, 1, 2, 2, 3, Number.NaN, 5, 0]));
  });

  test('refuse what is no RDD', () => {
    bad(() => left.intersection([1] as never), /intersection\(other\)/);
    bad(() => left.subtract(undefined as never), /subtract\(other\)/);
    bad(() => left.subtract(right, 0), /partitions.*got 0/);
  });
});

describe('cartesian', () => {
  test('has every pair, partition by partition and row by row', async () => {
    const product = sc.parallelize([1, 2, 3], 2).cartesian(sc.parallelize(['a', 'b', 'c'], 2));
    assert.equal(product.getNumPartitions(), 4);
    assert.deepStrictEqual(
      await product
        .map(([n, text]) => `${n}${text}`)
        .glom()
        .collect(),
      [['1a'], ['1b', '1c'], ['2a', '3a'], ['2b', '2c', '3b', '3c']],
    );
  });

  test('of many rows, of unions, of shuffles, of nothing', async () => {
    const [m, n] = [300, 200];
    const union = sc.range(0, 100, 1, 2).union(sc.range(100, m, 1, 3));
    const shuffled = sc
      .range(n)
      .map(i => [i, 1])
      .reduceByKey((a, b) => a + b, 3)
      .keys();
    const product = union.cartesian(shuffled);
    assert.equal(product.getNumPartitions(), 15);
    assert.equal(await product.count(), m * n);
    assert.equal(await product.map(([a, b]) => a * b).sum(), (((m * (m - 1)) / 2) * (n * (n - 1))) / 2);
    assert.deepStrictEqual(
      await product.take(3),
      (await shuffled.take(3)).map(b => [0, b]),
    );
    assert.equal(await union.cartesian(sc.emptyRDD()).count(), 0);
    assert.equal(await sc.emptyRDD().cartesian(union).getNumPartitions(), 0);
    assert.equal(await union.cartesian(union.filter(() => false)).count(), 0);
  });

  test('refuses what is no RDD, and too many partitions', () => {
    bad(() => sc.range(3).cartesian([1] as never), /cartesian\(other\)/);
    const many = sc.range(0, 10, 1, 2 ** 11);
    bad(() => many.cartesian(many), /cartesian\(other\).*2048 \* 2048/);
  });
});

describe('coalesce', () => {
  const rows = [...Array(20).keys()];

  test('joins neighbours in one stage, in order', async () => {
    const few = sc
      .range(0, 20, 1, 10)
      .map(n => n)
      .coalesce(3);
    assert.equal(few.getNumPartitions(), 3);
    assert.deepStrictEqual(await few.glom().collect(), [rows.slice(0, 6), rows.slice(6, 12), rows.slice(12)]);
    assert.deepStrictEqual(await workOf(sc, () => few.count()), { stages: 1, tasks: 3 });
    assert.equal(sc.range(0, 20, 1, 4).coalesce(9).getNumPartitions(), 4);
    assert.deepStrictEqual(await sc.emptyRDD().coalesce(3).collect(), []);
  });

  test('of a union, of a shuffle, of a coalesce', async () => {
    const union = sc.range(0, 7, 1, 3).union(
      sc.range(7, 15, 1, 2).map(n => n),
      sc.range(15, 20, 1, 4),
    );
    assert.deepStrictEqual(await union.coalesce(4).coalesce(2).collect(), rows);
    const keyed = sc
      .range(20)
      .map(n => [n % 5, n])
      .groupByKey(8);
    assert.deepStrictEqual(await keyed.coalesce(1).collect(), await keyed.collect());
    assert.equal(await keyed.coalesce(2).groupByKey().count(), 5);
  });

  test('leaves what a partition sees as it was', async () => {
    const indexed = sc.range(0, 8, 1, 4).mapPartitionsWithIndex((index, numbers) => [[index, ...numbers]]);
    assert.deepStrictEqual(await indexed.coalesce(1).collect(), await indexed.collect());
    const noisy = sc.range(0, 100, 1, 5).mapWithRng((n, rng) => n + rng.uniform());
    assert.deepStrictEqual(await noisy.coalesce(2).collect(), await noisy.collect());
    const text = sc.textFile('docs/data/*.txt', { partitions: 3 }).mapWithRng((line, rng) => line + rng.int(1e6));
    assert.deepStrictEqual(await text.coalesce(1).collect(), await text.collect());
  });

  test('with a shuffle deals the rows out', async () => {
    const spread = sc.range(0, 10, 1, 1).coalesce(3, { shuffle: true });
    assert.deepStrictEqual(await spread.glom().collect(), [
      [0, 3, 6, 9],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  test('refuses other numbers and options', () => {
    bad(() => sc.range(3).coalesce(0), /coalesce\(partitions\).*got 0/);
    bad(() => sc.range(3).coalesce(2, { shuffle: 1 as never }), /coalesce\(shuffle\).*got 1/);
    assert.throws(() => sc.range(3).coalesce(2, { shufle: true } as never), { code: 'HEDDLE_BAD_OPTION', message: /shufle/ });
    bad(() => sc.range(3).repartition(1.5), /repartition\(partitions\).*got 1\.5/);
    bad(() => sc.range(3).repartition(undefined as never), /repartition\(partitions\)/);
  });
});

describe('repartition', () => {
  test('deals rows out in turn, each partition from another one on', async () => {
    const spread = sc.range(0, 12, 1, 6).repartition(4);
    const sizes = (await spread.glom().collect()).map(rows => rows.length);
    assert.deepStrictEqual(sizes, [3, 4, 3, 2]);
    assert.deepStrictEqual(sorted(await spread.collect()), sorted([...Array(12).keys()]));
  });

  test('is the same on other threads, kernels or not', async () => {
    const answers: unknown[] = [];
    for (const options of [{ threads: 1 }, { threads: 3, kernels: 'off' }] as const) {
      const other = await open(options);
      answers.push(
        await other
          .range(0, 1000, 1, 7)
          .map(n => [n, `${n}`])
          .repartition(5)
          .glom()
          .collect(),
      );
    }
    assert.deepStrictEqual(answers[1], answers[0]);
  });

  test('carries rows of any kind', async () => {
    const rows = [undefined, null, -0, 'a', [1, 2], { a: 1 }, 1n];
    assert.deepStrictEqual(await sc.parallelize(rows, 1).repartition(1).collect(), rows);
  });
});

describe('union of RDDs with one partitioner', () => {
  const placed = (n: number): RDD<[number, number]> =>
    sc
      .range(30)
      .map(i => [i % 7, i * n])
      .partitionBy(4) as RDD<[number, number]>;

  test('joins their partitions and keeps it', async () => {
    const [a, b] = [placed(1), placed(10)];
    const union = sc.union([a, b, a.mapValues(v => -v)]);
    assert.equal(union.getNumPartitions(), 4);
    const [left, right] = [await a.glom().collect(), await b.glom().collect()];
    assert.deepStrictEqual(
      await union.glom().collect(),
      left.map((rows, p) => [...rows, ...right[p]!, ...rows.map(([k, v]) => [k, -v])]),
    );
    const grouped = a.union(b).groupByKey();
    assert.equal(grouped.explain().match(/^stage /gm)!.length, 3);
    await a.count();
    await b.count();
    assert.deepStrictEqual(await workOf(sc, () => grouped.collect()), { stages: 1, tasks: 4 });
    assert.equal(
      await a
        .union(b)
        .join(a.reduceByKey((x, y) => x + y))
        .count(),
      60,
    );
  });

  test('is an ordinary union where they differ', () => {
    assert.equal(
      placed(1)
        .union(placed(2).map(row => row))
        .getNumPartitions(),
      4 + 4,
    );
    assert.equal(placed(1).union(placed(2).partitionBy(5)).getNumPartitions(), 4 + 5);
    assert.equal(
      sc
        .range(0, 5, 1, 2)
        .union(sc.range(0, 5, 1, 2))
        .getNumPartitions(),
      4,
    );
  });
});
