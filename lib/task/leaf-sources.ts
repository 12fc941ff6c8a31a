// Sources that read a task's inputs: ranges, shipped rows, text.

import { readColumn } from '../codec/column.js';
import { HeddleError } from '../core/errors.js';
import { LineReader } from '../storage/line-reader.js';
import type { Batch, Blocks, Source } from './batch.js';
import type { ColumnsBatch } from './columnar/batch.js';
import type { TaskEnv } from './env.js';
import type { InputSpec, RangeInput } from './spec.js';

/** What becomes of the blocks of a source's elements: a batch does not know of them, is within one, or tells of those that it spans. */
export type Cut = 'anywhere' | 'within' | 'told';

/** Opens one leaf. */
export function openLeaf(input: InputSpec, env: TaskEnv, partition: number, cut: Cut): Source {
  switch (input.kind) {
    case 'range':
      return new RangeSource(input, cut);
    case 'rows':
      return new RowsSource(readColumn(input.column), input, cut);
    case 'several':
      return new SeveralSource(input.of.map(each => openLeaf(each, env, partition, cut)));
    case 'text':
      return new TextSource(new LineReader(env.files, { pieces: [...input.pieces] }, { decoder: input.decoder }), partition);
    case 'empty':
      return { next: () => null, bytesRead: 0, close() {} };
    case 'shuffle':
    case 'parts':
    case 'stored':
    case 'computed':
      throw new HeddleError('HEDDLE_INTERNAL', `a ${input.kind} is not a leaf`);
  }
}

/** Rows of a batch in all sources that can choose: long enough that a batch costs nothing. */
const BATCH_ROWS = 1 << 16;

/** How many rows from `position` on a batch may take. */
function rowsOf(position: number, end: number, limit: number, blockRows: number, cut: Cut): number {
  const most = Math.min(end - position, limit, BATCH_ROWS);
  return cut === 'within' ? Math.min(most, blockRows - (position % blockRows)) : most;
}

/** The block of `n` rows from `position` on, and, where they are to be told, those behind. */
function blocksOf(position: number, n: number, blockRows: number, cut: Cut): { readonly block: number; readonly blocks?: Blocks } {
  const block = Math.floor(position / blockRows);
  if (cut !== 'told') return { block };
  const first = Math.min(n, blockRows - (position % blockRows));
  return { block, blocks: { rows: blockRows, first, last: Math.floor((position + n - 1) / blockRows) } };
}

class RangeSource implements Source {
  readonly bytesRead = 0;
  private position: number;
  private readonly end: number;
  constructor(
    private readonly input: RangeInput,
    private readonly cut: Cut,
  ) {
    this.position = input.from;
    this.end = input.from + input.rows;
  }

  next(limit: number): Batch | null {
    const { input, position } = this;
    const n = rowsOf(position, this.end, limit, input.blockRows, this.cut);
    if (n <= 0) return null;
    this.position += n;
    return { kind: 'range', first: input.first, from: position, step: input.step, n, ...blocksOf(position, n, input.blockRows, this.cut) };
  }

  close(): void {}
}

class RowsSource implements Source {
  readonly bytesRead = 0;
  private position = 0;
  constructor(
    private readonly rows: ArrayLike<unknown>,
    private readonly input: { readonly firstIndex: number; readonly blockRows: number },
    private readonly cut: Cut,
  ) {}

  next(limit: number): Batch | null {
    const { rows, position, input } = this;
    const index = input.firstIndex + position;
    const n = rowsOf(index, input.firstIndex + rows.length, limit, input.blockRows, this.cut);
    if (n <= 0) return null;
    this.position += n;
    return { kind: 'rows', rows: rowsBetween(rows, position, position + n), n, ...blocksOf(index, n, input.blockRows, this.cut) };
  }

  close(): void {}
}

/** A view of numbers, a copy of the references to others. */
export function rowsBetween(rows: ArrayLike<unknown>, from: number, to: number): ArrayLike<unknown> {
  if (from === 0 && to === rows.length) return rows;
  return ArrayBuffer.isView(rows) ? (rows as Float64Array).subarray(from, to) : (rows as unknown[]).slice(from, to);
}

/** Several partitions, one after the other: no batch is of two. */
class SeveralSource implements Source {
  readonly bytesRead = 0;
  part = 0;
  private at = 0;
  constructor(private readonly parts: readonly Source[]) {}

  next(limit: number): Batch | ColumnsBatch | null {
    for (; this.at < this.parts.length; this.at++) {
      const batch = this.parts[this.at]!.next(limit);
      if (batch === null) continue;
      this.part = this.at;
      return batch;
    }
    return null;
  }

  close(): void {}
}

class TextSource implements Source {
  constructor(
    private readonly reader: LineReader,
    private readonly partition: number,
  ) {}

  get bytesRead(): number {
    return this.reader.bytesRead;
  }

  next(): Batch | null {
    const lines = this.reader.next();
    return lines === null ? null : { kind: 'rows', rows: lines, n: lines.length, block: this.partition };
  }

  close(): void {
    this.reader.close();
  }
}
