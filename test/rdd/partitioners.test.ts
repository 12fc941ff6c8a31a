// Partitioners of the user's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure } from '../failure/support.js';
import { open, workOf } from './open.js';

const sc = await open();
const pairs = () => sc.range(0, 100, 1, 4).map(n => [n % 10, n]);
const halves = { partitions: 2, partition: (key: number) => (key < 5 ? 0 : 1) };
const bad = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'HEDDLE_BAD_ARGUMENT', message });

test('place each key, in every operator by key', async () => {
  const expected = [0, 1].map(half => [0, 1, 2, 3, 4].map(key => key + 5 * half));
  const placed = await pairs().partitionBy(halves).keys().glom().collect();
  assert.deepStrictEqual(
    placed.map(keys => [...new Set(keys)]),
    expected,
  );
  const sum = (a: number, b: number) => a + b;
  for (const rdd of [
    pairs().reduceByKey(sum, halves),
    pairs().reduceByKey((a, b) => b + a + 0, halves),
    pairs().foldByKey(0, sum, halves),
    pairs().aggregateByKey(0, sum, sum, halves),
    pairs()
      .groupByKey(halves)
      .mapValues(values => values.reduce(sum)),
    pairs()
      .cogroup(pairs(), halves)
      .mapValues(([values]) => values.reduce(sum)),
    pairs()
      .reduceByKey(sum)
      .leftOuterJoin(
        pairs().filter(() => false),
        halves,
      )
      .mapValues(([value]) => value),
  ]) {
    assert.equal(rdd.getNumPartitions(), 2);
    assert.deepStrictEqual(
      (await rdd.keys().glom().collect()).map(keys => keys.sort()),
      expected,
    );
    assert.equal((await rdd.collectAsMap()).get(7), 7 + 17 + 27 + 37 + 47 + 57 + 67 + 77 + 87 + 97);
  }
});

test('are the same where they are the same object', async () => {
  const [a, b] = [pairs().partitionBy(halves), pairs().reduceByKey((x, y) => x + y, halves)];
  const joined = a.join(b);
  assert.equal(joined.explain().match(/^stage /gm)!.length, 3);
  assert.equal(a.partitionBy(halves).explain(), a.explain());
  assert.equal(
    a
      .partitionBy({ ...halves })
      .explain()
      .match(/^stage /gm)!.length,
    3,
  );
  assert.equal(await joined.count(), 100);
  assert.deepStrictEqual(await workOf(sc, () => a.lookup(7)), { stages: 1, tasks: 1 });
  assert.equal((await a.lookup(7)).length, 10);
  assert.match(a.explain(), /a function of the key to 2 partitions; rows as they are/);
});

test('are what they were when they were passed in', async () => {
  let limit = 5;
  const partitioner = { partitions: 2, partition: (key: number) => (key < limit ? 0 : 1) };
  const before = pairs().partitionBy(partitioner);
  limit = 1;
  // Changed as an object it is another one.
  const after = pairs().partitionBy(Object.assign(partitioner, { partition: (key: number) => (key < limit ? 0 : 1) }));
  assert.deepStrictEqual([...new Set((await before.keys().glom().collect())[0])], [0, 1, 2, 3, 4]);
  assert.deepStrictEqual([...new Set((await after.keys().glom().collect())[0])], [0]);
  assert.equal(
    after
      .join(before)
      .explain()
      .match(/^stage /gm)!.length,
    4,
  );
});

test('of one RDD serve others', async () => {
  const sorted = pairs().sortByKey(true, 3);
  const alike = pairs()
    .mapValues(n => -n)
    .partitionBy(sorted.partitioner!);
  assert.equal(alike.getNumPartitions(), 3);
  const keys = (rdd: typeof sorted) => rdd.keys().glom().collect();
  const distinct = (partitions: number[][]) => partitions.map(rows => [...new Set(rows)].sort());
  assert.deepStrictEqual(distinct(await keys(alike)), distinct(await keys(sorted)));
  assert.equal(
    sorted
      .join(alike)
      .explain()
      .match(/^stage /gm)!.length,
    3,
  );
  assert.equal(pairs().partitioner, undefined);
  assert.equal(
    pairs()
      .partitionBy(halves)
      .filter(() => true).partitioner!.partitions,
    2,
  );
  assert.equal(
    pairs()
      .partitionBy(halves)
      .map(pair => pair).partitioner,
    undefined,
  );
  assert.equal(pairs().groupByKey(5).partitioner!.partitions, 5);
});

test('place the rows of operators by value', async () => {
  const signs = { partitions: 2, partition: (n: number) => (n < 0 ? 0 : 1) };
  const numbers = sc.parallelize([3, -1, 2, -1, 2, -5], 3);
  assert.deepStrictEqual(await numbers.distinct(signs).glom().collect(), [
    [-1, -5],
    [3, 2],
  ]);
  assert.deepStrictEqual(
    await numbers
      .subtract(sc.parallelize([3]), signs)
      .glom()
      .collect(),
    [
      [-1, -1, -5],
      [2, 2],
    ],
  );
  assert.deepStrictEqual(
    await numbers
      .intersection(sc.parallelize([3, -1]), signs)
      .glom()
      .collect(),
    [[-1], [3]],
  );
  const words = sc.parallelize(['a', 'bb', 'c']).groupBy(word => word.length, { partitions: 3, partition: length => length });
  assert.deepStrictEqual(await words.glom().collect(), [[], [[1, ['a', 'c']]], [[2, ['bb']]]]);
});

describe('are checked', () => {
  test('at the call', () => {
    bad(() => pairs().partitionBy({ partitions: 0, partition: () => 0 }), /partitioner\.partitions.*got 0/);
    bad(() => pairs().partitionBy({ partitions: 2 } as never), /partitioner\.partition: expected a function/);
    bad(() => pairs().partitionBy(null as never), /partitions.*null/);
    bad(() => pairs().groupByKey('2' as never), /partitions.*"2"/);
    let calls = 0;
    assert.throws(() => pairs().partitionBy({ partitions: 2, partition: () => calls++ }), { code: 'HEDDLE_CLOSURE' });
  });

  for (const [index, shown] of [
    [2, '2'],
    [-1, '-1'],
    [0.5, '0.5'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    ['1', '"1"'],
  ] as const) {
    test(`for each key: ${shown}`, async () => {
      const partitioner = { partitions: 2, partition: (key: number) => (key === 7 ? (index as number) : 0) };
      const error = await failure(pairs().partitionBy(partitioner).count(), 'HEDDLE_PARTITION');
      assert.ok(error.message.includes(`partitionBy at partitioners.test`), error.message);
      assert.ok(error.message.includes(`gave ${shown} for the key 7, expected an integer from 0 to 1`), error.message);
      const later = await failure(
        pairs()
          .reduceByKey((a, b) => a + b, partitioner)
          .count(),
        'HEDDLE_PARTITION',
      );
      assert.ok(later.message.includes(`for the key 7`), later.message);
    });
  }

  test('for what they throw', async () => {
    const broken = {
      partitions: 2,
      partition: (): number => {
        throw new RangeError('lost');
      },
    };
    const error = await failure(pairs().partitionBy(broken).count(), 'HEDDLE_TASK_FAILED');
    assert.match(error.message, /partitionBy at partitioners.test.*RangeError: lost/);
    assert.match(String(error.data.at), /partitioners\.test/);
    await failure(pairs().groupByKey(broken).count(), 'HEDDLE_TASK_FAILED');
  });
});
