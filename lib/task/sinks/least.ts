// The rows with the smallest keys, of pairs [number, row]: where the keys are random, a sample of exactly so many rows in
// which every subset, in every order, is as likely as any other. (Fan, Muller and Rezucha, "Development of sampling plans by
// using sequential (item by item) selection techniques and digital computers", JASA 57, 1962.)

import { keyExpression, type SinkCode, valueExpression } from '../compile.js';
import { encodeColumns } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

/** Rows kept beyond those wanted before the greatest are dropped: sorting is then rare. */
const SPARE = 1024;

export class LeastSink extends Sink {
  keys: number[] = [];
  rows: unknown[] = [];
  /** Keys from here on are not wanted. */
  bound: number;
  count = 0;
  readonly room: number;
  readonly variant = 'least';

  constructor(private readonly limit: number) {
    super();
    this.room = 2 * limit + SPARE;
    this.bound = limit === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'let bound = sink.bound, count = sink.count; const room = sink.room;',
      row: row => `count++; if (${keyExpression(row)} < bound) {
        sink.keys.push(${keyExpression(row)}); if (sink.rows.push(${valueExpression(row)}) >= room) bound = sink.prune(); }`,
      after: 'sink.bound = bound; sink.count = count;',
    };
  }

  /** Drops all but the wanted rows, which it leaves in the order of their keys, and gives the new bound. */
  prune(): number {
    const { keys, rows, limit } = this;
    // Of equal keys the first row counts: sort is stable.
    const order = keys
      .map((_, i) => i)
      .sort((a, b) => keys[a]! - keys[b]!)
      .slice(0, limit);
    this.keys = order.map(i => keys[i]!);
    this.rows = order.map(i => rows[i]);
    return order.length < limit ? Number.POSITIVE_INFINITY : this.keys[limit - 1]!;
  }

  /** Columns: [how many rows there were], the keys, and the rows in one column or more. */
  finish(): SinkResult {
    this.prune();
    const columns = [...encodeColumns([this.count]), ...encodeColumns(this.keys, Number.POSITIVE_INFINITY), ...encodeColumns(this.rows)];
    return { columns, rowsOut: this.rows.length, bytesOut: columns.reduce((sum, column) => sum + column.length, 0) };
  }
}
