// Sorts over all partitions and within them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareKeys } from '../../lib/codec/key-order.js';
import { open, workOf } from './open.js';

const sc = await open();
const bad = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'HEDDLE_BAD_ARGUMENT', message });
/** Numbers in no order, each three times. */
const shuffled = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 1000);

describe('sortBy', () => {
  test('puts rows in order over all partitions, those that are level in their own', async () => {
    for (const [ascending, partitions] of [
      [true, 5],
      [false, 3],
      [true, 1],
      [undefined, undefined],
    ] as const) {
      const rows = shuffled.map((n, i) => ({ n, i }));
      const sorted = sc.parallelize(rows, 6).sortBy(row => row.n, ascending, partitions);
      const sign = ascending === false ? -1 : 1;
      assert.deepStrictEqual(
        await sorted.collect(),
        rows.toSorted((a, b) => sign * (a.n - b.n)),
      );
      assert.equal(sorted.getNumPartitions(), partitions ?? sc.defaultParallelism);
    }
  });

  test('spreads the rows evenly', async () => {
    const sizes = (
      await sc
        .parallelize(shuffled, 6)
        .sortBy(n => n, true, 4)
        .glom()
        .collect()
    ).map(rows => rows.length);
    // Of 240 sampled keys; the sample is always the same.
    for (const size of sizes) assert.ok(size > 450 && size < 1050, `${sizes}`);
  });

  test('orders keys of all kinds', async () => {
    const rows = ['b', 2, null, 'a', Number.NaN, [1, 'x'], undefined, true, 2n, [1], -0, { a: 1 }, new Date(5), 1, 0, ''];
    const sorted = await sc
      .parallelize(rows, 4)
      .sortBy(row => row, true, 3)
      .collect();
    assert.deepStrictEqual(
      sorted,
      rows.toSorted((a, b) => (a === undefined ? 1 : b === undefined ? -1 : compareKeys(a, b))),
    );
    const backwards = await sc
      .parallelize(rows, 4)
      .sortBy(row => row, false, 3)
      .collect();
    assert.deepStrictEqual(backwards.slice(0, 2), [undefined, null]);
  });

  test('by one hot key, and of nothing', async () => {
    const hot = await sc
      .range(0, 500, 1, 5)
      .sortBy(() => 'same', true, 4)
      .glom()
      .collect();
    assert.deepStrictEqual(hot, [[...Array(500).keys()], [], [], []]);
    assert.deepStrictEqual(
      await sc
        .emptyRDD<number>()
        .sortBy(n => n, true, 3)
        .collect(),
      [],
    );
    assert.deepStrictEqual(
      await sc
        .range(0, 0, 1, 4)
        .sortBy(n => n)
        .collect(),
      [],
    );
  });

  test('samples in a job before, once; with one partition in none', async () => {
    const sorted = sc.parallelize(shuffled, 3).sortBy(n => n, true, 4);
    assert.match(sorted.explain(), /order of the key, between bounds that a job samples first, to 4 partitions/);
    assert.deepStrictEqual(await workOf(sc, () => sorted.count()), { stages: 1 + 2, tasks: 3 + 3 + 4 });
    assert.deepStrictEqual(await workOf(sc, () => sorted.first()), { stages: 1, tasks: 1 });
    const fresh = sc.parallelize(shuffled, 3).sortBy(n => -n, true, 4);
    assert.deepStrictEqual(await Promise.all([fresh.first(), fresh.count()]), [999, 3000]);
    const single = sc.parallelize(shuffled, 3).sortBy(n => n, true, 1);
    assert.deepStrictEqual(await workOf(sc, () => single.count()), { stages: 2, tasks: 4 });
    assert.match(sorted.explain(), /order of the key, between bounds, to 4 partitions/);
    assert.match(sorted.explain(), /sortBy at sorts\.test.*: sorted by key within each partition, ascending/);
  });

  test('refuses arguments that make no sense', async () => {
    bad(() => sc.range(3).sortBy(5 as never), /sortBy\(f\)/);
    bad(() => sc.range(3).sortBy(n => n, 'up' as never), /sortBy\(ascending\).*"up"/);
    bad(() => sc.range(3).sortBy(n => n, true, 0), /partitions.*got 0/);
    for (const partitions of [1, 3]) {
      const functions = sc.range(3).sortBy(() => Symbol.iterator as never, true, partitions);
      await assert.rejects(functions.collect(), { code: 'HEDDLE_VALUE' });
    }
  });
});

