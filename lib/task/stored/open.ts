// The source of rows that are kept: read where they are stored, else made by the pipeline below, and stored while they
// flow on. They come with the blocks that they have anyway, so that nothing that goes by blocks (the folding of sums, the
// streams of random numbers) can tell one from the other.

import { openPairs, readColumn, readPairs, type Unmade } from '../../codec/column.js';
import { ColumnKind, columnHeader } from '../../codec/column-header.js';
import { HeddleError } from '../../core/errors.js';
import { readBlock } from '../../storage/block-file.js';
import type { Batch, Source } from '../batch.js';
import { type BlockRange, blocksOf } from '../blocks.js';
import type { TaskEnv } from '../env.js';
import { rowsBetween } from '../leaf-sources.js';
import { PipelineRun, type TaskContext } from '../pipeline.js';
import { RowsSink } from '../sinks/rows.js';
import type { InputSpec, Pipeline, SourceSpec, StoredChunk, StoredRows, StoreSpec } from '../spec.js';
import type { PartitionWriter } from './writer.js';

type ComputedInput = InputSpec & { readonly kind: 'computed' };

export function openStored(task: TaskContext, spec: SourceSpec & { readonly kind: 'stored' }, blockwise: boolean): Source {
  const input = task.spec.inputs[spec.input]!;
  if (input.kind === 'stored') return new StoredSource(task.env, input.rows, blockwise);
  if (input.kind !== 'computed') throw new HeddleError('HEDDLE_INTERNAL', `the input of what is kept is a ${input.kind}`);
  const { store } = input;
  if (store !== null && task.kept.isShared(store)) {
    if (task.kept.find(store) === undefined) computeAll(task, spec.of, input, store);
    const stored = task.kept.find(store);
    if (stored !== undefined) return new StoredSource(task.env, stored, blockwise);
  }
  return new TeeSource(task, spec.of, input, blockwise);
}

/** Stores a partition before anybody reads it. */
function computeAll(task: TaskContext, of: Pipeline, input: ComputedInput, store: StoreSpec): void {
  const source = new TeeSource(task, of, { ...input, store }, false);
  try {
    while (source.next(Number.POSITIVE_INFINITY) !== null);
  } finally {
    source.close();
  }
}

/** Rows that are gathered before they are encoded: a column of a few rows is mostly header. */
const ENOUGH_ROWS = 1 << 13;

/** The rows of a pipeline, stored as they pass. Whoever stops before the end has stored nothing. */
class TeeSource implements Source {
  readonly bytesRead = 0;
  private readonly sink = new TeeSink();
  private readonly run: PipelineRun;
  private readonly writer: PartitionWriter | undefined;
  private readonly cut: RunCutter;
  private isOver = false;

  constructor(
    private readonly task: TaskContext,
    of: Pipeline,
    private readonly input: ComputedInput,
    blockwise: boolean,
  ) {
    const inner: TaskContext = { ...task, spec: { ...task.spec, inputs: input.inputs } };
    this.blocks = blocksOf(of, inner.spec);
    this.cut = new RunCutter(blockwise);
    this.run = new PipelineRun(inner, of, this.sink, true);
    this.writer = input.store === null ? undefined : task.kept.begin(input.store);
  }

  private readonly blocks: BlockRange;

  next(limit: number): Batch | null {
    const ready = this.cut.next(limit);
    if (ready !== null || this.isOver) return ready;
    const { sink, run, writer, input } = this;
    sink.limit = limit;
    const runs: number[] = [];
    const most = Math.min(limit, ENOUGH_ROWS);
    for (let before = 0; before < most; ) {
      if (!run.step()) {
        this.isOver = true;
        break;
      }
      const after = sink.rows.length;
      if (after > before) runs.push(run.currentBlock, after - before);
      before = after;
    }
    const rows = sink.take();
    // Before they flow on: whoever takes them may change them.
    if (rows.length > 0) writer?.add(rows, runs);
    if (this.isOver && writer !== undefined) this.task.kept.finish(input.store!, writer, this.blocks);
    this.cut.open({ rows }, runs);
    return this.cut.next(limit);
  }

