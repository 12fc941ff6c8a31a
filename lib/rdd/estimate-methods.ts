// Actions of statistics: samples of an exact size.

import type { Seed } from '../task/rng/seed.js';
import { ActionMethods } from './action-methods.js';
import { takeSample } from './take-sample.js';
import type { ActionOptions } from './types.js';

export class EstimateMethods<T> extends ActionMethods<T> {
  /**
   * Exactly n rows, in random order. Without replacement every subset is equally likely, and fewer rows come only when there are
   * fewer; with it every row may come again. Each task holds up to n rows, and the main thread those of all tasks.
   */
  takeSample(withReplacement: boolean, n: number, seed?: Seed, options?: ActionOptions): Promise<T[]> {
    return takeSample<T>(this, withReplacement, n, seed, options);
  }
}
