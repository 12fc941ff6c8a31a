// countApproxDistinct: a sketch of the rows.

import { rowExpression, type SinkCode } from '../compile.js';
import { addKey, newRegisters } from '../stats/hyperloglog.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

export class CountDistinctSink extends Sink {
  readonly registers: Uint8Array;
  readonly addKey = addKey;
  readonly variant = 'countDistinct';

  constructor(precision: number) {
    super();
    this.registers = newRegisters(precision);
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'const { registers, addKey } = sink;',
      row: row => `addKey(registers, ${rowExpression(row)});`,
      after: '',
    };
  }

  finish(): SinkResult {
    const column = encodeColumn([this.registers]);
    return { columns: [column], rowsOut: 1, bytesOut: column.length };
  }
}
