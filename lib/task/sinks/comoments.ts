// controlVariate: means, spreads and covariance of pairs of numbers, for each block of the source.

import { HeddleError, show } from '../../core/errors.js';
import type { BlockRange } from '../blocks.js';
import { keyExpression, type SinkCode, valueExpression } from '../compile.js';
import { Comoments, type ComomentsRecord, mergeComoments } from '../stats/comoments.js';
import { TreeSink } from './fold.js';

export class ComomentsSink extends TreeSink<ComomentsRecord> {
  moments = new Comoments();
  readonly variant = 'comoments';

  constructor(blocks: BlockRange) {
    super(blocks, mergeComoments);
  }

  code(): SinkCode {
    return {
      functions: 0,
      pairs: true,
      before: 'const moments = sink.moments;',
      row: row => {
        const [x, y] = [keyExpression(row), valueExpression(row)];
        return `if (typeof ${x} !== 'number' || typeof ${y} !== 'number') throw sink.notNumbers(${x}, ${y});
          moments.add(${x}, ${y});`;
      },
      after: '',
    };
  }

  notNumbers(x: unknown, y: unknown): HeddleError {
    return new HeddleError('HEDDLE_VALUE', `controlVariate needs pairs of numbers [value, control], got ${show([x, y])}`);
  }

  protected get hasRows(): boolean {
    return this.moments.count > 0;
  }

  protected takeBlock(): ComomentsRecord {
    const value = this.moments.toRecord();
    this.moments = new Comoments();
    return value;
  }
}
