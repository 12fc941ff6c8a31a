// Counts from the Poisson distribution, exact in the sense that nothing is approximated but float64 arithmetic itself.
// Small means: Knuth's product of uniforms (TAOCP 2, 3.4.1). From 10 on: PTRS, transformed rejection with squeeze;
// W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and
// Economics 12, 1993: about 1.1 rounds of two draws each, whatever the mean.

import { badArgument } from '../../core/errors.js';
import { stirlingError } from './stirling.js';
import type { Uniform } from './ziggurat.js';

const SMALL_MEAN = 10;
/** Above this, the counts near the mean come too close to 2^53. */
const MOST_MEAN = 1e15;

/** Keeps the constants of the last mean asked for; they are functions of the mean, so results do not depend on them. NaN equals no argument. */
export class Poisson {
  private lambda = Number.NaN;
  /** exp(-lambda): where the product of uniforms ends. */
  private limit = Number.NaN;
  private a = Number.NaN;
  private b = Number.NaN;
  private inverseAlpha = Number.NaN;
  private squeeze = Number.NaN;

  draw(rng: Uniform, lambda: number): number {
    if (lambda !== this.lambda) this.prepare(lambda);
    return lambda < SMALL_MEAN ? this.multiply(rng) : this.reject(rng);
  }

  private prepare(lambda: number): void {
    if (!(lambda >= 0 && lambda <= MOST_MEAN)) throw badArgument('lambda', lambda, 'a number from 0 to 1e15');
    this.lambda = lambda;
    this.limit = Math.exp(-lambda);
    this.b = 0.931 + 2.53 * Math.sqrt(lambda);
    this.a = -0.059 + 0.02483 * this.b;
    this.inverseAlpha = 1.1239 + 1.1328 / (this.b - 3.4);
    this.squeeze = 0.9277 - 3.6224 / (this.b - 2);
  }

  private multiply(rng: Uniform): number {
    const limit = this.limit;
    let product = rng.uniform();
    let count = 0;
    while (product > limit) {
      product *= rng.uniform();
      count++;
    }
    return count;
  }

  private reject(rng: Uniform): number {
    const { lambda, a, b } = this;
    for (;;) {
      const u = rng.uniform() - 0.5;
      const v = rng.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + lambda + 0.43);
      if (us >= 0.07 && v <= this.squeeze) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (Math.log((v * this.inverseAlpha) / (a / (us * us) + b)) <= logProbability(k, lambda)) return k;
    }
  }
}

/** k log(lambda) - lambda - log k!, arranged around k + 1 - lambda so that great means lose no digits. */
function logProbability(k: number, lambda: number): number {
  const d = k + 1 - lambda;
  return d - k * Math.log1p(d / lambda) - 0.5 * Math.log(2 * Math.PI * (k + 1)) - stirlingError(k);
}
