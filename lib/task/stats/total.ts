// The number of all rows from those of some partitions: what countApprox and countByValueApprox answer.
//
// Model: the k partitions that have answered are a sample without replacement of all N, each subset equally likely. The
// estimate is N times their mean count. Its interval is Student's with k - 1 degrees of freedom and the correction for a finite
// population (W. G. Cochran, "Sampling Techniques", 3rd ed. 1977, 2.6 to 2.8): exact where the counts are normal, and good
// where they are not too skewed, or k is not too small. Spark's model, rows as they fall by Poisson's law over equal
// partitions, knows nothing of partitions that differ, and its intervals are too short for them.
//
// Where all counts are equal their spread says nothing, least of all when nobody has seen a row. There the rows are taken to
// be Poisson: the interval is those totals that the sample does not reject, by the normal score of the share that fell on it.

import type { MomentsRecord } from './moments.js';
import { normalQuantile, studentSpan } from './normal.js';

/** A count that is known as well as the partitions that have answered allow. */
export interface ApproximateCount {
  /** The estimate: NaN while no partition has answered. */
  readonly mean: number;
  /** The number lies from low to high with this confidence. Never below what was counted. */
  readonly low: number;
  /** Infinity while fewer than two partitions have answered. */
  readonly high: number;
  /** 1 where it is final. */
  readonly confidence: number;
  /** All partitions have answered: mean, low and high are the exact count. */
  readonly final: boolean;
}

/** `counts` are the moments of the counts of those partitions that have answered, of so many in all. */
export function estimateTotal(counts: MomentsRecord, partitions: number, confidence: number): ApproximateCount {
  const { count: k, sum, mean, m2 } = counts;
  if (k === partitions) return { mean: sum, low: sum, high: sum, confidence: 1, final: true };
  const total = k === 0 ? Number.NaN : mean * partitions;
  const estimate = (low: number, high: number) => ({ mean: total, low: Math.max(low, sum), high, confidence, final: false });
  if (k < 2) return estimate(0, Number.POSITIVE_INFINITY);
  if (m2 === 0) {
    const left = (partitions - k) / k;
    const z = normalQuantile((1 + confidence) / 2);
    const centre = sum + (z * z) / 2;
    const half = (z / 2) * Math.sqrt(z * z + 4 * sum * (1 + 1 / left));
    return estimate(sum + left * (centre - half), sum + left * (centre + half));
  }
  const half = studentSpan(confidence, k - 1) * partitions * Math.sqrt((m2 / (k - 1) / k) * (1 - k / partitions));
  return estimate(total - half, total + half);
}
