// The map side of a shuffle: the rows of a stage to the runs of their reduce ids. The first rows of a task show what its
// keys and values are; from then on one of four codes is in the loop:
// - text: rows of one key of text combined in a table of the kernels, where they come as columns or may do so later;
// - numeric: two typed columns, scattered by hash (and combined, where there is a known operation) by kernels;
// - combine: rows of one key combined in a table of the task's own, for as long as that pays;
// - pairs: rows to the encoder as they are; batches of columns with keys of text as bytes (text-scatter.ts).
// What is decided depends on the task's rows only. A row that does not fit the numeric code ends it for the task.

import { COMBINE_PROBE, judgeCombining } from '../../shuffle/combine-policy.js';
import { NumericKind } from '../../shuffle/kernels.js';
import { MapOutput } from '../../shuffle/map-output.js';
import { CHUNK_ROWS, NumericWriter } from '../../shuffle/numeric-writer.js';
import { PairWriter } from '../../shuffle/pair-writer.js';
import { type HashPartitioner, numericBounds, type Partitioner, type RangePartitioner } from '../../shuffle/partitioner.js';
import type { ShuffleRef } from '../../shuffle/store.js';
import { type ColumnsBatch, columnOf } from '../columnar/batch.js';
import { isNumber, pairOf } from '../columnar/pair.js';
import type { Places } from '../columnar/places.js';
import type { ColumnarPlan, Shape } from '../columnar/plan.js';
import { type Aggregation, asItIs, CombineTable } from '../combine-table.js';
import { keyExpression, type RowCode, type SinkCode, valueExpression } from '../compile.js';
import type { TaskEnv } from '../env.js';
import type { AnyFunction } from '../functions.js';
import { isInt32, numericKind } from './numeric-kind.js';
import { Sink, type SinkResult } from './sink.js';
import { TextCombiner, type TextCombining, TextFolder } from './text-combiner.js';
import { TextScatter } from './text-scatter.js';
import { TextTupleCombiner } from './text-tuples.js';

const SNIFFED_ROWS = 256;

type Mode = 'sniff' | 'text' | 'numeric' | 'combine' | 'pairs';

/** What a table of kernels has come to, of how many rows. */
interface Groups {
  readonly keys: ArrayLike<unknown>;
  readonly combiners: ArrayLike<unknown>;
  readonly rows: number;
}

export class ShuffleSink extends Sink {
  mode: Mode = 'sniff';
  readonly sniffedKeys: unknown[] = [];
  readonly sniffedValues: unknown[] = [];
  readonly table = new CombineTable();
  numeric: NumericWriter | undefined;
  private textCombiner: TextCombining | undefined;
  /** Of pairs that may come as columns: it has rows only while the encoder has none. */
  private textScatter: TextScatter | undefined;
  /** Rows in the numeric writer's chunk. */
  filled = 0;
  private readonly pairs: PairWriter;
  private readonly output: MapOutput;
  private readonly create: AnyFunction | undefined;

  constructor(
    private readonly env: TaskEnv,
    ref: ShuffleRef,
    map: number,
    attempt: number,
    private readonly partitioner: Partitioner,
    private readonly aggregation: Aggregation | null,
    private readonly op: number | null,
    /** The plan of rows that come as columns, where their keys are text. */
    private readonly textual: ColumnarPlan | null = null,
    /** What kernels do with combiners that are tuples of numbers. */
    private readonly places: Places | null = null,
  ) {
    super();
    this.output = new MapOutput(env.store, ref, map, attempt, env.openBlocks, env.kernels);
    this.pairs = new PairWriter(this.output, partitioner);
    const create = aggregation?.mapSide === true ? aggregation.create : asItIs;
    this.create = create === asItIs ? undefined : create;
  }

  get variant(): string {
    return this.mode === 'numeric' ? `numeric${this.numeric!.keyKind}${this.numeric!.valueKind}` : this.mode;
  }

  override get wantedRows(): number {
    return this.mode === 'sniff' ? SNIFFED_ROWS : Number.POSITIVE_INFINITY;
  }

