// Points of a Sobol sequence, in the order of Antonov and Saleev, 32 bits a coordinate, each dimension scrambled by itself:
// for a mean over a smooth function the error of n points falls nearly as 1 / n, and of scrambled ones faster still.
// P. Bratley and B. L. Fox, "Algorithm 659: implementing Sobol's quasirandom sequence generator", ACM TOMS 14(1), 1988.
//
// The scrambling is Owen's, each bit flipped by a hash of those above it: B. Burley, "Practical hash-based Owen scrambling",
// JCGT 9(4), 2020. Its key comes from (seed, operator, dimension), so trials with another seed have points that are independent
// as a set, from which an error can be estimated. Each point alone is uniform, so a mean over the points has no bias.

import { badArgument, HeddleError } from '../../core/errors.js';
import type { SeedState } from './seed.js';
import { DIRECTION_NUMBERS } from './sobol-numbers.js';
import { threefry } from './threefry.js';

export const SOBOL_DIMENSIONS = DIRECTION_NUMBERS.length + 1;

const BITS = 32;

/** Direction numbers with their bits in reverse, which is how the scrambling wants them: [dimension * 32 + bit]. */
let directions: Int32Array | undefined;

function directionsOfAll(): Int32Array {
  const all = new Int32Array(SOBOL_DIMENSIONS * BITS);
  // In reverse, the highest bit first, the first dimension's numbers are the powers of two.
  for (let bit = 0; bit < BITS; bit++) all[bit] = 1 << bit;
  DIRECTION_NUMBERS.forEach((line, i) => {
    const [a, ...m] = line.split(' ').map(Number) as [number, ...number[]];
    const s = m.length;
    const v = new Int32Array(BITS);
    for (let bit = 0; bit < BITS; bit++) {
      if (bit < s) {
        v[bit] = m[bit]! << (BITS - 1 - bit);
        continue;
      }
      let word = v[bit - s]! ^ (v[bit - s]! >>> s);
      for (let k = 1; k < s; k++) if (((a >> (s - 1 - k)) & 1) === 1) word ^= v[bit - k]!;
      v[bit] = word;
    }
    for (let bit = 0; bit < BITS; bit++) all[(i + 1) * BITS + bit] = reversed(v[bit]!);
  });
  return all;
}

function reversed(word: number): number {
  let x = word;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >>> 16) | (x << 16);
}

/** A permutation of words in reverse in which each bit depends on lower ones only (Laine and Karras, 2011). */
function scrambled(word: number, key: number): number {
  let x = (word + key) | 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  return x ^ Math.imul(x, 0x8d22f6e6);
}

/** A coordinate before it is scrambled, as an unsigned integer: 2^32 times its value. */
export function sobolWord(index: number, dimension: number): number {
  return reversed(wordOf(index, dimension)) >>> 0;
}

/** The coordinate of a point, in reverse. */
function wordOf(index: number, dimension: number): number {
  directions ??= directionsOfAll();
  let word = 0;
  let gray = index ^ (index >>> 1);
  for (let at = dimension * BITS; gray !== 0; at++, gray >>>= 1) if ((gray & 1) === 1) word ^= directions[at]!;
  return word;
}

/** The points of an operator's trials. */
export class Sobol {
  private seed: SeedState = { lo: 0, hi: 0 };
  private operator = Number.NaN;
  private readonly keys = new Int32Array(SOBOL_DIMENSIONS);
  /** Dimensions whose key is there. */
  private keyed = 0;
  /** Each dimension's coordinate of the point that was asked for last, in reverse, and that point's index. */
  private readonly words = new Int32Array(SOBOL_DIMENSIONS);
  private readonly indices = new Float64Array(SOBOL_DIMENSIONS).fill(Number.NaN);

  start(seed: SeedState, operator: number): void {
    if (operator === this.operator && seed.lo === this.seed.lo && seed.hi === this.seed.hi) return;
    this.seed = seed;
    this.operator = operator;
    this.keyed = 0;
  }

  /** Coordinates [from, from + n) of a point, each in (0, 1). */
  point(index: number, from: number, n: number): number[] {
    const end = from + n;
    if (!(Number.isInteger(n) && n > 0) || end > SOBOL_DIMENSIONS) {
      throw badArgument('dimensions', n, `an integer from 1, and no more than ${SOBOL_DIMENSIONS} a trial in all`);
    }
    if (!(index < 2 ** BITS)) {
      throw new HeddleError('HEDDLE_VALUE', `rng.sobol has points for trials below 2^32, and none for ${index}: it works in trials only`);
    }
    if (this.keyed < end) this.makeKeys(end);
    const point: number[] = [];
    for (let dimension = from; dimension < end; dimension++) {
      const word = this.word(index, dimension);
      // In the middle of its cell: neither 0 nor 1, which have no quantile.
      point.push(((reversed(scrambled(word, this.keys[dimension]!)) >>> 0) + 0.5) * 2 ** -BITS);
    }
    return point;
  }

  private word(index: number, dimension: number): number {
    const { words, indices } = this;
    // Neighbours in Gray's order differ in one direction number.
    if (indices[dimension] === index - 1) words[dimension]! ^= directions![dimension * BITS + 31 - Math.clz32(index & -index)]!;
    else if (indices[dimension] !== index) words[dimension] = wordOf(index, dimension);
    indices[dimension] = index;
    return words[dimension]!;
  }

  private makeKeys(end: number): void {
    const { seed, operator } = this;
    const block = new Int32Array(4);
    for (let dimension = this.keyed; dimension < end; dimension++) {
      // The counters of streams end with 0.
      threefry(seed.lo, seed.hi, operator, (operator / 0x100000000) | 0, dimension, 0, 0, 1, block, 0);
      this.keys[dimension] = block[0]!;
    }
    this.keyed = end;
  }
}
