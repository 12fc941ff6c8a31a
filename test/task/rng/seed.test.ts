import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeddleError } from '../../../lib/core/errors.js';
import { type Seed, seedState, writeStreamState } from '../../../lib/task/rng/seed.js';
import { threefry } from '../../../lib/task/rng/threefry.js';
import { assertFits, chiSquare, correlationScore, gammaCdf, kolmogorovSmirnov } from './goodness.js';
import { draw, kernel, rngOn, started } from './heap.js';

const hex = (words: Uint32Array) => [...words].map(word => word.toString(16).padStart(8, '0')).join(' ');

describe('threefry', () => {
  // From the known-answer tests of Random123: counter, key, result.
  const vectors: [number[], number[], string][] = [
    [[0, 0, 0, 0], [0, 0, 0, 0], '9c6ca96a e17eae66 fc10ecd4 5256a7d8'],
    [[-1, -1, -1, -1], [-1, -1, -1, -1], '2a881696 57012287 f6c7446e a16a6732'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
      '59cd1dbb b8879579 86b5d00c ac8b6d84',
    ],
  ];
  for (const [counter, key, expected] of vectors) {
    test(`gives ${expected}`, () => {
      const [c0, c1, c2, c3] = counter as [number, number, number, number];
      const [k0, k1, k2, k3] = key as [number, number, number, number];
      const out = new Uint32Array(4);
      threefry(k0, k1, k2, k3, c0, c1, c2, c3, out, 0);
      assert.equal(hex(out), expected);
    });
  }
});

describe('seedState', () => {
  test('distinguishes seeds by value and kind', () => {
    const seeds: Seed[] = [0, 1, -1, 2, 0.5, 1.5, Number.MAX_SAFE_INTEGER, 2 ** 53 * 3, 1e300, 5e-324, 1n << 64n, (1n << 64n) + 1n];
    seeds.push(-(1n << 64n), '', '0', '1', '\0', '\0\0', 'a', 'ab', 'abc', 'abcdefgh', 'abcdefghi', 'é', '\ud800', 'x'.repeat(1000));
    const states = seeds.map(seed => JSON.stringify(seedState(seed)));
    assert.equal(new Set(states).size, seeds.length);
  });

  test('an integer is the same seed as the bigint of its value', () => {
    assert.deepEqual(seedState(42), seedState(42n));
    assert.deepEqual(seedState(-7), seedState(-7n));
    assert.deepEqual(seedState(2 ** 70), seedState(1n << 70n));
    assert.deepEqual(seedState(-0), seedState(0));
  });

  test('refuses what has no value', () => {
    for (const seed of [Number.NaN, Infinity, undefined, null, {}] as unknown as Seed[]) {
      assert.throws(
        () => seedState(seed),
        (error: unknown) => error instanceof HeddleError && error.code === 'HEDDLE_BAD_ARGUMENT',
      );
    }
  });
});

describe('writeStreamState', () => {
  const stateOf = (seed: Seed, operator: number, block: number) => {
    const words = new Int32Array(16);
    writeStreamState(words, seedState(seed), operator, block);
    return new BigUint64Array(words.buffer);
  };

  test('every bit of seed, operator and block counts, up to 2^53', () => {
    const states = new Set<string>();
    let given = 1;
    states.add(stateOf(0, 0, 0).join());
    for (let bit = 0; bit < 53; bit++) {
      for (const state of [stateOf(2 ** bit, 0, 0), stateOf(0, 2 ** bit, 0), stateOf(0, 0, 2 ** bit)]) {
        states.add(state.join());
        given++;
      }
    }
    states.add(stateOf(0, 0, Number.MAX_SAFE_INTEGER).join());
    assert.equal(states.size, given + 1);
  });

  test('changing one bit of the block changes about half of the 512 bits', () => {
    const ones = (x: bigint) => x.toString(2).replaceAll('0', '').length;
    let least = 512;
    let most = 0;
    for (let bit = 0; bit < 53; bit++) {
      const a = stateOf('avalanche', 3, 0);
      const b = stateOf('avalanche', 3, 2 ** bit);
      const changed = a.reduce((sum, word, i) => sum + ones(word ^ b[i]!), 0);
      least = Math.min(least, changed);
      most = Math.max(most, changed);
    }
    // 256 with a deviation of 11.3: five deviations either way.
    assert.ok(least > 200 && most < 312, `${least} to ${most}`);
  });

  test('words never repeat among blocks, and no word is 0', () => {
    const words = new Set<bigint>();
    for (let block = 0; block < 5000; block++) for (const word of stateOf(9, 9, block)) words.add(word);
    assert.equal(words.size, 40_000);
    assert.ok(!words.has(0n));
  });
});

