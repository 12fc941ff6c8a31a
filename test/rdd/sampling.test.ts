// Rows taken at random: as many, and as evenly, as chance would have it. Seeds are fixed, so an outcome never changes; what is
// asked of a p-value is what a right implementation misses with one seed in ten million.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Context, RDD } from '../../lib/index.js';
import { failure } from '../failure/support.js';
import { chiSquare, chiSquareCounts, logGamma } from '../task/rng/goodness.js';
import { open } from './open.js';

const sc = await open({ seed: 11 });
const LEAST_P = 1e-7;
const fits = (p: number, what: string) => assert.ok(p > LEAST_P, `${what}: p = ${p}`);

const N = 100_000;
const poisson = (mean: number) => (k: number) => Math.exp(k * Math.log(mean) - mean - logGamma(k + 1));
/** p of how many rows came of each hundredth of the range, and in all, when each is expected `mean` times with this variance. */
function even(rows: readonly number[], n: number, mean: number, variance: number, what: string): void {
  const bins = new Float64Array(100);
  for (const row of rows) bins[Math.floor((row / n) * 100)]!++;
  const expected = new Float64Array(100).fill((mean * n) / 100);
  // Chi-square takes counts for Poisson: those of a bin vary less, or more.
  const scaled = bins.map((seen, i) => expected[i]! + (seen - expected[i]!) * Math.sqrt(mean / variance));
  fits(chiSquare(scaled, expected, 100), `${what}, evenly`);
  const z = (rows.length - mean * n) / Math.sqrt(variance * n);
  assert.ok(Math.abs(z) < 5.3, `${what}: ${rows.length} rows, ${z} deviations off`);
}

describe('sample', () => {
  for (const fraction of [0.01, 0.3, 0.9]) {
    test(`without replacement takes each row once, with probability ${fraction}`, async () => {
      const rows = await sc.range(N).sample(false, fraction, `without ${fraction}`).collect();
      assert.ok(
        rows.every((row, i) => i === 0 || row > rows[i - 1]!),
        'in order, none twice',
      );
      even(rows, N, fraction, fraction * (1 - fraction), `fraction ${fraction}`);
      // Whether a row comes has nothing to do with the one before it: gaps are geometric.
      const gaps = Float64Array.from(rows.slice(1), (row, i) => Math.min(row - rows[i]! - 1, 5000));
      fits(
        chiSquareCounts(gaps, 5000, k => (k < 5000 ? fraction * (1 - fraction) ** k : (1 - fraction) ** k)),
        `gaps of ${fraction}`,
      );
    });
  }

  for (const fraction of [0.1, 1, 2.5]) {
    test(`with replacement takes each row a Poisson number of times of mean ${fraction}`, async () => {
      const rows = await sc.range(N).sample(true, fraction, `with ${fraction}`).collect();
      even(rows, N, fraction, fraction, `fraction ${fraction}`);
      const times = new Float64Array(N);
      for (const row of rows) times[row]!++;
      fits(chiSquareCounts(times, 40, poisson(fraction)), `times of ${fraction}`);
    });
  }

  test('of nothing, of everything, of no rows', async () => {
    assert.deepEqual(await sc.range(100).sample(false, 0).collect(), []);
    assert.deepEqual(await sc.range(100).sample(true, 0).collect(), []);
    assert.deepEqual(await sc.range(100).sample(false, 1).collect(), await sc.range(100).collect());
    assert.deepEqual(await sc.emptyRDD<number>().sample(true, 2).collect(), []);
  });

  test('stands between other operators, and any kind of row goes through it', async () => {
    const rows = [null, undefined, [1, 2], '', { a: 1 }, Number.NaN, -0, 2n];
    assert.deepStrictEqual(await sc.parallelize(rows, 3).sample(false, 1).collect(), rows);
    const taken = await sc
      .range(1000)
      .flatMap(n => [n, -n])
      .sample(true, 3, 1)
      .filter(n => n > 500)
      .map(n => [n, 1])
      .sample(false, 0.5, 2)
      .mapValues(one => one + 1)
      .collect();
    assert.ok(taken.length > 600 && taken.length < 900, `${taken.length}`);
    assert.ok(taken.every(([n, two]) => n! > 500 && n! < 1000 && two === 2));
  });

  test('keeps the partitioner: what comes after does not shuffle again', () => {
    const pairs = sc
      .range(100)
      .keyBy(n => n % 7)
      .partitionBy(3);
    const stages = (rdd: RDD<[number, unknown]>) =>
      rdd
        .groupByKey(3)
        .explain()
        .match(/^stage /gm)!.length;
    assert.equal(stages(pairs.sample(false, 0.5)), 2);
    assert.equal(stages(pairs.sampleByKey(false, [[1, 0.5]])), 2);
  });

  test('take stops inside a row that comes many times', async () => {
    assert.deepEqual(await sc.range(5).sample(true, 1e6, 1).take(3), [0, 0, 0]);
  });

  test('one seed gives one sample, another seed another, the context its own', async () => {
    const of = (seed?: number | string) => sc.range(1000).sample(false, 0.5, seed).collect();
    assert.deepEqual(await of(1), await of(1));
    assert.notDeepEqual(await of(1), await of(2));
    assert.deepEqual(await of(), await of(11));
  });
});

