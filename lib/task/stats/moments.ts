// Count, sum, mean, spread and extremes of numbers in one pass, and of two parts from the parts' own.
// Adding: Welford, Technometrics 4(3), 1962. Merging: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm
// for computing sample variances", COMPSTAT 1982.
//
// Contract: the result is a function of the order of calls, which the caller fixes (records left to right in a block, blocks
// by a FixedTree). Not a number spoils everything but the count; infinities spoil the variance.

/** Moments as plain data: what is sent between tasks. */
export interface MomentsRecord {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  /** The sum of squared differences from the mean. */
  readonly m2: number;
  readonly min: number;
  readonly max: number;
}

/** What `stats()` answers. Of no numbers: count and sum 0, min Infinity, max -Infinity, the rest NaN. */
export interface Statistics {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  /** Of the numbers themselves as the whole population: divided by count. */
  readonly variance: number;
  /** Estimated for the population that the numbers are a sample of: divided by count - 1. NaN of one number. */
  readonly sampleVariance: number;
  readonly stdev: number;
  readonly sampleStdev: number;
  readonly min: number;
  readonly max: number;
}

export class Moments implements MomentsRecord {
  count = 0;
  /** The plain sum, left to right: what a loop gives. */
  sum = 0;
  mean = 0;
  m2 = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  static of(values: Iterable<number>): Moments {
    const moments = new Moments();
    for (const value of values) moments.add(value);
    return moments;
  }

  /** A working copy of moments that came as plain data. */
  static from(record: MomentsRecord): Moments {
    return new Moments().merge(record);
  }

  add(value: number): void {
    const count = ++this.count;
    this.sum += value;
    const delta = value - this.mean;
    this.mean += delta / count;
    this.m2 += delta * (value - this.mean);
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
  }

  /** Takes in the moments of the numbers that come after these, and returns this. */
  merge(other: MomentsRecord): this {
    const before = this.count;
    if (other.count === 0) return this;
    if (before === 0) {
      // Copied, not computed: one part alone keeps its bits, -0 included.
      this.count = other.count;
      this.sum = other.sum;
      this.mean = other.mean;
      this.m2 = other.m2;
      this.min = other.min;
      this.max = other.max;
      return this;
    }
    const count = before + other.count;
    const delta = other.mean - this.mean;
    this.count = count;
    this.sum += other.sum;
    this.mean += delta * (other.count / count);
    this.m2 += other.m2 + delta * delta * (before * (other.count / count));
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    return this;
  }

  toRecord(): MomentsRecord {
    const { count, sum, mean, m2, min, max } = this;
    return { count, sum, mean, m2, min, max };
  }
}

/** The figures that users see. */
export function statistics({ count, sum, mean, m2, min, max }: MomentsRecord): Statistics {
  const variance = count === 0 ? Number.NaN : m2 / count;
  const sampleVariance = count < 2 ? Number.NaN : m2 / (count - 1);
  return {
    count,
    sum,
    // The running mean overflows later than the sum does, but among infinities only the sum knows the answer.
    mean: count > 0 && Number.isFinite(mean) ? mean : sum / count,
    variance,
    sampleVariance,
    stdev: Math.sqrt(variance),
    sampleStdev: Math.sqrt(sampleVariance),
    min,
    max,
  };
}
