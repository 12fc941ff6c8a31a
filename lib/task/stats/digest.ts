// Quantiles of a stream in little memory: the merging t-digest. T. Dunning and O. Ertl, "Computing extremely accurate
// quantiles using t-digests", 2019 (arXiv:1902.04023); scale function k1.
//
// Numbers are kept as centroids, sorted groups of neighbours with their mean and weight. A group may be large in the middle
// and must be small at the ends: its width on the scale k(q) = C / (2 pi) * asin(2q - 1) is at most 1. The rank of a quantile is
// off by less than pi / C * sqrt(q (1 - q)), mostly by far less.
//
// Contract: a digest is a function of the order of additions and merges, which the caller fixes, and so is each bit of
// what it answers. Records are never changed, so a merge may be repeated. Not a number spoils all quantiles.

export interface DigestRecord {
  readonly means: Float64Array;
  readonly weights: Float64Array;
  /** NaN once there was any NaN. */
  readonly min: number;
  readonly max: number;
}

/** C above: at most so many centroids, mostly half of it. */
const COMPRESSION = 400;

/** Numbers that are sorted at once. */
const BUFFER = 8192;

export const EMPTY_DIGEST: DigestRecord = {
  means: new Float64Array(0),
  weights: new Float64Array(0),
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
};

/** Takes numbers one by one. */
export class Digest {
  /** Where the next numbers go. Whoever fills it calls flush when it is full. */
  readonly values = new Float64Array(BUFFER);
  fill = 0;
  private record = EMPTY_DIGEST;

  add(value: number): void {
    this.values[this.fill++] = value;
    if (this.fill === BUFFER) this.flush();
  }

  /** Takes in what is in the buffer; the next place in it is 0. */
  flush(): number {
    const { fill } = this;
    this.fill = 0;
    if (fill === 0) return 0;
    const sorted = this.values.subarray(0, fill).sort();
    // Not a number comes last.
    let end = fill;
    while (end > 0 && Number.isNaN(sorted[end - 1]!)) end--;
    const isSpoilt = end < fill;
    const means = sorted.subarray(0, end);
    const min = isSpoilt ? Number.NaN : sorted[0]!;
    const max = isSpoilt ? Number.NaN : sorted[end - 1]!;
    const chunk = { means, weights: ONES.subarray(0, end), min, max };
    this.record = mergeDigests(this.record, chunk);
    return 0;
  }

  /** What there is so far; starts anew. */
  take(): DigestRecord {
    this.flush();
    const { record } = this;
    this.record = EMPTY_DIGEST;
    return record;
  }
}

const ONES = new Float64Array(BUFFER).fill(1);

/** The digest of the numbers of both. Changes neither, and shares nothing with them. */
export function mergeDigests(a: DigestRecord, b: DigestRecord): DigestRecord {
  const total = sum(a.weights) + sum(b.weights);
  const most = a.means.length + b.means.length;
  // Any two neighbours are wider than 1 of C / 2, infinities apart.
  const means = new Float64Array(Math.min(most, COMPRESSION + 4));
  const weights = new Float64Array(means.length);
  let size = 0;
  let before = 0;
  let limit = 0;
  let mean = 0;
  let weight = 0;
  for (let i = 0, j = 0; i + j < most; ) {
    const first = j === b.means.length || (i < a.means.length && a.means[i]! <= b.means[j]!);
    const x = first ? a.means[i]! : b.means[j]!;
    const w = first ? a.weights[i++]! : b.weights[j++]!;
    const joins = weight > 0 && before + weight + w <= limit && (x === mean || Number.isFinite(x - mean));
    if (joins) {
      weight += w;
      if (x !== mean) mean += (x - mean) * (w / weight);
      continue;
    }
    if (weight > 0) {
      means[size] = mean;
      weights[size++] = weight;
      before += weight;
    }
    limit = total * after(before / total);
    mean = x;
    weight = w;
  }
  if (weight > 0) {
    means[size] = mean;
    weights[size++] = weight;
  }
  return { means: means.slice(0, size), weights: weights.slice(0, size), min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** Where a centroid that begins at q has to end. */
function after(q: number): number {
  const k = Math.asin(2 * q - 1) + (2 * Math.PI) / COMPRESSION;
  return k >= Math.PI / 2 ? 1 : (Math.sin(k) + 1) / 2;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** The quantile of a probability, between centroids in proportion; NaN of no numbers. Exact (Hazen's) while each is a centroid of its own. */
export function digestQuantile({ means, weights, min, max }: DigestRecord, p: number): number {
  const size = means.length;
  if (size === 0 || Number.isNaN(min)) return Number.NaN;
  const rank = p * sum(weights);
  let from = min;
  let fromRank = weights[0] === 1 ? 0.5 : 0;
  let before = 0;
  if (rank <= fromRank) return min;
  for (let i = 0; i < size; i++) {
    const at = before + weights[i]! / 2;
    if (rank < at) return between(from, means[i]!, (rank - fromRank) / (at - fromRank));
    from = means[i]!;
    fromRank = at;
    before += weights[i]!;
  }
  const last = weights[size - 1] === 1 ? before - 0.5 : before;
  return rank >= last ? max : between(from, max, (rank - fromRank) / (last - fromRank));
}

function between(a: number, b: number, share: number): number {
  if (a === b || share === 0 || a === Number.NEGATIVE_INFINITY) return a;
  const span = b - a;
  // Two finite numbers may be further apart than any number is large.
  return Number.isFinite(span) ? a + span * share : a * (1 - share) + b * share;
}
