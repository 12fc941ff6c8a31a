// Rows with keys of text to the runs of their reduce ids as they are: batches of columns wait in columns of the task's own,
// as bytes, until there are enough; then a kernel finds the reduce id of each, and they are written as the columns that the
// same rows would have as strings.

import { type ColumnParts, prepareParts } from '../../codec/column.js';
import { HeddleError } from '../../core/errors.js';
import { countingSort } from '../../shuffle/counting-sort.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Kernels } from '../../shuffle/kernels.js';
import type { MapOutput } from '../../shuffle/map-output.js';
import { type HashPartitioner, type Partitioner, type RangePartitioner, textBounds } from '../../shuffle/partitioner.js';
import { roomFor } from '../../shuffle/store.js';
import { textParts } from '../../shuffle/text-writer.js';
import type { ColumnsBatch } from '../columnar/batch.js';
import { crossesAsColumns, pairOf } from '../columnar/pair.js';
import type { ColumnType, Shape } from '../columnar/plan.js';

/** Rows that wait at most, as many as of those that are strings (pair-writer.ts). */
const ROWS = 1 << 15;
/** Bytes of text that wait at most, of each column: more than any one text of a batch has. */
const TEXT_BYTES = 1 << 20;
const SLACK = 16;

/** Whether kernels know the partition of a text. */
function isPlaced(partitioner: Partitioner): partitioner is HashPartitioner | RangePartitioner {
  return partitioner.kind === 'hash' || (partitioner.kind === 'range' && textBounds(partitioner) !== undefined);
}

/** A column that waits: its addresses. */
type Waiting =
  | { readonly type: 'text'; readonly addresses: number; readonly lengths: number; readonly text: number; free: number }
  | { readonly type: 'number' | 'boolean'; readonly values: number };

export class TextScatter {
  private rows = 0;
  private readonly columns = new Map<number, Waiting>();
  private readonly key: Waiting & { readonly type: 'text' };
  private readonly memory: number;
  private readonly progress: number;
  /** The reduce ids of the rows, then their places by reduce id. */
  private readonly ids: number;
  private readonly bounds: { readonly addresses: number; readonly lengths: number; readonly count: number };

  /** undefined where no kernel knows the partitions, or the heap has no room. */
  static open(heap: Heap, kernels: Kernels, output: MapOutput, partitioner: Partitioner, row: Shape): TextScatter | undefined {
    if (!isPlaced(partitioner) || !crossesAsColumns(row)) return undefined;
    try {
      return new TextScatter(heap, kernels, output, partitioner, row);
    } catch (error) {
      if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
      return undefined;
    }
  }

