// Rows of numbers grouped by key, from one input or several. A table of many keys has no room in a core's cache, and then nearly
// every row waits for memory. So rows are first spread over buckets by their keys, and each bucket in turn gets a table, always
// the same memory. Of very many rows, some buckets are filled at a time, so that there is no copy of all rows. Groups come out in the
// order in which their keys first came, over all inputs in turn (group-order.ts).

import { GroupOrder, type Keys } from './group-order.js';
import type { Heap } from './heap/allocator.js';
import { AggregateOp, type Kernels, NumericKind, numericBytes, SPREAD_CURSOR_BYTES } from './kernels.js';
import type { Numbers, OneValue } from './left-out.js';
import type { NumberRows } from './number-columns.js';
import { NumericTable } from './numeric-table.js';
import { numericColumn } from './reader.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

/** A bucket's table of all rows then has room in the second cache of a core. */
export const BUCKET_ROWS = 1 << 14;
/** More would spread too thin: each bucket is two places in memory that are written to. */
const MOST_BUCKETS = 128;
/** Rows that lie in buckets at once; each further time that buckets are filled, all keys are looked at again. */
const WAVE_ROWS = 1 << 23;
/** Rows that are widened at once. */
const CHUNK_ROWS = 4096;

/** Rows of numbers: keys alone where the kind of their values is None. */
export type KeyRows = Pick<NumberRows, 'rows' | 'valueKind' | 'one' | 'batches'>;

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

interface Input {
  readonly from: KeyRows;
  /** Bytes of each value that is spread with its key: 0 where there are none, or all are one. */
  readonly valueBytes: number;
  readonly counts: Uint32Array;
  /** Where the keys and the values of the buckets of a wave lie, each bucket's padded to 8 bytes. A value that all rows have is there for the largest bucket. */
  readonly keysAt: number;
  readonly valuesAt: number;
}

/** Buckets that are filled at once. */
interface Wave {
  readonly first: number;
  readonly n: number;
}

