// A sample of the keys, for the bounds of a sort.

import type { ColumnsBatch } from '../columnar/batch.js';
import { pairOf } from '../columnar/pair.js';
import { keyExpression, type SinkCode } from '../compile.js';
import { KeySample } from '../key-sample.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

/** Leaves a column of keys and one with the number of all rows. */
export class SampleKeysSink extends Sink {
  readonly sample: KeySample;
  readonly variant = 'sample keys';
  constructor(partition: number, size: number) {
    super();
    this.sample = new KeySample(partition, size);
  }

  code(): SinkCode {
    return {
      functions: 0,
      pairs: true,
      before: 'const sample = sink.sample;',
      row: row => `sample.add(${keyExpression(row)});`,
      after: '',
    };
  }

  override takeColumns({ row, vectors, workspace, n }: ColumnsBatch): boolean {
    const key = pairOf(row)?.[0];
    const vector = key?.kind === 'column' ? vectors[key.column]! : undefined;
    if (vector?.type !== 'text') return false;
    this.sample.addRows(n, i => workspace.ops.text(vector.starts[i]!, vector.ends[i]!));
    return true;
  }

  finish(): SinkResult {
    const { keys, rows } = this.sample;
    return { columns: [encodeColumn(keys), encodeColumn([rows])], rowsOut: keys.length, bytesOut: 0 };
  }
}
