// Actions on numbers beyond their sum and mean.

import { readColumn } from '../codec/column.js';
import { badArgument, HeddleError } from '../core/errors.js';
import { checkCount } from '../core/options.js';
import type { Statistics } from '../task/stats/moments.js';
import { action, empty, stats } from './actions.js';
import { OrderedActions } from './ordered-actions.js';
import type { RDD } from './rdd.js';
import type { RddBase } from './rdd-base.js';
import { runForColumns } from './results.js';
import type { ActionOptions } from './types.js';

/** What `histogram` answers: bucket i is [buckets[i], buckets[i + 1]), the last one with its end. */
export interface Histogram {
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

export class NumberActions<T> extends OrderedActions<T> {
  /** The variance of numbers as the whole population: divided by their count. Rejects with HEDDLE_EMPTY. */
  variance(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return statistic(this, 'variance', options);
  }

  /** The variance estimated for the population that the numbers are a sample of: divided by count - 1; NaN of one. Rejects with HEDDLE_EMPTY. */
  sampleVariance(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return statistic(this, 'sampleVariance', options);
  }

  /** The root of variance. Rejects with HEDDLE_EMPTY. */
  stdev(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return statistic(this, 'stdev', options);
  }

  /** The root of sampleVariance. Rejects with HEDDLE_EMPTY. */
  sampleStdev(this: RDD<number>, options?: ActionOptions): Promise<number> {
    return statistic(this, 'sampleStdev', options);
  }

  /**
   * How many numbers are in each bucket. Of a list of edges, which must increase, numbers outside them and NaN are not counted.
   * Of a number of buckets, these are equally wide from the least to the greatest number, which takes a job of its own to
   * find; one bucket where all numbers are equal. It then rejects with HEDDLE_EMPTY for no numbers, HEDDLE_VALUE where the
   * least or the greatest is not finite.
   */
  async histogram(this: RDD<number>, buckets: number | readonly number[], options?: ActionOptions): Promise<Histogram> {
    const edges = typeof buckets === 'number' ? await evenEdges(this, buckets, options) : checkedEdges(buckets);
    const counts = new Array<number>(edges.length - 1).fill(0);
    for (const [column] of await runForColumns(action(this, 'histogram', options), () => ({ kind: 'histogram', edges }))) {
      const part = readColumn(column!) as ArrayLike<number>;
      for (let i = 0; i < counts.length; i++) counts[i]! += part[i]!;
    }
    return { buckets: edges, counts };
  }
}

async function statistic(
  rdd: RddBase,
  name: 'variance' | 'sampleVariance' | 'stdev' | 'sampleStdev',
  options: ActionOptions | undefined,
): Promise<number> {
  const all: Statistics = await stats(rdd, options, name);
  if (all.count === 0) throw empty(name, rdd.node);
  return all[name];
}

/** More buckets than this are a mistake: each task has a count for each. */
const MOST_BUCKETS = 2 ** 24;

function checkedEdges(buckets: unknown): number[] {
  const expected = 'a number of buckets, or an array of at least two numbers that increase';
  if (!Array.isArray(buckets) || buckets.length < 2 || buckets.length > MOST_BUCKETS + 1) {
    throw badArgument('histogram(buckets)', buckets, expected);
  }
  // Copied, for the job takes the edges of this moment.
  const edges = [...(buckets as unknown[])];
  const increase = edges.every((edge, i) => typeof edge === 'number' && (i === 0 ? !Number.isNaN(edge) : edge > (edges[i - 1] as number)));
  if (!increase) throw badArgument('histogram(buckets)', buckets, expected);
  return edges as number[];
}

async function evenEdges(rdd: RddBase, buckets: number, options: ActionOptions | undefined): Promise<number[]> {
  const n = checkCount('histogram(buckets)', buckets);
  if (n < 1 || n > MOST_BUCKETS) throw badArgument('histogram(buckets)', buckets, `a number of buckets, from 1 to ${MOST_BUCKETS}`);
  const { count, min, max } = await stats(rdd, options, 'histogram');
  if (count === 0) throw empty('histogram', rdd.node);
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    const message = `histogram: the numbers go from ${min} to ${max}, which cannot be cut into equal buckets; give their edges`;
    throw new HeddleError('HEDDLE_VALUE', message, { data: { min, max } });
  }
  return evenly(min, max, n);
}

/** n + 1 edges from min to max; two where there is nothing between them. */
export function evenly(min: number, max: number, n: number): number[] {
  if (min === max) return [min, max];
  const span = max - min;
  // A span beyond the largest number is taken in two parts.
  const inner = (i: number) => (Number.isFinite(span) ? min + (i / n) * span : min * (1 - i / n) + max * (i / n));
  return Array.from({ length: n + 1 }, (_, i) => (i === 0 ? min : i === n ? max : inner(i)));
}
