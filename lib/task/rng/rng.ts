// The random numbers that closures receive: `sc.trials(n, rng => ...)`, `rdd.mapWithRng((x, rng) => ...)`.
//
// Contract
// - What an Rng gives is decided by `start(seed, operator, block)` and by the calls made since: not by the thread, by what
//   the Rng was used for before, by how many draws are made at a time, nor by whether the kernel or its twin makes them.
//   Everything cached across calls (the constants of the last distribution asked for) is a function of the arguments.
// - Uniform numbers are made by the batch in the shared heap and read from there; every distribution is built on them.
// - One Rng belongs to one thread. It is valid from `start` to the end of the task, and its heap region with it.
//
// `uniform` is what a Monte Carlo loop consists of. Of the forms measured (cursor as a field, in an Int32Array, counting down;
// batch in a field or closed over; one exit or two) a field cursor with one exit makes the shortest loop once V8 has inlined it.

import { badArgument, HeddleError } from '../../core/errors.js';
import { Binomial } from './binomial.js';
import { standardGamma } from './gamma.js';
import { Poisson } from './poisson.js';
import { type SeedState, writeStreamState } from './seed.js';
import { Sobol } from './sobol.js';
import { standardExponential, standardNormal } from './ziggurat.js';

/** Where an Rng lives and what makes its numbers. */
export interface DrawSourceOptions {
  readonly buffer: ArrayBufferLike;
  /** The start of `Rng.bytes` bytes of `buffer` that belong to the Rng alone, a multiple of 16. */
  readonly address: number;
  /** The kernel `fillUniform`, or its twin: writes `n` draws at `out` from the generators at `state`. */
  readonly fill: (state: number, out: number, n: number) => void;
}

const STATE_BYTES = 64;
/** Draws of the first batch of a block, doubled up to MOST_DRAWS: a block of few draws does not pay for many. */
const FIRST_DRAWS = 256;
const MOST_DRAWS = 4096;
/** The most draws that `ahead` can give in a row; room for that many is before the place of a full batch. */
export const MOST_AHEAD = 64;
/** Where every batch of draws ends. */
export const DRAWS_END = MOST_AHEAD + MOST_DRAWS;
/** The different values of a uniform draw. */
const DRAW_VALUES = 2 ** 52;

/** Where draws come from: the generators of an operator's element block, and the batch that they made last. */
export class DrawSource {
  /** Bytes of heap that it needs. */
  static readonly bytes = STATE_BYTES + DRAWS_END * 8;

  readonly draws: Float64Array;
  /** The next unread draw. A batch ends where `draws` ends, so that the end is a constant. */
  cursor = DRAWS_END;
  /** Where `draws` is among all float64 of the buffer. */
  readonly offset: number;
  readonly poissons = new Poisson();
  readonly binomials = new Binomial();
  private points: Sobol | undefined;
  private seed: SeedState | undefined;
  private operator = 0;
  private nextDraws = 0;
  /** Draws made since the block began, and those that the block before it took. */
  private made = 0;
  private expected = 0;
  private readonly state: Int32Array;
  private readonly address: number;
  private readonly fill: DrawSourceOptions['fill'];

  constructor({ buffer, address, fill }: DrawSourceOptions) {
    if (!Number.isSafeInteger(address) || address < 0 || address % 16 !== 0 || address + DrawSource.bytes > buffer.byteLength) {
      throw badArgument('address', address, `a multiple of 16 with ${DrawSource.bytes} bytes of the buffer after it`);
    }
    this.address = address;
    this.fill = fill;
    this.state = new Int32Array(buffer, address, STATE_BYTES / 4);
    this.draws = new Float64Array(buffer, address + STATE_BYTES, DRAWS_END);
    this.offset = this.draws.byteOffset / 8;
  }

  /** Begins the stream of an element block. */
  start(seed: SeedState, operator: number, block: number): void {
    // Blocks of one task mostly take as many draws as each other.
    this.expected = this.made - (DRAWS_END - this.cursor);
    writeStreamState(this.state, seed, operator, block);
    this.seed = seed;
    this.operator = operator;
    this.cursor = DRAWS_END;
    this.nextDraws = FIRST_DRAWS;
    this.made = 0;
  }

  /** The Sobol points of the operator, whatever the block. */
  get sobol(): Sobol {
    this.points ??= new Sobol();
    this.points.start(this.seed!, this.operator);
    return this.points;
  }

  /** Makes the next batch and gives the place of its first draw. */
  refill(): number {
    return this.makeBehind(DRAWS_END);
  }

  /** Makes what is missing to `count` draws in a row, `cursor` being the next unread one, and gives the place of the first. */
  ahead(cursor: number, count: number): number {
    let first = cursor;
    while (DRAWS_END - first < count) first = this.makeBehind(first);
    return first;
  }

  /** Makes the next batch, with those left from `cursor` on, at most MOST_AHEAD, right before it. */
  private makeBehind(cursor: number): number {
    if (this.nextDraws === 0) throw new HeddleError('HEDDLE_INTERNAL', 'an Rng was used before its stream was started');
    const missing = this.expected - this.made;
    const n = missing > 0 ? Math.min(missing + (missing & 1), MOST_DRAWS) : this.nextDraws;
    const first = DRAWS_END - n;
    const left = first - (DRAWS_END - cursor);
    this.draws.copyWithin(left, cursor);
    this.fill(this.address, this.address + STATE_BYTES + first * 8, n);
    if (missing <= 0) this.nextDraws = Math.min(n * 2, MOST_DRAWS);
    this.made += n;
    return left;
  }
}

/**
 * A compiled loop makes one for each batch of rows, which costs next to nothing and saves a lot: as long as the user's code is inlined
 * the object never leaves the loop, and V8 keeps its cursor in a register.
 */
