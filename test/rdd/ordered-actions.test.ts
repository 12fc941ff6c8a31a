// Actions that look for rows by an order, against a stable sort of an array.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../lib/codec/key-order.js';
import { BoundedHeap } from '../../lib/task/bounded-heap.js';
import { open, workOf } from './open.js';

const sc = await open({ threads: 2 });

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, -0, 0, Number.POSITIVE_INFINITY, null, undefined, true, false, 2n, '__proto__', '\ud800'),
  fc.double(),
  fc.string({ maxLength: 2 }),
  fc.tuple(fc.integer({ min: 0, max: 1 }), fc.string({ maxLength: 1 })),
);

/** By index, because Array.prototype.sort puts undefined last by itself. */
function stableSort<T>(rows: readonly T[], compare: (a: T, b: T) => number): T[] {
  return rows
    .map((_, i) => i)
    .sort((i, j) => compare(rows[i]!, rows[j]!) || i - j)
    .map(i => rows[i]!);
}

test('a bounded heap keeps what a stable sort has first', () => {
  const rows = fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(Number.NaN)), fc.nat()), { maxLength: 40 });
  fc.assert(
    fc.property(rows, fc.nat({ max: 45 }), fc.boolean(), (rows, n, descending) => {
      const compare = descending ? (a: unknown, b: unknown) => compareKeys(b, a) : compareKeys;
      const heap = new BoundedHeap(n, compare);
      for (const row of rows) heap.offer(row[0], row);
      const wanted = stableSort(rows, (a, b) => compare(a[0], b[0])).slice(0, n);
      assert.deepStrictEqual(
        heap.sorted().map(({ row }) => row),
        wanted,
      );
    }),
  );
});

