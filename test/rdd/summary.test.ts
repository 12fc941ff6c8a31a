// summary: the same figures and the same snapshots on every run, and a stop at the same trial whatever happens around it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Context, type Summary, type SummaryRun } from '../../lib/index.js';
import { growingEnds, wholeEnds } from '../../lib/rdd/slices.js';
import { failure } from '../failure/support.js';
import { eventsOf, open } from './open.js';

const sc = await open({ seed: 5 });
const settings = [
  { threads: 1, kernels: 'on' },
  { threads: 2, kernels: 'off' },
  { threads: 3, kernels: 'on' },
] as const;
let contexts: Context[] = [];
before(async () => {
  contexts = await Promise.all(settings.map(setting => Context.create({ ...setting, memory: '64mb', progress: false, seed: 5 })));
});
after(() => Promise.all(contexts.map(context => context.stop())));

async function all<S extends { readonly done: boolean }>(run: SummaryRun<S>): Promise<S[]> {
  const snapshots: S[] = [];
  for await (const snapshot of run) snapshots.push(snapshot);
  return snapshots;
}

/** The same in every context, and in any number of partitions. */
async function alike<T>(run: (context: Context, partitions: number) => Promise<T>): Promise<T> {
  let first: { readonly value: T } | undefined;
  for (const [i, context] of contexts.entries()) {
    for (const partitions of [1, 2, 7]) {
      const value = await run(context, partitions);
      first ??= { value };
      assert.deepStrictEqual(value, first.value, `${JSON.stringify(settings[i])}, ${partitions} partitions`);
    }
  }
  return first!.value;
}

describe('a summary', () => {
  test('has the figures of its numbers', async () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const given = await sc.parallelize(values, 3).summary({ quantiles: [0.5, 1] });
    const mean = 31 / 8;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 7;
    const standardError = Math.sqrt(variance / 8);
    assert.ok(Math.abs(given.variance - variance) < 1e-12);
    assert.ok(Math.abs(given.standardError - standardError) < 1e-12);
    assert.ok(Math.abs(given.halfWidth - 2.364624 * standardError) < 1e-5);
    assert.deepEqual(given.interval, [given.mean - given.halfWidth, given.mean + given.halfWidth]);
    const { count, mean: m, stdev, confidence, min, max, quantiles, trials, done, reached } = given;
    assert.deepEqual(
      { count, m, stdev, confidence, min, max, quantiles, trials, done, reached },
      {
        count: 8,
        m: mean,
        stdev: Math.sqrt(given.variance),
        confidence: 0.95,
        min: 1,
        max: 9,
        quantiles: { 0.5: 3.5, 1: 9 },
        trials: 8,
        done: true,
        reached: false,
      },
    );
  });

  test('of numbers agrees with stats, to the last bit', async () => {
    for (const n of [1, 7, 1000, 100_003]) {
      const trials = sc.trials(n, rng => rng.exponential());
      const [summary, stats] = [await trials.summary(), await trials.stats()];
      assert.deepEqual([summary.count, summary.mean, summary.min, summary.max], [stats.count, stats.mean, stats.min, stats.max]);
      assert.deepEqual(summary.variance, stats.sampleVariance);
    }
  });

  test('of arrays has an estimate for each component', async () => {
    const { components, trials } = await sc.trials(5000, rng => [rng.uniform(), rng.normal(3), 1]).summary();
    assert.equal(trials, 5000);
    const [uniform, normal, one] = components;
    assert.ok(Math.abs(uniform!.mean - 0.5) < 0.03 && Math.abs(uniform!.quantiles[0.25]! - 0.25) < 0.03);
    assert.ok(Math.abs(normal!.mean - 3) < 0.08 && Math.abs(normal!.variance - 1) < 0.15);
    assert.deepEqual([one!.mean, one!.variance, one!.halfWidth, one!.quantiles[0.5]], [1, 0, 0, 1]);
    const [alone] = (await sc.trials(5000, rng => Float64Array.of(rng.uniform())).summary()).components;
    assert.deepEqual(alone, uniform && { ...alone, mean: alone!.mean });
  });

  test('of nothing, and of one value, knows that it knows nothing', async () => {
    for (const none of [sc.trials(0, rng => rng.uniform()), sc.emptyRDD<number>(), sc.range(10).filter(() => false)]) {
      const { count, mean, halfWidth, quantiles, done } = await none.summary();
      assert.deepEqual({ count, done, median: quantiles[0.5] }, { count: 0, done: true, median: Number.NaN });
      assert.ok(Number.isNaN(mean) && Number.isNaN(halfWidth));
    }
    const one = await sc.parallelize([4]).summary();
    assert.deepEqual([one.count, one.mean, one.quantiles[0.05]], [1, 4, 4]);
    assert.ok(Number.isNaN(one.variance) && Number.isNaN(one.halfWidth));
  });

  test('goes over anything: unions, shuffles, rows of flatMap', async () => {
    const numbers = sc.range(0, 1000, 1, 3);
    const both = numbers.union(numbers.map(n => -n)).flatMap(n => [n, n]);
    assert.deepEqual([(await both.summary()).mean, (await both.summary()).count], [0, 4000]);
    const shuffled = numbers
      .keyBy(n => n % 10)
      .partitionBy(4)
      .map(([, n]) => n);
    const given = await all(shuffled.summary());
    assert.equal(given.length, 4);
    assert.deepEqual([given[3]!.count, Math.round(given[3]!.mean * 1e9) / 1e9, given[3]!.done], [1000, 499.5, true]);
  });
});

