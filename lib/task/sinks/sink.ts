// What a sink is: the end of a stage's loop. It gives the loop its code, takes rows through it, and ends with columns.

import type { PairsBatch } from '../batch.js';
import type { ColumnsBatch } from '../columnar/batch.js';
import type { SinkCode } from '../compile.js';
import type { AnyFunction } from '../functions.js';

/** What a finished sink leaves: columns for the driver, or bytes and rows that went elsewhere. */
export interface SinkResult {
  readonly columns: readonly Uint8Array[];
  readonly rowsOut: number;
  readonly bytesOut: number;
  /** The attempt whose output of a map partition counts instead. */
  readonly winner?: number;
  /** What went to each reduce id. */
  readonly sizes?: Uint8Array;
  /** Bytes that went to disk for want of memory. */
  readonly bytesSpilled?: number;
}

export abstract class Sink {
  /** Set by the pipeline: makes the error of a throw in user code. An operator past the last one is the sink itself. */
  failed!: (error: unknown, operator: number, record: unknown) => Error;
  /** The operator that its functions belong to, as the user wrote it. */
  label: string | undefined;
  /** True once no further row is wanted. */
  done = false;

  /** Names the code that code() gives now; a sink may change it between batches. */
  abstract readonly variant: string;
  abstract code(): SinkCode;
  /** The functions that its code calls: s0, s1, ... */
  functions(): readonly AnyFunction[] {
    return [];
  }
  /** Rows that the next batch should have at most. */
  get wantedRows(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** Takes the rows of a batch of columns as they are; false when it wants them as rows. */
  takeColumns(_batch: ColumnsBatch): boolean {
    return false;
  }
  /** Takes a batch of pairs as it is, as bytes or not at all where nobody has made them; false when it wants them as rows. */
  takePairs(_batch: PairsBatch): boolean {
    return false;
  }
  /** After each batch. */
  afterBatch(): void {}
  /** Whether nobody but itself wants to know of blocks. */
  readonly ownsBlocks: boolean = false;
  /** After the last row of a block of the source's elements. */
  endBlock(_block: number): void {}
  /** All rows came. */
  abstract finish(): SinkResult;
  /** Gives back what it holds; called once, whatever happened. */
  dispose(): void {}
}
