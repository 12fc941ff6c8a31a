// Rows of two partitions side by side.

import { HeddleError } from '../../core/errors.js';
import type { Batch, Source } from '../batch.js';
import { type TaskContext, taskError } from '../pipeline.js';
import type { PartRows } from './part-rows.js';

export class ZipSource implements Source {
  readonly bytesRead = 0;
  private readonly left: Side;
  private readonly right: Side;
  private zipped = 0;

  constructor(
    private readonly task: TaskContext,
    private readonly label: string,
    left: PartRows,
    right: PartRows,
  ) {
    this.left = new Side(left);
    this.right = new Side(right);
  }

  next(): Batch | null {
    const { left, right } = this;
    const n = Math.min(left.fill(), right.fill());
    if (n === 0) {
      if (left.ahead > 0 || right.ahead > 0) throw this.unequal();
      return null;
    }
    this.zipped += n;
    return { kind: 'pairs', keys: left.take(n), values: right.take(n), n, block: this.task.spec.local };
  }

  close(): void {
    try {
      this.left.rows.close();
    } finally {
      this.right.rows.close();
    }
  }

  /** One side has ended. Counts the other one to its end, so that the error can tell both numbers. */
  private unequal(): Error {
    const partition = this.task.spec.local;
    const [left, right] = [this.left, this.right].map(side => this.zipped + side.ahead + side.rows.rest().length);
    const message = `partition ${partition} has ${left} rows, that of the other one ${right}: they must have as many in each partition`;
    return taskError(new HeddleError('HEDDLE_UNEQUAL', message, { data: { left, right } }), this.label, this.task.spec);
  }
}

/** Rows that were read and not yet taken. */
class Side {
  private batch: unknown[] = [];
  private at = 0;
  constructor(readonly rows: PartRows) {}

  get ahead(): number {
    return this.batch.length - this.at;
  }

  /** Rows at hand, after reading some if there were none; 0 at the end. */
  fill(): number {
    if (this.ahead === 0) {
      this.batch = this.rows.next() ?? [];
      this.at = 0;
    }
    return this.ahead;
  }

  take(n: number): unknown[] {
    if (this.at === 0 && n === this.batch.length) {
      this.at = n;
      return this.batch;
    }
    return this.batch.slice(this.at, (this.at += n));
  }
}
