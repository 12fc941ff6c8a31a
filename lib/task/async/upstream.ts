// The rows that an asynchronous source takes from the pipeline below it, which may itself have to be waited for.

import { PipelineRun, type TaskContext } from '../pipeline.js';
import { RowsSink } from '../sinks/rows.js';
import type { Pipeline } from '../spec.js';

/** Rows of a batch that nobody has to wait for: few, since the thread's loop stands still meanwhile. */
const BATCH_ROWS = 256;

export class Upstream {
  private readonly sink = new AskedRows();
  private readonly run: PipelineRun;
  private rows: unknown[] = [];
  private at = 0;
  private closed = false;
  /** No row is left, nor will there be any. */
  ended = false;
  /** The block of the rows at hand. */
  block = -1;

  constructor(task: TaskContext, pipeline: Pipeline, blockwise: boolean) {
    this.run = new PipelineRun(task, pipeline, this.sink, blockwise);
  }

  /** Rows that were read and not yet taken. */
  get ahead(): number {
    return this.rows.length - this.at;
  }

  take(): unknown {
    return this.rows[this.at++];
  }

  takeAll(): unknown[] {
    const rows = this.at === 0 ? this.rows : this.rows.slice(this.at);
    this.at = this.rows.length;
    return rows;
  }

  /**
   * Reads on. Where rows have to be waited for it gives a promise, which resolves with the first of them, and takes up to `limit`
   * of those that are there by then: how many does not matter here. There may be no row at hand after it.
   */
  read(limit: number): Promise<void> | undefined {
    if (this.run.waits) {
      this.sink.asked = 1;
      return this.run.ready().then(() => {
        this.sink.asked = limit;
        this.step();
      });
    }
    this.sink.asked = BATCH_ROWS;
    this.step();
    return undefined;
  }

  close(): void {
    this.closed = true;
    this.run.close();
  }

  private step(): void {
    // It may have been closed while it was waited for.
    if (this.closed) return;
    this.ended = !this.run.step();
    this.rows = this.sink.take();
    this.at = 0;
    this.block = this.run.currentBlock;
  }
}

/** Asks for as many rows as it is told to. */
class AskedRows extends RowsSink {
  asked = BATCH_ROWS;

  override get wantedRows(): number {
    return this.asked;
  }
}
