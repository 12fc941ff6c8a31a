// The partitions of a stage that wait for a slot: fresh ones in the order in which they were asked for.
//
// Fresh partitions are an array with a cursor, so that taking one costs nothing; partitions to retry are few and
// are kept apart, because a retry may have to wait for a slot other than the idle one while fresh partitions go ahead.

export class PartitionQueue {
  private fresh: number[] = [];
  private cursor = 0;
  private readonly retries: number[] = [];

  /** How often in a row the next fresh partition was passed over for one behind it. */
  passes = 0;

  /** Adds partitions that were never tried. */
  add(partitions: number[]): void {
    this.fresh = this.fresh.slice(this.cursor).concat(partitions);
    this.cursor = 0;
  }

  /** Adds a partition that was tried, or asked for, before. */
  addRetry(partition: number): void {
    this.retries.splice(lowerBound(this.retries, partition), 0, partition);
  }

  get isEmpty(): boolean {
    return this.cursor === this.fresh.length && this.retries.length === 0;
  }

  /** The next partition that was never tried. */
  get firstFresh(): number | undefined {
    return this.fresh[this.cursor];
  }

  freshAt(rank: number): number | undefined {
    return this.fresh[this.cursor + rank];
  }

  /** The partition to retry at this rank. */
  retryAt(rank: number): number | undefined {
    return this.retries[rank];
  }

  /** Removes and returns all of them. */
  drain(): number[] {
    const all = this.fresh.slice(this.cursor).concat(this.retries);
    this.fresh = [];
    this.cursor = 0;
    this.retries.length = 0;
    return all;
  }

  /** Removes a partition that `freshAt` or `retryAt` has shown. Costs its rank. */
  take(partition: number): void {
    if (this.fresh[this.cursor] === partition) {
      this.cursor++;
      this.passes = 0;
      return;
    }
    const rank = lowerBound(this.retries, partition);
    if (this.retries[rank] === partition) {
      this.retries.splice(rank, 1);
      return;
    }
    let at = this.cursor + 1;
    while (this.fresh[at] !== partition) at++;
    this.fresh.copyWithin(this.cursor + 1, this.cursor, at);
    this.cursor++;
    this.passes++;
  }
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
