// Whether streams of neighbouring blocks and seeds can be told from independent ones: dependences that a plain correlation does
// not see, bit by bit, in cells of several dimensions, and in what is built on the draws.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Seed } from '../../../lib/task/rng/seed.js';
import { assertFits, chiSquare, correlationScore, gammaCdf } from './goodness.js';
import { draw, started } from './heap.js';

const LENGTH = 4096;
const STREAMS = 64;

const neighbours: [string, (i: number) => [Seed, number]][] = [
  ['blocks of one seed', i => ['battery', i]],
  ['blocks of number 2^32', i => ['battery', 2 ** 32 - 32 + i]],
  ['seeds', i => [i, 0]],
  ['seeds that are text', i => [`run ${i}`, 0]],
];

/** Of independent samples the scores are normal(0, 1), so their squares add up to a chi-square. */
function unrelated(scores: readonly number[], what: string): void {
  const p = gammaCdf(scores.length / 2, scores.reduce((sum, z) => sum + z * z, 0) / 2);
  assert.ok(p > 1e-4 && p < 1 - 1e-4, `${what}: p = ${p}`);
  const most = scores.reduce((a, z) => Math.max(a, Math.abs(z)), 0);
  assert.ok(most < 5.3, `${what}: a score of ${most}`);
}

for (const [what, of] of neighbours) {
  describe(`streams of neighbouring ${what}`, () => {
    const streams = Array.from({ length: STREAMS }, (_, i) => {
      const [seed, block] = of(i);
      const rng = started(seed, 1, block);
      return draw(LENGTH, () => rng.uniform());
    });

    const shapes: [string, (u: number) => number][] = [
      ['their distance from the middle', u => (u - 0.5) ** 2],
      ['their nearness to 0', u => -Math.log(1 - u)],
      ['their eighth bit', u => Math.floor(u * 256) & 1],
      ['their last bits', u => (u * 2 ** 48) % 1],
    ];
    for (const [shape, f] of shapes) {
      test(`have no correlation of ${shape}, within and across, at lags 0 to 6`, () => {
        const shaped = streams.map(stream => stream.map(f));
        const scores: number[] = [];
        for (let i = 0; i < STREAMS; i++) {
          for (let lag = 1; lag <= 6; lag++) scores.push(correlationScore(shaped[i]!, shaped[i]!, lag));
          if (i === 0) continue;
          for (let lag = 0; lag <= 6; lag++) scores.push(correlationScore(shaped[i - 1]!, shaped[i]!, lag));
          for (let lag = 1; lag <= 6; lag++) scores.push(correlationScore(shaped[i]!, shaped[i - 1]!, lag));
        }
        unrelated(scores, shape);
      });
    }

    test('have each of their 52 bits as often as not, and as often as not in common with the next stream', () => {
      const bitsOf = (u: number) => [Math.floor(u * 2 ** 26), (u * 2 ** 52) % 2 ** 26] as const;
      const own = new Float64Array(52);
      const shared = new Float64Array(52);
      for (let i = 1; i < STREAMS; i++) {
        for (let k = 0; k < LENGTH; k++) {
          const [a, b] = [bitsOf(streams[i]![k]!), bitsOf(streams[i - 1]![k]!)];
          for (let bit = 0; bit < 26; bit++) {
            for (const half of [0, 1] as const) {
              own[half * 26 + bit]! += (a[half] >>> bit) & 1;
              shared[half * 26 + bit]! += ((a[half] ^ b[half]) >>> bit) & 1;
            }
          }
        }
      }
      const n = (STREAMS - 1) * LENGTH;
      for (const [name, counts] of [
        ['own', own],
        ['shared', shared],
      ] as const) {
        unrelated(
          Array.from(counts, count => (count - n / 2) / Math.sqrt(n / 4)),
          `bits, ${name}`,
        );
      }
    });

    test('fill the cells of a cube evenly, of a draw each of three neighbours and of three draws of each', () => {
      const side = 12;
      const across = new Float64Array(side ** 3);
      const within = new Float64Array(side ** 3);
      const cell = (x: number, y: number, z: number) => (Math.floor(x * side) * side + Math.floor(y * side)) * side + Math.floor(z * side);
      for (let i = 0; i + 2 < STREAMS; i += 3) {
        for (let k = 0; k < LENGTH; k++) across[cell(streams[i]![k]!, streams[i + 1]![k]!, streams[i + 2]![k]!)]!++;
      }
      for (const stream of streams) for (let k = 0; k + 2 < LENGTH; k += 3) within[cell(stream[k]!, stream[k + 1]!, stream[k + 2]!)]!++;
      for (const [name, counts] of [
        ['across', across],
        ['within', within],
      ] as const) {
        const n = counts.reduce((a, b) => a + b, 0);
        assertFits(chiSquare(counts, new Float64Array(side ** 3).fill(n / side ** 3)), `cells ${name}`);
      }
    });

    test('give sums whose spread is that of independent numbers', () => {
      // A sum over streams, draw by draw: its variance shows what all pairs of streams have in common.
      let statistic = 0;
      for (let k = 0; k < LENGTH; k++) {
        let sum = 0;
        for (const stream of streams) sum += stream[k]! - 0.5;
        statistic += (sum * sum * 12) / STREAMS;
      }
      unrelated([(statistic - LENGTH) / Math.sqrt(2 * LENGTH)], 'sums');
    });

    test('give normal numbers and counts without correlation', () => {
      const made = Array.from({ length: STREAMS }, (_, i) => {
        const [seed, block] = of(i);
        const rng = started(seed, 1, block);
        const normal = new Float64Array(500);
        const poisson = new Float64Array(500);
        for (let k = 0; k < 500; k++) {
          normal[k] = rng.normal();
          poisson[k] = rng.poisson(20);
        }
        return [normal, poisson] as const;
      });
      const scores: number[] = [];
      for (let i = 1; i < STREAMS; i++) {
        for (const a of [0, 1] as const) for (const b of [0, 1] as const) scores.push(correlationScore(made[i - 1]![a], made[i]![b], 0));
        scores.push(correlationScore(made[i]![0], made[i]![1], 0));
      }
      unrelated(scores, 'normal numbers and counts');
    });
  });
}

test('the battery itself rejects streams that share one draw in sixteen', () => {
  const rng = started('shared');
  const a = draw(LENGTH * STREAMS, () => rng.uniform());
  const b = a.map(x => (rng.uniform() < 1 / 16 ? x : rng.uniform()));
  assert.throws(() => unrelated([correlationScore(a, b, 0)], 'shared'));
});
