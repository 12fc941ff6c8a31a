import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rng } from '../../../lib/task/rng/rng.js';
import { assertFits, chiSquare, chiSquareCounts, gammaCdf, kolmogorovSmirnov, logGamma, normalCdf } from './goodness.js';
import { draw, started } from './heap.js';

const N = 200_000;

describe('continuous distributions (Kolmogorov-Smirnov)', () => {
  const cases: [string, (rng: Rng) => number, (x: number) => number][] = [
    ['uniform', rng => rng.uniform(), x => x],
    ['normal', rng => rng.normal(), normalCdf],
    ['normal of mean -3 and deviation 0.5', rng => rng.normal(-3, 0.5), x => normalCdf((x + 3) / 0.5)],
    ['exponential', rng => rng.exponential(), x => 1 - Math.exp(-x)],
    ['exponential of rate 7', rng => rng.exponential(7), x => 1 - Math.exp(-7 * x)],
    ...[0.1, 0.5, 1, 2.5, 30, 1000].map(
      shape =>
        [`gamma of shape ${shape} and scale 2`, (rng: Rng) => rng.gamma(shape, 2), (x: number) => gammaCdf(shape, x / 2)] as [
          string,
          (rng: Rng) => number,
          (x: number) => number,
        ],
    ),
  ];
  for (const [name, next, cdf] of cases) {
    test(name, () => {
      const rng = started(name);
      assertFits(
        kolmogorovSmirnov(
          draw(N, () => next(rng)),
          cdf,
        ),
        name,
      );
    });
  }

  test('the far tails have their share', () => {
    const rng = started('tails');
    // Beyond where the ziggurats end: 2.58e-4 of normals (both sides), 4.54e-4 of exponentials.
    const shares = [2 * (1 - normalCdf(3.654152885361009)), Math.exp(-7.69711747013105)];
    const n = 2_000_000;
    let normal = 0;
    let exponential = 0;
    for (let i = 0; i < n; i++) {
      if (Math.abs(rng.normal()) > 3.654152885361009) normal++;
      if (rng.exponential() > 7.69711747013105) exponential++;
    }
    for (const [seen, share] of [
      [normal, shares[0]!],
      [exponential, shares[1]!],
    ] as const) {
      assertFits(chiSquare([seen, n - seen], [share * n, (1 - share) * n]), `tail of ${share}`);
    }
    const beyond = (least: number, next: () => number) => draw(4_000_000, next).filter(x => x > least);
    assertFits(
      kolmogorovSmirnov(
        beyond(3.654152885361009, () => rng.normal()),
        x => 1 - (1 - normalCdf(x)) / (1 - normalCdf(3.654152885361009)),
      ),
      'shape of the normal tail',
    );
  });

  test('the test itself rejects a deviation of 1.03 and a mean of 0.02', () => {
    const rng = started('power');
    assert.ok(
      kolmogorovSmirnov(
        draw(N, () => rng.normal(0, 1.03)),
        normalCdf,
      ) < 1e-4,
    );
    assert.ok(
      kolmogorovSmirnov(
        draw(N, () => rng.normal(0.02)),
        normalCdf,
      ) < 1e-4,
    );
  });
});

describe('counts (chi-square)', () => {
  const poisson = (lambda: number) => (k: number) => Math.exp(k * Math.log(lambda) - lambda - logGamma(k + 1));
  for (const lambda of [0.01, 0.5, 5, 9.99, 10, 10.5, 30, 1000, 12_345.6]) {
    test(`poisson of mean ${lambda}`, () => {
      const rng = started(`poisson ${lambda}`);
      const sample = draw(N, () => rng.poisson(lambda));
      assertFits(chiSquareCounts(sample, Math.ceil(lambda + 12 * Math.sqrt(lambda) + 20), poisson(lambda)), `poisson ${lambda}`);
    });
  }

  const binomial = (n: number, p: number) => (k: number) =>
    Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p));
  for (const [n, p] of [
    [1, 0.3],
    [10, 0.5],
    [20, 0.9],
    [25, 0.4],
    [100, 0.01],
    [1000, 0.3],
    [1000, 0.97],
    [100_000, 0.5],
  ] as const) {
    test(`binomial of ${n} with ${p}`, () => {
      const rng = started(`binomial ${n} ${p}`);
      const sample = draw(N, () => rng.binomial(n, p));
      assertFits(chiSquareCounts(sample, n, binomial(n, p)), `binomial ${n} ${p}`);
    });
  }

  test('great means follow the normal law, with which they agree to the last digit that the sample shows', () => {
    const rng = started('great');
    const cases: [string, () => number, number, number][] = [
      ['poisson', () => rng.poisson(1e15), 1e15, Math.sqrt(1e15)],
      ['binomial', () => rng.binomial(2 ** 53 - 1, 0.25), (2 ** 53 - 1) / 4, Math.sqrt((2 ** 53 - 1) * 0.1875)],
      ['binomial', () => rng.binomial(1e12, 0.5), 5e11, 5e5],
    ];
    for (const [name, next, mean, sd] of cases) {
      assertFits(
        kolmogorovSmirnov(draw(N, next), x => normalCdf((x - mean) / sd)),
        name,
      );
    }
  });

  test('certain and impossible events', () => {
    const rng = started('edges');
    for (let i = 0; i < 1000; i++) {
      assert.equal(rng.poisson(0), 0);
      assert.equal(rng.binomial(0, 0.5), 0);
      assert.equal(rng.binomial(1000, 0), 0);
      assert.equal(rng.binomial(1000, 1), 1000);
      assert.equal(rng.bernoulli(0), false);
      assert.equal(rng.bernoulli(1), true);
      assert.equal(rng.normal(5, 0), 5);
    }
  });

  test('bernoulli', () => {
    const rng = started('bernoulli');
    for (const p of [0.001, 0.3, 0.5, 0.99]) {
      let seen = 0;
      for (let i = 0; i < N; i++) if (rng.bernoulli(p)) seen++;
      assertFits(chiSquare([seen, N - seen], [N * p, N * (1 - p)]), `bernoulli ${p}`);
    }
  });

  test('the test itself rejects a mean that is 0.5 % off', () => {
    const rng = started('power');
    assert.ok(
      chiSquareCounts(
        draw(N, () => rng.poisson(5.025)),
        60,
        poisson(5),
      ) < 1e-4,
    );
  });
});

