import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Comoments, controlled, mergeComoments } from '../../../lib/task/stats/comoments.js';
import { started } from '../rng/heap.js';

type Pair = readonly [number, number];

const of = (pairs: readonly Pair[]) => {
  const moments = new Comoments();
  for (const [x, y] of pairs) moments.add(x, y);
  return moments.toRecord();
};
const near = (a: number, b: number, what: string) => assert.ok(Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b)), `${what}: ${a} is not ${b}`);

describe('comoments', () => {
  test('are those of the definition, in one pass and merged', () => {
    const coordinate = fc.double({ min: -1000, max: 1000, noNaN: true });
    const pairs = fc.array(fc.tuple(coordinate, coordinate), { maxLength: 40 });
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const all = [...a, ...b];
        const n = all.length;
        const merged = mergeComoments(of(a), of(b));
        assert.equal(merged.count, n);
        if (n === 0) return;
        const [mx, my] = [0, 1].map(k => all.reduce((sum, pair) => sum + pair[k]!, 0) / n) as [number, number];
        const sum = (f: (x: number, y: number) => number) => all.reduce((total, [x, y]) => total + f(x - mx, y - my), 0);
        for (const record of [merged, of(all)]) {
          near(record.x, mx, 'x');
          near(record.y, my, 'y');
          near(
            record.xx,
            sum(x => x * x),
            'xx',
          );
          near(
            record.yy,
            sum((_, y) => y * y),
            'yy',
          );
          near(
            record.xy,
            sum((x, y) => x * y),
            'xy',
          );
        }
      }),
    );
  });
});

describe('a control variate', () => {
  test('gives the figures of a regression', () => {
    // By hand: y has mean 3 where 2 is known, slope 2, residuals 1, -2, 1.
    const { mean, coefficient, standardError, correlation, plain } = controlled(
      of([
        [3, 2],
        [2, 3],
        [7, 4],
      ]),
      2,
      0.95,
    );
    near(coefficient, 2, 'slope');
    near(mean, 4 - 2 * (3 - 2), 'mean');
    near(standardError, Math.sqrt((6 / 1) * (1 / 3 + 1 / 2)), 'standard error');
    near(correlation, 4 / Math.sqrt(14 * 2), 'correlation');
    near(plain.mean, 4, 'plain mean');
    near(plain.standardError, Math.sqrt(7 / 3), 'plain standard error');
  });

  test('covers the truth as often as it says, with an error that is smaller by what the correlation says', () => {
    const rng = started('control');
    let covered = 0;
    const runs = 3000;
    for (let run = 0; run < runs; run++) {
      const estimate = controlled(
        of(
          Array.from({ length: 40 }, (): Pair => {
            const y = rng.normal();
            return [5 + 3 * y + rng.normal(), y];
          }),
        ),
        0,
        0.9,
      );
      if (estimate.interval[0] < 5 && estimate.interval[1] > 5) covered++;
      if (run > 0) continue;
      assert.ok(Math.abs(estimate.standardError / estimate.plain.standardError - Math.sqrt(1 - estimate.correlation ** 2)) < 0.05);
    }
    assert.ok(Math.abs(covered - 0.9 * runs) < 5 * Math.sqrt(runs * 0.09), `${covered} of ${runs}`);
  });

  test('that does not vary corrects nothing; of few pairs nothing is known', () => {
    const constant = controlled(
      of([
        [1, 7],
        [2, 7],
        [6, 7],
      ]),
      7,
      0.95,
    );
    assert.deepEqual([constant.mean, constant.coefficient, constant.correlation], [3, 0, Number.NaN]);
    const exact = controlled(
      of([
        [1, 1],
        [2, 2],
        [6, 6],
      ]),
      4,
      0.95,
    );
    near(exact.mean, 4, 'mean');
    assert.equal(exact.standardError, 0);
    for (const pairs of [
      [],
      [[1, 2]],
      [
        [1, 2],
        [3, 5],
      ],
    ] as const) {
      const { count, standardError, halfWidth } = controlled(of(pairs), 0, 0.95);
      assert.deepEqual([count, standardError, halfWidth], [pairs.length, Number.NaN, Number.NaN]);
    }
  });
});