describe('snapshots', () => {
  test('come in order, and are the same on any threads and partitions, bit for bit', async () => {
    for (const n of [50, 30_000]) {
      const snapshots = await alike((context, partitions) => all(context.trials(n, rng => rng.normal(), { partitions }).summary()));
      assert.equal(snapshots.length, wholeEnds(n === 50 ? 50 : 1875).length);
      assert.ok(snapshots.every((s, i) => s.done === (i === snapshots.length - 1) && (i === 0 || s.trials > snapshots[i - 1]!.trials)));
      assert.equal(snapshots.at(-1)!.count, n);
    }
  });

  test('each is the summary of the trials so far', async () => {
    const values = await sc.trials(30_000, rng => rng.normal()).collect();
    for (const { trials, mean, max } of await all(sc.trials(30_000, rng => rng.normal()).summary({ quantiles: [] }))) {
      const seen = values.slice(0, trials);
      assert.ok(Math.abs(mean - seen.reduce((a, b) => a + b) / trials) < 1e-12);
      assert.equal(max, Math.max(...seen));
    }
  });

  test('every iteration, and the promise, see the same; await alone is enough', async () => {
    const run = sc.trials(3000, rng => rng.uniform()).summary();
    const [a, b, last] = await Promise.all([all(run), all(run), run]);
    assert.deepEqual(a, b);
    assert.equal(a.at(-1), last);
    assert.deepEqual(await all(run), a);
    assert.equal(await run.finally(() => {}), last);
  });

  test('leaving the loop is a stopping rule: the trials end, and the last snapshot is that one', async () => {
    const stopped = await alike(async (context, partitions) => {
      const run = context.trials(200_000, rng => rng.uniform(), { partitions }).summary({ quantiles: [] });
      for await (const { max } of run) if (max > 0.99999) break;
      const { trials, mean, max } = await run;
      assert.equal(context.lastJob!.ok, true);
      return { trials, mean, max };
    });
    assert.ok(stopped.trials < 200_000 && stopped.max > 0.99999);
  });

  test('a failing trial fails the promise and the iteration', async () => {
    const failing = () =>
      sc
        .trials(3000, (rng, i): number => {
          if (i === 1234) throw new RangeError('no such trial');
          return rng.uniform();
        })
        .summary();
    await failure(failing() as never, 'HEDDLE_TASK_FAILED');
    await failure(all(failing()), 'HEDDLE_TASK_FAILED');
    assert.equal(await failing().catch(error => (error as { code: string }).code), 'HEDDLE_TASK_FAILED');
    const endless = sc.trials(1e12, rng => rng.uniform());
    await failure(endless.summary({ deadline: 50, quantiles: [] }) as never, 'HEDDLE_DEADLINE');
    await failure(all(endless.summary({ signal: AbortSignal.abort() })), 'HEDDLE_CANCELLED');
  });
});