  override functions(): readonly AnyFunction[] {
    return this.mode === 'combine' ? [this.aggregation!.create, this.aggregation!.mergeValue] : [];
  }

  code(): SinkCode {
    const args = (row: RowCode) => `${keyExpression(row)}, ${valueExpression(row)}`;
    switch (this.mode) {
      case 'sniff':
        return { functions: 0, before: '', pairs: true, row: row => `sink.sniff(${args(row)});`, after: '' };
      case 'pairs':
      case 'text':
        return { functions: 0, before: '', pairs: true, row: row => `sink.put(${args(row)});`, after: '' };
      case 'combine':
        return { functions: 2, pairs: true, ...combineCode() };
      case 'numeric':
        return numericCode(this.numeric!.keyKind, this.numeric!.valueKind);
    }
  }

  sniff(key: unknown, value: unknown): void {
    if (this.mode !== 'sniff') {
      this.put(key, value);
      return;
    }
    this.sniffedKeys.push(key);
    this.sniffedValues.push(value);
    // Within the batch, for one row may have become millions.
    if (this.sniffedKeys.length === SNIFFED_ROWS) this.decide();
  }

  override takeColumns(batch: ColumnsBatch): boolean {
    if (this.textual === null) return false;
    if (this.mode === 'sniff') this.decide();
    let from = 0;
    while (this.mode === 'text') {
      const [key, value] = pairOf(batch.row)!;
      from = this.textCombiner!.addColumns(batch, key, value, from);
      if (from === batch.n) return true;
      this.judge();
      if (this.mode === 'text') continue;
      if (this.textScatter !== undefined) break;
      const [keys, values] = [columnOf(batch, key), columnOf(batch, value)];
      for (; from < batch.n; from++) this.put(keys[from], values[from]);
      return true;
    }
    // Behind rows that wait as pairs others wait as pairs too: runs stay long, however the two kinds take turns.
    if (this.textScatter === undefined || !this.pairs.isEmpty) return false;
    this.textScatter.addColumns(batch, from);
    return true;
  }

  /** A row outside any special code. */
  put(key: unknown, value: unknown): void {
    if (this.mode === 'text') {
      let done = this.textCombiner!.add(key, value);
      if (done === 'judge') {
        this.judge();
        done = this.textCombiner?.add(key, value) ?? 'misfit';
      }
      if (done === 'added') return;
      if (this.mode === 'text') this.leaveText();
    }
    if (this.mode === 'combine' && this.table.isToBeJudged(key)) this.judge();
    if (this.mode === 'combine') {
      const { table, aggregation } = this;
      const d = table.index.findOrAdd(key);
      table.rows++;
      if (d === table.size) table.combiners.push((aggregation!.create as (v: unknown) => unknown)(value));
      else table.combiners[d] = (aggregation!.mergeValue as (c: unknown, v: unknown) => unknown)(table.combiners[d], value);
      return;
    }
    if (this.mode === 'numeric') {
      this.putNumeric(key, value);
      return;
    }
    this.textScatter?.flush();
    this.pairs.put(key, this.create === undefined ? value : (this.create as (v: unknown) => unknown)(value));
  }

  /** The compiled code's work for a row outside it. */
  private putNumeric(key: unknown, value: unknown): void {
    const numeric = this.numeric!;
    if (!fits(numeric.keyKind, key) || !fits(numeric.valueKind, value)) {
      this.misfit(this.filled, key, value);
      return;
    }
    numeric.keys[this.filled] = key as number;
    numeric.values[this.filled] = value as number;
    if (++this.filled < CHUNK_ROWS) return;
    this.full();
    this.filled = 0;
  }

  /** The numeric chunk is full. */
  full(): void {
    this.numeric!.flush(CHUNK_ROWS);
  }

