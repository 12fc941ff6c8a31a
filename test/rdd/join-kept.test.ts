// Joins with lists of numbers that are stored, which are made for each row when it is given out: as if they had been made before.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RDD } from '../../lib/index.js';
import { open } from './open.js';

type Lists = RDD<[unknown, number[]]>;

const contexts = { 'kernels on': await open(), 'kernels off': await open({ kernels: 'off' }) };

const keys = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(-0, 0.5, Number.NaN, 2 ** 31));
const numbers = fc.oneof(fc.integer(), fc.constantFrom(-0, 0.1, Number.NaN, 2 ** 53));
const rows = fc.array(fc.tuple(keys, numbers), { minLength: 1, maxLength: 60 });
const others = fc.oneof(
  fc.array(fc.tuple(keys, fc.integer()), { maxLength: 20 }),
  fc.array(fc.tuple(keys, fc.oneof(numbers, fc.constantFrom('v', null, undefined))), { maxLength: 20 }),
  fc.array(fc.tuple(fc.oneof(keys, fc.constantFrom('text', null)), numbers), { maxLength: 20 }),
);

const joins: Record<string, (left: RDD<[unknown, unknown]>, right: RDD<[unknown, unknown]>) => RDD<unknown>> = {
  join: (left, right) => left.join(right, 1),
  leftOuterJoin: (left, right) => left.leftOuterJoin(right, 1),
  rightOuterJoin: (left, right) => left.rightOuterJoin(right, 1),
  fullOuterJoin: (left, right) => left.fullOuterJoin(right, 1),
  subtractByKey: (left, right) => left.subtractByKey(right, 1),
  cogroup: (left, right) => left.cogroup(right, 1),
};

/** Stored, but for a control that is computed each time. */
async function stored(lists: Lists, level: 'memory' | 'disk'): Promise<Lists> {
  lists.persist(level);
  await lists.count();
  return lists;
}

async function check(lists: () => Lists, other: RDD<[unknown, unknown]>, level: 'memory' | 'disk'): Promise<void> {
  const kept = await stored(lists(), level);
  for (const [name, join] of Object.entries(joins)) {
    for (const right of [other, other.partitionBy(1), other.mapValues(value => value)]) {
      assert.deepStrictEqual(await join(kept, right).collect(), await join(lists(), right).collect(), `${name}, lists on the left`);
      assert.deepStrictEqual(await join(right, kept).collect(), await join(right, lists()).collect(), `${name}, lists on the right`);
    }
    assert.deepStrictEqual(await join(kept, kept).collect(), await join(lists(), lists()).collect(), `${name} with itself`);
  }
  kept.unpersist();
}

describe('joins with stored lists of numbers', () => {
  for (const [name, sc] of Object.entries(contexts)) {
    test(`have the rows of lists that are not stored, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(rows, others, fc.constantFrom('memory' as const, 'disk' as const), async (left, right, level) => {
          const lists = () => sc.parallelize(left as [unknown, number][], 2).groupByKey(1);
          await check(lists, sc.parallelize(right as [unknown, unknown][], 2), level);
        }),
        { numRuns: 3 },
      );
    });
  }

  test('of more keys, and of more rows to a key, than a batch has', async () => {
    const sc = contexts['kernels on'];
    // Lists of 1 to 4 numbers, those of every third key doubles.
    const lists = () =>
      sc
        .range(0, 5000, 1, 3)
        .map((i): [unknown, number] => [i % 2000, i % 3 === 0 ? i + 0.5 : i])
        .groupByKey(1);
    const many = sc.range(0, 4000, 1, 2).map((i): [unknown, unknown] => [i < 1800 ? 7 : i % 2100, i]);
    await check(lists, many, 'memory');
  });

  test('a list that a closure changes is stored as it was', async () => {
    const sc = contexts['kernels on'];
    const kept = await stored(
      sc.parallelize([[1, 5] as [unknown, number], [1, 6] as [unknown, number], [2, 7] as [unknown, number]], 1).groupByKey(1),
      'memory',
    );
    const changed = kept.join(sc.parallelize([[1, 'a'] as [unknown, unknown], [2, 'b'] as [unknown, unknown]], 1), 1).map(([, [list]]) => {
      list.push(0);
      return list;
    });
    for (let run = 0; run < 2; run++) {
      assert.deepStrictEqual(await changed.collect(), [
        [5, 6, 0],
        [7, 0],
      ]);
    }
    assert.deepStrictEqual(await kept.mapValues(list => list.length).collect(), [
      [1, 2],
      [2, 1],
    ]);
  });
});
