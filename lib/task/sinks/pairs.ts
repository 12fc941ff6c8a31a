// Pairs taken apart, all of them.

import { keyExpression, type SinkCode, valueExpression } from '../compile.js';
import { Sink, type SinkResult } from './sink.js';

export class PairsSink extends Sink {
  keys: unknown[] = [];
  values: unknown[] = [];
  readonly variant = 'pairs apart';

  code(): SinkCode {
    return {
      functions: 0,
      pairs: true,
      before: 'const keys_ = sink.keys, values_ = sink.values;',
      row: row => `keys_.push(${keyExpression(row)}); values_.push(${valueExpression(row)});`,
      after: '',
    };
  }

  /** What came since the last time. */
  take(): { readonly keys: unknown[]; readonly values: unknown[] } {
    const { keys, values } = this;
    this.keys = [];
    this.values = [];
    return { keys, values };
  }

  finish(): SinkResult {
    return { columns: [], rowsOut: 0, bytesOut: 0 };
  }
}
