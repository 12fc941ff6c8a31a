// Rows of numbers grouped by key, from one input or several. A table of many keys has no room in a core's cache, and then nearly
// every row waits for memory. So rows are first spread over buckets by their keys, and each bucket in turn gets a table, always
// the same memory. Groups come out in the order in which their keys first came, over all inputs in turn.

import type { Heap } from './heap/allocator.js';
import { AggregateOp, type Kernels, NumericKind, numericBytes, ORDER_CURSOR_BYTES, SPREAD_CURSOR_BYTES } from './kernels.js';
import { NumericTable } from './numeric-table.js';
import { numericColumn } from './reader.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

export type Numbers = Int32Array | Float64Array;

/** A bucket's table of all rows then has room in the second cache of a core. */
export const BUCKET_ROWS = 1 << 14;
/** More would spread too thin: each bucket is two places in memory that are written to. */
const MOST_BUCKETS = 128;
/** Rows that are widened at once. */
const CHUNK_ROWS = 4096;

/** Rows of numbers: keys alone where nobody asks for the values. */
export interface KeyBatch {
  readonly keys: Numbers;
  readonly values?: Numbers;
  readonly rows: number;
}

/** The rows of one input in a bucket, in their order: addresses of each one's group within the bucket (u32), and of its value. */
export interface BucketRows {
  readonly rows: number;
  readonly ids: number;
  readonly values: number;
  readonly valueKind: NumericKind;
}

export interface Bucket {
  readonly groups: number;
  readonly inputs: readonly BucketRows[];
}

/** All groups: of the one that came g-th, the key, and its place when they are counted bucket after bucket. */
export interface Groups {
  readonly size: number;
  readonly keys: Numbers;
  readonly places: Uint32Array;
}

interface Input {
  readonly batches: readonly KeyBatch[];
  /** None where it has keys alone. */
  readonly valueKind: NumericKind;
  readonly counts: Uint32Array;
  /** Where its columns of keys and of values begin; the buckets' parts follow each other, each padded to 8 bytes. */
  keysAt: number;
  valuesAt: number;
}

export class NumericBuckets {
  readonly rows: number;
  private readonly buckets: number;
  private readonly inputs: readonly Input[];
  private readonly held: number[] = [];
  private readonly table: NumericTable;
  private readonly scratch: number;
  private readonly cursors: number;

