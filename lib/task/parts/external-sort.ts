// The pairs of a partition in the order of their keys, stably. Those that are more than a task may hold are sorted in chunks;
// each chunk is written to a file, and in the end all are merged. Of level keys those of an earlier chunk go first, so the
// order is that of a stable sort of all.

import { preparePairs, readPairs } from '../../codec/column.js';
import { compareKeys } from '../../codec/key-order.js';
import { sortedOrder } from '../../codec/key-sort.js';
import type { BlockPlace } from '../../storage/block-file.js';
import type { SpillFile } from '../../storage/spill-files.js';
import type { Batch, Source } from '../batch.js';
import { type PipelineRun, type TaskContext, taskError } from '../pipeline.js';
import type { PairsSink } from '../sinks/pairs.js';
import { roomForRows, taskFile } from '../spill.js';
import { TableSource } from '../table-source.js';
import { roughBytes } from './rough-bytes.js';

interface Columns {
  readonly keys: unknown[];
  readonly values: unknown[];
}

/** Rows of a block of a sorted chunk, at most: of each chunk one block is in memory during the merge. */
const BLOCK_ROWS = 1 << 13;
/** And about so many bytes. */
const BLOCK_BYTES = 1 << 18;
const BATCH_ROWS = 1 << 13;

/** The pairs that a run leaves in its sink, sorted by key. */
export function sortedPairs(task: TaskContext, label: string, run: PipelineRun, sink: PairsSink, ascending: boolean): Source {
  const most = roomForRows(task);
  const chunks = new SortedChunks(task);
  try {
    let [counted, held] = [0, 0];
    while (run.step()) {
      held += roughBytes(sink.keys, counted) + roughBytes(sink.values, counted);
      counted = sink.keys.length;
      if (held <= most) continue;
      chunks.write(sortPairs(task, label, sink.take(), ascending), held);
      [counted, held] = [0, 0];
    }
    const last = sortPairs(task, label, sink.take(), ascending);
    if (chunks.isEmpty) return new TableSource(task.spec.local, last.keys, last.values);
    chunks.write(last, held);
    chunks.close();
    return new MergeSource(task, chunks, ascending);
  } catch (error) {
    chunks.discard();
    throw error;
  }
}

function sortPairs(task: TaskContext, label: string, { keys, values }: Columns, ascending: boolean): Columns {
  task.env.checkCancelled();
  const order = orderOf(task, label, keys, ascending);
  const sorted: Columns = { keys: new Array(order.length), values: new Array(order.length) };
  for (let i = 0; i < order.length; i++) {
    sorted.keys[i] = keys[order[i]!];
    sorted.values[i] = values[order[i]!];
  }
  return sorted;
}

function orderOf(task: TaskContext, label: string, keys: readonly unknown[], ascending: boolean): Uint32Array {
  try {
    return sortedOrder(keys, ascending);
  } catch (error) {
    throw taskError(error, label, task.spec);
  }
}

/** Sorted chunks in a file, each a list of blocks. */
class SortedChunks {
  readonly blocks: BlockPlace[][] = [];
  private file: SpillFile | undefined;

  constructor(readonly task: TaskContext) {}

  get isEmpty(): boolean {
    return this.blocks.length === 0;
  }

  write({ keys, values }: Columns, held: number): void {
    const rows = keys.length;
    const step = Math.max(1, Math.min(BLOCK_ROWS, Math.floor((BLOCK_BYTES * rows) / (held + 1))));
    const places: BlockPlace[] = [];
    this.blocks.push(places);
    for (let from = 0; from < rows; from += step) {
      const column = preparePairs(keys, values, from, Math.min(rows, from + step));
      const bytes = new Uint8Array(column.byteLength);
      column.write(bytes);
      this.file ??= taskFile(this.task);
      places.push(this.file.append(bytes));
    }
  }

  close(): void {
    this.file?.close();
    this.task.metrics.bytesSpilled += this.file?.bytes ?? 0;
  }

  discard(): void {
    this.file?.discard();
    this.file = undefined;
  }
}

/** Where the merge is in a chunk. */
class Cursor {
  keys: ArrayLike<unknown> = [];
  values: ArrayLike<unknown> = [];
  at = 0;
  private next = 0;

  constructor(
    private readonly task: TaskContext,
    private readonly places: readonly BlockPlace[],
    readonly chunk: number,
  ) {}

  /** Reads the next block; false where there is none. */
  read(): boolean {
    const place = this.places[this.next++];
    if (place === undefined) return false;
    ({ keys: this.keys, values: this.values } = readPairs(this.task.env.store.spill!.read(place)));
    this.at = 0;
    return true;
  }
}

class MergeSource implements Source {
  readonly bytesRead = 0;
  /** A binary heap by the key that each chunk is at: the least one is its root. */
  private readonly heap: Cursor[] = [];
  private readonly sign: 1 | -1;

  constructor(
    private readonly task: TaskContext,
    private readonly chunks: SortedChunks,
    ascending: boolean,
  ) {
    this.sign = ascending ? 1 : -1;
    for (const [chunk, places] of chunks.blocks.entries()) {
      const cursor = new Cursor(task, places, chunk);
      if (cursor.read()) this.heap.push(cursor);
    }
    for (let at = this.heap.length >>> 1; at-- > 0; ) this.sink(at);
  }

  next(limit: number): Batch | null {
    const most = Math.max(1, Math.min(limit, BATCH_ROWS));
    const keys: unknown[] = [];
    const values: unknown[] = [];
    const { heap } = this;
    while (heap.length > 0 && keys.length < most) {
      const least = heap[0]!;
      keys.push(least.keys[least.at]);
      values.push(least.values[least.at]);
      if (++least.at === least.keys.length && !least.read()) {
        const last = heap.pop()!;
        if (heap.length === 0) break;
        if (last !== least) heap[0] = last;
      }
      this.sink(0);
    }
    return keys.length === 0 ? null : { kind: 'pairs', keys, values, n: keys.length, block: this.task.spec.local };
  }

  close(): void {
    this.chunks.discard();
  }

  private goesBefore(a: Cursor, b: Cursor): boolean {
    const order = compareKeys(a.keys[a.at], b.keys[b.at]);
    return order === 0 ? a.chunk < b.chunk : order * this.sign < 0;
  }

  private sink(from: number): void {
    const { heap } = this;
    const moved = heap[from]!;
    let at = from;
    for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && this.goesBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!this.goesBefore(heap[below]!, moved)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = moved;
  }
}
