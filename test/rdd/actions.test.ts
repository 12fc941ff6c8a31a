// Actions against arrays, and how much they run.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryAsync } from '../storage/temporary.js';
import { open, workOf } from './open.js';

const sc = await open();

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
