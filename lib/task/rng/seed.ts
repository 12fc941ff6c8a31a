// From what a user calls a seed to the state of a generator, in two steps.
//
// Once a job: `seedState` hashes the seed (number, bigint or string) to 64 bits.
// Once an element block: `writeStreamState` derives the 512 bits of the two generators from (seed, operator, block).
// There Threefry's key is (seed, operator) and its counter is (block, quarter), hence for one seed and operator:
// no two blocks share a quarter of their states, and no generator starts at the forbidden all-zero state, because of the
// quarters that make it at most one can be zero.

import { badArgument } from '../../core/errors.js';
import { threefry } from './threefry.js';

export type Seed = number | bigint | string;

/** Refuses what is no seed; undefined stands for none. */
export function checkSeed(seed: unknown): void {
  if (seed !== undefined) seedState(seed as Seed);
}

/** 64 bits of seed as two unsigned 32-bit words: plain data, so that a task can carry it. */
export interface SeedState {
  readonly lo: number;
  readonly hi: number;
}

// The first word that is hashed, so that the seeds 1, '1' and 1.5 have nothing to do with each other.
const INTEGER = 1;
const FRACTION = 2;
const TEXT = 3;

/** The 64 bits that stand for a seed. An integer and the bigint of the same value are the same seed; so are 0 and -0. */
export function seedState(seed: Seed): SeedState {
  if (typeof seed === 'string') return hash(TEXT, seed.length, textWords(seed));
  if (typeof seed === 'bigint') return hashInteger(seed);
  if (typeof seed !== 'number' || !Number.isFinite(seed)) throw badArgument('seed', seed, 'a finite number, a bigint or a string');
  return Number.isInteger(seed) ? hashInteger(BigInt(seed)) : hash(FRACTION, 0, new Uint32Array(Float64Array.of(seed).buffer));
}

/** Writes the state of the two generators for an operator's element block into the first 16 words of `state`. */
export function writeStreamState(state: Int32Array, seed: SeedState, operator: number, block: number): void {
  const operatorHi = (operator / 0x100000000) | 0;
  const blockHi = (block / 0x100000000) | 0;
  for (let quarter = 0; quarter < 4; quarter++) {
    threefry(seed.lo, seed.hi, operator, operatorHi, block, blockHi, quarter, 0, scratch, quarter * 4);
  }
  // Quarters 0 and 1 are words s0..s3 of generator A, 2 and 3 of B; in the state the generators are interleaved.
  for (let word = 0; word < 4; word++) {
    state[word * 4] = scratch[word * 2]!;
    state[word * 4 + 1] = scratch[word * 2 + 1]!;
    state[word * 4 + 2] = scratch[word * 2 + 8]!;
    state[word * 4 + 3] = scratch[word * 2 + 9]!;
  }
}

/** Only ever live inside one synchronous call. */
const scratch = new Int32Array(16);

function hashInteger(value: bigint): SeedState {
  const words: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return hash(INTEGER, value < 0n ? 1 : 0, words);
}

function textWords(text: string): Uint32Array {
  const words = new Uint32Array(Math.ceil(text.length / 2));
  for (let i = 0; i < text.length; i++) words[i >> 1]! |= text.charCodeAt(i) << (16 * (i & 1));
  return words;
}

/** Matyas, Meyer and Oseas's hash from a block cipher: the chain is the key, a block of words is enciphered and xored in. */
function hash(kind: number, detail: number, words: ArrayLike<number>): SeedState {
  const chain = new Uint32Array(4);
  const absorb = (a: number, b: number, c: number, d: number): void => {
    const [k0, k1, k2, k3] = chain as unknown as [number, number, number, number];
    threefry(k0, k1, k2, k3, a, b, c, d, chain, 0);
    chain[0]! ^= a;
    chain[1]! ^= b;
    chain[2]! ^= c;
    chain[3]! ^= d;
  };
  // The length goes in first: no list of words is the beginning of another.
  absorb(kind, detail, words.length, 0);
  for (let i = 0; i < words.length; i += 4) absorb(words[i]!, words[i + 1] ?? 0, words[i + 2] ?? 0, words[i + 3] ?? 0);
  return { lo: chain[0]!, hi: chain[1]! };
}
