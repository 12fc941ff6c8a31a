import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { kernel, kernelFill, memory, sharedMemory, twinFill } from './heap.js';

const STATE = 64;
const OUT = 256;
const MASK = (1n << 64n) - 1n;
const rotateLeft = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & MASK;

/** The generator as published, on bigints. */
function* xoshiro256plus(s: bigint[]): Generator<bigint, never> {
  for (;;) {
    yield (s[0]! + s[3]!) & MASK;
    const t = (s[1]! << 17n) & MASK;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotateLeft(s[3]!, 45n);
  }
}

function reference(state: bigint[], n: number): Float64Array {
  const lanes = [0, 1].map(lane => xoshiro256plus([0, 1, 2, 3].map(word => state[word * 2 + lane]!)));
  return Float64Array.from({ length: n }, (_, i) => Number(lanes[i % 2]!.next().value >> 12n) / 2 ** 52);
}

function run(fill: typeof kernel, state: bigint[], sizes: number[]): { draws: Float64Array; state: BigUint64Array } {
  const words = new BigUint64Array(memory.buffer, STATE, 8);
  words.set(state);
  const total = sizes.reduce((a, b) => a + b, 0);
  // A mark after the end shows a draw too many.
  const draws = new Float64Array(memory.buffer, OUT, total + 1).fill(-1);
  let at = OUT;
  for (const n of sizes) {
    fill(STATE, at, n);
    at += n * 8;
  }
  assert.equal(draws[total], -1);
  return { draws: draws.slice(0, total), state: words.slice() };
}

const states = fc.array(fc.bigInt({ min: 0n, max: MASK }), { minLength: 8, maxLength: 8 });
const sizes = fc.array(
  fc.integer({ min: 0, max: 40 }).map(half => half * 2),
  { minLength: 1, maxLength: 5 },
);

describe('fillUniform', () => {
  for (const [name, fill] of [
    ['kernel', kernel],
    ['twin', twinFill],
  ] as const) {
    test(`${name}: the published generator, however the batch is cut`, () => {
      fc.assert(
        fc.property(states, sizes, (state, cut) => {
          const total = cut.reduce((a, b) => a + b, 0);
          assert.deepEqual(run(fill, state, cut).draws, reference(state, total));
        }),
      );
    });

    test(`${name}: the sums that its authors' program prints for the state 1, 2, 3, 4`, () => {
      const sums = [
        5n,
        211106232532999n,
        211106635186183n,
        9223759065350669058n,
        9250833439874351877n,
        13862484359527728515n,
        2346507365006083650n,
        1168864526675804870n,
        34095955243042024n,
        3466914240207415127n,
      ];
      const { draws } = run(fill, [1n, 1n, 2n, 2n, 3n, 3n, 4n, 4n], [20]);
      assert.deepEqual(
        [...draws],
        sums.flatMap(sum => [Number(sum >> 12n) / 2 ** 52, Number(sum >> 12n) / 2 ** 52]),
      );
    });

    test(`${name}: all bits set gives less than 1, none gives 0`, () => {
      const most = run(fill, [MASK, 0n, 0n, 0n, 0n, 0n, 0n, 0n], [2]).draws;
      assert.deepEqual([...most], [1 - 2 ** -52, 0]);
    });
  }

  test('kernel and twin leave the same state', () => {
    fc.assert(
      fc.property(states, sizes, (state, cut) => {
        assert.deepEqual(run(kernel, state, cut), run(twinFill, state, cut));
      }),
    );
  });

  test('the kernel writes up to the last byte of a 4 GiB heap', () => {
    const heap = sharedMemory(65536);
    const n = 64;
    const out = 2 ** 32 - n * 8;
    const state = out - 64;
    const words = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
    new BigUint64Array(heap.buffer, state, 8).set(words);
    kernelFill(heap)(state, out, n);
    assert.deepEqual(new Float64Array(heap.buffer, out, n).slice(), reference(words, n));
  });
});
