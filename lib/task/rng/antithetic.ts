// Antithetic variates: each trial runs twice, the second time on the mirror images of its first random numbers, and the mean of
// both is its value. Where a trial's value rises (or falls) with each of its numbers the two err in opposite directions, and
// their mean varies less than that of two independent runs. J. M. Hammersley and K. W. Morton, "A new Monte Carlo technique:
// antithetic variates", Proc. Cambridge Phil. Soc. 52, 1956.
//
// The mirror image of a uniform number u is 1 - u (on the grid of draws: 1 - 2^-52 - u), of a normal one its negative; an
// exponential one comes by inversion, and its image is that of 1 - u. All else is made of these. Both runs have the right
// distribution, whatever they draw: a second run that asks for more numbers than the first gets mirror images of new ones.

import { badArgument, HeddleError, show } from '../../core/errors.js';
import { Rng } from './rng.js';

const TOP = 1 - 2 ** -52;

type Trial = (rng: Rng, index: number) => unknown;

export class AntitheticRng extends Rng {
  /** The trial's draws: made by whichever run came there first. */
  private readonly tape: number[] = [];
  private at = 0;
  private isMirror = false;

  /** The mean of a trial's value and its mirror image. */
  pair(trial: Trial, index: number): unknown {
    this.trial = index;
    this.tape.length = 0;
    this.rewind(false);
    const value = trial(this, index);
    this.rewind(true);
    return mean(value, trial(this, index));
  }

  override uniform(): number {
    if (this.at === this.tape.length) this.tape.push(super.uniform());
    const draw = this.tape[this.at++]!;
    return this.isMirror ? TOP - draw : draw;
  }

  override normal(mean = 0, sd = 1): number {
    const { isMirror } = this;
    this.isMirror = false;
    const value = super.normal(mean, sd);
    this.isMirror = isMirror;
    return isMirror ? mean - (value - mean) : value;
  }

  override exponential(rate = 1): number {
    if (!(rate > 0 && rate < Infinity)) throw badArgument('rate', rate, 'a finite number above 0');
    return -Math.log1p(-this.uniform()) / rate;
  }

  override sobol(dimensions: number): number[] {
    const point = super.sobol(dimensions);
    return this.isMirror ? point.map(x => 1 - x) : point;
  }

  private rewind(isMirror: boolean): void {
    this.at = 0;
    this.isMirror = isMirror;
    this.dimension = 0;
  }
}

function mean(a: unknown, b: unknown): number | number[] {
  if (typeof a === 'number' && typeof b === 'number') return (a + b) / 2;
  if (isNumbers(a) && isNumbers(b) && a.length === b.length) return Array.from(a, (x, i) => (x + b[i]!) / 2);
  throw new HeddleError('HEDDLE_VALUE', `antithetic trials need numbers, or arrays of as many numbers, got ${show(a)} and ${show(b)}`);
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
  return isList && Array.prototype.every.call(value, x => typeof x === 'number');
}
