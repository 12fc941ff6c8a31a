// Where nobody reads the values of groups, their keys come as they come with the values.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Context, RDD } from '../../lib/index.js';
import { eventsOf, open, workOf } from './open.js';

const PRUNED = /groupByKey at .*: each key once: nothing reads the values/;
const WHOLE = /groupByKey at .*: values of each key in map order/;

const ints = fc.integer({ min: -9, max: 9 });
const doubles = fc.oneof(ints, fc.double(), fc.constantFrom(-0, 0, Number.NaN, 0.5));
const texts = fc.constantFrom('', 'a', 'warp', 'weft', '\u00e9', '\ud800');
const structures = fc.oneof(fc.tuple(ints, texts), fc.record({ a: doubles }), fc.constantFrom(null, undefined, true, 7n));
const keys = fc.oneof(
  ...[ints, doubles, texts, structures, fc.oneof(ints, texts, structures)].map(key => fc.array(key, { maxLength: 60 })),
);
const values = fc.constantFrom<(i: number) => unknown>(
  i => i,
  i => i / 3,
  i => `value ${i}`,
  i => (i % 5 === 0 ? [i] : i),
);

for (const kernels of ['on', 'off'] as const) {
  describe(`keys of groups alone (kernels ${kernels})`, () => {
    test('are those that come with the values, in their order', async () => {
      const sc = await open({ kernels });
      const property = fc.asyncProperty(keys, values, fc.integer({ min: 1, max: 3 }), async (keys, value, partitions) => {
        const pairs = sc.parallelize(
          keys.map((key, i) => [key, value(i)] as const),
          partitions,
        ) as RDD<readonly [unknown, unknown]>;
        const whole = (await pairs.groupByKey().collect()).map(([key]) => key);
        const groups = pairs.groupByKey();
        assert.match(groups.keys().explain(), PRUNED);
        assert.deepStrictEqual(await groups.keys().collect(), whole);
        assert.equal(await groups.count(), whole.length);
        const byKey = await groups.countByKey();
        assert.deepStrictEqual(
          [...byKey.values()],
          whole.map(() => 1),
        );
      });
      await fc.assert(property, { numRuns: 60 });
    });

    test('of many numbers, in buckets', async () => {
      const sc = await open({ kernels });
      const pairs = sc.range(60_000).map((i): [number, number] => [(i * 7919) % 20_011, i]);
      const whole = (await pairs.groupByKey(2).collect()).map(([key]) => key);
      assert.equal(whole.length, 20_011);
      assert.deepStrictEqual(await pairs.groupByKey(2).keys().collect(), whole);
    });
  });
}

describe('a shuffle whose values nobody has read', () => {
  const grouped = (sc: Context) =>
    sc
      .range(1000)
      .map((i): [number, number] => [i % 7, i])
      .groupByKey();

  test('has them for the next action, without its map tasks again', async () => {
    const sc = await open({ smallJobs: 'pool' });
    const groups = grouped(sc);
    assert.equal((await workOf(sc, () => groups.count())).stages, 2);
    let sums: number[] = [];
    const work = await workOf(sc, async () => {
      sums = await groups.map(([, values]) => values.reduce((a, b) => a + b)).collect();
    });
    assert.equal(work.stages, 1);
    assert.equal(
      sums.reduce((a, b) => a + b),
      499_500,
    );
  });

  test('says how many rows there were', async () => {
    const sc = await open({ smallJobs: 'pool' });
    const events = await eventsOf(sc, () => grouped(sc).keys().collect());
    const rows = events.flatMap(event => (event.type === 'taskEnded' ? [event.rowsOut] : []));
    assert.equal(
      rows.reduce((a, b) => a + b),
      1000 + 7,
    );
  });

  test('has its groups whole where they are kept, or something else reads them', async () => {
    const sc = await open();
    for (const keep of ['persist', 'checkpoint'] as const) {
      const groups = grouped(sc);
      groups[keep]();
      assert.match(groups.keys().explain(), WHOLE);
      assert.equal(await groups.count(), 7);
      const lengths = await groups.mapValues(values => values.length).collect();
      assert.equal(
        lengths.reduce((sum, [, length]) => sum + length, 0),
        1000,
      );
    }
    const groups = grouped(sc);
    assert.match(
      groups
        .mapValues(values => values.length)
        .keys()
        .explain(),
      WHOLE,
    );
    assert.equal(await groups.filter(([, values]) => values.length === 143).count(), 6);
  });
});
