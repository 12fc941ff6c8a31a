// histogram: how many numbers lie between each two neighbours of an increasing list of edges.

import { HeddleError, show } from '../../core/errors.js';
import { rowExpression, type SinkCode } from '../compile.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

/** The bucket [edges[i], edges[i + 1]) that a number is in, the last one with its end; -1 for none, as for NaN. */
export function bucketOf(edges: readonly number[], value: number): number {
  const last = edges.length - 1;
  if (!(value >= edges[0]! && value <= edges[last]!)) return -1;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value >= edges[middle]!) low = middle;
    else high = middle;
  }
  return low;
}

export class HistogramSink extends Sink {
  readonly counts: number[];
  readonly bucketOf = bucketOf;
  readonly variant = 'histogram';
  constructor(readonly edges: readonly number[]) {
    super();
    this.counts = new Array<number>(edges.length - 1).fill(0);
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'const { edges, counts, bucketOf } = sink; let x, b = 0;',
      row: row => `x = ${rowExpression(row)}; if (typeof x !== 'number') throw sink.notNumber(x);
        b = bucketOf(edges, x); if (b >= 0) counts[b]++;`,
      after: '',
    };
  }

  notNumber(row: unknown): HeddleError {
    return new HeddleError('HEDDLE_VALUE', `histogram needs numbers, got ${show(row)}`);
  }

  finish(): SinkResult {
    return { columns: [encodeColumn(this.counts)], rowsOut: this.counts.length, bytesOut: 0 };
  }
}
