// Goodness of fit: p-values of the Kolmogorov-Smirnov and chi-square tests, and the distribution functions they need.
import assert from 'node:assert/strict';

/** Seeds are fixed, so a p-value is always the same: one below this says that a distribution is wrong. */
const LEAST_P = 1e-4;

export function assertFits(p: number, what: string): void {
  assert.ok(p > LEAST_P, `${what}: p = ${p}`);
}

/** Lanczos's approximation, to about 1e-13. */
export function logGamma(x: number): number {
  const c = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905, -0.13857109526572012,
    9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  let series = 0.9999999999998099;
  for (let i = 0; i < c.length; i++) series += c[i]! / (x + i);
  const t = x + c.length - 1.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** The regularised lower incomplete gamma function: its series, or one less Legendre's continued fraction (Lentz). */
export function gammaCdf(shape: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let k = shape + 1; term > sum * 1e-16; k++) sum += term *= x / k;
    return front * sum;
  }
  let b = x + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 100_000; i++) {
    const a = -i * (i - shape);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * h;
}

export function normalCdf(x: number): number {
  const half = gammaCdf(0.5, (x * x) / 2) / 2;
  return x < 0 ? 0.5 - half : 0.5 + half;
}

/** p of the sample under a continuous distribution. */
export function kolmogorovSmirnov(sample: Float64Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const at = cdf(sorted[i]!);
    distance = Math.max(distance, (i + 1) / n - at, at - i / n);
  }
  const root = Math.sqrt(n);
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  let p = 0;
  for (let k = 1; k <= 100; k++) p += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * lambda * lambda);
  return lambda < 0.2 ? 1 : Math.max(0, p);
}

/** p of observed counts whose expectations are given. */
export function chiSquare(observed: ArrayLike<number>, expected: ArrayLike<number>, freedom = observed.length - 1): number {
  let statistic = 0;
  for (let i = 0; i < observed.length; i++) statistic += (observed[i]! - expected[i]!) ** 2 / expected[i]!;
  return 1 - gammaCdf(freedom / 2, statistic / 2);
}

/** p of a sample of counts 0, 1, ..., most under a discrete distribution; neighbours are pooled up to 25 expected. */
export function chiSquareCounts(sample: Float64Array, most: number, probability: (k: number) => number): number {
  const seen = new Float64Array(most + 1);
  for (const k of sample) {
    assert.ok(Number.isInteger(k) && k >= 0 && k <= most, `${k} is no count up to ${most}`);
    seen[k]!++;
  }
  const observed: number[] = [];
  const expected: number[] = [];
  let o = 0;
  let e = 0;
  for (let k = 0; k <= most; k++) {
    o += seen[k]!;
    e += probability(k) * sample.length;
    if (e >= 25) {
      observed.push(o);
      expected.push(e);
      o = e = 0;
    }
  }
  observed[observed.length - 1]! += o;
  expected[expected.length - 1]! += e;
  return chiSquare(observed, expected);
}

/** Pearson's correlation of two equally long samples, `lag` apart, times the root of the length: near normal(0, 1) when unrelated. */
export function correlationScore(a: Float64Array, b: Float64Array, lag: number): number {
  const n = a.length - lag;
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sbb = 0;
  let sab = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i]!;
    const y = b[i + lag]!;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const covariance = sab / n - (sa / n) * (sb / n);
  return (covariance / Math.sqrt((saa / n - (sa / n) ** 2) * (sbb / n - (sb / n) ** 2))) * Math.sqrt(n);
}
