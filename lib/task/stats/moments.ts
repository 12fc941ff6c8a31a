// Count, mean and variance in one pass, mergeable (T. F. Chan, G. H. Golub, R. J. LeVeque, 1979; Welford's update inside a block).

/** Plain data, so that it travels. */
export interface MomentsState {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly m2: number;
  readonly min: number;
  readonly max: number;
}

/** What stats() gives. Variances of no (sample variances of fewer than two) numbers are NaN. */
export interface Statistics {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  /** Of the numbers as a whole population. */
  readonly variance: number;
  readonly stdev: number;
  /** Unbiased, of the numbers as a sample. */
  readonly sampleVariance: number;
  readonly sampleStdev: number;
  readonly min: number;
  readonly max: number;
}

export class Moments implements MomentsState {
  count = 0;
  sum = 0;
  mean = 0;
  m2 = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  static of(state: MomentsState): Moments {
    return Object.assign(new Moments(), state);
  }

  add(x: number): void {
    this.count++;
    this.sum += x;
    const delta = x - this.mean;
    this.mean += delta / this.count;
    this.m2 += delta * (x - this.mean);
    this.min = Math.min(this.min, x);
    this.max = Math.max(this.max, x);
  }

  /** A new one over the numbers of both. */
  merge(other: MomentsState): Moments {
    const merged = new Moments();
    const count = this.count + other.count;
    if (count === 0) return merged;
    const delta = other.mean - this.mean;
    merged.count = count;
    merged.sum = this.sum + other.sum;
    merged.mean = this.mean + (delta * other.count) / count;
    merged.m2 = this.m2 + other.m2 + (delta * delta * this.count * other.count) / count;
    merged.min = Math.min(this.min, other.min);
    merged.max = Math.max(this.max, other.max);
    return merged;
  }

  state(): MomentsState {
    const { count, sum, mean, m2, min, max } = this;
    return { count, sum, mean, m2, min, max };
  }

  statistics(): Statistics {
    const { count, sum, mean, m2, min, max } = this;
    const variance = m2 / count;
    const sampleVariance = count < 2 ? Number.NaN : m2 / (count - 1);
    return {
      count,
      sum,
      mean: count === 0 ? Number.NaN : mean,
      variance,
      stdev: Math.sqrt(variance),
      sampleVariance,
      sampleStdev: Math.sqrt(sampleVariance),
      min,
      max,
    };
  }
}
