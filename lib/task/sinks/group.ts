// Sinks that gather rows by key inside a stage.

import { KeyIndex } from '../../codec/key-index.js';
import type { NumberRuns } from '../../shuffle/number-columns.js';
import type { PairsBatch } from '../batch.js';
import { isNumbers, isRuns, type NumberKeyed } from '../cogroup.js';
import { type Aggregation, CombineTable } from '../combine-table.js';
import { keyExpression, type RowCode, type SinkCode, valueExpression } from '../compile.js';
import type { AnyFunction } from '../functions.js';
import { type KeyedBatch, KeyedRows } from '../keyed-rows.js';
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
    this.inputs = Array.from({ length: of }, () => new KeyedRows());
  }

  /** Those of the input whose rows come now, in a loop or in batches. */
  get kept(): KeyedRows {
    return this.inputs[this.input] as KeyedRows;
  }

  get variant(): string {
    if (!this.numeric) return 'group';
    return this.kept.numbers === undefined ? 'keep by number' : 'keep numbers';
  }

  code(): SinkCode {
    if (!this.numeric) return { functions: 0, before: '', pairs: true, row: row => `sink.put(${pairOf(row)});`, after: '' };
    const [column, fits, store] =
      this.kept.numbers === undefined ? ['values', '', 'V.push(x);'] : ['numbers', `&& typeof x === 'number'`, 'V[filled] = x;'];
    return {
      functions: 0,
      pairs: true,
      before: `const kept = sink.kept; let K = kept.keys, V = kept.${column}, filled = kept.filled, fitting = true, k, x;`,
      row: row =>
        `k = ${keyExpression(row)}; x = ${valueExpression(row)};
         if (fitting && typeof k === 'number' ${fits}) {
           K[filled] = k; ${store}
           if (++filled === K.length) { kept.filled = filled; kept.next(); K = kept.keys; V = kept.${column}; filled = 0; }
         } else {
           if (fitting) { kept.filled = filled; fitting = false; }
           sink.put(k, x);
         }`,
      after: 'if (fitting) kept.filled = filled;',
    };
  }

  /** All rows of the input. */
  takeNumbers(numbers: NumberRuns): void {
    this.inputs[this.input] = numbers;
  }

  override takePairs(batch: PairsBatch): boolean {
    // What can be encoded has keys of text, which would be made here for nothing.
    if (!this.numeric || batch.encode !== undefined) return false;
    const { keys, unmade, n } = batch;
    if (!isNumbers(keys)) return false;
    this.kept.addBatch({ keys, values: unmade === undefined ? batch.values : [], unmade, rows: n });
    return true;
  }

  /** Once the rows are grouped. */
  override dispose(): void {
    for (const input of this.inputs) if (isRuns(input)) input.dispose();
  }

  put(key: unknown, value: unknown): void {
    if (this.numeric && typeof key === 'number') {
      this.kept.add(key, value);
      return;
    }
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
      if (!isRuns(rows)) rows.next();
      for (const { keys, values, unmade } of rows.batches as Iterable<KeyedBatch>) {
        for (let i = 0; i < keys.length; i++) this.add(input, keys[i], unmade === undefined ? values[i] : unmade.at(i));
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
