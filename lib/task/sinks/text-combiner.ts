// Rows combined by keys of text: whole batches of columns, whose keys a kernel finds by their bytes, and single rows of
// batches that went the other way. What is kept for a key is a number that the kernel combines, or whatever the functions of
// the aggregation make.

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
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Groups by keys of text, in order of first appearance. */
abstract class TextKeys {
  /** Rows added since it was last empty. */
  rows = 0;
  protected readonly table: TextTable;
  /** Two words of progress, one row's offsets and group, and its key. */
  protected scratch: number;
  private keyRoom = 256;

  constructor(
    protected readonly heap: Heap,
    protected readonly kernels: Kernels,
    op: number,
  ) {
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
    if (typeof key !== 'string' || LONE_SURROGATE.test(key)) return undefined;
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
  /** Adds a batch whose rows have such a key and such a value. */
  addColumns(batch: ColumnsBatch, key: Shape, value: Shape): void;
  /** Adds one row; false when it cannot hold it. */
  add(key: unknown, value: unknown): boolean;
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
  addColumns(batch: ColumnsBatch, key: Shape, value: Shape): void {
    const { vectors, n } = batch;
    const vector = value.kind === 'column' ? vectors[value.column]! : undefined;
    const values = vector?.type === 'number' ? vector.values.byteOffset : 0;
    this.table.add(this.column(batch, key), values, value.kind === 'constant' ? (value.value as number) : 0, n);
    this.rows += n;
  }

  add(key: unknown, value: unknown): boolean {
    const column = typeof value === 'number' ? this.single(key) : undefined;
    if (column === undefined) return false;
    this.table.add(column, 0, value as number, 1);
    this.rows++;
    return true;
  }

  entries(): { readonly keys: ArrayLike<string>; readonly combiners: Float64Array } {
    const groups = this.table.groups();
    return { keys: keysOf(this.heap, this.kernels, groups), combiners: groups.values };
  }

  writeTo(output: MapOutput): void {
    if (this.table.size > 0) writeTextGroups(this.heap, this.kernels, output, this.table.groups());
  }
}

/** Adds n rows, each to the combiner of its group; `at` tells the row whose function threw. */
type Fold = (n: number, groups: Uint32Array, values: ArrayLike<unknown>, combiners: unknown[], at: { row: number }) => void;

const folds = new WeakMap<object, Fold>();

/** A loop of its own for each aggregation, so that V8 inlines its functions. */
function foldOf({ create, mergeValue }: Aggregation): Fold {
  let fold = folds.get(mergeValue);
  if (fold === undefined) {
    const source = `'use strict'; return function fold(n, groups, values, combiners, at) {
      let i = 0;
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
    private readonly aggregation: Aggregation,
    /** Makes the error of a throw in one of the functions. */
    private readonly failed: (error: unknown, record: unknown) => Error,
  ) {
    super(heap, kernels, 0);
    this.fold = foldOf(aggregation);
    this.groups = heap.allocate(BATCH_ROWS * 4);
    if (this.groups !== 0) return;
    this.dispose();
    roomFor(heap, BATCH_ROWS * 4, 'a task’s columns');
  }

  addColumns(batch: ColumnsBatch, key: Shape, value: Shape): void {
    const { n, workspace } = batch;
    const column = this.column(batch, key);
    const values = columnOf(batch, value);
    this.table.index(column, this.groups, n);
    const { heap, groups, at } = this;
    try {
      this.fold(n, new Uint32Array(heap.u8.buffer, groups, n), values, this.combiners, at);
    } catch (error) {
      const [start, end] = [heap.u32[(column.starts >>> 2) + at.row]!, heap.u32[(column.ends >>> 2) + at.row]!];
      throw this.failed(error, [workspace.ops.text(start, end), values[at.row]]);
    }
    this.rows += n;
  }

  add(key: unknown, value: unknown): boolean {
    const column = this.single(key);
    if (column === undefined) return false;
    const { heap, scratch, combiners, aggregation } = this;
    this.table.index(column, scratch + 16, 1);
    const group = heap.u32[(scratch >>> 2) + 4]!;
    if (group === combiners.length) combiners.push((aggregation.create as (v: unknown) => unknown)(value));
    else combiners[group] = (aggregation.mergeValue as (c: unknown, v: unknown) => unknown)(combiners[group], value);
    this.rows++;
    return true;
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
