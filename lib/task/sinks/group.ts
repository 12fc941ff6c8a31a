// Sinks that gather rows by key inside a stage.

import { KeyIndex } from '../../codec/key-index.js';
import type { NumberRuns } from '../../shuffle/reader.js';
import type { NumberKeyed } from '../cogroup.js';
import { type Aggregation, CombineTable } from '../combine-table.js';
import { keyExpression, type RowCode, type SinkCode, valueExpression } from '../compile.js';
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
    const { before, find, add, after } = CombineTable.code('sink');
    return { functions: 2, before, pairs: true, row: row => `${find(row)} ${add(row)}`, after };
  }

  finish(): SinkResult {
    return NOTHING;
  }
}

/**
 * The rows of several inputs by key. As long as all keys are numbers they are only kept, for kernels to group; from the first
 * other key on there is for each key one array of values an input.
 */
export class GroupSink extends Sink {
  readonly index = new KeyIndex();
  readonly groups: unknown[][][] = [];
  readonly inputs: NumberKeyed[];
  input = 0;
  numeric = true;
  constructor(private readonly of: number) {
    super();
    this.inputs = Array.from({ length: of }, () => ({ keys: [], values: [] }));
  }

  get variant(): string {
    return this.numeric ? 'keep by number' : 'group';
  }

  code(): SinkCode {
    if (!this.numeric) return { functions: 0, before: '', pairs: true, row: row => `sink.put(${pairOf(row)});`, after: '' };
    return {
      functions: 0,
      pairs: true,
      before: 'const keep = sink.inputs[sink.input], K = keep.keys, V = keep.values; let numeric = true, k;',
      row: row =>
        `k = ${keyExpression(row)};
         if (numeric && typeof k === 'number') { K.push(k); V.push(${valueExpression(row)}); }
         else { numeric = false; sink.put(k, ${valueExpression(row)}); }`,
      after: '',
    };
  }

  /** All rows of the input. */
  takeNumbers(numbers: NumberRuns): void {
    this.inputs[this.input] = numbers;
  }

  /** Once the rows are grouped. */
  override dispose(): void {
    for (const input of this.inputs) if ('batches' in input) input.dispose();
  }

  put(key: unknown, value: unknown): void {
    if (this.numeric) this.leaveNumbers();
    this.add(this.input, key, value);
  }

  finish(): SinkResult {
    return NOTHING;
  }

  /** From now on an index of any keys. */
  leaveNumbers(): void {
    this.numeric = false;
    for (const [input, rows] of this.inputs.entries()) {
      for (const { keys, values } of 'batches' in rows ? rows.batches : [rows]) {
        for (let i = 0; i < keys.length; i++) this.add(input, keys[i], values[i]);
      }
    }
    this.dispose();
    this.inputs.length = 0;
  }

  private add(input: number, key: unknown, value: unknown): void {
    const { index, groups } = this;
    const d = index.findOrAdd(key);
    if (d === groups.length) groups.push(this.emptyGroups());
    groups[d]![input]!.push(value);
  }

  private emptyGroups(): unknown[][] {
    return Array.from({ length: this.of }, () => []);
  }
}

const pairOf = (row: RowCode) => `${keyExpression(row)}, ${valueExpression(row)}`;