describe('streams', () => {
  const LENGTH = 4096;
  const PAIRS = 60;
  const LAGS = 4;
  const sample = (seed: Seed, operator: number, block: number) => {
    const rng = started(seed, operator, block);
    return draw(LENGTH, () => rng.uniform());
  };

  // Under independence the scores are normal(0, 1): their squares sum to a chi-square, which may be neither too great nor too small.
  const assertUnrelated = (scores: number[], what: string) => {
    const statistic = scores.reduce((sum, z) => sum + z * z, 0);
    const p = gammaCdf(scores.length / 2, statistic / 2);
    assert.ok(p > 1e-4 && p < 1 - 1e-4, `${what}: p = ${p}`);
    const most = scores.reduce((a, z) => Math.max(a, Math.abs(z)), 0);
    assert.ok(most < 5, `${what}: a correlation of ${most} deviations`);
  };

  const neighbours: [string, (i: number) => Float64Array][] = [
    ['blocks', i => sample(1, 0, i)],
    ['far blocks', i => sample(1, 0, 2 ** 52 + i)],
    ['operators', i => sample(1, i, 5)],
    ['seeds', i => sample(i, 0, 5)],
    ['named seeds', i => sample(`seed ${i}`, 0, 5)],
  ];
  for (const [what, stream] of neighbours) {
    test(`of neighbouring ${what} are uncorrelated at lags -${LAGS} to ${LAGS}`, () => {
      const scores: number[] = [];
      let last = stream(0);
      for (let i = 1; i <= PAIRS; i++) {
        const next = stream(i);
        for (let lag = 0; lag <= LAGS; lag++) {
          scores.push(correlationScore(last, next, lag));
          if (lag > 0) scores.push(correlationScore(next, last, lag));
        }
        last = next;
      }
      assertUnrelated(scores, what);
    });
  }

  test('are uncorrelated with themselves at lags 1 to 32', () => {
    const scores: number[] = [];
    for (let block = 0; block < 40; block++) {
      const values = sample('lags', 1, block);
      for (let lag = 1; lag <= 32; lag++) scores.push(correlationScore(values, values, lag));
    }
    assertUnrelated(scores, 'lags');
  });

  test('begin with numbers that are themselves uniform and independent from block to block', () => {
    const rng = rngOn(kernel);
    const seed = seedState('first draws');
    const blocks = 100_000;
    const firsts = draw(
      blocks,
      ((block: number) => () => {
        rng.start(seed, 0, block++);
        return rng.uniform();
      })(0),
    );
    assertFits(
      kolmogorovSmirnov(firsts, x => x),
      'first draws',
    );
    const scores = Array.from({ length: 64 }, (_, lag) => correlationScore(firsts, firsts, lag + 1));
    assertUnrelated(scores, 'first draws');
    const cells = new Float64Array(32 * 32);
    for (let i = 0; i + 1 < blocks; i += 2) cells[Math.floor(firsts[i]! * 32) * 32 + Math.floor(firsts[i + 1]! * 32)]!++;
    assertFits(chiSquare(cells, new Float64Array(1024).fill(blocks / 2 / 1024)), 'pairs of first draws');
  });

  test('do not overlap: a million draws of 2,000 blocks are all different', () => {
    const rng = rngOn(kernel);
    const seed = seedState('overlap');
    const all = new Float64Array(2000 * 512);
    for (let block = 0; block < 2000; block++) {
      rng.start(seed, 0, block);
      for (let i = 0; i < 512; i++) all[block * 512 + i] = rng.uniform();
    }
    all.sort();
    let repeated = 0;
    for (let i = 1; i < all.length; i++) if (all[i] === all[i - 1]) repeated++;
    // A repetition by chance has odds of 1 in 8,000; an overlap by a few draws would give several.
    assert.equal(repeated, 0);
  });
});
