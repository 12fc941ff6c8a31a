// Actions of statistics: samples of an exact size, and what trials say about an expectation.

import type { Seed } from '../task/rng/seed.js';
import type { ControlledEstimate } from '../task/stats/comoments.js';
import { type ControlOptions, controlVariate } from './control-variate.js';
import { IteratorActions } from './iterator-actions.js';
import type { RDD } from './rdd.js';
import { type Summary, type SummaryOptions, summary, type VectorSummary } from './summary.js';
import type { SummaryRun } from './summary-run.js';
import { takeSample } from './take-sample.js';
import type { ActionOptions, Pair } from './types.js';

export class EstimateMethods<T> extends IteratorActions<T> {
  /**
   * Exactly n rows, in random order. Without replacement every subset is equally likely, and fewer rows come only when there are
   * fewer; with it every row may come again. Each task holds up to n rows, and the main thread those of all tasks.
   */
  takeSample(withReplacement: boolean, n: number, seed?: Seed, options?: ActionOptions): Promise<T[]> {
    return takeSample<T>(this, withReplacement, n, seed, options);
  }

  /**
   * Count, mean, variance, standard error, confidence interval and quantiles of numbers, or of each component of arrays of
   * numbers, as they come: `await` it for the last snapshot, iterate it for all. `until` stops once the mean is known well enough,
   * at the same trial on any threads and partitions. Quantiles cost some 100 ns a value; `quantiles: []` leaves them out.
   */
  summary(this: RDD<number>, options?: SummaryOptions): SummaryRun<Summary>;
  summary(this: RDD<readonly number[]> | RDD<Float64Array>, options?: SummaryOptions): SummaryRun<VectorSummary>;
  summary(options?: SummaryOptions): SummaryRun<Summary & VectorSummary> {
    return summary(this, options);
  }

  /**
   * The mean of values by a control variate: of pairs [value, control], where the control's mean is known. What the control's mean came
   * out wrong corrects the values', by a coefficient that is estimated from the same pairs; the closer the two go together,
   * the smaller the standard error.
   */
  controlVariate(this: RDD<Pair<number, number>>, known: number, options?: ControlOptions): Promise<ControlledEstimate> {
    return controlVariate(this, known, options);
  }
}
