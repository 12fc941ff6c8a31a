// Approximate counts. What an estimate is worth is tested with the estimators, in test/task/stats; here, that it is made of
// the partitions that answered in time, and of no others.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Context, type EngineEvent } from '../../lib/index.js';
import { inTemporaryAsync } from '../storage/temporary.js';
import { eventsOf, open } from './open.js';

const sc = await open({ threads: 2 });
let contexts: Context[] = [];
before(async () => {
  const settings = [
    { threads: 1, kernels: 'on' },
    { threads: 3, kernels: 'off' },
  ] as const;
  contexts = await Promise.all(settings.map(setting => Context.create({ ...setting, memory: '64mb', progress: false })));
});
after(() => Promise.all(contexts.map(context => context.stop())));

describe('countApproxDistinct', () => {
  test('is near the number of different rows, and the same for any threads, partitions and order', async () => {
    const answers = new Set<number>();
    for (const context of [sc, ...contexts]) {
      for (const partitions of [1, 3, 8]) {
        const rows = context.range(0, 60_000, 1, partitions).map(i => (i * 7919) % 20_000);
        answers.add(await rows.countApproxDistinct(0.02));
        answers.add(await rows.repartition(5).distinct().countApproxDistinct(0.02));
      }
    }
    assert.equal(answers.size, 1, [...answers].join());
    const [answer] = answers;
    assert.ok(Math.abs(answer! / 20_000 - 1) < 4 * 0.02, String(answer));
  });

  test('counts values, of any kind', async () => {
    const rows = [
      0,
      -0,
      Number.NaN,
      0 / 0,
      'a',
      ['a'],
      ['a'],
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      null,
      undefined,
      1n,
      1,
      new Date(1),
      new Date(1),
    ];
    const exact = await sc
      .parallelize(rows as never[])
      .distinct()
      .count();
    assert.equal(exact, 10);
    assert.equal(await sc.parallelize(rows as never[], 3).countApproxDistinct(0.002), exact);
    assert.equal(await sc.emptyRDD().countApproxDistinct(), 0);
    assert.equal(
      await sc
        .range(10)
        .filter(() => false)
        .countApproxDistinct(),
      0,
    );
    await assert.rejects(sc.parallelize([new Error('no')] as never[]).countApproxDistinct(), { code: 'HEDDLE_VALUE' });
  });

  test('takes lines of text as they come', async () => {
    const words = sc.textFile('docs/data/letters.txt').flatMap(line => line.split(' '));
    assert.equal(await words.countApproxDistinct(0.002), (await words.countByValue()).size);
  });

  test('by key, is that of the key alone', async () => {
    const values = (key: string) => (key === 'few' ? 3 : 5000);
    const keys = ['few', 'many', 'more'];
    const pairs = sc
      .range(0, 30_000, 1, 6)
      .flatMap(i => [
        ['few', i % 3] as [string, number],
        ['many', i % 5000] as [string, number],
        ['more', -(i % 5000) - 1] as [string, number],
      ]);
    for (const rdd of [pairs.countApproxDistinctByKey(0.02), pairs.partitionBy(3).countApproxDistinctByKey(0.02, 3)]) {
      const counts = await rdd.collectAsMap();
      assert.deepEqual([...counts.keys()].sort(), keys);
      assert.equal(counts.get('few'), 3);
      for (const key of keys) assert.ok(Math.abs(counts.get(key)! / values(key) - 1) < 4 * 0.02, `${key}: ${counts.get(key)}`);
      assert.equal(
        counts.get('many'),
        await pairs
          .filter(([key]) => key === 'many')
          .values()
          .countApproxDistinct(0.02),
      );
    }
  });
});

