// Many map tasks with a few rows for each of many reduce ids: what crosses the shuffle are thousands of runs of a row or two.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Context } from '../../lib/index.js';

const MAPS = 60;
const REDUCERS = 90;
const ROWS = 12_000;
const key = (i: number) => (i * 7919) % 1009;
const rows = Array.from({ length: ROWS }, (_, i): [number, number] => [key(i), i]);

describe('many partitions', () => {
  let sc: Context;
  before(async () => {
    sc = await Context.create({ threads: 2, progress: false });
  });
  after(() => sc.stop());

  const pairs = (value: (i: number) => number = i => i) =>
    sc.range(0, ROWS, 1, MAPS).map((i): [number, number] => [(i * 7919) % 1009, value(i)]);
  const byKey = <V>(list: readonly (readonly [number, V])[]) => [...list].sort(([a], [b]) => a - b);

  test('partitionBy: each partition in the order of the rows, the same every time', async () => {
    const partitions = await pairs().partitionBy(REDUCERS).glom().collect();
    assert.equal(partitions.length, REDUCERS);
    for (const partition of partitions) assert.ok(partition.every(([, i], at) => at === 0 || partition[at - 1]![1] < i));
    assert.deepEqual(
      partitions.flat().sort(([, a], [, b]) => a - b),
      rows,
    );
    assert.deepEqual(await pairs().partitionBy(REDUCERS).glom().collect(), partitions);
  });

  test('reduceByKey, of whole numbers and of others', async () => {
    const sums = new Map<number, number>();
    for (const [k, i] of rows) sums.set(k, (sums.get(k) ?? 0) + i);
    assert.deepEqual(
      byKey(
        await pairs()
          .reduceByKey((a, b) => a + b, REDUCERS)
          .collect(),
      ),
      byKey([...sums]),
    );
    const halves = await pairs(i => i / 2)
      .reduceByKey((a, b) => a + b, REDUCERS)
      .collect();
    assert.deepEqual(byKey(halves), byKey([...sums].map(([k, sum]) => [k, sum / 2] as const)));
  });

  test('groupByKey, cogroup and join keep the order of the rows in a group', async () => {
    const expected = new Map<number, number[]>();
    for (const [k, i] of rows) expected.set(k, [...(expected.get(k) ?? []), i]);
    assert.deepEqual(byKey(await pairs().groupByKey(REDUCERS).collect()), byKey([...expected]));
    const both = await pairs()
      .cogroup(
        pairs(i => -i),
        REDUCERS,
      )
      .collect();
    assert.deepEqual(byKey(both), byKey([...expected].map(([k, list]) => [k, [list, list.map(i => -i)]] as const)));
    const joined = await pairs()
      .join(
        sc.range(0, 1009, 1, MAPS).map((k): [number, number] => [k, -k]),
        REDUCERS,
      )
      .count();
    assert.equal(joined, ROWS);
  });

  test('sortByKey', async () => {
    const sorted = await pairs().sortByKey(true, REDUCERS).collect();
    assert.deepEqual(
      sorted,
      [...rows].sort(([a, i], [b, j]) => a - b || i - j),
    );
  });

  test('rows that are no numbers among them', async () => {
    const mixed = await sc
      .range(0, ROWS, 1, MAPS)
      .map((i): [number | string, number] => [i % 5000 === 4999 ? `n${i}` : (i * 7919) % 1009, i])
      .partitionBy(REDUCERS)
      .collect();
    assert.deepEqual(
      mixed.sort(([, a], [, b]) => a - b),
      rows.map(([k, i]) => [i % 5000 === 4999 ? `n${i}` : k, i]),
    );
  });
});
