// countByValue: how often each row came, in order of first appearance.

import { KeyIndex } from '../../codec/key-index.js';
import { rowExpression, type SinkCode } from '../compile.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

export class CountByValueSink extends Sink {
  readonly index = new KeyIndex();
  readonly counts: number[] = [];
  readonly variant = 'countByValue';

  code(): SinkCode {
    return {
      functions: 0,
      before: 'const index = sink.index, counts = sink.counts; let d = 0;',
      row: row => `d = index.findOrAdd(${rowExpression(row)}); if (d === counts.length) counts.push(1); else counts[d]++;`,
      after: '',
    };
  }

  finish(): SinkResult {
    const columns = [encodeColumn(this.index.keys), encodeColumn(this.counts)];
    return { columns, rowsOut: this.counts.length, bytesOut: columns[0]!.length + columns[1]!.length };
  }
}
