// What a small RDD engine must be able to do with pairs: see vega.test.ts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Context } from '../../lib/index.js';

let sc: Context;
before(async () => {
  sc = await Context.create({ threads: 2, memory: '128mb', progress: false });
});
after(() => sc.stop());

const byKey = <K extends string | number>(a: readonly [K, unknown], b: readonly [K, unknown]) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);

test('countByValue counts each value, whatever the partitions', async () => {
  // An action that answers a Map, as in Spark; in Vega it is an operator.
  for (const partitions of [2, 4]) {
    const counts = await sc.parallelize(['b', 'a', 'b', 'c', 'b', 'c'], partitions).countByValue();
    assert.deepEqual(
      counts,
      new Map([
        ['b', 3],
        ['a', 1],
        ['c', 2],
      ]),
    );
  }
});
test('groupByKey gathers the values of a key in the order of the rows', async () => {
  const values = (n: number) => Array.from({ length: n }, (_, i) => i);
  const rows = ['p', 'q'].flatMap((key, i) => values(6 + i).map((n): [string, number] => [key, n]));
  const groups = await sc.makeRDD(rows, 4).groupByKey(4).collect();
  assert.deepEqual(groups.sort(byKey), [
    ['p', values(6)],
    ['q', values(7)],
  ]);
});

test('join pairs every value of a key with every value of it on the other side', async () => {
  const people = sc.parallelize(
    [
      [1, ['Ann', 'Oslo']],
      [2, ['Bob', 'Rome']],
      [9, ['Eve', 'Bern']],
    ] as [number, string[]][],
    4,
  );
  const orders = sc.parallelize<[number, string]>(
    [
      [1, 'tea'],
      [2, 'ink'],
      [1, 'jam'],
      [4, 'oak'],
    ],
    4,
  );
  const joined = await orders.join(people, 4).collect();
  assert.deepEqual(joined.sort(byKey), [
    [1, ['tea', ['Ann', 'Oslo']]],
    [1, ['jam', ['Ann', 'Oslo']]],
    [2, ['ink', ['Bob', 'Rome']]],
  ]);
});

test('groupBy groups rows by what a function gives', async () => {
  const sign = (n: number) => (n > 0 ? 'pos' : n < 0 ? 'neg' : 'zero');
  const groups = await sc.makeRDD([-2, -1, 0, 1, 2], 2).groupBy(sign).collect();
  assert.deepEqual(groups.sort(byKey), [
    ['neg', [-2, -1]],
    ['pos', [1, 2]],
    ['zero', [0]],
  ]);
});