  private constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly output: MapOutput,
    private readonly partitioner: HashPartitioner | RangePartitioner,
    private readonly row: Shape,
  ) {
    const bounds = partitioner.kind === 'range' ? textBounds(partitioner)! : [];
    let bytes = 0;
    const take = (size: number): number => {
      const at = bytes;
      bytes += Math.ceil(size / 64) * 64;
      return at;
    };
    const [progress, ids] = [take(8), take(ROWS * 4)];
    const [boundAddresses, boundLengths] = [take(bounds.length * 4), take(bounds.length * 4)];
    const boundsText = take(bounds.reduce((sum, bound) => sum + bound.length, 0) + SLACK);
    const places = [...columnsOf(row)].map(([column, type]) => {
      if (type !== 'text') return { column, type, values: take(ROWS * (type === 'number' ? 8 : 1)) };
      return { column, type, addresses: take(ROWS * 4), lengths: take(ROWS * 4), text: take(TEXT_BYTES) };
    });
    this.memory = roomFor(heap, bytes, 'a task’s columns');
    const { memory, columns } = this;
    this.progress = memory + progress;
    this.ids = memory + ids;
    this.bounds = { addresses: memory + boundAddresses, lengths: memory + boundLengths, count: bounds.length };
    for (const place of places) {
      if (place.type !== 'text') columns.set(place.column, { type: place.type, values: memory + place.values });
      else {
        const text = memory + place.text;
        columns.set(place.column, { type: 'text', addresses: memory + place.addresses, lengths: memory + place.lengths, text, free: text });
      }
    }
    this.key = columns.get((pairOf(row)![0] as Shape & { readonly kind: 'column' }).column) as Waiting & { readonly type: 'text' };
    let at = memory + boundsText;
    for (const [i, bound] of bounds.entries()) {
      heap.u8.set(bound, at);
      heap.u32[(this.bounds.addresses >>> 2) + i] = at;
      heap.u32[(this.bounds.lengths >>> 2) + i] = bound.length;
      at += bound.length;
    }
  }

  /** Takes a batch's rows from `from` on. */
  addColumns({ vectors, workspace, n }: ColumnsBatch, from = 0): void {
    const { heap, kernels, columns, progress } = this;
    for (let at = from; at < n; ) {
      // What one column has no room for is left to the next round; what others have taken of it is forgotten with the flush.
      let to = Math.min(n, at + ROWS - this.rows);
      for (const [column, waiting] of columns) {
        const vector = vectors[column]!;
        if (waiting.type !== 'text' || vector.type !== 'text') continue;
        const { addresses, lengths, text, free } = waiting;
        const [starts, ends] = [vector.starts.byteOffset, vector.ends.byteOffset];
        const done = this.rows * 4;
        const { base } = workspace;
        to = kernels.textCollect(base, starts, ends, at, to, free, text + TEXT_BYTES, addresses + done, lengths + done, progress) >>> 0;
        waiting.free = heap.u32[progress >>> 2]!;
      }
      for (const [column, waiting] of columns) {
        const vector = vectors[column]!;
        if (waiting.type === 'text' || vector.type === 'text') continue;
        this.values(waiting).set(vector.values.subarray(at, to), this.rows);
      }
      this.rows += to - at;
      if (to < n) this.flush();
      at = to;
    }
  }

  /** Hands on what waits: other rows may follow. */
  flush(): void {
    const { rows, output, ids, heap } = this;
    if (rows === 0) return;
    const { reducers } = output.ref;
    this.place();
    const places = countingSort(new Uint32Array(heap.u8.buffer, ids, rows), reducers);
    heap.u32.set(places.rows, ids >>> 2);
    for (let reduce = 0; reduce < reducers; reduce++) {
      const from = places.first[reduce]!;
      const n = places.first[reduce + 1]! - from;
      if (n === 0) continue;
      const pairs = prepareParts(this.parts(this.row, from, n), n);
      output.append(reduce, n, pairs.byteLength, target => pairs.write(target));
    }
    for (const waiting of this.columns.values()) if (waiting.type === 'text') waiting.free = waiting.text;
    this.rows = 0;
  }

  dispose(): void {
    this.heap.free(this.memory);
  }

  private place(): void {
    const { kernels, partitioner, key, rows, ids, bounds } = this;
    const { addresses, lengths } = key;
    if (partitioner.kind === 'hash') kernels.placeTextByHash(addresses, lengths, rows, partitioner.partitions, ids);
    else {
      const up = Number(partitioner.ascending);
      kernels.placeTextByRange(addresses, lengths, rows, bounds.addresses, bounds.lengths, bounds.count, up, ids);
    }
  }

  /** The rows whose places are those from `from` on. */
  private parts(shape: Shape, from: number, n: number): ColumnParts {
    switch (shape.kind) {
      case 'constant':
        return { kind: 'values', values: new Array<unknown>(n).fill(shape.value) };
      case 'tuple':
        return { kind: 'tuple', items: shape.items.map(item => this.parts(item, from, n)) };
      case 'struct':
        return { kind: 'struct', names: shape.names, items: shape.items.map(item => this.parts(item, from, n)) };
      case 'column': {
        const waiting = this.columns.get(shape.column)!;
        if (waiting.type !== 'text') return { kind: 'values', values: this.valuesAt(waiting, from, n) };
        const { addresses, lengths, text, free } = waiting;
        const ascii = this.kernels.isAscii(text, free) !== 0;
        return textParts(this.kernels, { addresses, lengths, rows: this.ids + from * 4, n, ascii });
      }
    }
  }

  private valuesAt(waiting: Waiting & { readonly type: 'number' | 'boolean' }, from: number, n: number): ArrayLike<unknown> {
    const values = this.values(waiting);
    const rows = new Uint32Array(this.heap.u8.buffer, this.ids + from * 4, n);
    if (waiting.type === 'boolean') return Array.from(rows, row => values[row] !== 0);
    const own = new Float64Array(n);
    for (let i = 0; i < n; i++) own[i] = values[rows[i]!]!;
    return own;
  }

  private values({ type, values }: Waiting & { readonly type: 'number' | 'boolean' }): Float64Array | Uint8Array {
    const { buffer } = this.heap.u8;
    return type === 'number' ? new Float64Array(buffer, values, ROWS) : new Uint8Array(buffer, values, ROWS);
  }
}

/** The columns that a row is made of. */
function columnsOf(row: Shape, found = new Map<number, ColumnType>()): ReadonlyMap<number, ColumnType> {
  if (row.kind === 'column') found.set(row.column, row.type);
  else if ('items' in row) for (const item of row.items) columnsOf(item, found);
  return found;
}
