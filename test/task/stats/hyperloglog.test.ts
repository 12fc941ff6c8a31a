import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HeddleError } from '../../../lib/core/errors.js';
import { standaloneRng } from '../../../lib/task/rng/standalone.js';
import { addKey, estimateDistinct, mergeRegisters, newRegisters, precisionFor } from '../../../lib/task/stats/hyperloglog.js';

const RUNS = 1000;
/** Of a standard deviation that is estimated from so many runs, two standard errors as a share of it. */
const TWO_ERRORS = 2 / Math.sqrt(2 * RUNS);

/** Bias and root mean square of the relative errors of runs. */
function errorsOf(truth: number, estimate: (run: number) => number): { readonly bias: number; readonly deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let run = 0; run < RUNS; run++) {
    const error = estimate(run) / truth - 1;
    sum += error;
    squares += error * error;
  }
  return { bias: sum / RUNS, deviation: Math.sqrt(squares / RUNS) };
}

describe('distinct keys', () => {
  for (const [relativeSD, n] of [
    [0.05, 30],
    [0.05, 400],
    [0.05, 1300],
    [0.05, 20_000],
    [0.2, 20],
    [0.2, 3000],
    [0.02, 30_000],
  ] as const) {
    test(`${n} of them, in ${RUNS} runs, are found with a relative standard deviation of ${relativeSD}, without bias`, () => {
      const precision = precisionFor('relativeSD', relativeSD);
      const { bias, deviation } = errorsOf(n, run => {
        const registers = newRegisters(precision);
        for (let i = 0; i < n; i++) addKey(registers, run * n + i);
        return estimateDistinct(registers);
      });
      assert.ok(deviation <= relativeSD * (1 + TWO_ERRORS), `promised ${relativeSD}, came to ${deviation}`);
      // Rounding to whole numbers is part of the error, where they are few.
      assert.ok(Math.abs(bias) <= (3 * deviation) / Math.sqrt(RUNS) + 0.05 / n, `bias ${bias}, deviation ${deviation}`);
      if (n > 20 * 2 ** precision) {
        const theory = 1.04 / Math.sqrt(2 ** precision);
        assert.ok(Math.abs(deviation / theory - 1) < 1.5 * TWO_ERRORS, `in theory ${theory}, came to ${deviation}`);
      }
    });
  }

  test('far beyond 2^32 are found as well', () => {
    const precision = 9;
    for (const n of [1e10, 1e13, 1e16]) {
      const rng = standaloneRng(1, n, 0);
      // A register is the greatest of n / 2^p ranks, each of them above k with probability 2^-k.
      const rank = () => Math.min(Math.ceil(-Math.log2(-Math.expm1((Math.log(rng.uniform()) * 2 ** precision) / n))), 65 - precision);
      const { bias, deviation } = errorsOf(n, () => estimateDistinct(newRegisters(precision).map(() => Math.max(rank(), 0))));
      assert.ok(deviation < 0.046 * (1 + 1.5 * TWO_ERRORS), `${n}: ${deviation}`);
      assert.ok(Math.abs(bias) < (3 * deviation) / Math.sqrt(RUNS), `${n}: bias ${bias}`);
    }
  });

  test('none, and a few, are counted exactly', () => {
    for (const precision of [4, 9, 20]) assert.equal(estimateDistinct(newRegisters(precision)), 0);
    for (const n of [1, 2, 3, 10]) {
      const registers = newRegisters(20);
      for (let i = 0; i < 5 * n; i++) addKey(registers, `key ${i % n}`);
      assert.equal(estimateDistinct(registers), n);
    }
  });

  test('are the same whatever the order, the repetitions and the parts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 300 })), fc.array(fc.nat({ max: 300 })), (a, b) => {
        const registersOf = (keys: readonly number[]) => keys.reduce(addKey, newRegisters(6));
        assert.deepEqual(mergeRegisters(registersOf(a), registersOf(b)), registersOf([...b, ...a, ...b]));
      }),
    );
  });

  test('a precision as Spark takes it, from 4 to 20', () => {
    for (const [sd, p] of [
      [0.05, 9],
      [0.01, 14],
      [0.99, 4],
      [1.054 / 1024, 20],
    ] as const) {
      assert.equal(precisionFor('relativeSD', sd), p);
    }
    for (const sd of [0, -0.1, 1, 0.001, Number.NaN, '0.1', null]) {
      assert.throws(
        () => precisionFor('relativeSD', sd),
        (error: HeddleError) => error.code === 'HEDDLE_BAD_ARGUMENT' && error.data.argument === 'relativeSD',
      );
    }
  });
});
