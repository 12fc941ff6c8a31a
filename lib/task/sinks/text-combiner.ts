// Rows combined by keys of text: whole batches of columns, whose keys a kernel finds by their bytes, and single rows of
// batches that went the other way. What is kept for a key is a number that the kernel combines, or whatever the functions of
// the aggregation make.

import { isWholeText } from '../../codec/whole-text.js';
import { HeddleError } from '../../core/errors.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Kernels } from '../../shuffle/kernels.js';
import type { MapOutput } from '../../shuffle/map-output.js';
import type { PairWriter } from '../../shuffle/pair-writer.js';
import { roomFor } from '../../shuffle/store.js';
import { keysOf, type TextColumn, TextTable } from '../../shuffle/text-table.js';
import { writeTextGroups } from '../../shuffle/text-writer.js';
import { type ColumnsBatch, columnOf } from '../columnar/batch.js';
import type { Shape } from '../columnar/plan.js';
import { BATCH_ROWS } from '../columnar/workspace.js';
import type { Aggregation } from '../combine-table.js';

const KEY_AT = 32;
const SLACK = 8;

/** Groups by keys of text, in order of first appearance. */
export abstract class TextKeys {
  /** Rows added since it was last empty. */
  rows = 0;
  /** Keys that it takes before somebody has to judge it. */
  protected most: number;
  protected readonly table: TextTable;
  /** Two words of progress, one row's offsets and group, and its key. */
  protected scratch: number;
  private keyRoom = 256;

  constructor(
    protected readonly heap: Heap,
    protected readonly kernels: Kernels,
    op: number,
    /** After how many further keys it is to be judged. */
    private readonly step: number,
  ) {
    this.most = step;
    this.scratch = roomFor(heap, KEY_AT + this.keyRoom + SLACK, 'a task’s columns');
    try {
      this.table = new TextTable(heap, kernels, op, this.scratch);
    } catch (error) {
      heap.free(this.scratch);
      throw error;
    }
  }

  get size(): number {
    return this.table.size;
  }

  clear(): void {
    this.table.clear();
    this.rows = 0;
    this.most = this.step;
  }

  goOn(): void {
    this.most = this.size + this.step;
  }

  dispose(): void {
    this.table.dispose();
    this.heap.free(this.scratch);
  }

  /** The groups' keys, as JavaScript has them. */
  protected keys(): ArrayLike<string> {
    return keysOf(this.heap, this.kernels, this.table.groups());
  }

  /** A column of text of a batch. */
  protected column({ vectors, workspace }: ColumnsBatch, key: Shape): TextColumn {
    const text = key.kind === 'column' ? vectors[key.column] : undefined;
    if (text?.type !== 'text') throw new HeddleError('HEDDLE_INTERNAL', 'a column of keys that is no text');
    return { base: workspace.base, starts: text.starts.byteOffset, ends: text.ends.byteOffset };
  }

  /** One key as a column; undefined for what no bytes stand for. */
  protected single(key: unknown): TextColumn | undefined {
    if (typeof key !== 'string' || !isWholeText(key)) return undefined;
    const bytes = Buffer.from(key);
    if (bytes.length > this.keyRoom) this.growScratch(bytes.length);
    const { heap, scratch } = this;
    heap.u8.set(bytes, scratch + KEY_AT);
    heap.u32[(scratch >>> 2) + 2] = KEY_AT;
    heap.u32[(scratch >>> 2) + 3] = KEY_AT + bytes.length;
    return { base: scratch, starts: scratch + 8, ends: scratch + 12 };
  }

  private growScratch(bytes: number): void {
    const larger = roomFor(this.heap, KEY_AT + bytes + SLACK, 'a task’s columns');
    this.table.moveProgress(larger);
    this.heap.free(this.scratch);
    this.scratch = larger;
    this.keyRoom = bytes;
  }
}

/** What a shuffle combines rows by keys of text in. */
export interface TextCombining {
  readonly rows: number;
  readonly size: number;
  /**
   * Adds a batch's rows, which have such a key and such a value, from `from` on. Returns the first that it did not add: before
   * a new key it may have to be judged. The number of rows for none.
   */
  addColumns(batch: ColumnsBatch, key: Shape, value: Shape, from: number): number;
  /** Adds one row, unless it is to be judged before that, or cannot hold it. */
  add(key: unknown, value: unknown): 'added' | 'judge' | 'misfit';
  /** It was judged, and takes more keys. */
  goOn(): void;
  /** What there is for each key so far. */
  entries(): { readonly keys: ArrayLike<string>; readonly combiners: ArrayLike<unknown> };
  /** Hands all groups to the shuffle. */
  writeTo(output: MapOutput, pairs: PairWriter): void;
  /** Forgets all groups. */
  clear(): void;
  dispose(): void;
}