describe('until', () => {
  test('stops at the same trial on any threads and partitions, long before the last, and says so', async () => {
    const stopped = await alike(async (context, partitions) => {
      const until = { halfWidth: 0.01, confidence: 0.99 };
      const snapshots = await all(context.trials(1e12, rng => rng.exponential(), { partitions }).summary({ until }));
      assert.ok(context.lastJob!.ok && context.lastJob!.tasks < 100, `${context.lastJob!.tasks} tasks`);
      return snapshots;
    });
    const last = stopped.at(-1)!;
    assert.ok(last.reached && last.done && last.halfWidth <= 0.01 && last.confidence === 0.99);
    // Of variance 1: 2.576^2 / 0.01^2 trials, and a thirtieth part more at most, and what the variance is off.
    assert.ok(last.trials > 60_000 && last.trials < 75_000, `${last.trials}`);
    assert.ok(stopped.slice(0, -1).every(s => !s.reached && !s.done && (s.halfWidth > 0.01 || s.count < 1000)));
    assert.ok(Math.abs(last.mean - 1) < 0.02);
  });

  test('is asked in the order of the trials, whatever comes first', async () => {
    // The later a trial the sooner it is done: slices come in the wrong order.
    const slow = (context: Context, partitions: number) =>
      context.trials(
        3000,
        (rng, i) => {
          let x = 0;
          for (let k = 0; k < 3000 - i; k++) x += Math.sqrt(k);
          return rng.uniform() + x * 0;
        },
        { partitions },
      );
    const trials = await alike(
      async (context, partitions) => (await slow(context, partitions).summary({ until: { halfWidth: 0.013 } })).trials,
    );
    assert.ok(trials > 1500 && trials < 2500, `${trials}`);
  });

  test('may be a share of the mean, asks for enough values, and for every component', async () => {
    const mean100 = sc.trials(1e6, rng => rng.normal(100, 10));
    const relative = await mean100.summary({ until: { halfWidth: 0.002, relative: true } });
    assert.ok(relative.halfWidth <= 0.2 && relative.halfWidth > 0.17, `${relative.halfWidth}`);
    const atOnce = await mean100.summary({ until: { halfWidth: 50 } });
    assert.ok(atOnce.count >= 1000 && atOnce.count < 1100, `${atOnce.count}`);
    assert.ok((await mean100.summary({ until: { halfWidth: 50, atLeast: 20_000 } })).count >= 20_000);
    const both = await sc.trials(1e6, rng => [rng.normal(), rng.normal(0, 3)]).summary({ until: { halfWidth: 0.05 }, quantiles: [] });
    assert.ok(both.reached && both.components[1]!.halfWidth <= 0.05 && both.components[0]!.halfWidth < 0.02);
    const filtered = await sc
      .trials(1e6, rng => rng.normal())
      .filter(x => x > 0)
      .summary({ until: { halfWidth: 0.02 } });
    assert.ok(filtered.reached && filtered.count < filtered.trials * 0.6);
  });

  test('is not fooled by a value that has not varied yet, and ends with the trials', async () => {
    const rare = await sc.trials(100_000, (rng, i) => (i > 90_000 && rng.uniform() < 0.001 ? 1 : 0)).summary({ until: { halfWidth: 0.1 } });
    assert.ok(rare.reached && rare.trials > 90_000 && rare.mean > 0);
    const never = await sc.trials(5000, () => 7).summary({ until: { halfWidth: 0.1 } });
    assert.deepEqual([never.reached, never.done, never.trials], [false, true, 5000]);
    const few = await sc.trials(2000, rng => rng.uniform()).summary({ until: { halfWidth: 1e-6 } });
    assert.deepEqual([few.reached, few.done, few.trials], [false, true, 2000]);
  });

  test('tells how the estimate goes, for the progress line', async () => {
    let last: Summary | undefined;
    const events = await eventsOf(sc, async () => {
      last = await sc.trials(1e9, rng => rng.uniform()).summary({ until: { halfWidth: 0.01 } });
    });
    const job = events.find(event => event.type === 'jobStarted')!.job;
    const told = events.filter(event => event.type === 'estimateUpdated');
    assert.deepEqual(told.at(-1), { type: 'estimateUpdated', job, trials: last!.trials, mean: last!.mean, halfWidth: last!.halfWidth });
  });
});

