// Sources that read a task's inputs: ranges, shipped rows, text.

import { readColumn } from '../codec/column.js';
import { HeddleError } from '../core/errors.js';
import { LineReader } from '../storage/line-reader.js';
import type { Batch, Source } from './batch.js';
import type { TaskEnv } from './env.js';
import type { InputSpec, RangeInput } from './spec.js';

/** Opens one leaf. `blockwise`: no batch may cross a block of the source's elements. */
export function openLeaf(input: InputSpec, env: TaskEnv, partition: number, blockwise: boolean): Source {
  switch (input.kind) {
    case 'range':
      return new RangeSource(input, blockwise);
    case 'rows':
      return new RowsSource(readColumn(input.column), input, blockwise);
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
function rowsOf(position: number, end: number, limit: number, blockRows: number, blockwise: boolean): number {
  const most = Math.min(end - position, limit, BATCH_ROWS);
  return blockwise ? Math.min(most, blockRows - (position % blockRows)) : most;
}

class RangeSource implements Source {
  readonly bytesRead = 0;
  private position: number;
  private readonly end: number;
  constructor(
    private readonly input: RangeInput,
    private readonly blockwise: boolean,
  ) {
    this.position = input.from;
    this.end = input.from + input.rows;
  }

  next(limit: number): Batch | null {
    const { input, position } = this;
    const n = rowsOf(position, this.end, limit, input.blockRows, this.blockwise);
    if (n <= 0) return null;
    this.position += n;
    const block = Math.floor(position / input.blockRows);
    return { kind: 'range', first: input.first, from: position, step: input.step, n, block };
  }

  close(): void {}
}

class RowsSource implements Source {
  readonly bytesRead = 0;
  private position = 0;
  constructor(
    private readonly rows: ArrayLike<unknown>,
    private readonly input: { readonly firstIndex: number; readonly blockRows: number },
    private readonly blockwise: boolean,
  ) {}

  next(limit: number): Batch | null {
    const { rows, position, input } = this;
    const index = input.firstIndex + position;
    const n = rowsOf(index, input.firstIndex + rows.length, limit, input.blockRows, this.blockwise);
    if (n <= 0) return null;
    this.position += n;
    const slice = position === 0 && n === rows.length ? rows : ((rows as unknown[]).slice(position, position + n) as ArrayLike<unknown>);
    return { kind: 'rows', rows: slice, n, block: Math.floor(index / input.blockRows) };
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
