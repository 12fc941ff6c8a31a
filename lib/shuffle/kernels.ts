// The contract of the kernels: batch functions over the shared heap, by address. Two implementations pass the
// same property tests: WebAssembly (native-shuffle/) and plain TypeScript (twins/), chosen by the option `kernels`.
// No function allocates, waits, or looks at more than the rows it was given. Addresses are unsigned 32-bit.

import { readFileSync } from 'node:fs';
import { HeddleError } from '../core/errors.js';
import { aggregationTwins } from './twins/aggregate.js';
import { fillUniform } from './twins/random.js';
import { scatterPairsTwin } from './twins/scatter.js';

/** How a numeric column is laid out. */
export const NumericKind = { None: 0, Int32: 1, Float64: 2 } as const;
export type NumericKind = (typeof NumericKind)[keyof typeof NumericKind];

/** Bytes of one value of a numeric column. */
export const numericBytes: readonly number[] = [0, 4, 8];

/** What a hash aggregation does with two values of one key. */
export const AggregateOp = { Sum: 1, Min: 2, Max: 3, First: 4, Last: 5 } as const;
export type AggregateOp = (typeof AggregateOp)[keyof typeof AggregateOp];

/** Bytes of a scatter cursor: next key's address, next value's address, rows of room (u32 each). */
export const CURSOR_BYTES = 12;

/** Bytes of a slot of an aggregation table, by key kind. */
export const slotBytes: readonly number[] = [0, 16, 24];

export interface Kernels {
  /** Rows [from, to) to the runs of their reduce ids. Returns `to`, or the first row whose run is full. */
  scatterPairs(
    keyKind: number,
    valueBytes: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    reducers: number,
    cursors: number,
  ): number;
  /** Rows [from, to) into a table. Returns its new size; writes the first row not taken to the word at `progress`. */
  aggregatePairs(
    op: number,
    keyKind: number,
    valueKind: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    table: number,
    slots: number,
    size: number,
    limit: number,
    progress: number,
  ): number;
  /** Moves all keys into a larger, empty table. */
  rehashTable(keyKind: number, from: number, fromSlots: number, to: number, toSlots: number): void;
  /** Keys and float64 values as two columns, in order of first appearance. */
  extractTable(keyKind: number, table: number, slots: number, keys: number, values: number): void;
  /** Empties a table. */
  clearTable(keyKind: number, table: number, slots: number): void;
  /** Fills n (even) float64 with uniform draws; 64 bytes of generator state. */
  fillUniform(state: number, out: number, n: number): void;
}

/** Compiles the kernels once a process; threads get the compiled module. */
export function compileKernels(): WebAssembly.Module {
  const file = new URL('../../native-shuffle/kernels.wasm', import.meta.url);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new HeddleError('HEDDLE_INTERNAL', `the kernels are not built (${file.pathname}): run npm run build, or set HEDDLE_KERNELS=off`, {
      cause,
    });
  }
  return new WebAssembly.Module(bytes);
}

/** The WebAssembly kernels over a heap. */
export function wasmKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const abort = () => {
    throw new HeddleError('HEDDLE_INTERNAL', 'a kernel aborted');
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Kernels;
}

/** The TypeScript twins over a heap: the same answers, slower. */
export function twinKernels(memory: WebAssembly.Memory): Kernels {
  return {
    ...aggregationTwins(memory),
    scatterPairs: (...args) => scatterPairsTwin(memory, ...args),
    fillUniform: (state, out, n) => fillUniform(memory.buffer, state, out, n),
  };
}
