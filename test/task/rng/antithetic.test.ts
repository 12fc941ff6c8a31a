import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AntitheticRng } from '../../../lib/task/rng/antithetic.js';
import { DrawSource, type Rng } from '../../../lib/task/rng/rng.js';
import { seedState } from '../../../lib/task/rng/seed.js';
import { assertFits, chiSquareCounts, gammaCdf, kolmogorovSmirnov, logGamma, normalCdf } from './goodness.js';
import { kernel, memory } from './heap.js';

const N = 100_000;

function antithetic(seed: string): AntitheticRng {
  const source = new DrawSource({ buffer: memory.buffer, address: 460_000 - (460_000 % 16), fill: kernel });
  source.start(seedState(seed), 0, 0);
  return new AntitheticRng(source);
}

/** What the first runs and the second runs of n trials give. */
function runs(seed: string, trial: (rng: Rng) => number, n = N): [Float64Array, Float64Array] {
  const rng = antithetic(seed);
  const sides: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) {
    let side = 0;
    rng.pair(r => {
      const value = trial(r);
      sides[side++]!.push(value);
      return value;
    }, i);
  }
  return [Float64Array.from(sides[0]), Float64Array.from(sides[1])];
}

function correlation([a, b]: readonly [Float64Array, Float64Array]): number {
  const n = a.length;
  const [ma, mb] = [a, b].map(side => side.reduce((sum, x) => sum + x, 0) / n) as [number, number];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
    ab += (a[i]! - ma) * (b[i]! - mb);
  }
  return ab / Math.sqrt(aa * bb);
}

describe('antithetic numbers', () => {
  test('are mirror images: of a uniform number 1 less it, of a normal one its negative', () => {
    const uniform = runs('uniform', rng => rng.uniform());
    assert.ok(uniform[0].every((u, i) => u + uniform[1][i]! === 1 - 2 ** -52));
    assert.ok(uniform[1].every(u => u >= 0 && u < 1));
    const normal = runs('normal', rng => rng.normal());
    assert.ok(normal[0].every((z, i) => z === -normal[1][i]!));
    const shifted = runs('normal', rng => rng.normal(10, 2));
    assert.ok(shifted[0].every((z, i) => Math.abs(z + shifted[1][i]! - 20) < 1e-12));
    // The best that two exponential numbers can do is 1 - pi^2 / 6.
    assert.ok(Math.abs(correlation(runs('exponential', rng => rng.exponential())) - (1 - Math.PI ** 2 / 6)) < 0.02);
    assert.ok(correlation(runs('int', rng => rng.int(10))) < -0.999);
    assert.ok(correlation(runs('bernoulli', rng => (rng.bernoulli(0.5) ? 1 : 0))) < -0.999);
  });

  const poisson = (k: number) => Math.exp(k * Math.log(3) - 3 - logGamma(k + 1));
  const continuous: [string, (rng: Rng) => number, (x: number) => number][] = [
    ['uniform', rng => rng.uniform(), x => x],
    ['normal', rng => rng.normal(), normalCdf],
    ['exponential', rng => rng.exponential(2), x => 1 - Math.exp(-2 * x)],
    ['gamma', rng => rng.gamma(2.5), x => gammaCdf(2.5, x)],
    [
      'a normal after a uniform number of others',
      rng => {
        for (let k = rng.int(4); k > 0; k--) rng.exponential();
        return rng.normal();
      },
      normalCdf,
    ],
    [
      'a uniform one after a walk',
      rng => {
        for (let x = 0; x < 1; ) x += rng.uniform();
        return rng.uniform();
      },
      x => x,
    ],
  ];
  for (const [name, trial, cdf] of continuous) {
    test(`${name}: both runs have the right distribution`, () => {
      for (const side of runs(name, trial)) assertFits(kolmogorovSmirnov(side, cdf), name);
    });
  }

  test('counts and choices: both runs have the right distribution', () => {
    for (const side of runs('poisson', rng => rng.poisson(3))) assertFits(chiSquareCounts(side, 40, poisson), 'poisson');
    for (const side of runs('pick', rng => rng.pick([0, 1, 2, 3])))
      assertFits(
        chiSquareCounts(side, 3, () => 0.25),
        'pick',
      );
    const binomial = (k: number) =>
      Math.exp(logGamma(11) - logGamma(k + 1) - logGamma(11 - k) + k * Math.log(0.3) + (10 - k) * Math.log(0.7));
    for (const side of runs('binomial', rng => rng.binomial(10, 0.3))) assertFits(chiSquareCounts(side, 10, binomial), 'binomial');
  });

  test('trials are independent of each other, also when one draws more than its mirror image', () => {
    const [a, b] = runs('apart', rng => {
      let n = 0;
      while (rng.uniform() < 0.7) n++;
      return n;
    });
    const means = a.map((x, i) => (x + b[i]!) / 2);
    assert.ok(Math.abs(correlation([means.subarray(1), means.subarray(0, -1)])) < 5 / Math.sqrt(N));
  });

  test('a pair is the mean of both, of arrays one by one; anything else is refused', () => {
    const rng = antithetic('means');
    assert.equal(
      rng.pair(r => r.normal(), 0),
      0,
    );
    assert.deepEqual(
      rng.pair(r => [r.normal(), 5], 1),
      [0, 5],
    );
    assert.deepEqual(
      rng.pair((_, i) => Float64Array.of(i), 7),
      [7],
    );
    assert.deepEqual(
      rng.pair(r => r.sobol(2), 3),
      [0.5, 0.5],
    );
    for (const value of ['a', null, undefined, { x: 1 }, ['a'], 1n])
      assert.throws(() => rng.pair(() => value, 0), /antithetic trials need numbers/);
    let length = 0;
    assert.throws(() => rng.pair(() => new Array(++length).fill(0), 0), /antithetic trials need numbers/);
    assert.throws(() => rng.exponential(0), /rate: expected/);
  });
});