  /** A row that does not fit the numeric columns, after `filled` rows that did: the task goes on without them. */
  misfit(filled: number, key: unknown, value: unknown): void {
    this.numeric!.flush(filled);
    const groups = this.aggregation?.mapSide === true ? this.numeric!.takeGroups() : undefined;
    this.leaveNumeric();
    if (groups !== undefined) this.goOnWith(groups);
    this.put(key, value);
  }

  /** Before a new key, whenever there are so many keys: at the same row, however the rows come in batches. */
  private judge(): void {
    const combiner = this.textCombiner ?? this.table;
    const verdict = judgeCombining(combiner.rows, combiner.size);
    if (verdict === 'go on') {
      this.textCombiner?.goOn();
      return;
    }
    this.writeTable();
    if (verdict === 'flush') {
      combiner.clear();
      return;
    }
    this.table.clear();
    this.dropText();
    this.pairs.flush();
    this.goOnAsPairs();
  }

  private goOnAsPairs(): void {
    const { env, output, partitioner } = this;
    this.mode = 'pairs';
    const row = this.scattered();
    if (row !== undefined) this.textScatter = TextScatter.open(env.heap, env.kernels, output, partitioner, row);
  }

  /** What crosses the shuffle of a row that comes as columns, where columns have it: its key, and its value or what is made of it. */
  private scattered(): Shape | undefined {
    const { textual, places } = this;
    if (textual === null || this.create === undefined) return textual?.row;
    const { row, combined } = textual;
    if (places === null || combined === undefined) return undefined;
    const made: Shape =
      places.names === null ? { kind: 'tuple', items: combined } : { kind: 'struct', names: places.names, items: combined };
    return { kind: 'tuple', items: [pairOf(row)![0], made] };
  }

  finish(): SinkResult {
    if (this.mode === 'sniff') this.decide();
    if (this.mode === 'numeric') {
      this.numeric!.flush(this.filled);
      this.leaveNumeric();
    }
    if (this.mode === 'combine' || this.mode === 'text') this.writeTable();
    this.textScatter?.flush();
    this.pairs.flush();
    const { rows, bytes, bytesSpilled, winner, sizes } = this.output.commit();
    return {
      columns: [],
      rowsOut: rows,
      bytesOut: bytes,
      bytesSpilled,
      ...(winner === undefined ? {} : { winner }),
      ...(sizes === undefined ? {} : { sizes }),
    };
  }

  override dispose(): void {
    this.numeric?.dispose();
    this.numeric = undefined;
    this.dropText();
    this.textScatter?.dispose();
    this.textScatter = undefined;
    this.output.discard();
  }

  private decide(): void {
    const { sniffedKeys, sniffedValues, env, aggregation, op } = this;
    const keyKind = numericKind(sniffedKeys);
    const valueKind = numericKind(sniffedValues);
    const combining = aggregation?.mapSide === true;
    const { partitioner } = this;
    if (this.textual !== null && combining && sniffedKeys.every(key => typeof key === 'string')) {
      this.mode = 'text';
      this.textCombiner = this.openTextCombiner(this.textual);
    } else if (isNumeric(partitioner) && keyKind !== 0 && valueKind !== 0 && (!combining || op !== null)) {
      this.mode = 'numeric';
      this.numeric = new NumericWriter(env.heap, env.kernels, this.output, partitioner, keyKind, valueKind, combining ? op : null);
    } else if (combining) this.mode = 'combine';
    else this.goOnAsPairs();
    for (let i = 0; i < sniffedKeys.length; i++) {
      try {
        this.put(sniffedKeys[i], sniffedValues[i]);
      } catch (error) {
        throw this.failed(error, Number.POSITIVE_INFINITY, [sniffedKeys[i], sniffedValues[i]]);
      }
    }
    sniffedKeys.length = 0;
    sniffedValues.length = 0;
  }

