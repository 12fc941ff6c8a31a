// The map side for numeric pairs: a compiled loop fills two columns of 4,096 rows, a kernel scatters them to the
// runs of their reduce ids, by the hash of the key, or by bounds that are numbers. Where the shuffle has an operation, rows are first combined in a table of the task's own,
// for as long as the combine policy finds that it pays.

import { judgeCombining } from './combine-policy.js';
import type { Heap } from './heap/allocator.js';
import { HeldRows, type Placing } from './held-rows.js';
import { CURSOR_BYTES, type Kernels, NumericKind, numericBytes } from './kernels.js';
import { asOne, isOne } from './kinds.js';
import { allAre, type OneValue } from './left-out.js';
import type { MapOutput } from './map-output.js';
import { NumericTable } from './numeric-table.js';
import { type HashPartitioner, numericBounds, placing, type RangePartitioner } from './partitioner.js';
import { numericColumn } from './reader.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

/** Rows of a chunk: two columns of it fit in a core's first cache. */
export const CHUNK_ROWS = 4096;

export class NumericWriter {
  /** The chunk's columns, which the compiled loop writes. */
  readonly keys: Int32Array | Float64Array;
  readonly values: Int32Array | Float64Array;
  readonly keyKind: number;
  readonly valueKind: number;
  private readonly heap: Heap;
  private readonly kernels: Kernels;
  private readonly output: MapOutput;
  private readonly partitioner: HashPartitioner | RangePartitioner;
  private readonly place: (key: unknown) => number;
  private readonly boundsAt: number;
  private readonly bounds: number;
  private readonly scratch: number;
  private readonly keysAt: number;
  private readonly valuesAt: number;
  private readonly progressAt: number;
  private readonly cursors: number;
  private table: NumericTable | undefined;
  private combined = 0;
  /** The task's rows, while these are few; undefined once they were not. */
  private held: HeldRows | undefined;
  /** The value kind of the runs that are open; what a table is emptied into may be of another. */
  private openValueKind = -1;
  /** The value of all rows that were scattered so far; undefined once two had different ones. */
  private one: OneValue | 'no row yet' | undefined = 'no row yet';

  constructor(
    heap: Heap,
    kernels: Kernels,
    output: MapOutput,
    partitioner: HashPartitioner | RangePartitioner,
    keyKind: number,
    valueKind: number,
    op: number | null,
  ) {
    this.heap = heap;
    this.kernels = kernels;
    this.output = output;
    this.partitioner = partitioner;
    this.place = placing(partitioner);
    const bounds = partitioner.kind === 'range' ? numericBounds(partitioner)! : [];
    this.bounds = bounds.length;
    this.keyKind = keyKind;
    this.valueKind = valueKind;
    const column = CHUNK_ROWS * 8;
    const cursorBytes = pad8(partitioner.partitions * CURSOR_BYTES);
    const bytes = 2 * column + 64 + cursorBytes + bounds.length * 8;
    this.scratch = roomFor(heap, bytes, 'a task’s columns');
    this.keysAt = this.scratch;
    this.valuesAt = this.scratch + column;
    this.progressAt = this.scratch + 2 * column;
    this.cursors = this.progressAt + 64;
    this.boundsAt = this.cursors + cursorBytes;
    heap.f64.set(bounds, this.boundsAt >>> 3);
    this.keys = numericColumn(heap, keyKind, this.keysAt, CHUNK_ROWS);
    this.values = numericColumn(heap, valueKind, this.valuesAt, CHUNK_ROWS);
    this.held = new HeldRows(heap, kernels, keyKind, partitioner.partitions);
    if (op === null) return;
    try {
      this.table = new NumericTable(heap, kernels, op, keyKind, this.progressAt);
    } catch (error) {
      heap.free(this.scratch);
      throw error;
    }
  }

  /** Takes the chunk's first n rows. */
  flush(n: number): void {
    if (this.table === undefined) {
      this.scatter(this.keysAt, this.valuesAt, this.valueKind, n);
      return;
    }
    this.table.add(this.keysAt, this.valuesAt, this.valueKind, n);
    this.combined += n;
    const verdict = judgeCombining(this.combined, this.table.size);
    if (verdict === 'go on') return;
    this.emptyTable();
    if (verdict === 'flush') this.table.clear();
    else this.dropTable();
  }

  /** What there is for each key so far, of how many rows, for another table to go on with. Undefined where rows are not combined. */
  takeGroups(): { readonly keys: ArrayLike<number>; readonly combiners: ArrayLike<number>; readonly rows: number } | undefined {
    if (this.table === undefined) return undefined;
    const { size, keysAt, valuesAt } = this.table.groups();
    const rows = this.combined;
    const keys = numericColumn(this.heap, this.keyKind, keysAt, size).slice();
    const combiners = numericColumn(this.heap, NumericKind.Float64, valuesAt, size).slice();
    this.combined = 0;
    this.dropTable();
    return { keys, combiners, rows };
  }