describe('randomSplit', () => {
  test('divides the rows among the parts by their weights, each row in one part', async () => {
    const weights = [3, 0, 1, 0.5, 0];
    const parts = await Promise.all(
      sc
        .range(N)
        .randomSplit(weights, 5)
        .map(part => part.collect()),
    );
    assert.deepEqual(
      parts.flat().sort((a, b) => a - b),
      await sc.range(N).collect(),
    );
    assert.deepEqual([parts[1], parts[4]], [[], []]);
    fits(
      chiSquare(
        [0, 2, 3].map(i => parts[i]!.length),
        [0, 2, 3].map(i => (N * weights[i]!) / 4.5),
      ),
      'shares',
    );
    for (const i of [0, 2, 3]) even(parts[i]!, N, weights[i]! / 4.5, (weights[i]! / 4.5) * (1 - weights[i]! / 4.5), `part ${i}`);
  });

  test('the parts agree over text, after a shuffle, and of weights that do not add up exactly', async () => {
    const shuffled = sc
      .range(3000)
      .map(n => [n, 1])
      .reduceByKey((a, b) => a + b, 3)
      .map(([n]) => n!);
    const thirds = shuffled.randomSplit([0.1, 0.2, 0.3, 0.1, 0.3], 'x');
    const rows = (await Promise.all(thirds.map(part => part.collect()))).flat();
    assert.deepEqual(
      rows.sort((a, b) => a - b),
      await sc.range(3000).collect(),
    );
    const lines = sc.textFile('docs/shuffle.md', { partitions: 3 });
    const [a, b] = lines.randomSplit([1, 1]);
    assert.equal((await a!.count()) + (await b!.count()), await lines.count());
    const [only] = sc.range(10).randomSplit([7]);
    assert.equal(await only!.count(), 10);
  });
});

describe('sampleByKey', () => {
  const keyed = () => sc.range(60_000).map(n => [['a', 'b', 'c'][n % 3]!, n]);
  const shares = async (withReplacement: boolean, fractions: readonly (readonly [string, number])[]) => {
    const rows = await keyed().sampleByKey(withReplacement, new Map(fractions), 3).collect();
    for (const [at, [key, fraction]] of fractions.entries()) {
      const own = rows.filter(([k]) => k === key).map(([, n]) => (n - at) / 3);
      const variance = withReplacement ? fraction : fraction * (1 - fraction);
      if (variance === 0) assert.equal(own.length, fraction * 20_000);
      else even(own, 20_000, fraction, variance, key);
    }
  };
  test('without replacement', () =>
    shares(false, [
      ['a', 0.1],
      ['b', 1],
      ['c', 0.6],
    ]));
  test('with replacement', () =>
    shares(true, [
      ['a', 2],
      ['b', 0],
      ['c', 0.3],
    ]));

  test('keys are equal by value, of equal ones the last counts, and one without a fraction fails the job', async () => {
    const pairs = sc.parallelize(
      [
        [[1, 'x'], 1],
        [[1, 'y'], 2],
        [[1, 'x'], 3],
      ] as [unknown, number][],
      2,
    );
    const values = async (fractions: [unknown, number][]) => (await pairs.sampleByKey(false, fractions).collect()).map(([, v]) => v);
    assert.deepEqual(
      await values([
        [[1, 'x'], 1],
        [[1, 'y'], 0],
      ]),
      [1, 3],
    );
    assert.deepEqual(
      await values([
        [[1, 'x'], 1],
        [[1, 'y'], 0],
        [[1, 'x'], 0],
        [[1, 'y'], 1],
      ]),
      [2],
    );
    const error = await failure(values([[[1, 'x'], 1]]), 'HEDDLE_TASK_FAILED');
    assert.match(error.message, /sampleByKey at .*sampleByKey\(fractions\): .*got \[1, "y"\]/);
    const numbers = sc.parallelize([3, 4]) as unknown as RDD<[number, number]>;
    await failure(numbers.sampleByKey(false, [[3, 1]]).collect(), 'HEDDLE_VALUE');
  });
});

