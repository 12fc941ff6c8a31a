import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { HeddleError } from '../../../lib/core/errors.js';
import type { Rng } from '../../../lib/task/rng/rng.js';
import { seedState } from '../../../lib/task/rng/seed.js';
import { SOBOL_DIMENSIONS, Sobol, sobolWord } from '../../../lib/task/rng/sobol.js';
import { assertFits, correlationScore, kolmogorovSmirnov } from './goodness.js';
import { started } from './heap.js';

function points(seed: string, n: number, dimensions: number, operator = 0): number[][] {
  const sobol = new Sobol();
  sobol.start(seedState(seed), operator);
  return Array.from({ length: n }, (_, i) => sobol.point(i, 0, dimensions));
}

describe('the sequence of Joe and Kuo', () => {
  test('begins with the points that their own program prints', () => {
    const expected = [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.25, 0.75, 0.75, 0.25, 0.75],
      [0.25, 0.75, 0.75, 0.75, 0.25, 0.25, 0.75, 0.25],
      [0.375, 0.375, 0.625, 0.875, 0.375, 0.125, 0.375, 0.875],
      [0.875, 0.875, 0.125, 0.375, 0.875, 0.625, 0.875, 0.375],
      [0.625, 0.125, 0.875, 0.625, 0.625, 0.875, 0.125, 0.125],
      [0.125, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.625],
      [0.1875, 0.3125, 0.9375, 0.4375, 0.5625, 0.3125, 0.4375, 0.9375],
      [0.6875, 0.8125, 0.4375, 0.9375, 0.0625, 0.8125, 0.9375, 0.4375],
    ];
    assert.deepEqual(
      expected.map((row, i) => row.map((_, dimension) => sobolWord(i, dimension) / 2 ** 32)),
      expected,
    );
  });

  test('has all 256 dimensions of the published table', () => {
    assert.equal(SOBOL_DIMENSIONS, 256);
    // Of the first 1024 points, as another implementation reads the whole table (scipy.stats.qmc, 32 bits, not scrambled).
    const words = Uint32Array.from({ length: 1024 * 256 }, (_, k) => sobolWord(k >> 8, k & 255));
    assert.equal(
      createHash('sha256').update(new Uint8Array(words.buffer)).digest('hex'),
      '396a6784edbd91f22de739d7c16c575a854a1f20d26f37d3f606d31abc74dc12',
    );
    assert.equal(sobolWord(2 ** 32 - 1, 0), 1, "the last point of all: Gray's code of all ones is the highest bit alone");
  });
});

