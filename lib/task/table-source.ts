// Keys and values that are there as a whole, as a source.

import type { Batch, Source } from './batch.js';

/** Keys and values that are already columns. */
export class TableSource implements Source {
  readonly bytesRead = 0;
  private given = false;
  constructor(
    private readonly partition: number,
    private readonly keys: ArrayLike<unknown>,
    /** A function makes them when they are asked for: a count does not ask. */
    private readonly values: ArrayLike<unknown> | (() => ArrayLike<unknown>),
  ) {}

  next(): Batch | null {
    if (this.given || this.keys.length === 0) return null;
    this.given = true;
    const { keys, values, partition } = this;
    return {
      kind: 'pairs',
      keys,
      get values() {
        return typeof values === 'function' ? values() : values;
      },
      n: keys.length,
      block: partition,
    };
  }

  close(): void {}
}
