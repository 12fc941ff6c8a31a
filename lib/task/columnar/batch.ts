// Batches of columns, and the rows that they stand for.

import type { Batch, BatchBase } from '../batch.js';
import type { Vector } from './code.js';
import type { Shape } from './plan.js';
import type { Workspace } from './workspace.js';

/** Rows as columns over a workspace: valid until the next batch. */
export interface ColumnsBatch extends BatchBase {
  readonly kind: 'columns';
  readonly row: Shape;
  readonly vectors: readonly Vector[];
  readonly workspace: Workspace;
  /** Lines that were read for it. */
  readonly lines: number;
  /** The offsets of its text in the workspace. */
  readonly from: number;
  readonly to: number;
}

/** The rows as the loop takes them. */
export function rowsOf(batch: ColumnsBatch): Batch {
  const { row, n, block } = batch;
  const reader = new RowReader(batch);
  if (row.kind === 'tuple' && row.items.length === 2) {
    return { kind: 'pairs', keys: reader.column(row.items[0]!), values: reader.column(row.items[1]!), n, block };
  }
  return { kind: 'rows', rows: reader.column(row), n, block };
}

/** One of the values that a batch's rows are made of, for each row; valid until the next batch. */
export function columnOf(batch: ColumnsBatch, shape: Shape): ArrayLike<unknown> {
  const vector = shape.kind === 'column' ? batch.vectors[shape.column]! : undefined;
  return vector?.type === 'number' ? vector.values : new RowReader(batch).column(shape);
}

class RowReader {
  private text: string | undefined;
  private readonly known = new Map<number, ArrayLike<unknown>>();

  constructor(private readonly batch: ColumnsBatch) {}

  column(shape: Shape): ArrayLike<unknown> {
    const { n } = this.batch;
    switch (shape.kind) {
      case 'column':
        return this.vector(shape.column);
      case 'constant':
        return new Array<unknown>(n).fill(shape.value);
      case 'tuple': {
        const items = shape.items.map(item => this.column(item));
        return Array.from({ length: n }, (_, i) => items.map(item => item[i]));
      }
      case 'struct': {
        const items = shape.items.map(item => this.column(item));
        const { names } = shape;
        return Array.from({ length: n }, (_, i) => {
          const record: Record<string, unknown> = {};
          for (let k = 0; k < names.length; k++) record[names[k]!] = items[k]![i];
          return record;
        });
      }
    }
  }

  /** A column's values; each row's own where the column is used twice, for they are primitives. */
  private vector(column: number): ArrayLike<unknown> {
    let values = this.known.get(column);
    if (values === undefined) this.known.set(column, (values = this.read(this.batch.vectors[column]!)));
    return values;
  }

  private read(vector: Vector): ArrayLike<unknown> {
    const { n } = this.batch;
    switch (vector.type) {
      case 'number':
        return vector.values.slice(0, n);
      case 'boolean':
        return Array.from(vector.values.subarray(0, n), value => value !== 0);
      case 'text':
        return this.strings(vector.starts, vector.ends);
    }
  }

  /** Strings are cut out of the batch's text, decoded at once, where that has a byte a character. */
  private strings(starts: Int32Array, ends: Int32Array): string[] {
    const { n, from, to, workspace } = this.batch;
    const { ops } = workspace;
    const out: string[] = new Array(n);
    const text = ops.ascii ? (this.text ??= ops.text(from, to)) : undefined;
    for (let i = 0; i < n; i++) {
      const [s, e] = [starts[i]!, ends[i]!];
      out[i] = text !== undefined && s >= from && e <= to ? text.slice(s - from, e - from) : ops.text(s, e);
    }
    return out;
  }
}
