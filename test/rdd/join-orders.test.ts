// Joins row by row, in their order, against a Map: of numbers, which kernels group, and of keys that turn out not to be numbers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RDD } from '../../lib/index.js';
import { open } from './open.js';

type Rows = readonly (readonly [unknown, unknown])[];

const contexts = { on: await open(), off: await open({ kernels: 'off' }) };

const someNumbers = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-0, 0.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY));
const others = fc.constantFrom('text', null, true, 7n);
const values = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom('v', null, undefined),
  fc.integer().map(x => ({ x })),
);
const rowsOf = (keys: fc.Arbitrary<unknown>) =>
  fc.oneof(fc.array(fc.tuple(keys, values), { maxLength: 30 }), fc.array(fc.tuple(keys, fc.integer()), { maxLength: 30 }));
const sides = fc.oneof(
  fc.tuple(rowsOf(fc.integer({ min: 0, max: 6 })), rowsOf(fc.integer({ min: 0, max: 6 }))),
  fc.tuple(rowsOf(someNumbers), rowsOf(someNumbers)),
  fc.tuple(rowsOf(someNumbers), rowsOf(fc.oneof({ weight: 5, arbitrary: someNumbers }, others))),
);

function groupsOf(...inputs: Rows[]): Map<unknown, unknown[][]> {
  const groups = new Map<unknown, unknown[][]>();
  inputs.forEach((rows, input) => {
    for (const [key, value] of rows) {
      const own = groups.get(key) ?? inputs.map(() => []);
      own[input]!.push(value);
      groups.set(key, own);
    }
  });
  return groups;
}

const orNothing = (list: unknown[]) => (list.length === 0 ? [undefined] : list);
const pairs = (key: unknown, left: unknown[], right: unknown[]) => left.flatMap(a => right.map(b => [key, [a, b]]));

const joins: Record<
  string,
  [
    run: (l: RDD<[unknown, unknown]>, r: RDD<[unknown, unknown]>) => RDD<unknown>,
    model: (key: unknown, l: unknown[], r: unknown[]) => unknown[],
  ]
> = {
  join: [(l, r) => l.join(r, 1), (key, l, r) => pairs(key, l, r)],
  leftOuterJoin: [(l, r) => l.leftOuterJoin(r, 1), (key, l, r) => pairs(key, l, orNothing(r))],
  rightOuterJoin: [(l, r) => l.rightOuterJoin(r, 1), (key, l, r) => pairs(key, orNothing(l), r)],
  fullOuterJoin: [(l, r) => l.fullOuterJoin(r, 1), (key, l, r) => pairs(key, orNothing(l), orNothing(r))],
  subtractByKey: [(l, r) => l.subtractByKey(r, 1), (key, l, r) => (r.length > 0 ? [] : l.map(a => [key, a]))],
  cogroup: [(l, r) => l.cogroup(r, 1), (key, l, r) => [[key, [l, r]]]],
};

describe('joins have the rows of a Map, in its order', () => {
  for (const [kernels, sc] of Object.entries(contexts)) {
    for (const [name, [run, model]] of Object.entries(joins)) {
      test(`${name}, kernels ${kernels}`, async () => {
        await fc.assert(
          fc.asyncProperty(sides, fc.boolean(), async ([left, right], mapped) => {
            const rdd = (rows: Rows) => sc.parallelize(rows as [unknown, unknown][], 2);
            // Behind an operator rows come out of a loop, else out of the shuffle as they are.
            const other = mapped
              ? rdd(right)
                  .partitionBy(1)
                  .mapValues(value => value)
              : rdd(right);
            const expected = [...groupsOf(left, right)].flatMap(([key, [l, r]]) => model(key, l!, r!));
            assert.deepStrictEqual(await run(rdd(left), other).collect(), expected);
            assert.equal(await run(rdd(left), other).count(), expected.length);
          }),
          { numRuns: 25 },
        );
      });
    }

    test(`a key with more rows than a batch has, kernels ${kernels}`, async () => {
      const many = sc.range(0, 10_000, 1, 2).map((i): [number, number] => [i === 1 ? 8 : 7, i]);
      const few = sc.parallelize<[number, string]>(
        [
          [7, 'a'],
          [8, 'b'],
          [7, 'c'],
          [9, 'd'],
        ],
        2,
      );
      const forth = await many.join(few, 1).collect();
      assert.equal(forth.length, 2 * 9999 + 1);
      assert.deepStrictEqual(forth.slice(0, 4), [
        [7, [0, 'a']],
        [7, [0, 'c']],
        [7, [2, 'a']],
        [7, [2, 'c']],
      ]);
      assert.deepStrictEqual(forth.at(-1), [8, [1, 'b']]);
      const back = await few.fullOuterJoin(many, 1).collect();
      assert.equal(back.length, 2 * 9999 + 2);
      assert.deepStrictEqual(back.slice(0, 2), [
        [7, ['a', 0]],
        [7, ['a', 2]],
      ]);
      assert.deepStrictEqual(back[9999], [7, ['c', 0]]);
      assert.deepStrictEqual(back.slice(-2), [
        [8, ['b', 1]],
        [9, ['d', undefined]],
      ]);
    });
  }
});