  /** Hands on all that is held; encoded runs may follow. */
  finish(): void {
    if (this.table !== undefined) this.emptyTable();
    this.dropTable();
    this.finishHeld();
    this.output.closeAllNumeric(this.cursors);
  }

  /** Gives the scratch memory back. */
  dispose(): void {
    this.dropTable();
    this.held?.dispose();
    this.heap.free(this.scratch);
  }

  private emptyTable(): void {
    const { keysAt, valuesAt, size } = this.table!.groups();
    this.scatter(keysAt, valuesAt, this.narrowed(valuesAt, size) ? NumericKind.Int32 : NumericKind.Float64, size);
    this.combined = 0;
  }

  /**
   * Makes int32 of what a table of such values has come to, where all of it is. The reduce side then need not widen the rows that follow,
   * nor move twice the bytes.
   */
  private narrowed(valuesAt: number, size: number): boolean {
    if (this.valueKind !== NumericKind.Int32) return false;
    const wide = numericColumn(this.heap, NumericKind.Float64, valuesAt, size);
    // None of them can be -0: an operation on integers that are not gives none.
    for (let i = 0; i < size; i++) if ((wide[i]! | 0) !== wide[i]!) return false;
    const narrow = numericColumn(this.heap, NumericKind.Int32, valuesAt, size);
    for (let i = 0; i < size; i++) narrow[i] = wide[i]!; // behind what is still to be read
    return true;
  }

  private dropTable(): void {
    this.table?.dispose();
    this.table = undefined;
  }

  private finishHeld(): void {
    const { held, output } = this;
    if (held === undefined || held.isEmpty) return;
    const ordered = output.canHold ? held.order(this.placing(), this.cursors) : undefined;
    if (ordered !== undefined) output.hold(ordered);
    else this.releaseHeld();
    this.held = undefined;
  }

  private releaseHeld(): void {
    const { held } = this;
    this.held = undefined;
    held?.release((keys, values, valueKind, rows) => this.scatter(keys, values, valueKind, rows));
  }

  private scatter(keys: number, values: number, valueKind: number, rows: number): void {
    if (this.held?.add(keys, values, valueKind, rows) === true) return;
    this.releaseHeld();
    const { keyKind, cursors, output } = this;
    const reducers = this.partitioner.partitions;
    const kind = this.haveOneValue(values, valueKind, rows) ? asOne(valueKind) : valueKind;
    if (kind !== this.openValueKind) {
      // A cursor says nothing of widths: runs of another kind are closed, and no cursor has room any more.
      output.closeAllNumeric(cursors);
      this.heap.u32.fill(0, cursors >>> 2, (cursors + reducers * CURSOR_BYTES) >>> 2);
      this.openValueKind = kind;
    }
    const width = isOne(kind) ? 0 : numericBytes[kind]!;
    for (let from = 0; ; ) {
      from = this.scatterRows(width, keys, values, from, rows) >>> 0;
      if (from >= rows) return;
      const key = keyKind === NumericKind.Int32 ? this.heap.i32[(keys >>> 2) + from]! : this.heap.f64[(keys >>> 3) + from]!;
      output.openNumeric(this.place(key), keyKind, kind, cursors, values);
    }
  }

  /** Whether all rows have one value, also with those before. */
  private haveOneValue(valuesAt: number, kind: number, rows: number): boolean {
    if (this.one === undefined) return false;
    const values = numericColumn(this.heap, kind, valuesAt, rows);
    const one = this.one === 'no row yet' ? { kind, value: values[0]! } : this.one;
    this.one = one.kind === kind && allAre(values, one.value) ? one : undefined;
    return this.one !== undefined;
  }

  private placing(): Placing {
    const { kernels, keyKind, partitioner, boundsAt, bounds } = this;
    return {
      count(keys, rows, counts) {
        if (partitioner.kind === 'hash') kernels.countPairs(keyKind, keys, rows, partitioner.partitions, counts);
        else kernels.countByRange(keyKind, keys, rows, boundsAt, bounds, Number(partitioner.ascending), counts);
      },
      scatter: (valueBytes, keys, values, rows) => this.scatterRows(valueBytes, keys, values, 0, rows),
    };
  }

  private scatterRows(width: number, keys: number, values: number, from: number, to: number): number {
    const { kernels, keyKind, partitioner, cursors } = this;
    if (partitioner.kind === 'hash') return kernels.scatterPairs(keyKind, width, keys, values, from, to, partitioner.partitions, cursors);
    const { boundsAt, bounds } = this;
    return kernels.scatterByRange(keyKind, width, keys, values, from, to, boundsAt, bounds, Number(partitioner.ascending), cursors);
  }
}
