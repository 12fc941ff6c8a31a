// What a small RDD engine must be able to do: the behaviours that the tests of Vega (an RDD engine in Rust) cover, each
// with a test of its own. Where Heddle's interface differs on purpose, the test says so.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Context } from '../../lib/index.js';
import { inTemporaryAsync } from '../storage/temporary.js';

let sc: Context;
before(async () => {
  sc = await Context.create({ threads: 2, memory: '128mb', progress: false });
});
after(() => sc.stop());

const byNumber = (a: number, b: number) => a - b;
const byKey = <K extends string | number>(a: readonly [K, unknown], b: readonly [K, unknown]) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
const rejectsEmpty = (action: Promise<unknown>) => assert.rejects(action, { code: 'HEDDLE_EMPTY' });

describe('sources', () => {
  test('an RDD of a list may have more partitions than rows', async () => {
    const rdd = sc.makeRDD([0, 1, 2, 3, 4], 17);
    assert.equal(rdd.getNumPartitions(), 17);
    const growing = await rdd.map(n => Array.from({ length: n }, (_, i) => i)).collect();
    assert.deepEqual(growing, [[], [0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]);
  });

  // The end is exclusive, as in Spark; Vega's range takes it in.
  test('a range is its numbers, in order, in the partitions asked for', async () => {
    const range = sc.range(5, 19, 1, 3);
    assert.equal(range.getNumPartitions(), 3);
    assert.deepEqual(await range.collect(), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
  });

  // Vega's reader hands a decoder each file's bytes or each file's path. Here `textFile` gives lines, and `source` takes
  // what the user has: paths as splits, read in the threads.
  test("each file's bytes go through a reader of the user's, of one file and of a folder's", () =>
    inTemporaryAsync(async root => {
      const paths = Array.from({ length: 7 }, (_, i) => join(root, `part-${i}`));
      for (const [i, path] of paths.entries()) writeFileSync(path, `file ${i}\nsecond line`);
      const linesOf = (path: string) => readFileSync(path).toString('utf8').split('\n');
      const one = sc.source({ splits: paths.slice(2, 3), read: path => [linesOf(path)] });
      assert.deepEqual(await one.collect(), [['file 2', 'second line']]);
      const all = sc.source({ splits: paths, read: path => [linesOf(path)] });
      assert.equal(all.getNumPartitions(), 7);
      assert.equal(await all.flatMap(lines => lines.reverse()).count(), 14);
    }));

  test('text files are read by path: one, and those of a folder', () =>
    inTemporaryAsync(async root => {
      const folder = join(root, 'texts');
      mkdirSync(folder);
      for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), `begins in ${name}\nends in ${name}`);
      assert.deepEqual(await sc.textFile(join(folder, 'b')).collect(), ['begins in b', 'ends in b']);
      assert.equal(await sc.textFile(folder).count(), 6);
    }));
});

