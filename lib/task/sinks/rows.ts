// Rows as they are: for collect and take, and for operators that pull rows.

import { prepareColumn } from '../../codec/column.js';
import type { PairsBatch } from '../batch.js';
import { rowExpression, type SinkCode } from '../compile.js';
import { Sink, type SinkResult } from './sink.js';

/** Rows of one column of a result: bounds what is held both as rows and as bytes. */
const COLUMN_ROWS = 1 << 18;

/** A column in memory of its own. */
export function encodeColumn(rows: readonly unknown[]): Uint8Array {
  const column = prepareColumn(rows, 0, rows.length);
  const bytes = new Uint8Array(column.byteLength);
  column.write(bytes);
  return bytes;
}

/** Rows in columns of at most so many; none for no rows, unless all go into one. */
export function encodeColumns(rows: readonly unknown[], most = COLUMN_ROWS): Uint8Array[] {
  if (rows.length <= most) return rows.length === 0 && most === COLUMN_ROWS ? [] : [encodeColumn(rows)];
  return Array.from({ length: Math.ceil(rows.length / most) }, (_, i) => encodeColumn(rows.slice(i * most, (i + 1) * most)));
}

/** Keeps rows for whoever takes them between batches. */
export class RowsSink extends Sink {
  rows: unknown[] = [];
  /** Rows of the next batch: few at first, for whoever pulls them may want no more. */
  private wanted = 64;
  readonly variant: string = 'rows';

  code(): SinkCode {
    return { functions: 0, before: 'const out = sink.rows;', row: row => `out.push(${rowExpression(row)});`, after: '' };
  }

  override get wantedRows(): number {
    return this.wanted;
  }

  override afterBatch(): void {
    this.wanted *= 2;
  }

  finish(): SinkResult {
    return { columns: [], rowsOut: 0, bytesOut: 0 };
  }

  take(): unknown[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }
}

/** Encodes all rows, up to a limit, as columns. */
export class CollectSink extends Sink {
  rows: unknown[] = [];
  readonly variant: string;
  private readonly columns: Uint8Array[] = [];
  private encoded = 0;
  private wanted: number;

  constructor(readonly limit = Number.POSITIVE_INFINITY) {
    super();
    this.variant = limit === Number.POSITIVE_INFINITY ? 'collect' : 'take';
    this.done = limit === 0;
    this.wanted = limit;
  }

  override get wantedRows(): number {
    return this.wanted;
  }

  code(): SinkCode {
    const push = (row: string) => `out.push(${row})`;
    if (this.variant === 'collect')
      return { functions: 0, before: 'const out = sink.rows;', row: row => `${push(rowExpression(row))};`, after: '' };
    return {
      functions: 0,
      before: 'const out = sink.rows, room = sink.limit;',
      row: row => `if (${push(rowExpression(row))} >= room) { sink.done = true; break outer; }`,
      after: '',
    };
  }

  override takePairs(batch: PairsBatch): boolean {
    if (this.variant !== 'collect' || batch.encode === undefined) return false;
    if (this.rows.length > 0) this.encode();
    const taken = this.columns.length;
    for (let from = 0; from < batch.n; from += COLUMN_ROWS) {
      const column = batch.encode(from, Math.min(COLUMN_ROWS, batch.n - from));
      if (column === undefined) {
        this.columns.length = taken;
        return false;
      }
      this.columns.push(column);
    }
    this.encoded += batch.n;
    return true;
  }

  override afterBatch(): void {
    // Behind a filter, say, a take may look at many more rows than it keeps.
    this.wanted *= 2;
    // A take keeps its rows, which are few, so that its code can count them.
    if (this.variant === 'collect' && this.rows.length >= COLUMN_ROWS) this.encode();
  }

  finish(): SinkResult {
    if (this.rows.length > 0) this.encode();
    return { columns: this.columns, rowsOut: this.encoded, bytesOut: this.columns.reduce((sum, column) => sum + column.length, 0) };
  }

  private encode(): void {
    for (const column of encodeColumns(this.rows)) this.columns.push(column);
    this.encoded += this.rows.length;
    this.rows = [];
  }
}