describe('integers', () => {
  for (const n of [1, 2, 3, 6, 7, 10, 52, 255, 256, 257, 1000]) {
    test(`int(${n}) is uniform`, () => {
      const rng = started(`int ${n}`);
      const sample = draw(N, () => rng.int(n));
      if (n === 1) assert.ok(sample.every(x => x === 0));
      else
        assertFits(
          chiSquareCounts(sample, n - 1, () => 1 / n),
          `int ${n}`,
        );
    });
  }

  // A remainder or a product would favour some integers here, by up to a factor of two.
  for (const n of [2 ** 31, 2 ** 32 + 1, 3 * 2 ** 50, 2 ** 51 + 1, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, 3 * 2 ** 51, 2 ** 53 - 1]) {
    test(`int(${n}) is uniform, in its upper part and in its remainder by 3`, () => {
      const rng = started(`int ${n}`);
      const sample = draw(N, () => rng.int(n));
      assert.ok(sample.every(x => Number.isSafeInteger(x) && x >= 0 && x < n));
      const parts = sample.map(x => Math.min(99, Math.floor((x / n) * 100)));
      assertFits(
        chiSquareCounts(parts, 99, () => 0.01),
        `int ${n}`,
      );
      const remainders = sample.map(x => x % 3);
      assertFits(
        chiSquareCounts(remainders, 2, () => 1 / 3),
        `int ${n} by 3`,
      );
    });
  }

  test('int(lo, hi) has lo and not hi', () => {
    const rng = started('range');
    const sample = draw(N, () => rng.int(-3, 4));
    assertFits(
      chiSquareCounts(
        sample.map(x => x + 3),
        6,
        () => 1 / 7,
      ),
      'int(-3, 4)',
    );
    const top = Number.MAX_SAFE_INTEGER;
    assert.deepEqual(new Set(draw(100, () => rng.int(top - 2, top))), new Set([top - 2, top - 1]));
  });
});

describe('arrays', () => {
  test('pick takes every item equally often', () => {
    const rng = started('pick');
    const items = ['a', 'b', 'c', 'd', 'e'];
    const seen = draw(N, () => items.indexOf(rng.pick(items)));
    assertFits(
      chiSquareCounts(seen, 4, () => 0.2),
      'pick',
    );
  });

  test('shuffle gives each of the 120 orders of five equally often', () => {
    const rng = started('shuffle');
    const orders = new Map<string, number>();
    for (let i = 0; i < N; i++) {
      const order = rng.shuffle([1, 2, 3, 4, 5]).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    assert.equal(orders.size, 120);
    assertFits(chiSquare([...orders.values()], new Float64Array(120).fill(N / 120)), 'shuffle');
  });

  test('shuffle works in place, on typed arrays too, and keeps the items', () => {
    const rng = started('in place');
    const array = Array.from({ length: 1000 }, (_, i) => i);
    assert.equal(rng.shuffle(array), array);
    assert.notDeepEqual(
      array.slice(0, 10),
      Array.from({ length: 10 }, (_, i) => i),
    );
    const typed = Float64Array.from(array);
    assert.equal(rng.shuffle(typed), typed);
    assert.deepEqual(
      [...typed.sort()],
      [...array].sort((a, b) => a - b),
    );
    assert.deepEqual(rng.shuffle([]), []);
  });
});
