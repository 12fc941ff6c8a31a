// The actions of the model: each on an RDD, against what the rows of its model say. One more is a line in the table.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareKeys } from '../../lib/codec/key-order.js';
import type { Context, RDD } from '../../lib/index.js';
import { keyText, type Model } from './model.js';

interface Case {
  readonly sc: Context;
  readonly rdd: RDD<unknown>;
  readonly rows: readonly unknown[];
  readonly model: Model;
  /** A small number to choose by. */
  readonly n: number;
  /** A path at which there is nothing yet. */
  fresh(): string;
}
export const NO_MORE_THAN = 70;

const intOf = (v: unknown): number => (typeof v === 'number' ? v | 0 : 7);
const floatOf = (v: unknown): number => (typeof v === 'number' ? v : 0.1);
const lists = ({ rdd }: Case) => rdd.map((row): unknown[] => [row]);
const ints = ({ rdd }: Case) => rdd.map(intOf);
const concat = (a: unknown[], b: unknown[]) => a.concat(b);
const push = (list: unknown[], row: unknown) => {
  list.push(row);
  return list;
};
const typed = ({ rdd }: Case) => rdd.map((row): [string, unknown[]] => [typeof row, [row]]);
const kindsOf = (rows: readonly unknown[]) => [...new Set(rows.map(row => typeof row))];

/** What an action of no rows rejects with. */
const orEmpty = async (rows: readonly unknown[], action: () => Promise<unknown>, expected: () => unknown) => {
  if (rows.length === 0) await assert.rejects(action, { code: 'HEDDLE_EMPTY' });
  else assert.deepStrictEqual(await action(), expected());
};

/** Sorted in arrays of one: by itself Array.prototype.sort moves undefined to the end, whatever the comparator. */
const ordered = (rows: readonly unknown[], sign: 1 | -1) =>
  rows
    .map(row => [row])
    .sort(([a], [b]) => sign * compareKeys(a, b))
    .map(([row]) => row);