  private openTextCombiner({ row, combined }: ColumnarPlan): TextCombining {
    const { env, op, places, aggregation, sniffedValues } = this;
    const { heap, kernels } = env;
    if (places !== null && combined !== undefined)
      return new TextTupleCombiner(heap, kernels, COMBINE_PROBE, places, combined, aggregation!.create);
    if (op !== null && isNumber(pairOf(row)![1]) && sniffedValues.every(value => typeof value === 'number'))
      return new TextCombiner(heap, kernels, op, COMBINE_PROBE);
    return new TextFolder(heap, kernels, COMBINE_PROBE, aggregation!, (error, record) =>
      this.failed(error, Number.POSITIVE_INFINITY, record),
    );
  }

  private leaveNumeric(): void {
    this.numeric!.finish();
    this.numeric!.dispose();
    this.numeric = undefined;
    this.filled = 0;
    this.mode = this.aggregation?.mapSide === true ? 'combine' : 'pairs';
  }

  /** A row that the text table cannot hold: its groups go on in the other table. */
  private leaveText(): void {
    this.goOnWith({ ...this.textCombiner!.entries(), rows: this.textCombiner!.rows });
    this.dropText();
    this.mode = 'combine';
  }

  /** A key's rows are combined one after the other, whatever table they are in. */
  private goOnWith({ keys, combiners, rows }: Groups): void {
    const { table } = this;
    for (let i = 0; i < keys.length; i++) {
      table.index.findOrAdd(keys[i]);
      table.combiners.push(combiners[i]);
    }
    table.rows = rows;
  }

  private dropText(): void {
    this.textCombiner?.dispose();
    this.textCombiner = undefined;
  }

  /** Hands what the table holds to the shuffle. */
  private writeTable(): void {
    if (this.textCombiner !== undefined) {
      this.textCombiner.writeTo(this.output, this.pairs);
      return;
    }
    const { keys, combiners } = this.table;
    for (let d = 0; d < combiners.length; d++) this.pairs.put(keys[d], combiners[d]);
  }
}

/** Whether kernels know the partition of a number. */
const isNumeric = (partitioner: Partitioner): partitioner is HashPartitioner | RangePartitioner =>
  partitioner.kind === 'hash' || (partitioner.kind === 'range' && numericBounds(partitioner) !== undefined);

const fits = (kind: number, value: unknown) => (kind === NumericKind.Int32 ? isInt32(value) : typeof value === 'number');

/** Rows to the table of the sink, which may be judged before a new key, and be left. */
function combineCode(): Pick<SinkCode, 'before' | 'row' | 'after'> {
  const { before, find, add, after } = CombineTable.code('sink');
  return {
    before: `${before} let combining = true;`,
    row: row => `if (combining) ${find(row)}
      if (!combining) sink.put(${keyExpression(row)}, ${valueExpression(row)});
      else if (d === undefined && combiners.length % ${COMBINE_PROBE} === 0 && combiners.length !== 0) {
        sink.table.rows += added; added = 0;
        sink.put(${keyExpression(row)}, ${valueExpression(row)});
        combiners = sink.table.combiners; combining = sink.mode === 'combine';
      } else { ${add(row)} }`,
    after,
  };
}

/** Two columns and a count in locals; rows go on through put() once one did not fit. */
export function numericCode(keyKind: number, valueKind: number): SinkCode {
  const fits = (kind: number, x: string) =>
    kind === NumericKind.Int32
      ? `typeof ${x} === 'number' && (${x} | 0) === ${x} && (${x} !== 0 || 1 / ${x} > 0)`
      : `typeof ${x} === 'number'`;
  return {
    functions: 0,
    pairs: true,
    before: `const K = sink.numeric.keys, V = sink.numeric.values; let filled = sink.filled, fitting = true, k, x;`,
    row: row => `k = ${keyExpression(row)}; x = ${valueExpression(row)};
      if (fitting && ${fits(keyKind, 'k')} && ${fits(valueKind, 'x')}) {
        K[filled] = k; V[filled] = x;
        if (++filled === ${CHUNK_ROWS}) { sink.full(); filled = 0; }
      } else if (fitting) { fitting = false; sink.misfit(filled, k, x); filled = 0; }
      else sink.put(k, x);`,
    after: 'sink.filled = filled;',
  };
}
