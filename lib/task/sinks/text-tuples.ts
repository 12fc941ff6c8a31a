// Rows combined by keys of text where what is kept for a key is a tuple, or an object, of numbers, each combined by an operation of
// the kernels.

import type { ColumnParts } from '../../codec/column.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Kernels } from '../../shuffle/kernels.js';
import type { MapOutput } from '../../shuffle/map-output.js';
import { roomFor } from '../../shuffle/store.js';
import { keysOf } from '../../shuffle/text-table.js';
import { writeTextGroups } from '../../shuffle/text-writer.js';
import { type ColumnsBatch, columnOf } from '../columnar/batch.js';
import type { Places } from '../columnar/places.js';
import type { Shape } from '../columnar/plan.js';
import { BATCH_ROWS } from '../columnar/workspace.js';
import { FoldedColumns, tuplesOf } from '../folded-columns.js';
import type { AnyFunction } from '../functions.js';
import { type TextCombining, TextKeys } from './text-combiner.js';

export class TextTupleCombiner extends TextKeys implements TextCombining {
  private readonly folded: FoldedColumns;
  /** The groups of a batch's rows, then as many numbers for a constant, or for one row the number at a place. */
  private readonly room: number;
  private readonly constants: Float64Array;

  constructor(
    heap: Heap,
    kernels: Kernels,
    step: number,
    private readonly places: Places,
    /** What columns have at each place. */
    private readonly combined: readonly Shape[],
    /** Makes a combiner of a row's value. */
    private readonly create: AnyFunction,
  ) {
    super(heap, kernels, 0, step);
    this.folded = new FoldedColumns(heap, kernels, places.ops);
    try {
      this.room = roomFor(heap, BATCH_ROWS * 12 + 8, 'a task’s columns');
    } catch (error) {
      super.dispose();
      throw error;
    }
    this.constants = new Float64Array(heap.u8.buffer, this.room, BATCH_ROWS);
  }

  addColumns(batch: ColumnsBatch, key: Shape, _value: Shape, from: number): number {
    const { folded, table, combined, constants } = this;
    const ids = this.room + BATCH_ROWS * 8;
    folded.reserve(Math.min(this.size + batch.n - from, this.most));
    const to = table.index(this.column(batch, key), ids, batch.n, from, this.most);
    for (const [k, shape] of combined.entries()) {
      const values = shape.kind === 'column' ? (columnOf(batch, shape) as Float64Array).subarray(from) : constants;
      if (shape.kind === 'constant') constants.fill(shape.value as number, 0, to - from);
      folded.fold(k, ids + from * 4, values.byteOffset, to - from);
    }
    folded.grown(this.size);
    this.rows += to - from;
    return to;
  }

  add(key: unknown, value: unknown): 'added' | 'judge' | 'misfit' {
    const column = this.single(key);
    if (column === undefined) return 'misfit';
    const numbers = this.numbersOf((this.create as (v: unknown) => unknown)(value));
    if (numbers === undefined) return 'misfit';
    const { folded, table, constants, room } = this;
    const ids = room + BATCH_ROWS * 8;
    folded.reserve(Math.min(this.size + 1, this.most));
    if (table.index(column, ids, 1, 0, this.most) === 0) return 'judge';
    for (const [k, number] of numbers.entries()) {
      constants[0] = number;
      folded.fold(k, ids, constants.byteOffset, 1);
    }
    folded.grown(this.size);
    this.rows++;
    return 'added';
  }

  entries(): { readonly keys: ArrayLike<string>; readonly combiners: readonly unknown[] } {
    return { keys: keysOf(this.heap, this.kernels, this.table.groups()), combiners: tuplesOf(this.folded.columns(), this.places.names) };
  }

  writeTo(output: MapOutput): void {
    if (this.size === 0) return;
    const { names } = this.places;
    const combine = (items: readonly ColumnParts[]): ColumnParts =>
      names === null ? { kind: 'tuple', items } : { kind: 'struct', names, items };
    writeTextGroups(this.heap, this.kernels, output, this.table.groups(), this.folded.columns(), combine);
  }

  override clear(): void {
    super.clear();
    this.folded.clear();
  }

  override dispose(): void {
    super.dispose();
    this.folded.dispose();
    this.heap.free(this.room);
  }

  /** The numbers of a combiner; undefined where it has something else at a place, or more. */
  private numbersOf(combiner: unknown): readonly number[] | undefined {
    const { ops, names } = this.places;
    if (typeof combiner !== 'object' || combiner === null || Array.isArray(combiner) !== (names === null)) return undefined;
    const keys = Object.keys(combiner);
    if (keys.some((key, i) => key !== (names === null ? String(i) : names[i]))) return undefined;
    const values = Object.values(combiner) as unknown[];
    return values.length === ops.length && values.every(value => typeof value === 'number') ? values : undefined;
  }
}
