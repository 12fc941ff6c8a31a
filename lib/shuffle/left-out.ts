// What numeric runs leave out (kinds.ts), and their columns with it.

import { NumericKind } from './kernels.js';
import { areSteps, isOne, plainKind } from './kinds.js';
import type { Run } from './run.js';
import { readSteps } from './steps.js';

export type Numbers = Int32Array | Float64Array;

/** The value that all rows have. */
export interface OneValue {
  readonly kind: number;
  readonly value: number;
}

/** Whether all values of a column are this one. Zeros of different signs are two. */
export function allAre(column: Numbers, value: number): boolean {
  if (column instanceof Int32Array) {
    for (let i = 0; i < column.length; i++) if (column[i] !== value) return false;
    return true;
  }
  for (let i = 0; i < column.length; i++) if (!Object.is(column[i], value)) return false;
  return true;
}

export const isSame = (a: OneValue | undefined, b: OneValue | undefined): boolean =>
  a !== undefined && b !== undefined && a.kind === b.kind && Object.is(a.value, b.value);

/** A view of a column of numbers. */
export function columnIn(memory: ArrayBufferLike, kind: number, at: number, rows: number): Numbers {
  return kind === NumericKind.Int32 ? new Int32Array(memory, at, rows) : new Float64Array(memory, at, rows);
}

/** The keys of a run: a view of them, or a copy where the run has steps. */
export function keysIn(memory: ArrayBufferLike, run: Run): Numbers {
  const { keyKind, keysAt, rows, stepBytes } = run;
  if (!areSteps(keyKind)) return columnIn(memory, keyKind, keysAt, rows);
  const keys = new Int32Array(rows);
  readSteps(new Uint8Array(memory, keysAt, stepBytes), keys);
  return keys;
}

/** The values of a run: a view of them, or a column of the one that it has. */
export function valuesIn(memory: ArrayBufferLike, run: Run): Numbers {
  const one = oneValueIn(memory, run);
  if (one === undefined) return columnIn(memory, run.valueKind, run.valuesAt, run.rows);
  return (one.kind === NumericKind.Int32 ? new Int32Array(run.rows) : new Float64Array(run.rows)).fill(one.value);
}

/** The value of all rows; undefined where each has its own. */
export function oneValueIn(memory: ArrayBufferLike, { valueKind, valuesAt }: Run): OneValue | undefined {
  if (!isOne(valueKind)) return undefined;
  const kind = plainKind(valueKind);
  return { kind, value: columnIn(memory, kind, valuesAt, 1)[0]! };
}
