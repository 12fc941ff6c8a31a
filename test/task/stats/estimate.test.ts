import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimates, mergeTallies, type Tally } from '../../../lib/task/stats/estimate.js';
import { Moments } from '../../../lib/task/stats/moments.js';
import { started } from '../rng/heap.js';

const tally = (...values: number[]): Tally => ({ width: 0, parts: [{ moments: Moments.of(values).toRecord(), digest: null }] });

test('intervals cover the truth as often as they say, for few values and many', () => {
  const rng = started('coverage');
  for (const [n, confidence] of [
    [5, 0.9],
    [30, 0.95],
    [400, 0.99],
  ] as const) {
    const runs = 4000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const { interval } = estimates(tally(...Array.from({ length: n }, () => rng.normal(7, 2))), confidence, [])[0]!;
      if (interval[0] < 7 && interval[1] > 7) covered++;
    }
    const deviation = Math.sqrt(runs * confidence * (1 - confidence));
    assert.ok(Math.abs(covered - runs * confidence) < 5 * deviation, `${n} values: ${covered} of ${runs}`);
  }
});

test('tallies of different widths do not mix, and merging changes neither', () => {
  const [a, b] = [tally(1, 2), tally(5)];
  const before = structuredClone([a, b]);
  assert.equal(mergeTallies(a, b).parts[0]!.moments.mean, 8 / 3);
  assert.deepEqual([a, b], before);
  assert.throws(() => mergeTallies(a, { ...b, width: 1 }), /values of one kind, got a number and an array of 1/);
});