describe('rows', () => {
  test('the basic operators and actions agree on a small RDD', async () => {
    const nums = sc.makeRDD([2, 4, 6, 8], 2);
    assert.equal(nums.getNumPartitions(), 2);
    assert.deepEqual(await nums.collect(), [2, 4, 6, 8]);
    assert.equal(await sc.makeRDD([5, 5, 6, 6, 6, 7], 2).distinct().count(), 3);
    assert.equal(await nums.reduce((a, b) => a + b), 20);
    assert.equal(await nums.fold(0, (a, b) => a + b), 20);
    assert.deepEqual(await nums.map(String).collect(), ['2', '4', '6', '8']);
    assert.deepEqual(await nums.flatMap(n => [n, -n]).collect(), [2, -2, 4, -4, 6, -6, 8, -8]);
    assert.deepEqual(await nums.union(nums).collect(), [2, 4, 6, 8, 2, 4, 6, 8]);
    assert.deepEqual(await nums.glom().collect(), [
      [2, 4],
      [6, 8],
    ]);
  });

  test('filter keeps the rows that its function holds for, in order', async () => {
    assert.deepEqual(
      await sc
        .parallelize([70, 3, 81, 12, 99, 80], 2)
        .filter(n => n > 75)
        .collect(),
      [81, 99, 80],
    );
  });

  test('mapPartitions sees each partition once', async () => {
    const rdd = sc.makeRDD([1, 2, 3, 4, 5, 6], 3);
    const sums = rdd.mapPartitions(rows => [[...rows].reduce((a, b) => a + b, 0)]);
    assert.deepEqual(await sums.collect(), [3, 7, 11]);
    assert.deepEqual(await rdd.glom().collect(), [
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  test('keyBy puts in front of each row what its function gives', async () => {
    // The key comes first, as in Spark; in Vega the row does.
    const pairs = await sc
      .parallelize(['a', 'bcd', 'ef'], 2)
      .keyBy(text => text.length)
      .collect();
    assert.deepEqual(pairs, [
      [1, 'a'],
      [3, 'bcd'],
      [2, 'ef'],
    ]);
  });

  test('distinct gives each value once, whatever the partitions it is given', async () => {
    const rdd = sc.parallelize([9, 8, 8, 7, 7, 7, 9, 1], 3);
    for (const distinct of [rdd.distinct(), rdd.distinct(2), rdd.distinct(11)]) {
      assert.deepEqual((await distinct.collect()).sort(byNumber), [1, 7, 8, 9]);
    }
    assert.equal(rdd.distinct(11).getNumPartitions(), 11);
  });
});

describe('folding', () => {
  test('fold adds up all partitions and takes its zero once', async () => {
    assert.equal(await sc.range(-500, 500, 1, 8).fold(0, (a, b) => a + b), -500);
    assert.equal(await sc.range(-500, 500, 1, 8).fold(1000, (a, b) => a + b), 500);
  });

  test('fold may change the zero that it was given', async () => {
    const zero: number[] = [0];
    const total = await sc
      .range(-500, 500, 1, 8)
      .map((n): number[] => [n])
      .fold(zero, (total, [n]) => {
        total[0]! += n!;
        return total;
      });
    assert.deepEqual(total, [-500]);
    assert.deepEqual(zero, [0], 'the caller keeps its own');
  });

  test('aggregate makes of rows something of another type', async () => {
    const pairs = sc.makeRDD<[string, number]>(
      [
        ['x', 4],
        ['y', 1],
        ['x', 5],
        ['z', 7],
        ['y', 2],
      ],
      2,
    );
    const sums = await pairs.aggregate(
      new Map<string, number>(),
      (map, [key, n]) => map.set(key, (map.get(key) ?? 0) + n),
      (a, b) => {
        for (const [key, n] of b) a.set(key, (a.get(key) ?? 0) + n);
        return a;
      },
    );
    assert.deepEqual(
      sums,
      new Map([
        ['x', 9],
        ['y', 3],
        ['z', 7],
      ]),
    );
  });

  test('max and min are the greatest and the least row', async () => {
    const rdd = sc.parallelize([41, 7, 300, 7, 12, 299], 2);
    assert.deepEqual([await rdd.max(), await rdd.min()], [300, 7]);
  });
});

describe('counts within a time', () => {
  // A timeout of Infinity stands for waiting for the final value, which Vega has a call of its own for.
  test('countApprox ends as the exact count, also of no rows', async () => {
    const timeout = Number.POSITIVE_INFINITY;
    const exact = (n: number) => ({ mean: n, low: n, high: n, confidence: 1, final: true });
    assert.deepEqual(await sc.range(0, 7000, 1, 50).countApprox({ timeout, confidence: 0.9 }), exact(7000));
    assert.deepEqual(await sc.parallelize([], 1).countApprox({ timeout, confidence: 0.9 }), exact(0));
  });

  test('countApprox of some partitions has an interval, not below what was counted', async () => {
    // How many partitions answer in no time is not known; what is said of them holds whatever they are.
    const { mean, low, high, confidence, final } = await sc.range(0, 7000, 1, 10).countApprox({ timeout: 0, confidence: 0.9 });
    assert.equal(confidence, final ? 1 : 0.9);
    assert.ok(low >= 0 && high >= low && (Number.isNaN(mean) || (mean >= low && mean <= high)), `${mean} in [${low}, ${high}]`);
  });

  test('countByValueApprox ends as the exact count of each value', async () => {
    const counts = await sc.makeRDD(['a', 'c', 'b', 'c', 'b', 'c'], 6).countByValueApprox({ timeout: Number.POSITIVE_INFINITY });
    const means = Array.from(counts, ([value, { mean }]): [string, number] => [value, mean]);
    assert.deepEqual(means.sort(byKey), [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
  });
});

describe('some rows', () => {
  test('take gives as many rows as there are, at most those asked for', async () => {
    const rdd = sc.parallelize([11, 12, 13, 14, 15], 4);
    assert.deepEqual(await rdd.take(1), [11]);
    assert.deepEqual(await rdd.take(4), [11, 12, 13, 14]);
    assert.deepEqual(await rdd.take(9), [11, 12, 13, 14, 15]);
    assert.deepEqual(await sc.parallelize([], 4).take(1), []);
  });

  test('first is the first row, and an error where there is none', async () => {
    assert.equal(await sc.parallelize(['only', 'this'], 4).first(), 'only');
    await rejectsEmpty(sc.parallelize([], 4).first());
  });

  test('isEmpty tells whether there is no row', async () => {
    assert.equal(await sc.parallelize([], 1).isEmpty(), true);
    assert.equal(await sc.parallelize([0], 3).isEmpty(), false);
  });

  test('top gives the greatest rows, greatest first', async () => {
    assert.deepEqual(await sc.parallelize([5, 90, 17, 89, 3, 42], 4).top(3), [90, 89, 42]);
  });

  test('takeOrdered gives the least rows, least first', async () => {
    assert.deepEqual(await sc.parallelize([5, 90, 17, 89, 3, 42], 4).takeOrdered(3), [3, 5, 17]);
  });

  test('takeSample gives exactly so many rows: all in another order, with repeats, and without', async () => {
    const few = sc.parallelize([1, 2, 3, 4, 5], 6);
    const all = await few.takeSample(false, 6, 7);
    assert.deepEqual(all.toSorted(byNumber), [1, 2, 3, 4, 5]);
    assert.notDeepEqual(all, [1, 2, 3, 4, 5], 'with this seed');
    const many = sc.range(0, 100, 1, 5);
    const repeated = await many.takeSample(true, 300, 1);
    assert.equal(repeated.length, 300);
    const single = await many.takeSample(false, 10, 1);
    assert.equal(new Set(single).size, 10);
  });

  test('randomSplit parts the rows by weight: none lost, none twice', async () => {
    const parts = await Promise.all(
      sc
        .range(0, 1200, 1, 3)
        .randomSplit([1, 2, 3], 5)
        .map(rdd => rdd.collect()),
    );
    assert.deepEqual(
      parts.flat().sort(byNumber),
      Array.from({ length: 1200 }, (_, i) => i),
    );
    for (const [i, part] of parts.entries())
      assert.ok(Math.abs(part.length - 200 * (i + 1)) < 100, `${part.length} rows of weight ${i + 1}`);
  });
});

describe('several RDDs', () => {
  const left = [1, 2, 3, 20, 21, 8, 9];
  const right = [9, 4, 3, 2, 77, 8, 8];

  test('cartesian pairs each row with each row, in order', async () => {
    const pairs = await sc
      .parallelize(['u', 'v'], 2)
      .cartesian(sc.parallelize([true, false], 2))
      .collect();
    assert.deepEqual(pairs, [
      ['u', true],
      ['u', false],
      ['v', true],
      ['v', false],
    ]);
  });

  test('coalesce joins partitions evenly and in order; repartition makes more of them', async () => {
    const joined = await sc.range(0, 101, 1, 101).coalesce(5).glom().collect();
    assert.deepEqual(
      joined.map(rows => rows.length),
      [20, 20, 20, 20, 21],
    );
    assert.deepEqual(
      joined.flat(),
      Array.from({ length: 101 }, (_, i) => i),
    );
    const spread = await sc.range(0, 100, 1, 20).repartition(100).glom().collect();
    assert.equal(spread.length, 100);
    assert.equal(spread.flat().length, 100);
  });

  test('union of sources, of joins, and of a list of RDDs keeps every row', async () => {
    const nums = sc.makeRDD([1, 2, 3], 2);
    assert.deepEqual(await nums.union(sc.makeRDD([4, 5], 2)).collect(), [1, 2, 3, 4, 5]);
    const names = sc.parallelize<[number, string]>(
      [
        [1, 'one'],
        [2, 'two'],
        [5, 'five'],
      ],
      2,
    );
    const uses = sc.parallelize<[number, string]>(
      [
        [1, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
      3,
    );
    const joined = () => uses.join(names, 4);
    assert.equal(await joined().union(joined()).count(), 6);
    assert.deepEqual(await sc.union([nums]).collect(), [1, 2, 3]);
    assert.deepEqual(await sc.union([nums, nums]).collect(), [1, 2, 3, 1, 2, 3]);
  });

  test('union of RDDs with one partitioner keeps it, and every row', async () => {
    const pairs: [number, string][] = [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ];
    const grouped = () => sc.parallelize(pairs, 2).cogroup(sc.parallelize(pairs, 2), 2);
    const both = grouped().union(grouped());
    assert.equal(both.getNumPartitions(), 2);
    assert.notEqual(both.partitioner, undefined);
    const rows = await both.collect();
    assert.deepEqual(rows.map(([key]) => key).sort(byNumber), [1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test('zip pairs the rows in the same place', async () => {
    const zipped = await sc
      .parallelize([3, 2, 1, 0], 3)
      .zip(sc.parallelize(['w', 'x', 'y', 'z'], 3))
      .collect();
    assert.deepEqual(zipped, [
      [3, 'w'],
      [2, 'x'],
      [1, 'y'],
      [0, 'z'],
    ]);
  });

  test('intersection has what both have, each once', async () => {
    const common = await sc.parallelize(left, 2).intersection(sc.parallelize(right, 4)).collect();
    assert.deepEqual(common.sort(byNumber), [2, 3, 8, 9]);
  });

  test('intersection takes a number of partitions', async () => {
    const common = sc.parallelize(left, 2).intersection(sc.parallelize(right, 4), 3);
    assert.equal(common.getNumPartitions(), 3);
    assert.deepEqual((await common.collect()).sort(byNumber), [2, 3, 8, 9]);
  });

  test('subtract has what the other one lacks', async () => {
    const rest = await sc.parallelize(left, 4).subtract(sc.parallelize(right, 4)).collect();
    assert.deepEqual(rest.sort(byNumber), [1, 20, 21]);
  });
});