export class NumericBuckets {
  readonly rows: number;
  private readonly buckets: number;
  private readonly waves: readonly Wave[];
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
    inputs: readonly KeyRows[],
    private readonly check: () => void = () => {},
    bucketRows = BUCKET_ROWS,
    waveRows = WAVE_ROWS,
  ) {
    this.rows = inputs.reduce((sum, { rows }) => sum + rows, 0);
    this.buckets = Math.min(Math.max(Math.ceil(this.rows / bucketRows), 1), MOST_BUCKETS);
    this.scratch = this.take(64 + CHUNK_ROWS * 16 + pad8(this.buckets * SPREAD_CURSOR_BYTES), 'groups');
    this.cursors = this.scratch + 64 + CHUNK_ROWS * 16;
    try {
      const counts = inputs.map(({ batches }) => this.count(batches));
      this.waves = wavesOf(counts, this.buckets, waveRows);
      this.inputs = inputs.map((from, i) => this.inputOf(from, counts[i]!));
      this.table = new NumericTable(heap, kernels, AggregateOp.First, keyKind, this.scratch);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** What each input has. */
  get kinds(): readonly { readonly rows: number; readonly valueKind: NumericKind }[] {
    return this.inputs.map(({ from: { rows, valueKind } }) => ({ rows, valueKind }));
  }

  /**
   * Finds the groups: `take` gets each bucket while it is in the cache, and what it is given is valid until it returns. The order, which
   * is the caller's to dispose of, needs the rows, and none of the buckets. Throws HEDDLE_HEAP_FULL.
   */
  group(take: (bucket: Bucket) => void): GroupOrder {
    const { inputs, heap, kernels, keyKind } = this;
    const order = new GroupOrder(
      heap,
      kernels,
      keyKind,
      inputs.map(({ from }) => from.batches),
      inputs.map(({ counts }) => counts),
    );
    try {
      for (const wave of this.waves) {
        for (const input of inputs) this.spread(input, wave);
        this.groupWave(wave, order, take);
      }
      order.end();
      return order;
    } catch (error) {
      order.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.table.dispose();
    this.free();
  }

  private groupWave({ first, n }: Wave, order: GroupOrder, take: (bucket: Bucket) => void): void {
    const { inputs, table, keyKind } = this;
    const starts = inputs.map(({ keysAt, valuesAt }) => ({ keysAt, valuesAt }));
    for (let b = first; b < first + n; b++) {
      this.check();
      table.clear();
      let groups = 0;
      const rows = inputs.map(({ counts, from: { valueKind }, valueBytes }, i) => {
        const at = starts[i]!;
        // A group's number takes no more room than a key did, and is written when the key has been read.
        const bucket: BucketRows = { rows: counts[b]!, ids: at.keysAt, values: at.valuesAt, valueKind };
        table.index(bucket.ids, bucket.rows, bucket.ids);
        groups = order.mark(i, bucket.ids, bucket.rows, groups);
        at.keysAt += pad8(bucket.rows * numericBytes[keyKind]!);
        at.valuesAt += pad8(bucket.rows * valueBytes);
        return bucket;
      });
      take({ groups, inputs: rows });
      order.endBucket(table.keys(), groups);
    }
  }

  private count(batches: Iterable<Keys>): Uint32Array {
    const { buckets, cursors, heap, kernels } = this;
    heap.u8.fill(0, cursors, cursors + buckets * 4);
    for (const { keys, rows } of batches) kernels.countBuckets(kindOf(keys), keys.byteOffset, rows, buckets, cursors);
    return heap.u32.slice(cursors >>> 2, (cursors >>> 2) + buckets);
  }

  private inputOf(from: KeyRows, counts: Uint32Array): Input {
    const one = from.valueKind === NumericKind.None ? undefined : from.one;
    const valueBytes = one === undefined ? numericBytes[from.valueKind]! : 0;
    const most = (bytes: number) => Math.max(...this.waves.map(wave => bytesIn(wave, counts, bytes)));
    const keysAt = this.take(most(numericBytes[this.keyKind]!) + 8, 'rows by key');
    const valuesAt = one === undefined ? this.take(most(valueBytes) + 8, 'rows by key') : this.columnOf(one, counts);
    return { from, valueBytes, counts, keysAt, valuesAt };
  }

  private spread({ from: { batches, valueKind }, counts, valueBytes, keysAt, valuesAt }: Input, { first, n }: Wave): void {
    const { buckets, cursors, heap, kernels, keyKind } = this;
    const { u32 } = heap;
    for (let b = 0, key = keysAt, value = valuesAt; b < n; b++) {
      u32[(cursors + b * SPREAD_CURSOR_BYTES) >>> 2] = key;
      u32[(cursors + b * SPREAD_CURSOR_BYTES + 4) >>> 2] = value;
      key += pad8(counts[first + b]! * numericBytes[keyKind]!);
      value += pad8(counts[first + b]! * valueBytes);
    }
    const spread = (keys: number, values: number, rows: number) =>
      kernels.spreadBuckets(keyKind, valueBytes, keys, values, rows, buckets, first, n, cursors);
    for (const { keys, values, rows } of batches) {
      this.check();
      if (kindOf(keys) === keyKind && (valueBytes === 0 || kindOf(values) === valueKind)) {
        spread(keys.byteOffset, values.byteOffset, rows);
        continue;
      }
      const [wideKeys, wideValues] = [this.scratch + 64, this.scratch + 64 + CHUNK_ROWS * 8];
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const to = Math.min(rows, from + CHUNK_ROWS);
        numericColumn(heap, keyKind, wideKeys, to - from).set(keys.subarray(from, to));
        if (valueBytes > 0) numericColumn(heap, valueKind, wideValues, to - from).set(values.subarray(from, to));
        spread(wideKeys, wideValues, to - from);
      }
    }
  }

  /** A value for each row of the largest bucket. */
  private columnOf({ kind, value }: OneValue, counts: Uint32Array): number {
    const rows = counts.reduce((most, rows) => Math.max(most, rows), 0);
    const at = this.take(rows * numericBytes[kind]! + 8, 'rows by key');
    numericColumn(this.heap, kind, at, rows).fill(value);
    return at;
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

/** All buckets, as many at once as have so many rows; one at least. */
function wavesOf(counts: readonly Uint32Array[], buckets: number, most: number): readonly Wave[] {
  const waves: { first: number; n: number }[] = [{ first: 0, n: 0 }];
  let rows = 0;
  for (let b = 0; b < buckets; b++) {
    const more = counts.reduce((all, own) => all + own[b]!, 0);
    if (rows > 0 && rows + more > most) {
      waves.push({ first: b, n: 0 });
      rows = 0;
    }
    rows += more;
    waves.at(-1)!.n++;
  }
  return waves;
}

/** Bytes of a column of an input in the buckets of a wave. */
function bytesIn({ first, n }: Wave, counts: Uint32Array, bytes: number): number {
  let all = 0;
  for (const rows of counts.subarray(first, first + n)) all += pad8(rows * bytes);
  return all;
}

const kindOf = (column: Numbers): NumericKind => (column instanceof Int32Array ? NumericKind.Int32 : NumericKind.Float64);
