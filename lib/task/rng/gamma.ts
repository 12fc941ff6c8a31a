// Numbers from the gamma distribution by squeezed rejection from a cubed normal.
// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.

import { standardNormal, type Uniform } from './ziggurat.js';

/** A number from the gamma distribution of the given shape and scale 1. */
export function standardGamma(rng: Uniform, shape: number): number {
  // Below 1 the method does not hold: a gamma of shape + 1 times a power of a uniform is one of shape.
  // The power is taken by exp and log, which V8 computes itself, the same everywhere; pow may be the platform's.
  if (shape < 1) return fromOne(rng, shape + 1) * Math.exp(Math.log(1 - rng.uniform()) / shape);
  return fromOne(rng, shape);
}

function fromOne(rng: Uniform, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = standardNormal(rng);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = rng.uniform();
    if (u < 1 - 0.0331 * (x * x) * (x * x)) return d * v;
    if (Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}
