// Runs of numbers as kernels read them: columns in the heap with a key and a value for each row. Most runs are that as they are. What others
// leave out (kinds.ts) is written out here: a value that all rows have to a column that all runs with this value have in common, and
// keys from their steps, each time that they are asked for, to one place for all runs.

import type { Heap } from './heap/allocator.js';
import { copyJoined } from './joined-runs.js';
import { type Kernels, NumericKind, numericBytes } from './kernels.js';
import { areSteps, plainKind } from './kinds.js';
import { columnIn, isSame, keysIn, type Numbers, type OneValue, oneValueIn, valuesIn } from './left-out.js';
import { readRows } from './reader.js';
import type { Run } from './run.js';

export interface NumberBatch {
  readonly keys: Numbers;
  readonly values: Numbers;
  readonly rows: number;
}

/** Rows of numbers. */
export interface NumberRows {
  readonly rows: number;
  /** Float64 where some keys are. */
  readonly keyKind: NumericKind;
  /** Float64 where some values are. */
  readonly valueKind: NumericKind;
  /** The value of all rows, where it is known that they have one. */
  readonly one: OneValue | undefined;
  /** In their order, as often as one asks. A batch is valid until the next one. */
  readonly batches: Iterable<NumberBatch>;
}

export interface NumberRuns extends NumberRows {
  /** Gives back what was made for them in the heap. */
  dispose(): void;
}

/** Batches that lie in the heap. */
export function rowsOf(batches: readonly NumberBatch[]): NumberRows {
  let [rows, keyKind, valueKind]: [number, NumericKind, NumericKind] = [0, NumericKind.Int32, NumericKind.Int32];
  for (const batch of batches) {
    rows += batch.rows;
    if (batch.keys instanceof Float64Array) keyKind = NumericKind.Float64;
    if (batch.values instanceof Float64Array) valueKind = NumericKind.Float64;
  }
  return { rows, keyKind, valueKind, one: undefined, batches };
}

/**
 * The rows of runs that are all pairs of numbers, and all in the heap; undefined as soon as one is not, or the heap has no room for what
 * is made of short ones, and for what they leave out.
 */
export function readNumbers(heap: Heap, kernels: Kernels, runs: readonly Run[]): NumberRuns | undefined {
  if (runs.some(run => run.spilled !== undefined)) return undefined;
  const columns = new HeapColumns(heap, kernels);
  if (runs.every(run => columns.add(run))) return columns;
  columns.dispose();
  return undefined;
}

/** The kind of a column that the kernels can read, or 0: they read typed arrays that lie in the heap. */
export function numericKindOf(column: ArrayLike<unknown>, heap: Heap): NumericKind {
  if (column instanceof Int32Array) return column.buffer === heap.u8.buffer ? NumericKind.Int32 : NumericKind.None;
  if (column instanceof Float64Array) return column.buffer === heap.u8.buffer ? NumericKind.Float64 : NumericKind.None;
  return NumericKind.None;
}

/** A batch, or a run whose keys are to be written out. */
type Part = NumberBatch | { readonly steps: Run; readonly values: Numbers; readonly rows: number };

class HeapColumns implements NumberRuns {
  rows = 0;
  keyKind: NumericKind = NumericKind.Int32;
  valueKind: NumericKind = NumericKind.Int32;
  one: OneValue | undefined;
  readonly batches: Iterable<NumberBatch> = { [Symbol.iterator]: () => this.all() };
  private readonly parts: Part[] = [];
  private readonly ones: { readonly one: OneValue; readonly values: Numbers }[] = [];
  /** Where keys are written out. */
  private keys: Numbers | undefined;
  private readonly held: number[] = [];

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
  ) {}

  /** False where the run is not of numbers, or not in the heap, or there is no room. */
  add(run: Run): boolean {
    let whole = run;
    if (run.pieces !== undefined) {
      const address = this.take(run.bytes);
      if (address === 0) return false;
      whole = copyJoined(this.heap.u32, run, this.heap.u32, address);
    }
    const part = whole.numeric ? this.partOf(whole) : this.encoded(whole);
    if (part === undefined) return false;
    this.parts.push(part);
    this.rows += part.rows;
    return true;
  }

  dispose(): void {
    for (const address of this.held.splice(0)) this.heap.free(address);
  }

  private *all(): Generator<NumberBatch, void> {
    for (const part of this.parts) {
      if (!('steps' in part)) {
        yield part;
        continue;
      }
      const { steps, values, rows } = part;
      const keys = this.keys!.subarray(0, rows);
      this.kernels.readSteps(steps.keysAt, rows, keys.byteOffset);
      yield { keys, values, rows };
    }
  }

  private partOf(run: Run): Part | undefined {
    if (run.own !== undefined) return undefined;
    const memory = this.heap.u8.buffer;
    const { rows, keyKind } = run;
    const one = oneValueIn(memory, run);
    this.note(plainKind(keyKind), plainKind(run.valueKind), one);
    const values = one === undefined ? valuesIn(memory, run) : this.columnOf(one, rows);
    if (values === undefined) return undefined;
    if (!areSteps(keyKind)) return { keys: keysIn(memory, run), values, rows };
    if ((this.keys?.length ?? 0) < rows) this.keys = this.column(NumericKind.Int32, rows);
    return this.keys === undefined ? undefined : { steps: run, values, rows };
  }

  private encoded(run: Run): NumberBatch | undefined {
    const { keys, values, rows } = readRows(this.heap, run);
    const [keyKind, valueKind] = [numericKindOf(keys, this.heap), numericKindOf(values, this.heap)];
    if (keyKind === NumericKind.None || valueKind === NumericKind.None) return undefined;
    this.note(keyKind, valueKind, undefined);
    return { keys: keys as Numbers, values: values as Numbers, rows };
  }

  private note(keyKind: number, valueKind: number, one: OneValue | undefined): void {
    if (keyKind === NumericKind.Float64) this.keyKind = NumericKind.Float64;
    if (valueKind === NumericKind.Float64) this.valueKind = NumericKind.Float64;
    this.one = this.parts.length === 0 || isSame(this.one, one) ? one : undefined;
  }

  private columnOf(one: OneValue, rows: number): Numbers | undefined {
    const known = this.ones.find(column => isSame(column.one, one) && column.values.length >= rows);
    if (known !== undefined) return known.values.subarray(0, rows);
    const values = this.column(one.kind, rows)?.fill(one.value);
    if (values !== undefined) this.ones.push({ one, values });
    return values;
  }

  private column(kind: number, rows: number): Numbers | undefined {
    const at = this.take(Math.max(rows, 1) * numericBytes[kind]!);
    return at === 0 ? undefined : columnIn(this.heap.u8.buffer, kind, at, rows);
  }

  private take(bytes: number): number {
    const address = this.heap.allocate(bytes);
    if (address !== 0) this.held.push(address);
    return address;
  }
}
