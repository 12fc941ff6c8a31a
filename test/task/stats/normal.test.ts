import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normalQuantile, studentSpan } from '../../../lib/task/stats/normal.js';
import { normalCdf } from '../rng/goodness.js';

const near = (a: number, b: number, digits: number) => assert.ok(Math.abs(a - b) <= Math.abs(b) * 10 ** -digits, `${a} is not ${b}`);

describe('normal quantiles', () => {
  test('have their known values, in the centre, beside it and far out', () => {
    // Wichura's own checks, and the quantiles that every table has.
    for (const [p, x] of [
      [0.25, -0.6744897501960817],
      [0.001, -3.090232306167814],
      [1e-20, -9.262340089798409],
      [0.975, 1.959963984540054],
      [0.995, 2.5758293035489004],
      [0.8413447460685429, 1],
    ] as const) {
      near(normalQuantile(p), x, 14);
    }
    assert.equal(normalQuantile(0.5), 0);
    assert.deepEqual([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
  });

  test('undo the distribution function, symmetrically', () => {
    for (let p = 0.0005; p < 1; p += 0.0005) {
      assert.ok(Math.abs(normalCdf(normalQuantile(p)) - p) < 1e-12, `${p}`);
      assert.ok(Math.abs(normalQuantile(p) + normalQuantile(1 - p)) < 1e-11, `${p}`);
    }
  });

  test('of what is no probability are refused', () => {
    for (const p of [-0.1, 1.1, Number.NaN]) assert.throws(() => normalQuantile(p), /normalQuantile\(p\): expected/);
  });
});

describe("Student's t", () => {
  // Two-sided, from tables.
  const table: [freedom: number, at90: number, at95: number, at99: number][] = [
    [1, 6.313752, 12.706205, 63.656741],
    [2, 2.919986, 4.302653, 9.924843],
    [3, 2.353363, 3.182446, 5.840909],
    [5, 2.015048, 2.570582, 4.032143],
    [10, 1.812461, 2.228139, 3.169273],
    [30, 1.697261, 2.042272, 2.749996],
    [120, 1.657651, 1.97993, 2.617421],
    [1000, 1.646379, 1.962339, 2.580755],
  ];
  for (const [freedom, ...expected] of table) {
    test(`of ${freedom} degrees of freedom has the values of the tables`, () => {
      for (const [i, probability] of [0.9, 0.95, 0.99].entries())
        near(studentSpan(probability, freedom), expected[i]!, freedom < 5 ? 3 : 5);
    });
  }
  test('goes over into the normal', () => near(studentSpan(0.95, 1e9), 1.959963984540054, 8));
});