describe('countApprox', () => {
  test('is exact and final where all partitions answer', async () => {
    const rows = sc.range(0, 10_000, 1, 7).filter(i => i % 3 === 0);
    const exact = { mean: 3334, low: 3334, high: 3334, confidence: 1, final: true };
    assert.deepEqual(await rows.countApprox({ timeout: Number.POSITIVE_INFINITY }), exact);
    assert.deepEqual(await rows.countApprox({ timeout: 1e12, confidence: 0.5 }), exact);
    const values = await rows.map(i => i % 2).countByValueApprox({ timeout: Number.POSITIVE_INFINITY });
    assert.deepEqual(
      [...values],
      [
        [0, { ...exact, mean: 1667, low: 1667, high: 1667 }],
        [1, { ...exact, mean: 1667, low: 1667, high: 1667 }],
      ],
    );
    const none = { mean: 0, low: 0, high: 0, confidence: 1, final: true };
    assert.deepEqual(await sc.emptyRDD().countApprox({ timeout: Number.POSITIVE_INFINITY }), none);
    assert.equal((await sc.emptyRDD().countByValueApprox({ timeout: Number.POSITIVE_INFINITY })).size, 0);
  });

  test('with no time at all knows nothing, and runs nothing', async () => {
    const rows = sc.range(100).sortBy(i => -i);
    const events = await eventsOf(sc, async () => {
      const unknown = { mean: Number.NaN, low: 0, high: Number.POSITIVE_INFINITY, confidence: 0.9, final: false };
      assert.deepEqual(await rows.countApprox({ timeout: 0, confidence: 0.9 }), unknown);
      assert.equal((await rows.countByValueApprox({ timeout: 0 })).size, 0);
    });
    assert.deepEqual(events, []);
    assert.equal(await rows.first(), 99, 'and what it would have asked first is still asked');
  });

  test('is made of the partitions that answered in time; the others are called off', async () => {
    // Partition 5 does not answer before the count is there. How many others do, the machine decides: the timeout grows until
    // there are three, and the answer must be what just those say.
    await inTemporaryAsync(async folder => {
      const release = join(folder, 'release');
      const sizes = [100, 200, 300, 400, 500, 600, 700, 800];
      const rows = sc.range(0, 8, 1, 8).mapPartitionsWithIndex((p, all) => {
        while (p === 5 && !existsSync(release));
        return Array.from(all).flatMap(() => Array.from({ length: sizes[p]! }, () => p));
      });
      for (let timeout = 20; ; timeout *= 2) {
        const answered: number[] = [];
        const listener = (event: EngineEvent) => {
          if (event.type === 'taskEnded' && event.ok) answered.push(event.partition);
        };
        sc.on('event', listener);
        const given = await rows.countApprox({ timeout });
        sc.off('event', listener);
        assert.equal(given.final, false);
        assert.equal(answered.includes(5), false);
        const counted = answered.reduce((sum, p) => sum + sizes[p]!, 0);
        if (answered.length > 0) assert.ok(Math.abs(given.mean - (8 * counted) / answered.length) < 1e-9, `${given.mean} of ${answered}`);
        assert.ok(given.low >= counted && given.high >= given.low && given.confidence === 0.95);
        if (answered.length < 3) continue;
        assert.ok(given.high < Number.POSITIVE_INFINITY && given.high - given.low > 0);
        break;
      }
      writeFileSync(release, '');
      assert.equal(await rows.count(), 3600);
    });
  });

  test('of values likewise, with those that a partition lacks as none', async () => {
    await inTemporaryAsync(async folder => {
      const release = join(folder, 'release');
      const rows = sc.range(0, 6, 1, 6).mapPartitionsWithIndex((p, all) => {
        while (p === 0 && !existsSync(release));
        return Array.from(all).flatMap(() => ['each', 'each', `only ${p}`]);
      });
      for (let timeout = 20; ; timeout *= 2) {
        const given = await rows.countByValueApprox({ timeout });
        const answered = given.size - 1;
        if (answered < 2) continue;
        assert.ok(!given.has('only 0') && [...given.values()].every(({ final }) => !final));
        assert.equal(given.get('each')!.mean, 12);
        for (const [value, { mean, low }] of given)
          if (value !== 'each') assert.deepEqual([Math.round(mean * answered * 1e9) / 1e9, low], [6, 1]);
        break;
      }
      writeFileSync(release, '');
    });
  });

  test('launches partitions in an order of the seed, and not from the first on', async () => {
    const orderOf = async (seed: number) => {
      await using context = await Context.create({ threads: 1, memory: '64mb', progress: false, seed });
      const events = await eventsOf(context, () => context.range(0, 40, 1, 40).countApprox({ timeout: Number.POSITIVE_INFINITY }));
      return events.flatMap(event => (event.type === 'taskStarted' ? [event.partition] : []));
    };
    const [a, again, b] = [await orderOf(1), await orderOf(1), await orderOf(2)];
    const sorted = Array.from({ length: 40 }, (_, p) => p);
    assert.deepEqual(a, again);
    for (const order of [a, b]) {
      assert.notDeepEqual(order, sorted);
      assert.deepEqual(
        order.toSorted((x, y) => x - y),
        sorted,
      );
    }
    assert.notDeepEqual(a, b);
  });

  test('ends by its signal and its deadline as any action does', async () => {
    await inTemporaryAsync(async folder => {
      const release = join(folder, 'release');
      const rows = sc.range(0, 2, 1, 2).map(i => {
        while (!existsSync(release));
        return i;
      });
      await assert.rejects(rows.countApprox({ timeout: 1e9, deadline: 1 }), { code: 'HEDDLE_DEADLINE' });
      await assert.rejects(rows.countByValueApprox({ timeout: 1e9, signal: AbortSignal.abort() }), { code: 'HEDDLE_CANCELLED' });
      writeFileSync(release, '');
    });
  });

  test('a sort whose bounds are not found in time is asked for them again', async () => {
    await inTemporaryAsync(async folder => {
      const release = join(folder, 'release');
      const rows = sc
        .range(0, 100, 1, 4)
        .filter(i => {
          while (i === 60 && !existsSync(release));
          return true;
        })
        .sortBy(i => -i);
      assert.deepEqual(await rows.countApprox({ timeout: 5 }), {
        mean: Number.NaN,
        low: 0,
        high: Infinity,
        confidence: 0.95,
        final: false,
      });
      writeFileSync(release, '');
      assert.deepEqual(await rows.take(2), [99, 98]);
    });
  });
});