test('slices are cut by the number of blocks alone, and cover them', () => {
  for (const blocks of [0, 1, 2, 63, 64, 65, 1000, 2047, 122_071]) {
    for (const ends of [wholeEnds(blocks), growingEnds(blocks)]) {
      assert.ok(
        ends.every((end, i) => end > (ends[i - 1] ?? 0)),
        `${blocks}: ${ends}`,
      );
      assert.equal(ends.at(-1) ?? 0, blocks);
    }
    assert.ok(wholeEnds(blocks).length <= 64 + 4 * 17);
  }
  const ends = growingEnds(2 ** 40);
  assert.ok(ends.length < 1200 && ends.every((end, i) => i === 0 || end - ends[i - 1]! <= Math.max(1, ends[i - 1]! / 32)));
  // Where one stops does not depend on how many trials there could have been.
  assert.deepEqual(growingEnds(10_000).slice(0, -1), ends.slice(0, growingEnds(10_000).length - 1));
});

test('what makes no sense is refused at the call', async () => {
  const trials = sc.trials(10, rng => rng.uniform());
  const bad: [string, object][] = [
    ['summary(confidence)', { confidence: 1 }],
    ['summary(confidence)', { confidence: '0.9' }],
    ['summary(quantiles)', { quantiles: 0.5 }],
    ['summary(quantiles)', { quantiles: [1.5] }],
    ['summary(until.halfWidth)', { until: {} }],
    ['summary(until.halfWidth)', { until: { halfWidth: 0 } }],
    ['summary(until.halfWidth)', { until: { halfWidth: Number.NaN } }],
    ['summary(until.confidence)', { confidence: 0.9, until: { halfWidth: 1, confidence: 2 } }],
    ['summary(until.relative)', { until: { halfWidth: 1, relative: 1 } }],
    ['summary(until.atLeast)', { until: { halfWidth: 1, atLeast: 1 } }],
    ['deadline', { deadline: -1 }],
  ];
  for (const [argument, options] of bad) {
    assert.throws(
      () => trials.summary(options),
      (error: { code?: string; data?: { argument?: string } }) => error.code === 'HEDDLE_BAD_ARGUMENT' && error.data!.argument === argument,
      argument,
    );
  }
  assert.throws(() => trials.summary({ untill: {} } as never), /did you mean until/);
  assert.throws(() => trials.summary({ until: { width: 1 } } as never), /there is no option "width"/);
  for (const rdd of [sc.parallelize([1, 2]), trials.union(trials), trials.mapPartitions(rows => rows)]) {
    assert.throws(() => rdd.summary({ until: { halfWidth: 1 } }), /summary\(until\): expected trials or a range/);
  }
  const words = sc.parallelize(['a']) as unknown as typeof trials;
  await failure(words.summary() as never, 'HEDDLE_VALUE');
  const mixed = sc.range(0, 4, 1, 2).map(n => (n < 2 ? n : [n])) as unknown as typeof trials;
  assert.match((await failure(mixed.summary() as never, 'HEDDLE_VALUE')).message, /values of one kind, got a number and an array of 1/);
});
