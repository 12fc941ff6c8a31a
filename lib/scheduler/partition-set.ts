// A set of partitions: a byte for each up to the largest, which are few and close together. A Set of as many numbers costs several
// times as much to fill, and the collector has to walk it.

export class PartitionSet {
  private bytes = new Uint8Array(64);
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(partition: number): boolean {
    return this.bytes[partition] === 1;
  }

  add(partition: number): void {
    if (partition >= this.bytes.length) {
      const more = new Uint8Array(Math.max(partition + 1, 2 * this.bytes.length));
      more.set(this.bytes);
      this.bytes = more;
    }
    this.count += 1 - this.bytes[partition]!;
    this.bytes[partition] = 1;
  }

  delete(partition: number): void {
    if (!this.has(partition)) return;
    this.bytes[partition] = 0;
    this.count--;
  }
}
