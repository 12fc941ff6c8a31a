// Sinks that gather rows by key inside a stage.

import { KeyIndex } from '../../codec/key-index.js';
import { type Aggregation, CombineTable } from '../combine-table.js';
import { keyExpression, requirePair, type SinkCode, valueExpression } from '../compile.js';
import type { AnyFunction } from '../functions.js';
import { Sink, type SinkResult } from './sink.js';

const NOTHING: SinkResult = { columns: [], rowsOut: 0, bytesOut: 0 };

/** Aggregates rows that are already in the right partition. */
export class AggregateRowsSink extends Sink {
  readonly table = new CombineTable();
  readonly variant = 'aggregate rows';
  constructor(private readonly aggregation: Aggregation) {
    super();
  }

  override functions(): readonly AnyFunction[] {
    return [this.aggregation.create, this.aggregation.mergeValue];
  }

  code(): SinkCode {
    return { functions: 2, ...CombineTable.code('sink') };
  }

  finish(): SinkResult {
    return NOTHING;
  }
}

/** Groups the values of several inputs: for each key one array of values an input. */
export class GroupSink extends Sink {
  readonly index = new KeyIndex();
  readonly groups: unknown[][][] = [];
  input = 0;
  readonly variant = 'group';
  constructor(private readonly inputs: number) {
    super();
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'const index = sink.index, groups = sink.groups, input = sink.input; let d = 0;',
      row: row =>
        `${requirePair(row)} d = index.findOrAdd(${keyExpression(row)}); if (d === groups.length) groups.push(sink.emptyGroups());
         groups[d][input].push(${valueExpression(row)});`,
      after: '',
    };
  }

  emptyGroups(): unknown[][] {
    return Array.from({ length: this.inputs }, () => []);
  }

  finish(): SinkResult {
    return NOTHING;
  }
}