describe('takeSample', () => {
  /** How often each outcome came, of a job for each seed. */
  async function outcomes(runs: number, run: (seed: number) => Promise<readonly number[]>): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < runs; seed += 40) {
      for (const rows of await Promise.all(Array.from({ length: 40 }, (_, i) => run(seed + i)))) {
        seen.set(rows.join(), (seen.get(rows.join()) ?? 0) + 1);
      }
    }
    return seen;
  }
  const equal = (seen: Map<string, number>, kinds: number, runs: number, what: string) => {
    assert.equal(seen.size, kinds, what);
    fits(chiSquare([...seen.values()], new Float64Array(kinds).fill(runs / kinds)), what);
  };

  test('without replacement every subset, in every order, is equally likely', async () => {
    const five = sc.range(0, 5, 1, 2);
    equal(await outcomes(800, seed => five.takeSample(false, 2, seed)), 20, 800, 'two of five');
  });

  test('with replacement every sequence is equally likely', async () => {
    const three = sc.range(0, 3, 1, 2);
    equal(await outcomes(800, seed => three.takeSample(true, 3, seed)), 27, 800, 'three of three');
  });

  test('gives exactly n, or all there are, none twice', async () => {
    const rows = sc.range(20_000);
    for (const n of [0, 1, 777, 19_999, 20_000, 30_000, 2 ** 40]) {
      const taken = await rows.takeSample(false, n, 1);
      assert.equal(taken.length, Math.min(n, 20_000));
      assert.equal(new Set(taken).size, taken.length);
    }
    assert.equal((await rows.takeSample(true, 50_000, 1)).length, 50_000);
    assert.deepEqual(await sc.emptyRDD().takeSample(true, 5), []);
    assert.deepEqual(await sc.emptyRDD().takeSample(false, 5), []);
  });

  test('is even over a long input, in its order too, with and without replacement', async () => {
    for (const withReplacement of [false, true]) {
      const taken = await sc.range(N).takeSample(withReplacement, 20_000, 'long');
      const bins = (rows: readonly number[]) => {
        const seen = new Float64Array(50);
        for (const row of rows) seen[Math.floor((row / N) * 50)]!++;
        return chiSquare(seen, new Float64Array(50).fill(rows.length / 50));
      };
      for (const [from, to] of [
        [0, 20_000],
        [0, 2000],
        [18_000, 20_000],
      ]) {
        const p = bins(taken.slice(from, to));
        assert.ok(p > LEAST_P && p < 1 - LEAST_P, `${withReplacement}, ${from} to ${to}: p = ${p}`);
      }
    }
    // Of 20,000 draws among 100,000 so many fall on a row that has come before, with a deviation of about 40.
    const again = 20_000 - new Set(await sc.range(N).takeSample(true, 20_000, 'long')).size;
    assert.ok(Math.abs(again - (20_000 - N * (1 - (1 - 1 / N) ** 20_000))) < 230, `${again} came again`);
  });

  test('takes what an action takes', async () => {
    const never = AbortSignal.abort();
    await failure(sc.range(10).takeSample(false, 2, undefined, { signal: never }), 'HEDDLE_CANCELLED');
    const throwing = sc.range(10).map((n): number => {
      throw new RangeError(`${n}`);
    });
    await failure(throwing.takeSample(false, 2), 'HEDDLE_TASK_FAILED');
  });
});

