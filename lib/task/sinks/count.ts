// count, and forEach: rows that leave nothing behind.

import type { PairsBatch } from '../batch.js';
import type { ColumnsBatch } from '../columnar/batch.js';
import { rowExpression, type SinkCode } from '../compile.js';
import type { AnyFunction } from '../functions.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

export class CountSink extends Sink {
  count = 0;
  readonly variant = 'count';

  code(): SinkCode {
    return {
      functions: 0,
      before: 'let count = sink.count;',
      row: () => 'count++;',
      after: 'sink.count = count;',
      wholeBatch: 'sink.count += n;',
    };
  }

  override takeColumns({ n }: ColumnsBatch): boolean {
    this.count += n;
    return true;
  }

  override takePairs({ n }: PairsBatch): boolean {
    this.count += n;
    return true;
  }

  finish(): SinkResult {
    return { columns: [encodeColumn([this.count])], rowsOut: 1, bytesOut: 0 };
  }
}

export class ForEachSink extends Sink {
  count = 0;
  readonly variant = 'forEach';
  constructor(private readonly f: AnyFunction) {
    super();
  }

  override functions(): readonly AnyFunction[] {
    return [this.f];
  }

  code(): SinkCode {
    return {
      functions: 1,
      before: 'let count = sink.count;',
      row: row => `s0(${rowExpression(row)}); count++;`,
      after: 'sink.count = count;',
    };
  }

  finish(): SinkResult {
    return { columns: [], rowsOut: this.count, bytesOut: 0 };
  }
}
