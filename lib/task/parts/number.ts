// Rows with numbers of their own, and rows dealt out to partitions.

import type { Batch, Source } from '../batch.js';
import type { PartRows } from './part-rows.js';

/** [row, first + i * step]. */
export class NumberSource implements Source {
  readonly bytesRead = 0;
  private given = 0;

  constructor(
    private readonly block: number,
    private readonly rows: PartRows,
    private readonly first: number,
    private readonly step: number,
  ) {}

  next(): Batch | null {
    const keys = this.rows.next();
    if (keys === null) return null;
    const values = new Float64Array(keys.length);
    for (let i = 0; i < values.length; i++) values[i] = this.first + (this.given + i) * this.step;
    this.given += keys.length;
    return { kind: 'pairs', keys, values, n: keys.length, block: this.block };
  }

  close(): void {
    this.rows.close();
  }
}

/** [partition, row], the partitions in turn. */
export class DealSource implements Source {
  readonly bytesRead = 0;

  constructor(
    private readonly block: number,
    private readonly rows: PartRows,
    private turn: number,
    private readonly partitions: number,
  ) {}

  next(): Batch | null {
    const values = this.rows.next();
    if (values === null) return null;
    const keys = new Int32Array(values.length);
    for (let i = 0; i < keys.length; i++) {
      keys[i] = this.turn;
      if (++this.turn === this.partitions) this.turn = 0;
    }
    return { kind: 'pairs', keys, values, n: keys.length, block: this.block };
  }

  close(): void {
    this.rows.close();
  }
}
