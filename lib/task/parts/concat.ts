// Partitions one after the other.

import type { Batch, Source } from '../batch.js';
import type { PartRows } from './part-rows.js';

export class ConcatSource implements Source {
  readonly bytesRead = 0;
  private next_ = 0;
  private open: PartRows | undefined;

  constructor(
    private readonly block: number,
    private readonly openers: readonly (() => PartRows)[],
  ) {}

  next(): Batch | null {
    for (;;) {
      if (this.open === undefined) {
        const opener = this.openers[this.next_++];
        if (opener === undefined) return null;
        this.open = opener();
      }
      const rows = this.open.next();
      if (rows !== null) return { kind: 'rows', rows, n: rows.length, block: this.block };
      // Closed before the next one is opened: of many, one at a time holds anything.
      this.close();
    }
  }

  close(): void {
    this.open?.close();
    this.open = undefined;
  }
}
