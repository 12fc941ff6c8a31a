// The batches that flow from a source into a compiled loop.

import type { Unmade } from '../codec/column.js';
import type { ColumnsBatch } from './columnar/batch.js';
import type { BatchKind } from './compile.js';

export interface BatchBase {
  readonly kind: BatchKind | 'columns';
  /** Rows in it. */
  readonly n: number;
  /** The block of the source's elements that it belongs to, or begins in; for sources without an index, the partition. */
  readonly block: number;
  /** Where it may go on into the blocks behind: how they are cut. */
  readonly blocks?: Blocks;
}

export interface Blocks {
  /** Rows of a block. */
  readonly rows: number;
  /** Rows of the first one that are in the batch. */
  readonly first: number;
  /** The block of the batch's last row. */
  readonly last: number;
}

export interface RangeBatch extends BatchBase {
  readonly kind: 'range';
  /** Row i is first + (from + i) * step. */
  readonly first: number;
  readonly from: number;
  readonly step: number;
}

export interface RowsBatch extends BatchBase {
  readonly kind: 'rows';
  readonly rows: ArrayLike<unknown>;
}

export interface PairsBatch extends BatchBase {
  readonly kind: 'pairs';
  readonly keys: ArrayLike<unknown>;
  readonly values: ArrayLike<unknown>;
  /** The values, where they are only made when they are asked for: for who wants them one by one. */
  readonly unmade?: Unmade;
  /**
   * Rows [from, from + n) as a column, in memory of its own, where nobody need make them for that; undefined where there is no
   * room for it, or the rows were made.
   */
  encode?(from: number, n: number): Uint8Array | undefined;
}

/** What a loop takes. */
export type Batch = RangeBatch | RowsBatch | PairsBatch;

/** Gives batches until there are none left. */
export interface Source {
  /** The next batch, of at most `limit` rows where the source can tell; null at the end. */
  next(limit: number): Batch | ColumnsBatch | null;
  /** Only of sources that have to be waited for: resolves when next(limit) can answer. To be called before each next. */
  ready?(limit: number): Promise<void>;
  /** Bytes read so far from files or from the shuffle. */
  readonly bytesRead: number;
  /** Where a task reads several partitions: the place among them of the one that the last batch is of. */
  readonly part?: number;
  /** Gives back what the source holds. */
  close(): void;
}
