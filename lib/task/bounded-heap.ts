// The first n of the rows that come, in an order: a binary heap of n entries with the last of them at its root, which the
// next row either replaces or does not. Rows that are level keep the order in which they came, so the answer is that of a
// stable sort and does not depend on how the rows were cut.

/** Negative when `a` goes before `b`, as for Array.prototype.sort. */
export type Compare = (a: unknown, b: unknown) => number;

interface Entry {
  readonly key: unknown;
  readonly row: unknown;
  readonly place: number;
}

export class BoundedHeap {
  private readonly entries: Entry[] = [];
  private place = 0;

  constructor(
    readonly limit: number,
    private readonly compare: Compare,
  ) {}

  /**
   * Takes a row with what it is ordered by. Returns the number that a later key must go before to get in, NaN where there is
   * none: there is room left, or the last key is no number.
   */
  offer(key: unknown, row: unknown): number {
    const entry: Entry = { key, row, place: this.place++ };
    const { entries, limit } = this;
    if (entries.length < limit) {
      entries.push(entry);
      this.rise(entries.length - 1);
    } else if (limit > 0 && this.goesBefore(entry, entries[0]!)) {
      entries[0] = entry;
      this.sink();
    }
    return this.bound;
  }

  get bound(): number {
    const { entries, limit } = this;
    if (entries.length < limit || limit === 0) return Number.NaN;
    const { key } = entries[0]!;
    return typeof key === 'number' ? key : Number.NaN;
  }

  /** What was kept, in order. */
  sorted(): readonly { readonly key: unknown; readonly row: unknown }[] {
    return [...this.entries].sort((a, b) => this.compare(a.key, b.key) || a.place - b.place);
  }

  private goesBefore(a: Entry, b: Entry): boolean {
    const order = this.compare(a.key, b.key);
    return order < 0 || (!(order > 0) && a.place < b.place);
  }

  private rise(at: number): void {
    const { entries } = this;
    const entry = entries[at]!;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.goesBefore(entries[above]!, entry)) break;
      entries[at] = entries[above]!;
      at = above;
    }
    entries[at] = entry;
  }

  private sink(): void {
    const { entries } = this;
    const entry = entries[0]!;
    let at = 0;
    for (let below = 1; below < entries.length; below = 2 * at + 1) {
      if (below + 1 < entries.length && this.goesBefore(entries[below]!, entries[below + 1]!)) below++;
      if (!this.goesBefore(entry, entries[below]!)) break;
      entries[at] = entries[below]!;
      at = below;
    }
    entries[at] = entry;
  }
}
