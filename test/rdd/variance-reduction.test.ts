// Antithetic trials, control variates and Sobol points as jobs: right, better than plain trials, and the same everywhere.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Context, normalQuantile } from '../../lib/index.js';
import { failure } from '../failure/support.js';
import { open } from './open.js';

const sc = await open({ seed: 7 });
const one = await open({ seed: 7, threads: 1, kernels: 'off' });

/** The same in both contexts, in any number of partitions. */
async function alike<T>(run: (context: Context, partitions: number) => Promise<T>): Promise<T> {
  const first = await run(sc, 4);
  for (const context of [sc, one]) for (const partitions of [1, 2, 7]) assert.deepStrictEqual(await run(context, partitions), first);
  return first;
}

describe('antithetic trials', () => {
  test('have less variance for as many calls, and the same mean', async () => {
    const value = await sc.trials(20_000, rng => Math.exp(rng.normal(0, 0.3))).summary();
    const pairs = await sc.trials(10_000, rng => Math.exp(rng.normal(0, 0.3)), { antithetic: true }).summary();
    const truth = Math.exp(0.045);
    assert.ok(Math.abs(pairs.mean - truth) < 5 * pairs.standardError, `${pairs.mean} ± ${pairs.standardError}`);
    assert.ok(pairs.standardError < value.standardError / 3, `${pairs.standardError}, plain ${value.standardError}`);
  });

  test('are the same on any threads and partitions', async () => {
    await alike((context, partitions) =>
      context
        .trials(
          3000,
          rng => {
            let n = 0;
            while (rng.uniform() < 0.8) n++;
            return [n, rng.gamma(2), rng.poisson(20)];
          },
          { antithetic: true, partitions, seed: 'pairs' },
        )
        .collect(),
    );
  });

  test('give means of numbers only', async () => {
    const error = await failure(sc.trials(10, rng => `${rng.uniform()}`, { antithetic: true }).collect(), 'HEDDLE_VALUE');
    assert.match(error.message, /antithetic trials need numbers/);
    assert.throws(
      () => sc.trials(10, rng => rng.uniform(), { antithetic: 1 as never }),
      /trials\(antithetic\): expected true or false, got 1/,
    );
  });
});

describe('Sobol points', () => {
  test('belong to the index of the trial: the same on any threads and partitions', async () => {
    const rows = await alike((context, partitions) =>
      context.trials(5000, rng => [...rng.sobol(2), ...rng.sobol(1)], { partitions }).collect(),
    );
    const cells = new Set(rows.slice(0, 4096).map(([x]) => Math.floor(x! * 4096)));
    assert.equal(cells.size, 4096);
  });

  test('give far better means than random numbers, as runs with other seeds show', async () => {
    const f = (u: number[]) => Math.exp(0.2 * u.reduce((sum, p) => sum + normalQuantile(p), 0));
    const means = await Promise.all(
      Array.from({ length: 8 }, (_, r) => sc.trials(2048, rng => f(rng.sobol(5)), { seed: `replicate ${r}` }).mean()),
    );
    const { mean, standardError } = await sc.parallelize(means).summary();
    const truth = Math.exp(0.1);
    const plain = Math.sqrt(((Math.exp(0.2) - 1) * Math.exp(0.2)) / (8 * 2048));
    assert.ok(Math.abs(mean - truth) < 6 * standardError, `${mean} ± ${standardError}`);
    assert.ok(standardError < plain / 10, `${standardError}, plain ${plain}`);
  });

  test('are for trials only', async () => {
    const error = await failure(
      sc
        .range(10)
        .mapWithRng((_, rng) => rng.sobol(1))
        .collect(),
      'HEDDLE_VALUE',
    );
    assert.match(error.message, /mapWithRng at .*it works in trials only/);
    await failure(sc.trials(10, rng => rng.sobol(300)).collect(), 'HEDDLE_TASK_FAILED');
  });
});

describe('controlVariate', () => {
  test('corrects the mean by the control, the same on any threads and partitions', async () => {
    // The integral of exp over [0, 1], with the variable itself as its control.
    const given = await alike((context, partitions) =>
      context
        .trials(
          20_000,
          (rng): [number, number] => {
            const u = rng.uniform();
            return [Math.exp(u), u];
          },
          { partitions },
        )
        .controlVariate(0.5, { confidence: 0.99 }),
    );
    assert.equal(given.count, 20_000);
    assert.ok(Math.abs(given.mean - (Math.E - 1)) < 5 * given.standardError);
    assert.ok(given.interval[0] < Math.E - 1 && given.interval[1] > Math.E - 1);
    assert.ok(Math.abs(given.coefficient - 1.69) < 0.02 && given.correlation > 0.99);
    assert.ok(given.standardError < given.plain.standardError / 7);
    assert.equal(given.plain.mean, (await sc.trials(20_000, rng => Math.exp(rng.uniform())).stats()).mean);
  });

  test('takes pairs of any making, and none', async () => {
    const keyed = await sc
      .range(1000)
      .keyBy(n => 2 * n + 1)
      .controlVariate(500);
    assert.ok(Math.abs(keyed.mean - 1001) < 1e-9 && keyed.coefficient === 2);
    assert.equal((await sc.emptyRDD<[number, number]>().controlVariate(0)).count, 0);
  });

  test('refuses what makes no sense', async () => {
    const pairs = sc.range(10).keyBy(n => n);
    assert.equal((await failure(pairs.controlVariate(Number.NaN), 'HEDDLE_BAD_ARGUMENT')).data.argument, 'controlVariate(known)');
    assert.equal(
      (await failure(pairs.controlVariate(0, { confidence: 1 }), 'HEDDLE_BAD_ARGUMENT')).data.argument,
      'controlVariate(confidence)',
    );
    const texts = sc.range(10).keyBy(n => `${n}`);
    await failure((texts as never as typeof pairs).controlVariate(0), 'HEDDLE_VALUE');
    await failure((sc.range(10) as never as typeof pairs).controlVariate(0), 'HEDDLE_VALUE');
  });
});
