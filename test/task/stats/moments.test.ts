import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Moments, statistics } from '../../../lib/task/stats/moments.js';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 200 });

function twoPasses(values: number[]): { mean: number; m2: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, m2: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) };
}

function assertClose(actual: number, expected: number, scale: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-11 * Math.max(1, scale), `${actual}, expected ${expected}`);
}

describe('Moments', () => {
  test('of parts merged are those of the whole', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 6 }), parts => {
        const merged = parts.map(part => Moments.of(part)).reduce((a, b) => a.merge(b), new Moments());
        const whole = parts.flat();
        assert.equal(merged.count, whole.length);
        assert.equal(
          merged.min,
          whole.reduce((a, b) => Math.min(a, b), Infinity),
        );
        assert.equal(
          merged.max,
          whole.reduce((a, b) => Math.max(a, b), -Infinity),
        );
        if (whole.length === 0) return;
        const { mean, m2 } = twoPasses(whole);
        const scale = whole.reduce((sum, x) => sum + Math.abs(x), 0);
        assertClose(merged.sum, mean * whole.length, scale);
        assertClose(merged.mean, mean, scale);
        assertClose(
          merged.m2,
          m2,
          whole.reduce((sum, x) => sum + x * x, 0),
        );
      }),
    );
  });

  test('keep the sum that a loop gives', () => {
    fc.assert(
      fc.property(numbers, values => {
        let sum = 0;
        for (const value of values) sum += value;
        assert.equal(Moments.of(values).sum, sum);
      }),
    );
  });

  test('keep small differences of great numbers', () => {
    const a = Moments.of([1e9 + 4, 1e9 + 7]);
    const b = Moments.of([1e9 + 13, 1e9 + 16]);
    assert.equal(statistics(a.merge(b)).sampleVariance, 30);
  });

  test('merged with none are unchanged, either way round, to the bit', () => {
    const moments = Moments.of([0.1, 0.2, -0, 3e-320]);
    assert.deepEqual(Moments.of([0.1, 0.2, -0, 3e-320]).merge(new Moments()), moments);
    assert.deepEqual(new Moments().merge(moments), moments);
  });

  test('go through structured clone and merge as plain data, which they leave alone', () => {
    const sent = structuredClone(Moments.of([1, 2, 3]).toRecord());
    const copy = Moments.from(sent);
    copy.add(4);
    assert.equal(copy.merge(sent).count, 7);
    assert.deepEqual(sent, { count: 3, sum: 6, mean: 2, m2: 2, min: 1, max: 3 });
  });
});

describe('statistics', () => {
  test('of some numbers', () => {
    assert.deepEqual(statistics(Moments.of([2, 4, 4, 4, 5, 5, 7, 9])), {
      count: 8,
      sum: 40,
      mean: 5,
      variance: 4,
      sampleVariance: 32 / 7,
      stdev: 2,
      sampleStdev: Math.sqrt(32 / 7),
      min: 2,
      max: 9,
    });
  });

  test('of no number and of one', () => {
    const none = { mean: NaN, variance: NaN, sampleVariance: NaN, stdev: NaN, sampleStdev: NaN };
    assert.deepEqual(statistics(new Moments()), { ...none, count: 0, sum: 0, min: Infinity, max: -Infinity });
    const one = { count: 1, sum: 7, mean: 7, variance: 0, stdev: 0, min: 7, max: 7 };
    assert.deepEqual(statistics(Moments.of([7])), { ...one, sampleVariance: NaN, sampleStdev: NaN });
  });

  test('of infinities and of what is not a number', () => {
    const up = statistics(Moments.of([1, Infinity, 2, Infinity]));
    assert.equal(up.mean, Infinity);
    assert.equal(up.max, Infinity);
    assert.equal(up.min, 1);
    assert.ok(Number.isNaN(up.variance));
    assert.ok(Number.isNaN(statistics(Moments.of([Infinity, -Infinity])).mean));
    const spoiled = statistics(Moments.of([1, NaN, 2]).merge(Moments.of([3])));
    assert.equal(spoiled.count, 4);
    for (const key of ['sum', 'mean', 'variance', 'min', 'max'] as const) assert.ok(Number.isNaN(spoiled[key]), key);
  });

  test('the mean of numbers whose sum overflows', () => {
    assert.equal(statistics(Moments.of([1e308, 1e308, 1e308])).mean, 1e308);
  });
});
