// Every row of one partition with every row of another one, whose rows are all held.

import type { Batch, Source } from '../batch.js';
import type { PartRows } from './part-rows.js';

/** Pairs of a batch: so many that a batch costs nothing. */
const BATCH_PAIRS = 1 << 13;

export class CartesianSource implements Source {
  readonly bytesRead = 0;
  private lefts: unknown[] = [];
  private left = 0;
  private rights: unknown[] | undefined;
  private right = 0;

  constructor(
    private readonly block: number,
    private readonly of: PartRows,
    private readonly others: PartRows,
  ) {}

  next(limit: number): Batch | null {
    this.rights ??= this.others.rest();
    const { rights } = this;
    if (rights.length === 0) return null;
    const most = Math.max(1, Math.min(limit, BATCH_PAIRS));
    const keys: unknown[] = [];
    const values: unknown[] = [];
    while (keys.length < most) {
      if (this.left === this.lefts.length) {
        // What is read here is given before more is read.
        if (keys.length > 0) break;
        const rows = this.of.next();
        if (rows === null) return null;
        this.lefts = rows;
        this.left = 0;
      }
      const key = this.lefts[this.left];
      const end = Math.min(rights.length, this.right + most - keys.length);
      for (let i = this.right; i < end; i++) {
        keys.push(key);
        values.push(rights[i]);
      }
      this.right = end;
      if (end < rights.length) continue;
      this.right = 0;
      this.left++;
    }
    return { kind: 'pairs', keys, values, n: keys.length, block: this.block };
  }

  close(): void {
    try {
      this.of.close();
    } finally {
      this.others.close();
    }
  }
}