  close(): void {
    this.run.close();
  }
}

/** Takes as many rows at once as whoever reads them wants. */
class TeeSink extends RowsSink {
  limit = Number.POSITIVE_INFINITY;
  override get wantedRows(): number {
    return this.limit;
  }
}

/** Rows that are stored. */
class StoredSource implements Source {
  readonly bytesRead = 0;
  private chunk = 0;
  private readonly cut: RunCutter;

  constructor(
    private readonly env: TaskEnv,
    private readonly stored: StoredRows,
    blockwise: boolean,
  ) {
    this.cut = new RunCutter(blockwise);
  }

  next(limit: number): Batch | null {
    for (;;) {
      const ready = this.cut.next(limit);
      if (ready !== null) return ready;
      const chunk = this.stored.chunks[this.chunk++];
      if (chunk === undefined) return null;
      this.cut.open(decode(columnOf(this.env, chunk)), chunk.runs);
    }
  }

  close(): void {}
}

type Rows =
  | { readonly rows: ArrayLike<unknown> }
  | { readonly keys: ArrayLike<unknown>; readonly values: ArrayLike<unknown> }
  | { readonly keys: ArrayLike<unknown>; readonly unmade: Unmade };

/** Pairs as their halves, as they come out of a shuffle: most operators on them want no more. */
function decode(column: Uint8Array): Rows {
  const { kind, width } = columnHeader(column);
  if (kind !== ColumnKind.Tuple || width !== 2) return { rows: readColumn(column) };
  const lists = openPairs(column);
  if (lists !== null) return { keys: lists.keys, unmade: lists.values };
  const { keys, values } = readPairs(column);
  return { keys, values };
}

/** Values that are made at once for a loop: so few are still in a core's cache when they are used, and gone before garbage is collected. */
const MADE_AT_ONCE = 512;

function unmadePairs(keys: ArrayLike<unknown>, unmade: Unmade, block: number): Batch {
  return {
    kind: 'pairs',
    keys,
    get values() {
      return unmade.all();
    },
    unmade,
    n: unmade.length,
    block,
  };
}

function columnOf({ heap, files }: TaskEnv, { at }: StoredChunk): Uint8Array {
  if ('address' in at) return heap.u8.subarray(at.address, at.address + at.bytes);
  try {
    return readBlock(files, at);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HeddleError('HEDDLE_STORED_LOST', `rows that were kept cannot be read back: ${why}`, {
      data: { file: at.file },
      cause: error,
    });
  }
}

/** Cuts rows into batches: no longer than is wanted and, where that matters, each of one block. */
class RunCutter {
  private rows: Rows = { rows: [] };
  private runs: readonly number[] = [];
  private run = 0;
  /** Rows of the current run that were given. */
  private given = 0;
  private at = 0;
  private length = 0;

  constructor(private readonly blockwise: boolean) {}

  open(rows: Rows, runs: readonly number[]): void {
    this.rows = rows;
    this.length = 'rows' in rows ? rows.rows.length : rows.keys.length;
    this.runs = runs;
    this.run = this.given = this.at = 0;
  }

  next(limit: number): Batch | null {
    const left = this.length - this.at;
    if (left === 0) return null;
    const block = this.runs[this.run]!;
    const most = 'unmade' in this.rows ? Math.min(left, MADE_AT_ONCE) : left;
    const n = Math.min(most, limit, this.blockwise ? this.runs[this.run + 1]! - this.given : left);
    const from = this.at;
    this.at += n;
    this.given += n;
    while (this.run < this.runs.length && this.given >= this.runs[this.run + 1]!) {
      this.given -= this.runs[this.run + 1]!;
      this.run += 2;
    }
    const { rows } = this;
    if ('rows' in rows) return { kind: 'rows', rows: rowsBetween(rows.rows, from, from + n), n, block };
    const keys = rowsBetween(rows.keys, from, from + n);
    if ('unmade' in rows) return unmadePairs(keys, rows.unmade.between(from, from + n), block);
    return { kind: 'pairs', keys, values: rowsBetween(rows.values, from, from + n), n, block };
  }
}