describe('sortByKey', () => {
  const pairs = () => sc.parallelize(shuffled, 4).map(n => [n, `v${n}`]);

  test('leaves rows where a later operator by key finds them', async () => {
    const sorted = pairs().sortByKey(true, 3);
    const counts = sorted.mapValues(() => 1).reduceByKey((a, b) => a + b);
    assert.equal(counts.explain().match(/^stage /gm)!.length, 2);
    assert.deepStrictEqual(
      await counts.collect(),
      Array.from({ length: 1000 }, (_, n) => [n, 3]),
    );
    assert.deepStrictEqual(await sorted.lookup(77), ['v77', 'v77', 'v77']);
    const joined = sorted.join(counts);
    assert.equal(joined.getNumPartitions(), 3);
    assert.equal(await joined.count(), 3000);
    // Another sort has bounds of its own.
    const other = pairs().sortByKey(true, 3);
    assert.equal(await other.join(counts).count(), 3000);
    assert.equal(
      other
        .join(counts)
        .explain()
        .match(/^stage /gm)!.length,
      4,
    );
  });

  test('finds one partition for a key, before anything else has run', async () => {
    const sorted = pairs().sortByKey(true, 5);
    await sorted.lookup(3);
    assert.deepStrictEqual(await workOf(sc, () => sorted.lookup(5)), { stages: 1, tasks: 1 });
  });

  test('has the same partitions on other threads, kernels or not', async () => {
    const answers: unknown[] = [];
    for (const options of [{ threads: 1 }, { threads: 3, kernels: 'off' }] as const) {
      const other = await open(options);
      const big = other.range(0, 20_000, 1, 7).map(n => [(n * 7919) % 10_007, n]);
      answers.push(await big.sortByKey(false, 5).glom().collect());
    }
    assert.deepStrictEqual(answers[1], answers[0]);
  });

  test('in the middle of plans', async () => {
    const twice = pairs()
      .sortByKey()
      .map(([n, text]) => [text, n])
      .sortByKey(false, 2)
      .values();
    const expected = shuffled.toSorted((a, b) => (`v${a}` < `v${b}` ? 1 : -1));
    assert.deepStrictEqual(await twice.take(9), expected.slice(0, 9));
    assert.deepStrictEqual((await twice.zipWithIndex().collect()).at(-1), [0, 2999]);
    const union = pairs().sortByKey(true, 2).union(pairs().sortByKey(false, 2));
    assert.deepStrictEqual((await union.keys().collect()).slice(2998, 3003), [999, 999, 999, 999, 999]);
  });

  test('tells of a row that is no pair', async () => {
    await assert.rejects((sc.range(10) as never as ReturnType<typeof pairs>).sortByKey(true, 1).collect(), { code: 'HEDDLE_VALUE' });
    bad(() => pairs().sortByKey(1 as never), /sortByKey\(ascending\)/);
  });
});

test('repartitionAndSortWithinPartitions sorts each partition of a partitioner', async () => {
  const pairs = sc.parallelize(shuffled, 4).map(n => [n, `v${n}`]);
  const modulo = { partitions: 3, partition: (n: number) => n % 3 };
  const sorted = pairs.repartitionAndSortWithinPartitions(modulo);
  const expected = [0, 1, 2].map(r => shuffled.filter(n => n % 3 === r).sort((a, b) => a - b));
  assert.deepStrictEqual(await sorted.keys().glom().collect(), expected);
  const placed = pairs.partitionBy(modulo);
  assert.equal(
    placed
      .repartitionAndSortWithinPartitions(modulo)
      .explain()
      .match(/^stage /gm)!.length,
    2,
  );
  assert.deepStrictEqual(
    await pairs.repartitionAndSortWithinPartitions(2).keys().glom().collect(),
    (await pairs.partitionBy(2).keys().glom().collect()).map(keys => keys.sort((a, b) => a - b)),
  );
  bad(() => pairs.repartitionAndSortWithinPartitions(undefined as never), /partitions/);
  bad(() => pairs.repartitionAndSortWithinPartitions(-1), /partitions.*-1/);
});