describe('scrambled points', () => {
  test('of 2^m points each dimension has one in each cell, wherever the 2^m begin', () => {
    const all = points('cells', 1024, 256);
    for (const [from, n] of [
      [0, 1024],
      [0, 256],
      [512, 512],
      [768, 64],
    ] as const) {
      for (let dimension = 0; dimension < 256; dimension++) {
        const cells = new Set(all.slice(from, from + n).map(point => Math.floor(point[dimension]! * n)));
        assert.equal(cells.size, n, `dimension ${dimension}, ${n} from ${from}`);
      }
    }
  });

  test('the first two dimensions have one of 2^m points in each box of that area, of any shape', () => {
    const all = points('boxes', 256, 2);
    for (let wide = 0; wide <= 8; wide++) {
      const boxes = new Set(all.map(([x, y]) => `${Math.floor(x! * 2 ** wide)} ${Math.floor(y! * 2 ** (8 - wide))}`));
      assert.equal(boxes.size, 256, `${2 ** wide} columns`);
    }
  });

  test('lie strictly between 0 and 1, and are the same in whatever order they are asked for', () => {
    const inOrder = points('order', 300, 5);
    assert.ok(inOrder.flat().every(x => x > 0 && x < 1));
    const sobol = new Sobol();
    sobol.start(seedState('order'), 0);
    for (const i of [299, 7, 8, 9, 150, 0, 1, 299, 298]) {
      assert.deepEqual(sobol.point(i, 3, 2), inOrder[i]!.slice(3));
      assert.deepEqual(sobol.point(i, 0, 4), inOrder[i]!.slice(0, 4));
    }
    sobol.start(seedState('another'), 0);
    assert.notDeepEqual(sobol.point(9, 0, 5), inOrder[9]);
    sobol.start(seedState('order'), 0);
    assert.deepEqual(sobol.point(9, 0, 5), inOrder[9]);
    assert.notDeepEqual(points('order', 1, 5, 1)[0], inOrder[0]);
  });

  test('each one alone is uniform, and its dimensions are unrelated, over seeds', () => {
    const n = 20_000;
    for (const index of [0, 5]) {
      const sobol = new Sobol();
      const drawn = Array.from({ length: n }, (_, i) => {
        sobol.start(seedState(i), 3);
        return sobol.point(index, 0, 3);
      });
      const columns = [0, 1, 2].map(dimension => Float64Array.from(drawn, point => point[dimension]!));
      for (const column of columns) {
        assertFits(
          kolmogorovSmirnov(column, x => x),
          `point ${index}`,
        );
      }
      for (const [a, b] of [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const) {
        const score = correlationScore(columns[a]!, columns[b]!, 0);
        assert.ok(Math.abs(score) < 5, `dimensions ${a} and ${b}: ${score}`);
      }
    }
  });

  /** Warnock's formula for the square of the L2 star discrepancy. */
  function discrepancy(all: readonly (readonly number[])[]): number {
    const [n, d] = [all.length, all[0]!.length];
    const product = (f: (k: number) => number) => Array.from({ length: d }, (_, k) => f(k)).reduce((a, b) => a * b, 1);
    let single = 0;
    let double = 0;
    for (const x of all) {
      single += product(k => (1 - x[k]! ** 2) / 2);
      for (const y of all) double += product(k => 1 - Math.max(x[k]!, y[k]!));
    }
    return 3 ** -d - (2 / n) * single + double / n ** 2;
  }

  test('are far more even than random ones', () => {
    for (const [n, d, times] of [
      [512, 2, 50],
      [512, 5, 8],
    ] as const) {
      // What random points have on average: (2^-d - 3^-d) / n.
      const random = (2 ** -d - 3 ** -d) / n;
      const own = discrepancy(points('discrepancy', n, d));
      assert.ok(own < random / times, `${n} points in ${d} dimensions: ${own}, random ones ${random}`);
    }
  });

  test('integrate smooth functions far better than random ones', () => {
    for (const [d, n] of [
      [4, 4096],
      [20, 16_384],
      [100, 16_384],
    ] as const) {
      // The mean is 1, the variance below that of its product: (1 + 1 / (12 d))^d - 1, some 0.083.
      const f = (point: readonly number[]) => point.reduce((product, x) => product * (1 + (x - 0.5) / Math.sqrt(d)), 1);
      const errors = [1, 2, 3].map(seed => {
        const sum = points(`integral ${seed}`, n, d).reduce((total, point) => total + f(point), 0);
        return Math.abs(sum / n - 1);
      });
      const random = Math.sqrt(0.083 / n);
      assert.ok(Math.max(...errors) < random / 8, `${d} dimensions: ${errors}, random ones ${random}`);
    }
  });
});

describe('rng.sobol', () => {
  const at = (rng: Rng, trial: number) => {
    rng.trial = trial;
    return rng;
  };

  test('goes on with further dimensions in a trial, and begins anew in the next, whatever the block', () => {
    const rng = at(started('dims', 2, 5), 7);
    const first = [...rng.sobol(2), ...rng.sobol(1), ...rng.sobol(3)];
    assert.deepEqual(first, points('dims', 8, 6, 2)[7]);
    assert.deepEqual(at(rng, 8).sobol(3), points('dims', 9, 3, 2)[8]);
    assert.deepEqual(at(started('dims', 2, 99), 8).sobol(3), points('dims', 9, 3, 2)[8]);
  });

  test('draws nothing from the stream of random numbers', () => {
    const [a, b] = [at(started('apart'), 0), started('apart')];
    a.sobol(5);
    assert.equal(a.uniform(), b.uniform());
  });

  test('refuses too many dimensions, trials without end, and what is no trial', () => {
    const rng = at(started('bad'), 0);
    for (const dimensions of [0, -1, 1.5, Number.NaN, 257]) {
      assert.throws(
        () => rng.sobol(dimensions),
        (error: unknown) => error instanceof HeddleError && error.code === 'HEDDLE_BAD_ARGUMENT' && error.data.argument === 'dimensions',
      );
    }
    assert.equal(rng.sobol(256).length, 256);
    assert.throws(() => rng.sobol(1), /no more than 256 a trial in all/);
    assert.equal(at(rng, 2 ** 32 - 1).sobol(1).length, 1);
    assert.throws(() => at(rng, 2 ** 32).sobol(1), /below 2\^32/);
    assert.throws(() => started('bad').sobol(1), /works in trials only/);
  });
});