test('what makes no sense is refused at the call', async () => {
  const numbers = sc.range(10);
  const pairs = numbers.keyBy(n => n % 2);
  const loose = <R>(f: (...args: never[]) => R) => f as (...args: unknown[]) => R;
  const bad: [string, () => unknown][] = [
    ['sample(withReplacement)', () => loose(numbers.sample.bind(numbers))(0.5)],
    ['sample(fraction)', () => numbers.sample(false, -0.1)],
    ['sample(fraction)', () => numbers.sample(false, 1.1)],
    ['sample(fraction)', () => numbers.sample(true, Number.POSITIVE_INFINITY)],
    ['sample(fraction)', () => numbers.sample(false, Number.NaN)],
    ['seed', () => numbers.sample(false, 0.5, Number.NaN)],
    ['randomSplit(weights)', () => loose(numbers.randomSplit.bind(numbers))(0.5)],
    ['randomSplit(weights)', () => numbers.randomSplit([])],
    ['randomSplit(weights)', () => numbers.randomSplit([0, 0])],
    ['randomSplit(weights)', () => numbers.randomSplit([1, -1])],
    ['randomSplit(weights)', () => numbers.randomSplit([1e308, 1e308])],
    ['sampleByKey(fractions)', () => pairs.sampleByKey(false, [[0, 2]])],
    ['sampleByKey(fractions)', () => loose(pairs.sampleByKey.bind(pairs))(false, { 0: 0.5 })],
    ['sampleByKey(fractions)', () => loose(pairs.sampleByKey.bind(pairs))(false, [0.5])],
    ['sampleByKey(withReplacement)', () => loose(pairs.sampleByKey.bind(pairs))('no', [])],
  ];
  for (const [argument, call] of bad) {
    assert.throws(
      call,
      (error: { code?: string; data?: { argument?: string } }) => error.code === 'HEDDLE_BAD_ARGUMENT' && error.data!.argument === argument,
      argument,
    );
  }
  for (const [argument, call] of [
    ['takeSample(n)', () => numbers.takeSample(false, -1)],
    ['takeSample(n)', () => numbers.takeSample(false, 1.5)],
    ['takeSample(withReplacement)', () => loose(numbers.takeSample.bind(numbers))(3, 1)],
    ['seed', () => loose(numbers.takeSample.bind(numbers))(false, 1, {})],
  ] as const) {
    assert.equal((await failure(call() as Promise<unknown>, 'HEDDLE_BAD_ARGUMENT')).data.argument, argument);
  }
});

describe('bit for bit', () => {
  const settings = [
    { threads: 1, kernels: 'on' },
    { threads: 2, kernels: 'off' },
    { threads: 3, kernels: 'on' },
  ] as const;
  let contexts: Context[] = [];
  before(async () => {
    const { Context: Door } = await import('../../lib/index.js');
    contexts = await Promise.all(settings.map(setting => Door.create({ ...setting, memory: '64mb', progress: false, seed: 'same' })));
  });
  after(() => Promise.all(contexts.map(context => context.stop())));

  const n = 3003;
  const jobs: Record<string, (rdd: RDD<number>) => Promise<unknown>> = {
    'sample without replacement': rdd => rdd.sample(false, 0.2).collect(),
    'sample with replacement': rdd => rdd.sample(true, 1.2).collect(),
    'a sample of a sample': rdd => rdd.sample(true, 1.2).sample(false, 0.5).collect(),
    randomSplit: rdd => Promise.all(rdd.randomSplit([1, 2]).map(part => part.collect())),
    sampleByKey: rdd =>
      rdd
        .keyBy(x => Math.floor(x) % 2)
        .sampleByKey(false, [
          [0, 0.3],
          [1, 0.6],
        ])
        .collect(),
    'takeSample without replacement': rdd => rdd.takeSample(false, 50),
    'takeSample with replacement': rdd => rdd.takeSample(true, 50),
  };
  for (const [name, job] of Object.entries(jobs)) {
    test(`${name} is the same on 1 to 3 threads and in 1 to 7 partitions`, async () => {
      let first: unknown;
      for (const [i, context] of contexts.entries()) {
        for (let partitions = 1; partitions <= 7; partitions++) {
          const given = await Promise.all([
            job(
              context.parallelize(
                Array.from({ length: n }, (_, k) => k),
                partitions,
              ),
            ),
            job(context.trials(n, rng => rng.uniform() * 9, { partitions })),
          ]);
          first ??= given;
          assert.deepStrictEqual(given, first, `${JSON.stringify(settings[i])}, ${partitions} partitions`);
        }
      }
    });
  }
});