test('takeOrdered, top, min and max have what a stable sort has, whatever the partitions', async () => {
  const row = fc.tuple(value, fc.nat({ max: 9 }));
  const property = fc.asyncProperty(
    fc.array(row, { maxLength: 40 }),
    fc.integer({ min: 1, max: 7 }),
    fc.nat({ max: 45 }),
    async (pairs, partitions, n) => {
      const rdd = sc.parallelize(pairs, partitions);
      const rows = pairs.map(([first]) => first);
      const plain = rdd.map(([first]) => first as string);
      const by = ([first]: (typeof pairs)[number]) => first as string;
      const up = (a: unknown, b: unknown) => compareKeys(a, b);
      const down = (a: unknown, b: unknown) => compareKeys(b, a);
      const upBy = stableSort(pairs, (a, b) => up(by(a), by(b)));
      const downBy = stableSort(pairs, (a, b) => down(by(a), by(b)));
      assert.deepStrictEqual(await plain.takeOrdered(n), stableSort(rows, up).slice(0, n));
      assert.deepStrictEqual(await plain.top(n), stableSort(rows, down).slice(0, n));
      assert.deepStrictEqual(await rdd.takeOrdered(n, ([first]) => first as string), upBy.slice(0, n));
      assert.deepStrictEqual(await rdd.top(n, ([first]) => first as string), downBy.slice(0, n));
      // A comparator: the second half of the row, with many that are level.
      const bySecond = stableSort(pairs, ([, a], [, b]) => a - b);
      assert.deepStrictEqual(await rdd.takeOrdered(n, ([, a], [, b]) => a - b), bySecond.slice(0, n));
      assert.deepStrictEqual(await rdd.top(n, ([, a], [, b]) => a - b), stableSort(pairs, ([, a], [, b]) => b - a).slice(0, n));
      if (pairs.length === 0) return;
      assert.deepStrictEqual([await plain.min(), await plain.max()], [stableSort(rows, up)[0], stableSort(rows, down)[0]]);
      assert.deepStrictEqual(await rdd.min(([first]) => first as string), upBy[0]);
      assert.deepStrictEqual(await rdd.max(([, a], [, b]) => a - b), stableSort(pairs, ([, a], [, b]) => b - a)[0]);
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test('numbers in bulk', async () => {
  const numbers = sc.range(0, 200_000, 1, 9).map(i => (i * 7919) % 200_003);
  const all = Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 200_003).sort((a, b) => a - b);
  assert.deepStrictEqual(await numbers.takeOrdered(1000), all.slice(0, 1000));
  assert.deepStrictEqual(await numbers.top(1000), all.slice(-1000).reverse());
  assert.deepStrictEqual([await numbers.min(), await numbers.max()], [all[0], all.at(-1)]);
  assert.equal(await numbers.max(n => -n), all[0]);
  const withNaN = numbers.map(n => (n === 5 ? Number.NaN : n));
  assert.deepStrictEqual([await withNaN.max(), await withNaN.min()], [Number.NaN, all[0]]);
});

describe('what there is not', () => {
  const none = sc.parallelize<number>([], 3);

  test('is empty', async () => {
    assert.equal(await none.isEmpty(), true);
    assert.equal(await sc.emptyRDD().isEmpty(), true);
    assert.equal(await sc.parallelize([undefined]).isEmpty(), false);
    assert.equal(
      await sc
        .range(10)
        .filter(i => i > 20)
        .isEmpty(),
      true,
    );
    assert.deepStrictEqual(await workOf(sc, () => sc.range(0, 1e9, 1, 50).isEmpty()), { stages: 1, tasks: 1 });
  });

  test('has no first and no last', async () => {
    await assert.rejects(none.min(), { code: 'HEDDLE_EMPTY', message: /^min/ });
    await assert.rejects(none.max(), { code: 'HEDDLE_EMPTY', message: /^max/ });
    assert.deepStrictEqual(await none.takeOrdered(3), []);
    assert.deepStrictEqual(await sc.range(5).top(0), []);
  });
});

test('what makes no sense is refused', async () => {
  const rdd = sc.range(5);
  for (const n of [-1, 1.5, Number.NaN, '1', undefined]) {
    await assert.rejects(rdd.top(n as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /top\(n\)/ });
    await assert.rejects(rdd.takeOrdered(n as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /takeOrdered\(n\)/ });
  }
  await assert.rejects(rdd.max('size' as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /max\(by\)/ });
  await assert.rejects(rdd.min((async (n: number) => n) as never), { code: 'HEDDLE_CLOSURE' });
  await assert.rejects(rdd.min(undefined, { first: 1 } as never), { code: 'HEDDLE_BAD_OPTION' });
  await assert.rejects(rdd.map(i => Symbol.for(`${i}`) as never).max(), { code: 'HEDDLE_VALUE' });
});

test('a function that throws is told with its row, on both sides', async () => {
  const failing = sc.range(0, 10, 1, 1).max(i => {
    if (i === 7) throw new TypeError('seven');
    return i;
  });
  await assert.rejects(failing, { code: 'HEDDLE_TASK_FAILED', message: /max.* threw TypeError: seven .*record 7/s });
  const comparing = sc.range(0, 2, 1, 2).top(1, (a, b) => {
    throw new RangeError(`${a} and ${b}`);
  });
  await assert.rejects(comparing, { code: 'HEDDLE_TASK_FAILED', message: /top threw RangeError: \d and \d \(merging/ });
});

test('a signal and a deadline end it', async () => {
  const endless = sc.range(0, 2 ** 40, 1, 2);
  await assert.rejects(endless.max(undefined, { deadline: 0 }), { code: 'HEDDLE_DEADLINE' });
  await assert.rejects(
    endless.top(3, i => -i, { signal: AbortSignal.abort() }),
    { code: 'HEDDLE_CANCELLED' },
  );
  const stop = new AbortController();
  const running = endless.min((a, b) => a - b, { signal: stop.signal });
  sc.on('taskStarted', () => stop.abort());
  await assert.rejects(running, { code: 'HEDDLE_CANCELLED' });
  await assert.rejects(endless.filter(() => false).isEmpty({ deadline: 1 }), { code: 'HEDDLE_DEADLINE' });
});
