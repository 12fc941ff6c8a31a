// Counts from the binomial distribution, exact up to float64 arithmetic. A mean below 10: inversion along the recurrence of
// the probabilities (BINV; Kachitvichyanukul and Schmeiser, CACM 31(2), 1988). Else BTRS, transformed rejection with
// squeeze; W. Hörmann, "The generation of binomial random variates", J. Stat. Computation and Simulation 46, 1993.
// Both for p up to 1/2; above, the events that do not happen are counted.

import { badArgument } from '../../core/errors.js';
import { stirlingError } from './stirling.js';
import type { Uniform } from './ziggurat.js';

const SMALL_MEAN = 10;
/** With a mean below 10 no count reaches this (odds below 1e-70); only a remainder of rounding does, and is drawn again. */
const MOST_INVERTED = 110;

/** Keeps the constants of the last (n, p) asked for; they are functions of these, so results do not depend on them. NaN equals no argument. */
export class Binomial {
  private n = Number.NaN;
  private p = Number.NaN;
  /** The lesser of p and 1 - p, and its odds. */
  private less = Number.NaN;
  private odds = Number.NaN;
  /** The probability of 0, for inversion. */
  private none = Number.NaN;
  private a = Number.NaN;
  private b = Number.NaN;
  private alpha = Number.NaN;
  private squeeze = Number.NaN;
  private mode = Number.NaN;

  draw(rng: Uniform, n: number, p: number): number {
    if (n !== this.n || p !== this.p) this.prepare(n, p);
    const count = n * this.less < SMALL_MEAN ? this.invert(rng) : this.reject(rng);
    return p > 0.5 ? n - count : count;
  }

  private prepare(n: number, p: number): void {
    if (!Number.isSafeInteger(n) || n < 0) throw badArgument('n', n, 'an integer, 0 or above');
    if (!(p >= 0 && p <= 1)) throw badArgument('p', p, 'a number from 0 to 1');
    const less = p > 0.5 ? 1 - p : p;
    const sd = Math.sqrt(n * less * (1 - less));
    this.n = n;
    this.p = p;
    this.less = less;
    this.odds = less / (1 - less);
    this.none = Math.exp(n * Math.log1p(-less));
    this.b = 1.15 + 2.53 * sd;
    this.a = -0.0873 + 0.0248 * this.b + 0.01 * less;
    this.alpha = (2.83 + 5.1 / this.b) * sd;
    this.squeeze = 0.92 - 4.2 / this.b;
    this.mode = Math.floor((n + 1) * less);
  }

  private invert(rng: Uniform): number {
    const { n, odds } = this;
    const most = Math.min(n, MOST_INVERTED);
    for (;;) {
      let rest = rng.uniform();
      let probability = this.none;
      let count = 0;
      while (rest >= probability && count <= most) {
        rest -= probability;
        count++;
        probability *= ((n + 1 - count) / count) * odds;
      }
      if (count <= most) return count;
    }
  }

  private reject(rng: Uniform): number {
    const { n, a, b } = this;
    for (;;) {
      const u = rng.uniform() - 0.5;
      const v = rng.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + n * this.less + 0.5);
      if (us >= 0.07 && v <= this.squeeze) return k;
      if (k < 0 || k > n) continue;
      if (Math.log((v * this.alpha) / (a / (us * us) + b)) <= this.logRatio(k)) return k;
    }
  }

  /** log of the probability of k over that of the mode, arranged around k - mode so that great n lose no digits. */
  private logRatio(k: number): number {
    const { n, mode } = this;
    const d = k - mode;
    return (
      (n - mode + 0.5) * Math.log1p(d / (n - k + 1)) -
      (mode + 0.5) * Math.log1p(d / (mode + 1)) +
      d * Math.log((this.odds * (n - k + 1)) / (k + 1)) +
      (stirlingError(mode) + stirlingError(n - mode) - stirlingError(k) - stirlingError(n - k))
    );
  }
}
