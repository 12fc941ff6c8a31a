// The estimate of a total from some partitions: how often its interval holds the truth, over seeded runs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Rng } from '../../../lib/task/rng/rng.js';
import { standaloneRng } from '../../../lib/task/rng/standalone.js';
import { Moments } from '../../../lib/task/stats/moments.js';
import { estimateTotal } from '../../../lib/task/stats/total.js';

/** Runs of the promise: two standard errors of a share of these is how far the coverage may be off. */
const RUNS = 1000;
const twoErrors = (confidence: number) => 2 * Math.sqrt((confidence * (1 - confidence)) / RUNS);

const CONFIDENCES = [0.8, 0.95, 0.99] as const;

/** Of how many partitions how many have answered. */
type Shape = readonly [partitions: number, answered: number];

/** For each confidence, the share (kinds of counts that are put together need streams of their own) of runs whose interval holds the sum of all partitions' counts. */
function coverage(draw: (rng: Rng) => number, [partitions, k]: Shape, runs: number, stream = 0): number[] {
  const held = CONFIDENCES.map(() => 0);
  for (let run = 0; run < runs; run++) {
    const rng = standaloneRng(run, partitions * 1000 + k, stream);
    const counts = Array.from({ length: partitions }, () => Math.max(0, Math.round(draw(rng))));
    const truth = counts.reduce((sum, count) => sum + count, 0);
    const answered = Moments.of(rng.shuffle(counts).slice(0, k));
    for (const [i, confidence] of CONFIDENCES.entries()) {
      const { low, high, final } = estimateTotal(answered, partitions, confidence);
      assert.equal(final, false);
      if (low <= truth && truth <= high) held[i]!++;
    }
  }
  return held.map(n => n / runs);
}

const sizes: Readonly<Record<string, readonly [draw: (rng: Rng) => number, ...shapes: Shape[]]>> = {
  normal: [rng => rng.normal(10_000, 1000), [8, 2], [8, 4], [8, 7], [16, 3], [64, 5], [200, 40], [200, 100]],
  'as rows fall on partitions by a hash': [rng => rng.poisson(1000), [8, 4], [16, 8], [64, 5], [64, 16], [200, 40]],
  'of few rows that fall by chance': [rng => rng.poisson(5), [16, 8], [64, 16], [200, 40]],
  'anything up to a most': [rng => rng.int(20_001), [16, 8], [64, 16], [200, 40], [200, 100]],
  'all or nothing': [rng => (rng.bernoulli(0.5) ? 1000 : 0), [64, 16], [200, 40]],
  'skewed, as gamma': [rng => rng.gamma(4) * 1000, [200, 40], [200, 100]],
};

describe('an interval of a total', () => {
  test(`holds it as often as promised in ${RUNS} seeded runs over all kinds of counts`, () => {
    const kinds = Object.values(sizes).flatMap(([draw, ...shapes]) => shapes.map(shape => ({ draw, shape })));
    const runs = Math.ceil(RUNS / kinds.length);
    const shares = kinds.map(({ draw, shape }, stream) => coverage(draw, shape, runs, stream));
    for (const [i, confidence] of CONFIDENCES.entries()) {
      const share = shares.reduce((sum, each) => sum + each[i]!, 0) / kinds.length;
      const what = `seeds 0 to ${runs - 1} of ${kinds.length} kinds: ${share}, promised ${confidence}`;
      assert.ok(Math.abs(share - confidence) <= twoErrors(confidence), what);
    }
  });

  // Of so many thousands of runs, one in twenty would be off by more if each thousand were asked; all of them together are not.
  const THOUSANDS = 5;
  for (const [kind, [draw, ...shapes]] of Object.entries(sizes)) {
    test(`holds it as often as promised where counts are ${kind}, in ${THOUSANDS} times ${RUNS} runs`, () => {
      for (const shape of shapes) {
        const shares = coverage(draw, shape, THOUSANDS * RUNS);
        for (const [i, confidence] of CONFIDENCES.entries()) {
          const what = `${shape[1]} of ${shape[0]} partitions: ${shares[i]}, promised ${confidence} within ${twoErrors(confidence)}`;
          assert.ok(Math.abs(shares[i]! - confidence) <= twoErrors(confidence), what);
        }
      }
    });
  }

  test('holds it less often where counts are very skewed, and not by much once a good part has answered', () => {
    const draw = (rng: Rng) => rng.exponential() * 1000;
    const [few, many] = [coverage(draw, [64, 16], THOUSANDS * RUNS)[1]!, coverage(draw, [200, 100], THOUSANDS * RUNS)[1]!];
    assert.ok(few > 0.9, `16 of 64: ${few}`);
    assert.ok(many > 0.95 - twoErrors(0.95), `100 of 200: ${many}`);
  });

  test('where all counts are equal allows for rows that fell by chance', () => {
    // The exact Poisson limits of a rate of which 0 was seen, 3.69 / k, are a little less.
    const { mean, low, high } = estimateTotal(Moments.of([0, 0, 0, 0]), 40, 0.95);
    assert.deepEqual([mean, low], [0, 0]);
    assert.ok(Math.abs(high - 9 * 1.96 ** 2) < 0.01, String(high));
    const thousands = estimateTotal(Moments.of([1000, 1000]), 4, 0.95);
    assert.equal(thousands.mean, 4000);
    assert.ok(Math.abs(thousands.high - 4000 - 1.96 * Math.sqrt(4000)) < 3 && Math.abs(thousands.low - 4000 + 1.96 * Math.sqrt(4000)) < 3);
    const seldom = coverage(rng => rng.poisson(0.02), [200, 40], RUNS)[1]!;
    assert.ok(seldom >= 0.95 - twoErrors(0.95), `rare rows: ${seldom}`);
  });

  test('holds what was counted, is final with the last partition, and knows nothing before the second', () => {
    const counts = fc.array(fc.nat({ max: 1000 }), { maxLength: 20 });
    fc.assert(
      fc.property(counts, fc.nat({ max: 5 }), (some, more) => {
        const sum = some.reduce((a, b) => a + b, 0);
        const { mean, low, high, final, confidence } = estimateTotal(Moments.of(some), some.length + more, 0.9);
        assert.equal(final, more === 0);
        if (final) assert.deepEqual([mean, low, high, confidence], [sum, sum, sum, 1]);
        else {
          assert.ok(low >= sum && high >= low && confidence === 0.9);
          if (some.length === 0) assert.deepEqual([mean, low, high], [Number.NaN, 0, Infinity]);
          else assert.ok(low <= mean + 1e-6 && mean <= high + 1e-6, `${low} ${mean} ${high}`);
          assert.equal(high === Infinity, some.length < 2);
        }
      }),
    );
  });

  test('is narrower for more partitions, and wider for more confidence', () => {
    const width = (k: number, confidence: number) => {
      const counts = Array.from({ length: k }, (_, i) => 100 + (i % 2));
      const { low, high } = estimateTotal(Moments.of(counts), 100, confidence);
      return high - low;
    };
    assert.ok(width(50, 0.95) < width(10, 0.95) && width(10, 0.95) < width(10, 0.99));
  });
});
