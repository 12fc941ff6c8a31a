// Which columns of rows an executor has been sent, the least recently used first: what a second job reads need not be sent again.

/** Columns of so many bytes are worth keeping; smaller ones go with each task. */
export const WORTH_KEEPING = 64 * 1024;

export class SentColumns {
  private readonly sizes = new Map<number, number>();
  private bytes = 0;

  /** `most`: bytes that it keeps, besides what one task needs. */
  constructor(private readonly most: number) {}

  /** Whether it has this one, which counts as used now. */
  use(id: number): boolean {
    const bytes = this.sizes.get(id);
    if (bytes === undefined) return false;
    this.sizes.delete(id);
    this.sizes.set(id, bytes);
    return true;
  }

  add(id: number, bytes: number): void {
    this.sizes.set(id, bytes);
    this.bytes += bytes;
  }

  /** Takes those off that are too much now. */
  takeExcess(): number[] {
    const excess: number[] = [];
    for (const [id, bytes] of this.sizes) {
      if (this.bytes <= this.most) break;
      this.sizes.delete(id);
      this.bytes -= bytes;
      excess.push(id);
    }
    return excess;
  }
}
