// Runs of a shuffle whose keys are ASCII text, read as the columns that they are: no key is a string.

import { readColumn, readTextPairs, type TextPairs } from '../codec/column.js';
import { loadedRuns } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import type { TextColumn } from '../shuffle/text-table.js';
import type { TaskContext } from './pipeline.js';

/** Rows that are looked at at once. */
export const CHUNK_ROWS = 4096;

/** The pairs of a run in the heap, if their keys are ASCII text. */
export function textPairs({ env }: TaskContext, run: Run): TextPairs | undefined {
  const read = run.numeric || run.own !== undefined ? null : readTextPairs(new Uint8Array(env.heap.u8.buffer, run.payload, run.bytes));
  if (read === null || env.kernels.isAscii(read.text.byteOffset, read.text.byteOffset + read.text.length) === 0) return undefined;
  return read;
}

/**
 * Goes through the keys of all runs a chunk at a time, whose offsets are written to `offsets` (room for two columns of
 * CHUNK_ROWS words). False as soon as a run has other rows, is not in the heap, or is not wanted by `begin`.
 */
export function eachTextChunk(
  task: TaskContext,
  runs: readonly Run[],
  offsets: number,
  begin: (run: TextPairs) => boolean,
  take: (keys: TextColumn, from: number, n: number) => void,
): boolean {
  const { env } = task;
  if (runs.some(run => run.numeric)) return false;
  const [starts, ends] = [offsets, offsets + CHUNK_ROWS * 4];
  for (const each of loadedRuns(env.store, runs, 'heap')) {
    const run = textPairs(task, each);
    if (run === undefined || !begin(run)) return false;
    env.checkCancelled();
    const column = { base: run.text.byteOffset, starts, ends };
    let offset = 0;
    for (let from = 0; from < run.rows; from += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, run.rows - from);
      offset = env.kernels.textOffsets(run.lengths.byteOffset + from * 4, n, offset, starts, ends) >>> 0;
      take(column, from, n);
    }
  }
  return true;
}

/** Values of runs put together: one array of numbers as long as they are numbers. */
export class RunValues {
  private numbers: Float64Array | undefined;
  private readonly others: unknown[] = [];
  private filled = 0;

  constructor(rows: number) {
    this.numbers = new Float64Array(rows);
  }

  get all(): ArrayLike<unknown> {
    return this.numbers ?? this.others;
  }

  add({ values, rows }: TextPairs): void {
    const read = readColumn(values);
    if (this.numbers !== undefined && (read instanceof Int32Array || read instanceof Float64Array)) this.numbers.set(read, this.filled);
    else {
      this.leaveNumbers();
      for (let i = 0; i < rows; i++) this.others.push(read[i]);
    }
    this.filled += rows;
  }

  private leaveNumbers(): void {
    for (let i = 0; this.numbers !== undefined && i < this.filled; i++) this.others.push(this.numbers[i]);
    this.numbers = undefined;
  }
}

export const rowsOf = (runs: readonly Run[]): number => runs.reduce((sum, { rows }) => sum + rows, 0);
