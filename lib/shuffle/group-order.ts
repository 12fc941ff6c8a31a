// The order in which groups first came, where rows were grouped bucket after bucket: a bit for each row says whether it was the first of
// its group, and a walk over the rows as they came puts the groups in order by these bits. Nobody walks where the order is not asked for.

import type { Heap } from './heap/allocator.js';
import { type Kernels, NumericKind, ORDER_CURSOR_BYTES } from './kernels.js';
import type { Numbers } from './left-out.js';
import { numericColumn } from './reader.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

/** Keys of rows, as they came. */
export interface Keys {
  readonly keys: Numbers;
  readonly rows: number;
}

/** All groups: of the one that came g-th, the key, and its place when they are counted bucket after bucket. */
export interface Groups {
  readonly size: number;
  readonly keys: Numbers;
  readonly places: Uint32Array;
}

const marksOf = (counts: Uint32Array): number => counts.reduce((bytes, rows) => bytes + ((rows + 7) >>> 3), 0);

export class GroupOrder {
  /** For each input, where its marks begin, and the next bucket's. Those of a bucket begin with a byte. */
  private readonly marks: { readonly from: number; next: number }[] = [];
  private readonly sizes: number[] = [];
  private readonly keys: Numbers[] = [];
  private readonly held: number[] = [];
  /** Where a walk writes: its cursors, and the places of the groups. */
  private room = { cursors: 0, places: 0 };

  /** `inputs`: the rows as they came; `counts`: for each of them, the rows of each bucket. Throws HEDDLE_HEAP_FULL. */
  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly keyKind: NumericKind,
    private readonly inputs: readonly Iterable<Keys>[],
    private readonly counts: readonly Uint32Array[],
  ) {
    let at = this.take(counts.reduce((bytes, own) => bytes + marksOf(own), 0) + 8);
    for (const own of counts) {
      this.marks.push({ from: at, next: at });
      at += marksOf(own);
    }
  }

  /** Takes the ids of an input's rows in the next bucket, which had `known` groups before; returns how many it has now. */
  mark(input: number, ids: number, rows: number, known: number): number {
    const marks = this.marks[input]!;
    const size = this.kernels.markFirst(ids, rows, known, marks.next) >>> 0;
    marks.next += (rows + 7) >>> 3;
    return size;
  }

  /** Takes the keys of that bucket's groups, from the heap. */
  endBucket(keysAt: number, size: number): void {
    this.sizes.push(size);
    this.keys.push(numericColumn(this.heap, this.keyKind, keysAt, size).slice());
  }

  /** There are no more buckets. Throws HEDDLE_HEAP_FULL. */
  end(): void {
    this.room = { cursors: this.take(pad8(this.sizes.length * ORDER_CURSOR_BYTES)), places: this.take(this.size * 4 + 8) };
  }

  /** How many groups there are. */
  get size(): number {
    return this.sizes.reduce((sum, groups) => sum + groups, 0);
  }

  /** The groups of all buckets, in order of first appearance over all inputs in turn. To be asked for once. */
  groups(): Groups {
    const { heap, kernels, sizes, size, inputs } = this;
    const buckets = sizes.length;
    const all = this.allKeys(size);
    if (size === 0 || buckets === 1) return { size, keys: all, places: Uint32Array.from({ length: size }, (_, i) => i) };
    const { cursors, places: out } = this.room;
    const { u32 } = heap;
    const word = (bucket: number) => (cursors + bucket * ORDER_CURSOR_BYTES) >>> 2;
    for (let b = 0, first = 0; b < buckets; first += sizes[b++]!) u32[word(b) + 1] = first;
    let ordered = 0;
    inputs.forEach((batches, input) => {
      for (let b = 0, row = 0; b < buckets; row += (this.counts[input]![b++]! + 7) & ~7) u32[word(b)] = row;
      const marks = this.marks[input]!.from;
      for (const { keys, rows } of batches) {
        if (ordered === size) return;
        const kind = keys instanceof Int32Array ? NumericKind.Int32 : NumericKind.Float64;
        ordered = kernels.orderGroups(kind, keys.byteOffset, rows, buckets, cursors, marks, out, ordered, size) >>> 0;
      }
    });
    const places = u32.slice(out >>> 2, (out >>> 2) + size);
    const keys = this.numbers(size);
    for (let g = 0; g < size; g++) keys[g] = all[places[g]!]!;
    return { size, keys, places };
  }

  dispose(): void {
    for (const address of this.held.splice(0)) this.heap.free(address);
  }

  private allKeys(size: number): Numbers {
    const all = this.numbers(size);
    let at = 0;
    for (const keys of this.keys.splice(0)) {
      all.set(keys, at);
      at += keys.length;
    }
    return all;
  }

  private numbers(n: number): Numbers {
    return this.keyKind === NumericKind.Int32 ? new Int32Array(n) : new Float64Array(n);
  }

  private take(bytes: number): number {
    const address = roomFor(this.heap, bytes, 'groups');
    this.held.push(address);
    return address;
  }
}