/** How often each comes, in order of first appearance. */
function countsOf(keys: readonly unknown[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(keyText(key), (counts.get(keyText(key)) ?? 0) + 1);
  return [...counts];
}
const asTexts = (counts: Map<unknown, number>) => Array.from(counts, ([key, times]) => [keyText(key), times]);

/** Sums of squares in another order than the engine's: equal but for the last bits. */
const isClose = (actual: number, expected: number, scale: number) =>
  assert(Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-9 * Math.max(1, scale), `${actual}, not ${expected}`);

async function moment(of: Case, name: 'variance' | 'sampleVariance' | 'stdev' | 'sampleStdev'): Promise<void> {
  const numbers = of.rows.map(intOf);
  const n = numbers.length;
  if (n === 0) return assert.rejects(ints(of)[name](), { code: 'HEDDLE_EMPTY' });
  const mean = numbers.reduce((a, b) => a + b) / n;
  const squares = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const variance = squares / (name.startsWith('sample') ? n - 1 : n);
  const expected = name.endsWith('tdev') ? Math.sqrt(variance) : variance;
  isClose(await ints(of)[name](), expected, expected);
}

export const actions: Record<string, (of: Case) => Promise<void>> = {
  count: async ({ rdd, rows }) => assert.equal(await rdd.count(), rows.length),
  // Given all the time there is.
  countApprox: async ({ rdd, rows }) => assert.equal((await rdd.countApprox({ timeout: Number.POSITIVE_INFINITY })).mean, rows.length),
  async countByValueApprox({ rdd, rows }) {
    const counts = await rdd.countByValueApprox({ timeout: Number.POSITIVE_INFINITY });
    assert.deepStrictEqual(
      Array.from(counts, ([row, { mean }]) => [keyText(row), mean]),
      countsOf(rows),
    );
  },
  async countApproxDistinct({ rdd, rows }) {
    const [actual, expected] = [await rdd.countApproxDistinct(0.002), new Set(rows.map(keyText)).size];
    // So few are rarely more than one off.
    assert.ok(Math.abs(actual - expected) <= 2 + 0.01 * expected, `${actual} of ${expected}`);
  },
  isEmpty: async ({ rdd, rows }) => assert.equal(await rdd.isEmpty(), rows.length === 0),
  first: ({ rdd, rows }) =>
    orEmpty(
      rows,
      () => rdd.first(),
      () => rows[0],
    ),
  take: async ({ rdd, rows, n }) => assert.deepStrictEqual(await rdd.take(n), rows.slice(0, n)),
  // Neither order nor association is lost in these.
  reduce: of =>
    orEmpty(
      of.rows,
      () => lists(of).reduce(concat),
      () => of.rows,
    ),
  treeReduce: of =>
    orEmpty(
      of.rows,
      () => lists(of).treeReduce(concat),
      () => of.rows,
    ),
  fold: async of => assert.deepStrictEqual(await lists(of).fold([], concat), of.rows),
  aggregate: async ({ rdd, rows }) => assert.deepStrictEqual(await rdd.aggregate([], push, concat), rows),
  treeAggregate: async ({ rdd, rows }) => assert.deepStrictEqual(await rdd.treeAggregate([], push, concat), rows),
  countByValue: async ({ rdd, rows }) => assert.deepStrictEqual(asTexts(await rdd.countByValue()), countsOf(rows)),
  countByKey: async ({ rdd, rows }) =>
    assert.deepStrictEqual(asTexts(await rdd.keyBy(row => [row]).countByKey()), countsOf(rows.map(row => [row]))),
  async reduceByKeyLocally(of) {
    const expected = kindsOf(of.rows).map(kind => [kind, of.rows.filter(row => typeof row === kind)]);
    assert.deepStrictEqual([...(await typed(of).reduceByKeyLocally(concat))], expected);
  },
  async collectAsMap(of) {
    const expected = kindsOf(of.rows).map(kind => [kind, [of.rows.findLast(row => typeof row === kind)]]);
    assert.deepStrictEqual([...(await typed(of).collectAsMap())], expected);
  },
  async lookup({ rdd, rows, n }) {
    const wanted = rows.length === 0 ? n : rows[n % rows.length];
    const same = rows.filter(row => keyText(row) === keyText(wanted));
    const keyed = rdd.keyBy(row => row);
    assert.deepStrictEqual(await keyed.lookup(wanted), same);
    assert.deepStrictEqual(await keyed.partitionBy(3).lookup(wanted), same);
  },
  takeOrdered: async ({ rdd, rows, n }) => assert.deepStrictEqual(await rdd.takeOrdered(n), ordered(rows, 1).slice(0, n)),
  top: async ({ rdd, rows, n }) => assert.deepStrictEqual(await rdd.top(n), ordered(rows, -1).slice(0, n)),
  min: ({ rdd, rows }) =>
    orEmpty(
      rows,
      () => rdd.min(),
      () => ordered(rows, 1)[0],
    ),
  max: ({ rdd, rows }) =>
    orEmpty(
      rows,
      () => rdd.max(),
      () => ordered(rows, -1)[0],
    ),
  // Of integers, so that no order of adding them makes a difference.
  sum: async of =>
    assert.equal(
      await ints(of).sum(),
      of.rows.reduce((sum: number, row) => sum + intOf(row), 0),
    ),
  async mean(of) {
    if (of.rows.length === 0) return assert.rejects(ints(of).mean(), { code: 'HEDDLE_EMPTY' });
    const expected = of.rows.reduce((sum: number, row) => sum + intOf(row), 0) / of.rows.length;
    isClose(await ints(of).mean(), expected, 2 ** 31);
  },
  async stats(of) {
    const { count, min, max } = await ints(of).stats();
    const numbers = of.rows.map(intOf);
    assert.equal(count, numbers.length);
    if (count > 0) assert.deepStrictEqual([min, max], [Math.min(...numbers), Math.max(...numbers)]);
  },
  variance: of => moment(of, 'variance'),
  sampleVariance: of => moment(of, 'sampleVariance'),
  stdev: of => moment(of, 'stdev'),
  sampleStdev: of => moment(of, 'sampleStdev'),
  async histogram({ rdd, rows }) {
    const edges = [-2, 0, 0.5, 7];
    const numbers = rows.map(floatOf);
    const inside = (i: number) => (x: number) => x >= edges[i]! && (x < edges[i + 1]! || (i === 2 && x === 7));
    const counts = [0, 1, 2].map(i => numbers.filter(inside(i)).length);
    assert.deepStrictEqual(await rdd.map(floatOf).histogram(edges), { buckets: edges, counts });
  },
  async forEach({ sc, rdd, rows }) {
    const sum = sc.accumulator(0);
    await rdd.map(intOf).forEach(x => void sum.add(x));
    assert.equal(
      sum.value,
      rows.reduce((total: number, row) => total + intOf(row), 0),
    );
  },
  async forEachAsync({ sc, rdd, rows }) {
    const count = sc.accumulator(0);
    await rdd.forEachAsync(async () => void count.add(1));
    assert.equal(count.value, rows.length);
  },
  async forEachPartition({ sc, rdd, model }) {
    const sizes = sc.accumulator<number[]>([], (a, b) => a.concat(b));
    await rdd.forEachPartition(rows => void sizes.add([Array.from(rows).length]));
    assert.deepStrictEqual(
      sizes.value.toSorted((a, b) => a - b),
      model.partitions.map(rows => rows.length).sort((a, b) => a - b),
    );
  },
  async toLocalIterator({ rdd, rows }) {
    const seen: unknown[] = [];
    for await (const row of rdd.toLocalIterator()) seen.push(row);
    assert.deepStrictEqual(seen, rows);
  },
  async saveAsTextFile({ rdd, model, fresh }) {
    const directory = fresh();
    await rdd.saveAsTextFile(directory);
    const files = readdirSync(directory).filter(name => name.startsWith('part-'));
    assert.equal(files.length, model.partitions.length);
    const text = files.sort().map(name => readFileSync(join(directory, name), 'utf8'));
    // A lone half of a surrogate pair is no text in UTF-8, and is written as U+FFFD.
    assert.deepStrictEqual(
      text,
      model.partitions.map(rows => rows.map(row => `${Buffer.from(String(row)).toString()}\n`).join('')),
    );
  },
  async glomAndCollect({ rdd, model }) {
    assert.deepStrictEqual(await rdd.glom().collect(), model.partitions);
  },
};
