// Actions against arrays, and how much they run.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryAsync } from '../storage/temporary.js';
import { open, workOf } from './open.js';

const sc = await open();
const numbers = Array.from({ length: 1000 }, (_, i) => ((i * 37) % 101) / 8 - 3);

describe('collect and count', () => {
  test('have all rows, in order', async () => {
    const rows = Array.from({ length: 300_000 }, (_, i) => i);
    assert.deepStrictEqual(await sc.range(300_000).collect(), rows);
    assert.deepStrictEqual(await sc.range(300_000).map(String).collect(), rows.map(String));
    assert.equal(await sc.range(300_000).count(), 300_000);
    assert.equal(
      await sc
        .range(300_000)
        .filter(i => i % 3 === 0)
        .count(),
      100_000,
    );
    assert.equal(await sc.parallelize([], 4).count(), 0);
    assert.equal(
      await sc
        .range(10)
        .map(i => [i % 3, i])
        .groupByKey()
        .count(),
      3,
    );
    assert.equal(
      await sc
        .range(10)
        .map(i => [i, i])
        .partitionBy(3)
        .count(),
      10,
    );
  });

  test('keep what no array row may lose', async () => {
    const rows = await sc
      .range(3)
      .map(i => (i === 1 ? undefined : [undefined, i]))
      .collect();
    assert.deepStrictEqual(rows, [[undefined, 0], undefined, [undefined, 2]]);
    const node: { self?: unknown } = {};
    node.self = node;
    const [back] = await sc.parallelize([node]).collect();
    assert.equal(back!.self, back);
  });

  test('name a row that cannot be one', async () => {
    await assert.rejects(
      sc
        .range(3)
        .map(i => (() => i) as never)
        .collect(),
      { code: 'HEDDLE_VALUE' },
    );
    await assert.rejects(
      sc
        .range(3)
        .map(i => [i, Symbol('s')] as never)
        .collect(),
      { code: 'HEDDLE_VALUE' },
    );
  });
});