export class Rng {
  private cursor: number;
  private readonly draws: Float64Array;
  private readonly source: DrawSource;

  // int(n) divides 2^52 into n equal shares: the share of the last n. NaN equals no n, and makes the fields float64 from
  // the beginning: a later change from small integers would cost every loop its compiled code.
  private bound = Number.NaN;
  private share = Number.NaN;

  /** @internal The trial's index; NaN outside of trials. Set by the loop, and NaN at first for the reason above. */
  trial = Number.NaN;
  /** Coordinates of the trial's Sobol point that were asked for, and the trial that it is of. */
  protected dimension = 0;
  private pointOf = Number.NaN;

  /** Goes on where the source is. */
  constructor(source: DrawSource) {
    this.cursor = source.cursor;
    this.draws = source.draws;
    this.source = source;
  }

  /** Gives the place in the stream back to the source: the end of a batch, and of this Rng. */
  leave(): void {
    this.source.cursor = this.cursor;
  }

  /** A number in [0, 1), a multiple of 2^-52. */
  uniform(): number {
    let cursor = this.cursor;
    if (cursor === DRAWS_END) cursor = this.source.refill();
    this.cursor = cursor + 1;
    return this.draws[cursor]!;
  }

  /** An integer in [0, n), or in [lo, hi), each as likely as any other. */
  int(n: number): number;
  int(lo: number, hi: number): number;
  int(first: number, hi?: number): number {
    if (hi === undefined) return this.below(first, 'n');
    if (!Number.isSafeInteger(first)) throw badArgument('lo', first, 'an integer');
    if (!Number.isSafeInteger(hi) || hi <= first) throw badArgument('hi', hi, `an integer above lo, which is ${first}`);
    return first + this.below(hi - first, 'hi - lo');
  }

  /** A number from the normal distribution. */
  normal(mean = 0, sd = 1): number {
    if (!(sd >= 0 && sd < Infinity)) throw badArgument('sd', sd, 'a finite number, 0 or above');
    if (!(Math.abs(mean) < Infinity)) throw badArgument('mean', mean, 'a finite number');
    return mean + sd * standardNormal(this);
  }

  /** A number from the exponential distribution of mean 1 / rate. */
  exponential(rate = 1): number {
    if (!(rate > 0 && rate < Infinity)) throw badArgument('rate', rate, 'a finite number above 0');
    return standardExponential(this) / rate;
  }

  /** A count from the Poisson distribution. */
  poisson(lambda: number): number {
    return this.source.poissons.draw(this, lambda);
  }

  /** True with probability p. */
  bernoulli(p: number): boolean {
    if (!(p >= 0 && p <= 1)) throw badArgument('p', p, 'a number from 0 to 1');
    return this.uniform() < p;
  }

  /** How many of n independent events of probability p happen. */
  binomial(n: number, p: number): number {
    return this.source.binomials.draw(this, n, p);
  }

  /** A number from the gamma distribution of mean shape * scale. */
  gamma(shape: number, scale = 1): number {
    if (!(shape > 0 && shape < Infinity)) throw badArgument('shape', shape, 'a finite number above 0');
    if (!(scale > 0 && scale < Infinity)) throw badArgument('scale', scale, 'a finite number above 0');
    return standardGamma(this, shape) * scale;
  }

  /** One of an array's items. */
  pick<T>(array: ArrayLike<T>): T {
    if (!(array?.length > 0)) throw badArgument('array', array, 'an array with at least one item');
    return array[this.below(array.length, 'array.length')]!;
  }

  /** Shuffles an array in place, every order as likely as any other, and returns it (Fisher and Yates; Durstenfeld). */
  shuffle<A extends unknown[] | NodeJS.TypedArray>(array: A): A {
    if (!Array.isArray(array) && !(ArrayBuffer.isView(array) && 'length' in array)) throw badArgument('array', array, 'an array');
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.below(i + 1, 'array.length');
      const item = array[i]!;
      array[i] = array[j]!;
      array[j] = item;
    }
    return array;
  }

  /**
   * In trials only: the next so many coordinates of the trial's point of a scrambled Sobol sequence, in (0, 1); each call in a trial goes
   * on with further dimensions, up to 256. Such points cover space more evenly than random ones. They are not independent of
   * each other, so the spread of the values does not tell the error of their mean: that of runs with different seeds does.
   */
  sobol(dimensions: number): number[] {
    if (this.pointOf !== this.trial) {
      this.pointOf = this.trial;
      this.dimension = 0;
    }
    const from = this.dimension;
    const point = this.source.sobol.point(this.trial, from, dimensions);
    this.dimension = from + dimensions;
    return point;
  }

  /** Rejection from 52 bits: draws beyond the last whole share are made again, so every integer has an equal share. */
  private below(n: number, argument: string): number {
    if (n !== this.bound) this.divide(n, argument);
    const share = this.share;
    if (share === 0) return this.belowWide(n);
    for (;;) {
      // Both are integers below 2^53, where the floor of the rounded quotient is the quotient's floor.
      const at = Math.floor((this.uniform() * DRAW_VALUES) / share);
      if (at < n) return at;
    }
  }

  private divide(n: number, argument: string): void {
    if (!Number.isSafeInteger(n) || n <= 0) throw badArgument(argument, n, 'an integer from 1 to 2^53 - 1');
    this.bound = n;
    this.share = Math.floor(DRAW_VALUES / n);
  }

  /** For n above 2^52: 53 bits of two draws. */
  private belowWide(n: number): number {
    for (;;) {
      const upper = Math.floor(this.uniform() * 2 ** 27);
      const at = upper * 2 ** 26 + Math.floor(this.uniform() * 2 ** 26);
      if (at < n) return at;
    }
  }
}
