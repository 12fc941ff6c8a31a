// Joins and partitioning against arrays, and what they move.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open, sorted, workOf } from './open.js';

const sc = await open();
const rows = Array.from({ length: 1000 }, (_, i): [string, number] => [`k${(i * 7) % 13}`, i]);

describe('join', () => {
  const left = rows.slice(0, 40);
  const right: [string, string][] = [
    ['k1', 'a'],
    ['k2', 'b'],
    ['k1', 'c'],
    ['none', 'd'],
  ];
  const expected = sorted(left.flatMap(([k, v]) => right.filter(([other]) => other === k).map(([, w]) => [k, [v, w]])));

  test('has every combination of values of a key', async () => {
    for (const [a, b, p] of [
      [1, 1, 1],
      [3, 2, 5],
      [50, 7, 2],
    ] as const) {
      assert.deepStrictEqual(sorted(await sc.parallelize(left, a).join(sc.parallelize(right, b), p).collect()), expected);
    }
    assert.deepStrictEqual(await sc.parallelize(left).join(sc.emptyRDD<[string, string]>()).collect(), []);
    assert.deepStrictEqual(await sc.emptyRDD<[string, string]>().join(sc.parallelize(left)).collect(), []);
    assert.throws(() => sc.parallelize(left).join(right as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /join\(other\)/ });
  });

  test('has the left values in order, and for each the right ones in order', async () => {
    const pairs = await sc
      .parallelize(left, 3)
      .join(sc.parallelize(right, 2), 1)
      .filter(([k]) => k === 'k1')
      .map(([, pair]) => pair)
      .collect();
    const values = left.filter(([k]) => k === 'k1').map(([, v]) => v);
    assert.deepStrictEqual(
      pairs,
      values.flatMap(v => [
        [v, 'a'],
        [v, 'c'],
      ]),
    );
  });

  test('of unions, of itself, and of joins', async () => {
    const union = sc.parallelize(left.slice(0, 15), 2).union(sc.parallelize(left.slice(15), 3));
    const others = sc.union([sc.parallelize(right.slice(0, 1), 1), sc.parallelize(right.slice(1), 2)]);
    assert.deepStrictEqual(sorted(await union.join(others, 3).collect()), expected);
    const self = sc.parallelize(right, 2);
    assert.equal(await self.join(self, 2).count(), 6);
    const twice = await sc.parallelize(left, 3).join(others, 3).join(self, 3).collect();
    assert.equal(twice.length, expected.length * 2 - left.filter(([k]) => k === 'k2').length);
  });

  test('moves nothing where both sides are partitioned alike', async () => {
    const a = sc.parallelize(left, 3).partitionBy(4);
    const b = sc
      .parallelize(right, 2)
      .groupByKey(4)
      .flatMapValues(values => values);
    const joined = a.join(b);
    assert.equal(joined.explain().match(/^stage /gm)!.length, 3);
    const work = await workOf(sc, async () => assert.deepStrictEqual(sorted(await joined.collect()), expected));
    assert.deepStrictEqual(work, { stages: 3, tasks: 3 + 2 + 4 });
    assert.deepStrictEqual(await workOf(sc, () => joined.collect()), { stages: 1, tasks: 4 });
    assert.equal(
      joined
        .reduceByKey(x => x)
        .explain()
        .match(/^stage /gm)!.length,
      3,
    );
  });

  test('moves only the side that is not', async () => {
    const a = sc.parallelize(left, 3).partitionBy(4);
    const joined = sc.parallelize(right, 2).join(a);
    assert.equal(joined.getNumPartitions(), 4);
    assert.equal(joined.explain().match(/^stage /gm)!.length, 3);
    const swapped = await joined.map(([k, [w, v]]) => [k, [v, w]]).collect();
    assert.deepStrictEqual(sorted(swapped), expected);
    // Another number of partitions moves both.
    assert.equal(
      a
        .join(sc.parallelize(right, 2), 5)
        .explain()
        .match(/^stage /gm)!.length,
      4,
    );
  });
});

test('partitionBy puts the pairs of a key in one partition, in order', async () => {
  for (const partitions of [1, 3, 40]) {
    const parts = await sc.parallelize(rows, 5).partitionBy(partitions).glom().collect();
    assert.equal(parts.length, partitions);
    const places = new Map<string, number>();
    for (const [p, part] of parts.entries()) {
      for (const [k] of part) {
        assert.equal(places.get(k) ?? p, p);
        places.set(k, p);
      }
    }
    for (const [k, p] of places)
      assert.deepStrictEqual(
        parts[p]!.filter(([key]) => key === k),
        rows.filter(([key]) => key === k),
      );
    assert.equal(parts.flat().length, rows.length);
  }
  const same = sc.parallelize(rows, 5).partitionBy(3);
  assert.equal(
    same
      .partitionBy(3)
      .explain()
      .match(/^stage /gm)!.length,
    2,
  );
  assert.equal(
    same
      .partitionBy(4)
      .explain()
      .match(/^stage /gm)!.length,
    3,
  );
  assert.throws(() => same.partitionBy(0), { code: 'HEDDLE_BAD_ARGUMENT' });
});
