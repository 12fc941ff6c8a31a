// The numeric run of a reduce id that the scatter kernel fills: how it is begun in a block, and how it is ended. An ended run of int32 keys
// that ascend by little has the steps between them instead, and the block has room for one more.

import type { Heap } from './heap/allocator.js';
import { type Kernels, NumericKind, numericBytes } from './kernels.js';
import { asSteps, columnBytes, isOne, keyKindOf, numericKinds } from './kinds.js';
import { numericPayload, pad8, RUN_HEADER, readRun, runWord, writeRun } from './run.js';
import { mostStepBytes } from './steps.js';

/** Rows of a run from which on it is worth to look for steps. */
const LEAST_ROWS = 256;
/** What two columns take more than their rows: each is padded, and one that has one value takes 8 bytes. */
const PADDING = 16;

/** Bytes of a row of an open run. */
const rowBytes = (keyKind: number, valueKind: number): number => numericBytes[keyKind]! + (isOne(valueKind) ? 0 : numericBytes[valueKind]!);

/** Bytes of a run of so many rows, with its header. */
export function openRunBytes(rows: number, keyKind: number, valueKind: number): number {
  return RUN_HEADER + PADDING + rows * rowBytes(keyKind, valueKind);
}

/**
 * Begins a run at `at`, of as many rows as `room` bytes have room for, and points the cursor into it. `values`: where the value is that the
 * run has for all its rows, where its kind says that there is one.
 */
export function beginRun(
  { u8, u32 }: Heap,
  at: number,
  room: number,
  run: { readonly map: number; readonly attempt: number; readonly sequence: number; readonly keyKind: number; readonly valueKind: number },
  cursor: number,
  values: number,
): void {
  const { map, attempt, sequence, keyKind, valueKind } = run;
  const capacity = Math.floor((room - RUN_HEADER - PADDING) / rowBytes(keyKind, valueKind));
  const bytes = numericPayload(capacity, keyKind, valueKind);
  writeRun(u32, at, { map, attempt, sequence, rows: 0, bytes, kinds: numericKinds(keyKind, valueKind), capacity });
  const { keysAt, valuesAt } = readRun(u32, at);
  u32.set([keysAt, valuesAt, capacity], cursor >>> 2);
  if (isOne(valueKind)) u8.copyWithin(valuesAt, values, values + columnBytes(1, valueKind));
}

/** Ends the run that a cursor points into; returns its rows. Without `kernels` its keys stay as they are, and where the heap is full. */
export function endRun(heap: Heap, kernels: Kernels | undefined, at: number, cursor: number): number {
  const { u32 } = heap;
  const word = at >>> 2;
  const rows = u32[word + runWord.capacity / 4]! - u32[(cursor >>> 2) + 2]!;
  u32[word + runWord.rows / 4] = rows;
  if (kernels === undefined || rows < LEAST_ROWS || keyKindOf(u32[word + runWord.kinds / 4]!) !== NumericKind.Int32) return rows;
  // On the way they may take more than the keys whose place they take.
  const scratch = heap.allocate(mostStepBytes(rows));
  if (scratch === 0) return rows;
  const bytes = kernels.writeSteps(at + RUN_HEADER, rows, scratch) >>> 0;
  if (bytes > 0) putSteps(heap, at, rows, scratch, bytes);
  heap.free(scratch);
  return rows;
}

function putSteps({ u8, u32 }: Heap, at: number, rows: number, steps: number, bytes: number): void {
  const word = at >>> 2;
  const { keysAt, valuesAt, valueKind } = readRun(u32, at);
  u8.copyWithin(keysAt, steps, steps + bytes);
  const values = columnBytes(rows, valueKind);
  u8.copyWithin(keysAt + pad8(bytes), valuesAt, valuesAt + values);
  u32[word + runWord.bytes / 4] = pad8(bytes) + pad8(values);
  u32[word + runWord.kinds / 4] = numericKinds(asSteps(NumericKind.Int32), valueKind);
  u32[word + runWord.capacity / 4] = rows;
  u32[word + runWord.stepBytes / 4] = bytes;
}