describe('first and take', () => {
  test('give the first rows', async () => {
    const rdd = sc.range(0, 100, 1, 7);
    const all = await rdd.collect();
    for (const n of [0, 1, 14, 15, 16, 99, 100, 1000]) assert.deepStrictEqual(await rdd.take(n), all.slice(0, n));
    assert.equal(await rdd.first(), 0);
    assert.deepStrictEqual(await rdd.filter(i => i > 90).take(3), [91, 92, 93]);
    assert.deepStrictEqual(await sc.parallelize([1], 50).take(2), [1]);
    assert.equal(await sc.parallelize([undefined, 1]).first(), undefined);
    for (const n of [-1, 1.5, Number.NaN, '1']) await assert.rejects(rdd.take(n as never), { code: 'HEDDLE_BAD_ARGUMENT' });
    await assert.rejects(sc.parallelize([]).first(), { code: 'HEDDLE_EMPTY' });
    await assert.rejects(rdd.filter(() => false).first(), { code: 'HEDDLE_EMPTY' });
  });

  test('run few partitions', async () => {
    const rdd = sc.range(0, 1e9, 1, 500);
    assert.deepStrictEqual(await workOf(sc, () => rdd.first()), { stages: 1, tasks: 1 });
    assert.deepStrictEqual(await workOf(sc, () => rdd.take(1000)), { stages: 1, tasks: 1 });
    assert.deepStrictEqual(await workOf(sc, () => rdd.take(0)), { stages: 0, tasks: 0 });
    // 1, then 4, then 16 of them, until there are enough.
    const sparse = sc.range(0, 500, 1, 500).filter(i => i === 10);
    assert.deepStrictEqual(await workOf(sc, () => sparse.take(1)), { stages: 3, tasks: 21 });
    assert.deepStrictEqual(await workOf(sc, () => sc.parallelize([1, 2], 3).take(9)), { stages: 2, tasks: 3 });
  });

  test('look at no more rows than they need', async () => {
    const failing = sc.range(0, 1e9, 1, 4).map(i => {
      if (i > 10) throw new Error(`row ${i}`);
      return i;
    });
    assert.deepStrictEqual(await failing.take(11), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await assert.rejects(failing.take(12), /row 11/);
    assert.equal(
      await sc
        .range(0, 2 ** 40, 1, 4)
        .filter(i => i === 1e6)
        .first(),
      1e6,
    );
  });
});

describe('reduce, fold and aggregate', () => {
  test('combine in the order of the rows', async () => {
    const texts = Array.from({ length: 1100 }, (_, i) => `${i},`);
    for (const partitions of [1, 3, 7, 1200]) {
      const rdd = sc.parallelize(texts, partitions);
      assert.equal(await rdd.reduce((a, b) => a + b), texts.join(''));
      assert.equal(await rdd.fold('zero:', (a, b) => a + b), `zero:${texts.join('')}`);
      const lists = await rdd.aggregate<string[]>(
        [],
        (list, row) => [...list, row],
        (a, b) => a.concat(b),
      );
      assert.deepStrictEqual(lists, texts);
      const unions = rdd.union(
        rdd.filter((_row): unknown => false),
        sc.parallelize(['end'], 3),
      );
      assert.equal(await unions.reduce((a, b) => a + b), `${texts.join('')}end`);
    }
    assert.equal(
      await sc
        .parallelize(texts, 4)
        .map(text => [1, text])
        .groupByKey(2)
        .map(([, list]) => list.join(''))
        .reduce((a, b) => a + b),
      texts.join(''),
    );
  });

  test('of nothing and of one row', async () => {
    const none = sc.parallelize([] as number[], 3);
    await assert.rejects(
      none.reduce((a, b) => a + b),
      { code: 'HEDDLE_EMPTY', message: /reduce/ },
    );
    assert.equal(await none.fold(7, (a, b) => a + b), 7);
    assert.deepStrictEqual(
      await none.aggregate(
        [1],
        list => list,
        list => list,
      ),
      [1],
    );
    assert.equal(await sc.parallelize([5], 4).reduce(() => -1), 5);
    assert.equal(await sc.parallelize([5], 4).fold(2, (a, b) => a * b), 10);
    assert.equal(
      await sc
        .parallelize([undefined], 2)
        .map(() => undefined as unknown)
        .reduce(() => 1),
      undefined,
    );
    assert.equal(
      await sc
        .range(10)
        .filter(i => i === 4)
        .reduce(() => -1),
      4,
    );
  });

  test('take zero once in a fold, and copies of it in an aggregate', async () => {
    for (const partitions of [1, 4, 20]) {
      assert.equal(await sc.range(0, 10, 1, partitions).fold(100, (a, b) => a + b), 145);
      const zero: number[] = [];
      const all = await sc.range(0, 3000, 1, partitions).aggregate(
        zero,
        (list, i) => {
          list.push(i);
          return list;
        },
        (a, b) => {
          a.push(...b);
          return a;
        },
      );
      assert.equal(all.length, 3000);
      const begin = ['begin'];
      const folded = await sc.parallelize([['a'], ['b']], partitions).fold(begin, (a, b) => {
        a.push(...b);
        return a;
      });
      assert.deepStrictEqual(folded, ['begin', 'a', 'b']);
      assert.deepStrictEqual([zero, begin], [[], ['begin']], 'the zero of the caller stays as it is');
    }
  });

  test('see captured values as they were, and name what throws', async () => {
    let k = 1;
    const sums = [
      sc.parallelize([1, 2], 2).reduce((a, b) => a + b + k),
      sc.parallelize([1, 2], 2).fold(0, (a, b) => a + b + k),
      sc.parallelize([1, 2], 2).aggregate(
        0,
        (a, b) => a + b,
        (a, b) => a + b + k,
      ),
    ];
    k = 100;
    assert.deepStrictEqual(await Promise.all(sums), [4, 5, 4]);
    for (const partitions of [1, 2]) {
      const failing = sc.parallelize([1, 2], partitions).reduce(() => {
        throw new RangeError('never');
      });
      await assert.rejects(failing, { code: 'HEDDLE_TASK_FAILED', message: /^reduce.* threw RangeError: never/ });
    }
  });
});

describe('sum, mean and stats', () => {
  test('of numbers', async () => {
    const sum = numbers.reduce((a, b) => a + b);
    const mean = sum / numbers.length;
    const variance = numbers.reduce((s, x) => s + (x - mean) ** 2, 0) / numbers.length;
    for (const partitions of [1, 3, 7]) {
      const rdd = sc.parallelize(numbers, partitions);
      // Eighths: every order of addition is exact.
      assert.equal(await rdd.sum(), sum);
      assert.equal(await rdd.mean(), mean);
      const stats = await rdd.stats();
      assert.deepStrictEqual([stats.count, stats.sum, stats.min, stats.max], [1000, sum, Math.min(...numbers), Math.max(...numbers)]);
      for (const [got, expected] of [
        [stats.mean, mean],
        [stats.variance, variance],
        [stats.stdev, Math.sqrt(variance)],
        [stats.sampleVariance, (variance * 1000) / 999],
      ] as const) {
        assert(Math.abs(got - expected) <= 1e-12 * Math.abs(expected), `${got} is not ${expected}`);
      }
    }
    assert.equal(await sc.range(1e6).sum(), 499999500000);
    assert.equal(
      await sc
        .range(10)
        .map(i => [i % 2, i])
        .reduceByKey((a, b) => a + b, 3)
        .map(([, n]) => n)
        .sum(),
      45,
    );
  });

  test('of none, one, NaN and infinities', async () => {
    const none = sc.parallelize([] as number[], 2);
    assert.equal(await none.sum(), 0);
    await assert.rejects(none.mean(), { code: 'HEDDLE_EMPTY', message: /mean/ });
    assert.equal((await none.stats()).count, 0);
    assert.deepStrictEqual(Object.values(await sc.parallelize([3]).stats()), [1, 3, 3, 0, Number.NaN, 0, Number.NaN, 3, 3]);
    assert.equal(await sc.parallelize([1, Number.NaN]).sum(), Number.NaN);
    assert.equal(await sc.parallelize([1, Number.POSITIVE_INFINITY], 2).mean(), Number.POSITIVE_INFINITY);
  });

  test('refuse what is no number', async () => {
    for (const row of ['1', 1n, null, undefined, [1]]) {
      await assert.rejects(sc.parallelize([1, row] as number[]).sum(), { code: 'HEDDLE_TASK_FAILED', message: /need numbers/ });
      await assert.rejects(sc.parallelize([1, row] as number[]).stats(), { code: 'HEDDLE_TASK_FAILED', message: /needs numbers/ });
    }
  });
});

test('countByValue and countByKey count structured keys by value', async () => {
  const rows = [
    [1, 'a'],
    [1, 'a'],
    [2],
    { x: new Date(3) },
    { x: new Date(3) },
    'text',
    Number.NaN,
    Number.NaN,
    -0,
    0,
    null,
    undefined,
    undefined,
  ];
  for (const partitions of [1, 4, 20]) {
    const counts = await sc.parallelize(rows as unknown[], partitions).countByValue();
    assert.deepStrictEqual(
      [...counts],
      [
        [[1, 'a'], 2],
        [[2], 1],
        [{ x: new Date(3) }, 2],
        ['text', 1],
        [Number.NaN, 2],
        [0, 2],
        [null, 1],
        [undefined, 2],
      ],
    );
    const byKey = await sc
      .parallelize(
        rows.map((row, i) => [row, i] as [unknown, number]),
        partitions,
      )
      .countByKey();
    assert.deepStrictEqual([...byKey], [...counts]);
  }
  assert.deepStrictEqual(
    await sc
      .range(1000)
      .map(i => i % 3)
      .countByValue(),
    new Map([
      [0, 334],
      [1, 333],
      [2, 333],
    ]),
  );
  assert.deepStrictEqual(await sc.parallelize([]).countByValue(), new Map());
});

test('forEach calls the function for every row, in the threads', async () => {
  const alone = await open({ threads: 1 });
  const thread = () => globalThis as unknown as { rows: unknown[] };
  await alone.range(1).forEach(() => {
    thread().rows = [];
  });
  await alone.parallelize(['a', 'b', 'c'], 3).forEach(row => {
    thread().rows.push(row);
  });
  assert.deepStrictEqual(
    await alone
      .range(0, 1, 1, 1)
      .flatMap(() => thread().rows)
      .collect(),
    ['a', 'b', 'c'],
  );
  assert.equal((globalThis as { rows?: unknown }).rows, undefined, 'nothing happens here');
  const failing = sc.range(10).forEach(i => {
    if (i === 7) throw new TypeError('seven');
  });
  await assert.rejects(failing, { code: 'HEDDLE_TASK_FAILED', message: /forEach.* threw TypeError: seven .*record 7/s });
  assert.equal(await sc.range(0).forEach(() => {}), undefined);
});

describe('saveAsTextFile', () => {
  test('writes a file a partition, which textFile reads back', async () => {
    await inTemporaryAsync(async root => {
      const rows = ['a', '', 'é😀', 1.5, null, undefined, 2n, [1, 2], true];
      const directory = join(root, 'out');
      await sc.parallelize(rows as unknown[], 4).saveAsTextFile(directory);
      const parts = readdirSync(directory)
        .filter(name => name.startsWith('part-'))
        .sort();
      assert.equal(parts.length, 4);
      assert.equal(parts.map(name => readFileSync(join(directory, name), 'utf8')).join(''), rows.map(row => `${row}\n`).join(''));
      assert.deepStrictEqual(await sc.textFile(directory).collect(), rows.map(String));
      await sc.range(100_000).saveAsTextFile(join(root, 'numbers'));
      assert.equal(await sc.textFile(join(root, 'numbers')).map(Number).sum(), 4999950000);
      await sc
        .range(6)
        .map(i => [i % 2, i])
        .groupByKey(2)
        .saveAsTextFile(join(root, 'groups'));
      assert.deepStrictEqual((await sc.textFile(join(root, 'groups')).collect()).sort(), ['0,0,2,4', '1,1,3,5']);
      await sc.emptyRDD().saveAsTextFile(join(root, 'none'));
      assert(existsSync(join(root, 'none')));
    });
  });

  test('leaves nothing when it fails, and refuses a directory that exists', async () => {
    await inTemporaryAsync(async root => {
      const failing = sc.range(0, 100, 1, 10).map(i => {
        if (i === 95) throw new Error('late');
        return i;
      });
      await assert.rejects(failing.saveAsTextFile(join(root, 'out')), /late/);
      assert.deepStrictEqual(readdirSync(root), []);
      mkdirSync(join(root, 'there'));
      await assert.rejects(sc.range(3).saveAsTextFile(join(root, 'there')), /there/);
      await assert.rejects(sc.range(3).saveAsTextFile(''), { code: 'HEDDLE_BAD_ARGUMENT' });
    });
  });
});

describe('runJob', () => {
  const rdd = sc.range(0, 12, 1, 4);

  test('has what the function gives for each partition', async () => {
    assert.deepStrictEqual(await sc.runJob(rdd, rows => [...rows].length), [3, 3, 3, 3]);
    assert.deepStrictEqual(await sc.runJob(rdd.map(i => [i % 2, i]).groupByKey(1), rows => [...rows].length), [2]);
    assert.deepStrictEqual(await sc.runJob(rdd, () => undefined), [undefined, undefined, undefined, undefined]);
    assert.deepStrictEqual(await sc.runJob(rdd, rows => [...rows]), [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]);
  });

  test('runs the chosen partitions, in the order asked for', async () => {
    const work = await workOf(sc, async () => {
      assert.deepStrictEqual(await sc.runJob(rdd, rows => rows.next().value as number, { partitions: [3, 0] }), [9, 0]);
    });
    assert.deepStrictEqual(work, { stages: 1, tasks: 2 });
    assert.deepStrictEqual(await sc.runJob(rdd, rows => rows.next().value as number, { partitions: [1, 1, 0, 1] }), [3, 3, 0, 3]);
    assert.deepStrictEqual(await sc.runJob(rdd, () => 1, { partitions: [] }), []);
    for (const partitions of [[4], [-1], [0.5]])
      await assert.rejects(async () => sc.runJob(rdd, () => 1, { partitions }), { code: 'HEDDLE_BAD_ARGUMENT' });
  });
});

test('actions refuse options they do not know, and functions that are none', async () => {
  await assert.rejects(async () => sc.range(3).collect({ timeout: 3 } as never), /timeout/);
  await assert.rejects(async () => sc.range(3).reduce(3 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /reduce\(f\)/ });
  await assert.rejects(async () => sc.range(3).forEach('f' as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /forEach\(f\)/ });
});

test('many jobs at once have their own answers', async () => {
  const shared = sc
    .range(1000)
    .map(i => [i % 10, i])
    .reduceByKey((a, b) => a + b, 3);
  const jobs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? shared.map(([, n]) => n).sum() : sc.range(i).sum()));
  assert.deepStrictEqual(
    await Promise.all(jobs),
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 499500 : (i * (i - 1)) / 2)),
  );
});

test('an action of a context that was stopped rejects', async () => {
  const stopped = await open();
  const rdd = stopped.range(3);
  await stopped.stop();
  await stopped.stop();
  await assert.rejects(rdd.collect(), { code: 'HEDDLE_CONTEXT_STOPPED' });
  await assert.rejects(rdd.take(1), { code: 'HEDDLE_CONTEXT_STOPPED' });
  assert.throws(() => stopped.range(3), { code: 'HEDDLE_CONTEXT_STOPPED' });
});
