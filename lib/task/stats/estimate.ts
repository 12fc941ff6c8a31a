// What trials are summed up in, a block at a time: moments and, where asked for, a digest of each component of the values;
// and the figures made of it.

import { HeddleError } from '../../core/errors.js';
import { type DigestRecord, digestQuantile, mergeDigests } from './digest.js';
import { Moments, type MomentsRecord } from './moments.js';
import { studentSpan } from './normal.js';

/** Of the values so far. Plain data; never changed once made. */
export interface Tally {
  /** Components of each value; 0: the values are numbers themselves. */
  readonly width: number;
  readonly parts: readonly { readonly moments: MomentsRecord; readonly digest: DigestRecord | null }[];
}

/** The tally of both, the left one's values first. */
export function mergeTallies(a: Tally, b: Tally): Tally {
  const moments = momentsOf([a, b]);
  const parts = a.parts.map(({ digest: left }, i) => {
    const { digest: right } = b.parts[i]!;
    return { moments: moments[i]!, digest: left === null || right === null ? null : mergeDigests(left, right) };
  });
  return { width: a.width, parts };
}

/** The moments of each component of tallies, merged from the last to the first: far cheaper than their digests. */
export function momentsOf(tallies: readonly Tally[]): MomentsRecord[] {
  const width = tallies[0]?.width ?? 0;
  for (const tally of tallies) if (tally.width !== width) throw mixedWidths(width, tally.width);
  return (tallies[0]?.parts ?? []).map((_, i) =>
    tallies.map(({ parts }) => parts[i]!.moments).reduceRight((right, left) => Moments.from(left).merge(right).toRecord()),
  );
}

export function mixedWidths(a: number, b: number): HeddleError {
  const text = (width: number) => (width === 0 ? 'a number' : `an array of ${width}`);
  return new HeddleError('HEDDLE_VALUE', `summary needs values of one kind, got ${text(a)} and ${text(b)}`);
}

/** What is known of an expectation after some trials. */
export interface Estimate {
  readonly count: number;
  readonly mean: number;
  /** Of the values, estimated with count - 1; NaN of fewer than two. */
  readonly variance: number;
  readonly stdev: number;
  /** Of the mean. */
  readonly standardError: number;
  readonly confidence: number;
  /** Half of the confidence interval (Student's t). NaN of fewer than two values. */
  readonly halfWidth: number;
  readonly interval: readonly [number, number];
  readonly min: number;
  readonly max: number;
  /** By probability: quantiles[0.5] is the median. */
  readonly quantiles: Readonly<Record<number, number>>;
}

const NOTHING = { moments: new Moments().toRecord(), digest: null };

/** The figures of each component. */
export function estimates(tally: Tally | undefined, confidence: number, probabilities: readonly number[]): Estimate[] {
  return (tally?.parts ?? [NOTHING]).map(({ moments, digest }) => {
    const { count, mean, m2, min, max } = moments;
    const variance = count < 2 ? Number.NaN : m2 / (count - 1);
    const standardError = Math.sqrt(variance / count);
    const halfWidth = halfWidthOf(moments, confidence);
    const centre = count === 0 ? Number.NaN : mean;
    return {
      count,
      mean: centre,
      variance,
      stdev: Math.sqrt(variance),
      standardError,
      confidence,
      halfWidth,
      interval: [centre - halfWidth, centre + halfWidth],
      min,
      max,
      quantiles: Object.fromEntries(probabilities.map(p => [p, digest === null ? Number.NaN : digestQuantile(digest, p)])),
    };
  });
}

/** Half of the confidence interval of a mean. */
export function halfWidthOf({ count, m2 }: MomentsRecord, confidence: number): number {
  return count < 2 ? Number.NaN : studentSpan(confidence, count - 1) * Math.sqrt(m2 / (count - 1) / count);
}
