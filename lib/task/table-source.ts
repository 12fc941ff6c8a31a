// Keys and values that are there as a whole, as a source.

import type { Batch, Source } from './batch.js';

/** Keys and values that are already columns. */
export class TableSource implements Source {
  readonly bytesRead = 0;
  private given = false;
  constructor(
    private readonly partition: number,
    private readonly keys: ArrayLike<unknown>,
    private readonly values: ArrayLike<unknown>,
  ) {}

  next(): Batch | null {
    if (this.given || this.keys.length === 0) return null;
    this.given = true;
    return { kind: 'pairs', keys: this.keys, values: this.values, n: this.keys.length, block: this.partition };
  }

  close(): void {}
}