/** Numbers, combined by an operation of the kernels. */
export class TextCombiner extends TextKeys implements TextCombining {
  addColumns(batch: ColumnsBatch, key: Shape, value: Shape, from: number): number {
    const { vectors, n } = batch;
    const vector = value.kind === 'column' ? vectors[value.column]! : undefined;
    const values = vector?.type === 'number' ? vector.values.byteOffset : 0;
    const constant = value.kind === 'constant' ? (value.value as number) : 0;
    const to = this.table.add(this.column(batch, key), values, constant, n, from, this.most);
    this.rows += to - from;
    return to;
  }

  add(key: unknown, value: unknown): 'added' | 'judge' | 'misfit' {
    const column = typeof value === 'number' ? this.single(key) : undefined;
    if (column === undefined) return 'misfit';
    if (this.table.add(column, 0, value as number, 1, 0, this.most) === 0) return 'judge';
    this.rows++;
    return 'added';
  }

  entries(): { readonly keys: ArrayLike<string>; readonly combiners: Float64Array } {
    const groups = this.table.groups();
    return { keys: keysOf(this.heap, this.kernels, groups), combiners: groups.values };
  }

  writeTo(output: MapOutput): void {
    if (this.table.size === 0) return;
    const groups = this.table.groups();
    writeTextGroups(this.heap, this.kernels, output, groups, [groups.values], ([column]) => column!);
  }
}

/** Adds the rows from `from` to below n, each to the combiner of its group; `at` tells the row whose function threw. */
type Fold = (from: number, n: number, groups: Uint32Array, values: ArrayLike<unknown>, combiners: unknown[], at: { row: number }) => void;

const folds = new WeakMap<object, Fold>();

/** A loop of its own for each aggregation, so that V8 inlines its functions. */
function foldOf({ create, mergeValue }: Aggregation): Fold {
  let fold = folds.get(mergeValue);
  if (fold === undefined) {
    const source = `'use strict'; return function fold(from, n, groups, values, combiners, at) {
      let i = from;
      try {
        for (; i < n; i++) {
          const group = groups[i];
          if (group === combiners.length) combiners.push(create(values[i]));
          else combiners[group] = merge(combiners[group], values[i]);
        }
      } finally { at.row = i; }
    }`;
    folds.set(mergeValue, (fold = new Function('create', 'merge', source)(create, mergeValue) as Fold));
  }
  return fold;
}

/** Any values, combined by functions. */
export class TextFolder extends TextKeys implements TextCombining {
  private combiners: unknown[] = [];
  private readonly fold: Fold;
  /** The groups of a batch's rows. */
  private readonly groups: number;
  private readonly at = { row: 0 };

  constructor(
    heap: Heap,
    kernels: Kernels,
    step: number,
    private readonly aggregation: Aggregation,
    /** Makes the error of a throw in one of the functions. */
    private readonly failed: (error: unknown, record: unknown) => Error,
  ) {
    super(heap, kernels, 0, step);
    this.fold = foldOf(aggregation);
    this.groups = heap.allocate(BATCH_ROWS * 4);
    if (this.groups !== 0) return;
    this.dispose();
    roomFor(heap, BATCH_ROWS * 4, 'a task’s columns');
  }

  addColumns(batch: ColumnsBatch, key: Shape, value: Shape, from: number): number {
    const { n, workspace } = batch;
    const column = this.column(batch, key);
    const values = columnOf(batch, value);
    const to = this.table.index(column, this.groups, n, from, this.most);
    const { heap, groups, at } = this;
    try {
      this.fold(from, to, new Uint32Array(heap.u8.buffer, groups, n), values, this.combiners, at);
    } catch (error) {
      const [start, end] = [heap.u32[(column.starts >>> 2) + at.row]!, heap.u32[(column.ends >>> 2) + at.row]!];
      throw this.failed(error, [workspace.ops.text(start, end), values[at.row]]);
    }
    this.rows += to - from;
    return to;
  }

  add(key: unknown, value: unknown): 'added' | 'judge' | 'misfit' {
    const column = this.single(key);
    if (column === undefined) return 'misfit';
    const { heap, scratch, combiners, aggregation } = this;
    if (this.table.index(column, scratch + 16, 1, 0, this.most) === 0) return 'judge';
    const group = heap.u32[(scratch >>> 2) + 4]!;
    if (group === combiners.length) combiners.push((aggregation.create as (v: unknown) => unknown)(value));
    else combiners[group] = (aggregation.mergeValue as (c: unknown, v: unknown) => unknown)(combiners[group], value);
    this.rows++;
    return 'added';
  }

  entries(): { readonly keys: ArrayLike<string>; readonly combiners: readonly unknown[] } {
    return { keys: this.keys(), combiners: this.combiners };
  }

  writeTo(_output: MapOutput, pairs: PairWriter): void {
    const { combiners } = this;
    const keys = this.keys();
    for (let group = 0; group < combiners.length; group++) pairs.put(keys[group], combiners[group]);
  }

  override clear(): void {
    super.clear();
    this.combiners = [];
  }

  override dispose(): void {
    super.dispose();
    if (this.groups !== 0) this.heap.free(this.groups);
  }
}
