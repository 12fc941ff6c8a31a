// Means, spreads and covariance of pairs in one pass, and of two parts from the parts' own (the pairwise formulae of Chan,
// Golub and LeVeque, for two variables); and what a control variate makes of them.
//
// A control is a variable that each trial gives beside its value, and whose mean is known. How far the control's own mean
// came out wrong tells how far the value's did: S. S. Lavenberg and P. D. Welch, "A perspective on the use of control
// variables to increase the efficiency of Monte Carlo simulations", Management Science 27(3), 1981.

import { studentSpan } from './normal.js';

/** Of pairs (x, y); plain data. */
export interface ComomentsRecord {
  readonly count: number;
  readonly x: number;
  readonly y: number;
  /** Sums of squared differences from the means, and of their products. */
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

export class Comoments implements ComomentsRecord {
  count = 0;
  x = 0;
  y = 0;
  xx = 0;
  yy = 0;
  xy = 0;

  add(x: number, y: number): void {
    const count = ++this.count;
    const dx = x - this.x;
    const dy = y - this.y;
    this.x += dx / count;
    this.y += dy / count;
    this.xx += dx * (x - this.x);
    this.yy += dy * (y - this.y);
    this.xy += dx * (y - this.y);
  }

  toRecord(): ComomentsRecord {
    const { count, x, y, xx, yy, xy } = this;
    return { count, x, y, xx, yy, xy };
  }
}

/** Of the pairs of both, a's first. */
export function mergeComoments(a: ComomentsRecord, b: ComomentsRecord): ComomentsRecord {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const share = b.count / count;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const weight = a.count * share;
  return {
    count,
    x: a.x + dx * share,
    y: a.y + dy * share,
    xx: a.xx + b.xx + dx * dx * weight,
    yy: a.yy + b.yy + dy * dy * weight,
    xy: a.xy + b.xy + dx * dy * weight,
  };
}

/** What pairs [value, control] say about the value's expectation. */
export interface ControlledEstimate {
  readonly count: number;
  /** The mean of the values, corrected by what the control's mean was off. */
  readonly mean: number;
  readonly standardError: number;
  readonly confidence: number;
  /** Of the confidence interval (Student's t). */
  readonly halfWidth: number;
  readonly interval: readonly [number, number];
  /** By how much the value changes with the control, estimated from the same pairs. */
  readonly coefficient: number;
  readonly correlation: number;
  /** The mean of the values alone, and its standard error: what was gained. */
  readonly plain: { readonly mean: number; readonly standardError: number };
}

/** The regression estimate. Of fewer than three pairs there is no standard error: NaN. */
export function controlled({ count, x, y, xx, yy, xy }: ComomentsRecord, known: number, confidence: number): ControlledEstimate {
  // A control that does not vary corrects nothing.
  const coefficient = yy > 0 ? xy / yy : 0;
  const off = y - known;
  const mean = count === 0 ? Number.NaN : x - coefficient * off;
  const rest = Math.max(0, xx - coefficient * xy) / (count - 2);
  const standardError = count < 3 ? Number.NaN : Math.sqrt(rest * (1 / count + (yy > 0 ? (off * off) / yy : 0)));
  const halfWidth = count < 3 ? Number.NaN : studentSpan(confidence, count - 2) * standardError;
  return {
    count,
    mean,
    standardError,
    confidence,
    halfWidth,
    interval: [mean - halfWidth, mean + halfWidth],
    coefficient,
    correlation: xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN,
    plain: {
      mean: count === 0 ? Number.NaN : x,
      standardError: count < 2 ? Number.NaN : Math.sqrt(xx / (count - 1) / count),
    },
  };
}
