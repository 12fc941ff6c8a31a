// The reduce side: the rows of a reduce id, run after run in map order, as batches of keys and values.

import { readPairKeys, readPairs } from '../codec/column.js';
import { HeddleError } from '../core/errors.js';
import type { Heap } from './heap/allocator.js';
import { copyJoined } from './joined-runs.js';
import { columnIn, keysIn, valuesIn } from './left-out.js';
import { nextRun, type Run, readRun } from './run.js';
import type { ShuffleStore } from './store.js';

/** A batch of rows by column. Typed arrays are views of the heap: they are valid while the shuffle is. */
export interface PairBatch {
  readonly keys: ArrayLike<unknown>;
  readonly values: ArrayLike<unknown>;
  readonly rows: number;
}

/**
 * Runs with their rows in memory: as they are, or read from disk one block at a time. `place`: where that is. In the heap, a
 * run from disk is valid until the next one is asked for, and in memory of its own where the heap has no room; in memory of
 * its own it stays. Throws HEDDLE_SPILL.
 */
export function* loadedRuns({ heap, spill }: ShuffleStore, runs: Iterable<Run>, place: 'heap' | 'own'): Generator<Run, void> {
  for (const run of runs) {
    if (run.pieces !== undefined) {
      yield* loadedJoined(heap, run, place);
      continue;
    }
    if (run.spilled === undefined) {
      yield run;
      continue;
    }
    const { file, offset, bytes } = run.spilled;
    if (spill === undefined || file === undefined) throw new HeddleError('HEDDLE_INTERNAL', 'a run on disk where there is no disk');
    const block = spill.read(spill.place(file, offset, bytes));
    const address = place === 'heap' ? heap.allocate(bytes) : 0;
    if (address === 0) {
      const own = block.buffer;
      const words = new Uint32Array(own);
      const end = block.byteOffset + bytes;
      for (let at = block.byteOffset; at < end; at = nextRun(words, at)) yield { own, ...readRun(words, at) };
      continue;
    }
    try {
      heap.u8.set(block, address);
      for (let at = address; at < address + bytes; at = nextRun(heap.u32, at)) yield readRun(heap.u32, at);
    } finally {
      heap.free(address);
    }
  }
}

function* loadedJoined(heap: Heap, run: Run, place: 'heap' | 'own'): Generator<Run, void> {
  const address = place === 'heap' ? heap.allocate(run.bytes) : 0;
  if (address === 0) {
    const own = new Uint32Array(run.bytes / 4);
    yield copyJoined(heap.u32, run, own, 0, own.buffer);
    return;
  }
  try {
    yield copyJoined(heap.u32, run, heap.u32, address);
  } finally {
    heap.free(address);
  }
}

/** The rows of a run that is in memory. */
export function readRows(heap: Heap, run: Run): PairBatch {
  const memory = run.own ?? heap.u8.buffer;
  if (!run.numeric) return readPairs(new Uint8Array(memory, run.payload, run.bytes));
  return { keys: keysIn(memory, run), values: valuesIn(memory, run), rows: run.rows };
}

/** The keys alone. */
export function readKeys(heap: Heap, run: Run): ArrayLike<unknown> {
  const memory = run.own ?? heap.u8.buffer;
  return run.numeric ? keysIn(memory, run) : readPairKeys(new Uint8Array(memory, run.payload, run.bytes));
}

/** A view of a numeric column of the heap. */
export function numericColumn(heap: Heap, kind: number, at: number, rows: number): Int32Array | Float64Array {
  return columnIn(heap.u8.buffer, kind, at, rows);
}