  /** Keys of kind float64 may come as int32 too. `check` is called now and then and may throw. Throws HEDDLE_HEAP_FULL. */
  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly keyKind: NumericKind,
    inputs: readonly (readonly KeyBatch[])[],
    private readonly check: () => void = () => {},
    bucketRows = BUCKET_ROWS,
  ) {
    this.rows = inputs.reduce((sum, batches) => batches.reduce((rows, batch) => rows + batch.rows, sum), 0);
    this.buckets = Math.min(Math.max(Math.ceil(this.rows / bucketRows), 1), MOST_BUCKETS);
    this.scratch = this.take(64 + CHUNK_ROWS * 16 + pad8(this.buckets * ORDER_CURSOR_BYTES), 'groups');
    this.cursors = this.scratch + 64 + CHUNK_ROWS * 16;
    try {
      this.inputs = inputs.map(batches => this.count(batches));
      for (const input of this.inputs) this.spread(input);
      this.table = new NumericTable(heap, kernels, AggregateOp.First, keyKind, this.scratch);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** What each input has. */
  get kinds(): readonly { readonly rows: number; readonly valueKind: NumericKind }[] {
    return this.inputs.map(({ counts, valueKind }) => ({ rows: counts.reduce((sum, rows) => sum + rows, 0), valueKind }));
  }

  /** Finds the groups: `take` gets each bucket while it is in the cache, and what it is given is valid until it returns. */
  group(take: (bucket: Bucket) => void): Groups {
    const { buckets, inputs, table, heap, keyKind } = this;
    const starts = inputs.map(({ keysAt, valuesAt }) => ({ keysAt, valuesAt }));
    const found: Numbers[] = [];
    const sizes = new Uint32Array(buckets);
    for (let b = 0; b < buckets; b++) {
      this.check();
      if (b > 0) table.clear();
      const rows = inputs.map(({ counts, valueKind }, i) => {
        const at = starts[i]!;
        // A group's number takes no more room than a key did, and is written when the key has been read.
        const bucket: BucketRows = { rows: counts[b]!, ids: at.keysAt, values: at.valuesAt, valueKind };
        table.index(bucket.ids, bucket.rows, bucket.ids);
        at.keysAt += pad8(bucket.rows * numericBytes[keyKind]!);
        at.valuesAt += pad8(bucket.rows * numericBytes[valueKind]!);
        return bucket;
      });
      sizes[b] = table.size;
      take({ groups: table.size, inputs: rows });
      found.push(numericColumn(heap, keyKind, table.keys(), table.size).slice());
    }
    return this.inOrder(found, sizes);
  }

  dispose(): void {
    this.table.dispose();
    this.free();
  }

  private inOrder(found: readonly Numbers[], sizes: Uint32Array): Groups {
    const { heap, kernels, inputs, buckets, cursors, keyKind } = this;
    const size = sizes.reduce((sum, groups) => sum + groups, 0);
    const all = keyKind === NumericKind.Int32 ? new Int32Array(size) : new Float64Array(size);
    const first = new Uint32Array(buckets);
    for (let b = 0, at = 0; b < buckets; b++) {
      first[b] = at;
      all.set(found[b]!, at);
      at += sizes[b]!;
    }
    if (size === 0 || buckets === 1) return { size, keys: all, places: Uint32Array.from({ length: size }, (_, i) => i) };
    const out = this.take(size * 4, 'groups');
    const { u32 } = heap;
    for (let b = 0; b < buckets; b++) {
      u32[(cursors + b * ORDER_CURSOR_BYTES + 4) >>> 2] = 0;
      u32[(cursors + b * ORDER_CURSOR_BYTES + 8) >>> 2] = first[b]!;
    }
    let ordered = 0;
    for (const { batches, counts, keysAt } of inputs) {
      for (let b = 0, at = keysAt; b < buckets; b++) {
        u32[(cursors + b * ORDER_CURSOR_BYTES) >>> 2] = at;
        at += pad8(counts[b]! * numericBytes[keyKind]!);
      }
      for (const { keys, rows } of batches) {
        if (ordered === size) break;
        ordered = kernels.orderGroups(kindOf(keys), keys.byteOffset, rows, buckets, cursors, out, ordered, size) >>> 0;
      }
    }
    const places = u32.slice(out >>> 2, (out >>> 2) + size);
    const keys = keyKind === NumericKind.Int32 ? new Int32Array(size) : new Float64Array(size);
    for (let g = 0; g < size; g++) keys[g] = all[places[g]!]!;
    return { size, keys, places };
  }

  private count(batches: readonly KeyBatch[]): Input {
    const { buckets, cursors, heap, kernels } = this;
    heap.u8.fill(0, cursors, cursors + buckets * 4);
    for (const { keys, rows } of batches) kernels.countBuckets(kindOf(keys), keys.byteOffset, rows, buckets, cursors);
    const counts = heap.u32.slice(cursors >>> 2, (cursors >>> 2) + buckets);
    return { batches, valueKind: valueKindOf(batches), counts, keysAt: 0, valuesAt: 0 };
  }

  private spread(input: Input): void {
    const { buckets, cursors, heap, kernels, keyKind } = this;
    const { batches, valueKind, counts } = input;
    const bytes = (kind: number) => counts.reduce((sum, rows) => sum + pad8(rows * numericBytes[kind]!), 0);
    input.keysAt = this.take(bytes(keyKind) + 8, 'rows by key');
    if (valueKind !== NumericKind.None) input.valuesAt = this.take(bytes(valueKind) + 8, 'rows by key');
    const { u32 } = heap;
    for (let b = 0, key = input.keysAt, value = input.valuesAt; b < buckets; b++) {
      u32[(cursors + b * SPREAD_CURSOR_BYTES) >>> 2] = key;
      u32[(cursors + b * SPREAD_CURSOR_BYTES + 4) >>> 2] = value;
      key += pad8(counts[b]! * numericBytes[keyKind]!);
      value += pad8(counts[b]! * numericBytes[valueKind]!);
    }
    for (const batch of batches) {
      this.check();
      if (kindOf(batch.keys) === keyKind && kindOf(batch.values) === valueKind) {
        const { keys, values, rows } = batch;
        kernels.spreadBuckets(keyKind, numericBytes[valueKind]!, keys.byteOffset, values?.byteOffset ?? 0, rows, buckets, cursors);
      } else this.spreadWidened(batch, valueKind);
    }
  }

  private spreadWidened({ keys, values, rows }: KeyBatch, valueKind: NumericKind): void {
    const { buckets, cursors, heap, kernels, keyKind } = this;
    const [keysAt, valuesAt] = [this.scratch + 64, this.scratch + 64 + CHUNK_ROWS * 8];
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const to = Math.min(rows, from + CHUNK_ROWS);
      numericColumn(heap, keyKind, keysAt, to - from).set(keys.subarray(from, to));
      if (values !== undefined) numericColumn(heap, valueKind, valuesAt, to - from).set(values.subarray(from, to));
      kernels.spreadBuckets(keyKind, numericBytes[valueKind]!, keysAt, valuesAt, to - from, buckets, cursors);
    }
  }

  private take(bytes: number, what: string): number {
    const address = roomFor(this.heap, bytes, what);
    this.held.push(address);
    return address;
  }

  private free(): void {
    for (const address of this.held.splice(0)) this.heap.free(address);
  }
}

function kindOf(column: Numbers | undefined): NumericKind {
  if (column === undefined) return NumericKind.None;
  return column instanceof Int32Array ? NumericKind.Int32 : NumericKind.Float64;
}

/** The kind that all values of these rows have room in. */
function valueKindOf(batches: readonly KeyBatch[]): NumericKind {
  return batches.reduce((kind, { values }) => Math.max(kind, kindOf(values)) as NumericKind, NumericKind.None as NumericKind);
}
