// Rows of numbers gathered by key, from one input or several: a kernel finds each row's group, and the values are then put
// beside each other, group after group, in the order of the rows. What it takes is a table of the keys in the heap, and for
// each row its group and its value outside it.

import { HeddleError } from '../core/errors.js';
import type { Heap } from './heap/allocator.js';
import { AggregateOp, type Kernels, NumericKind } from './kernels.js';
import { NumericTable } from './numeric-table.js';
import { numericColumn } from './reader.js';
import { roomFor } from './store.js';

type Numbers = Int32Array | Float64Array;

/** Values by group: those of group g are values[offsets[g]] to values[offsets[g + 1]]. */
export interface GroupedValues {
  readonly offsets: Uint32Array;
  readonly values: Numbers;
}

export interface GroupedRows {
  readonly size: number;
  /** In order of first appearance, over all inputs in turn. */
  readonly keys: Numbers;
  readonly inputs: readonly GroupedValues[];
}

/** Rows that are looked up at once. */
const CHUNK_ROWS = 1 << 14;

interface Piece {
  readonly ids: Uint32Array;
  readonly values: Numbers;
}

export class NumericGrouper {
  private readonly heap: Heap;
  private readonly keyKind: number;
  private readonly table: NumericTable;
  private readonly scratch: number;
  private readonly pieces: Piece[][];

  /** Keys of kind float64 may come as int32 too. Throws HEDDLE_HEAP_FULL. */
  constructor(heap: Heap, kernels: Kernels, keyKind: number, inputs: number) {
    this.heap = heap;
    this.keyKind = keyKind;
    this.pieces = Array.from({ length: inputs }, () => []);
    this.scratch = roomFor(heap, 64 + CHUNK_ROWS * 12, 'groups');
    try {
      this.table = new NumericTable(heap, kernels, AggregateOp.First, keyKind, this.scratch);
    } catch (error) {
      heap.free(this.scratch);
      throw error;
    }
  }

  /** Adds the rows of a numeric run: two columns that lie in the heap. The values are read when the groups are asked for. */
  add(input: number, keys: Numbers, values: Numbers, rows: number): void {
    const { heap, keyKind, scratch } = this;
    const [ids, own] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 4];
    const found = new Uint32Array(rows);
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, rows - from);
      let keysAt = keys.byteOffset + from * keys.BYTES_PER_ELEMENT;
      if (keyKind === NumericKind.Float64 && keys instanceof Int32Array) {
        numericColumn(heap, keyKind, own, n).set(keys.subarray(from, from + n));
        keysAt = own;
      } else if (keyKind === NumericKind.Int32 && keys instanceof Float64Array) {
        throw new HeddleError('HEDDLE_INTERNAL', 'float64 keys in a table of int32');
      }
      this.table.index(keysAt, n, ids);
      found.set(heap.u32.subarray(ids >>> 2, (ids >>> 2) + n), from);
    }
    this.pieces[input]!.push({ ids: found, values: values.subarray(0, rows) });
  }

  /** All groups. Nothing of them lies in the heap. */
  finish(): GroupedRows {
    const { heap, keyKind, table } = this;
    const { size, keysAt } = table.groups();
    const keys = numericColumn(heap, keyKind, keysAt, size).slice();
    return { size, keys, inputs: this.pieces.map(pieces => gather(pieces, size)) };
  }

  dispose(): void {
    this.table.dispose();
    this.heap.free(this.scratch);
  }
}

function gather(pieces: readonly Piece[], size: number): GroupedValues {
  const offsets = new Uint32Array(size + 1);
  let rows = 0;
  for (const { ids } of pieces) {
    rows += ids.length;
    for (let i = 0; i < ids.length; i++) offsets[ids[i]! + 1]!++;
  }
  for (let g = 0; g < size; g++) offsets[g + 1]! += offsets[g]!;
  const next = offsets.slice();
  const values = pieces.every(piece => piece.values instanceof Int32Array) ? new Int32Array(rows) : new Float64Array(rows);
  for (const { ids, values: own } of pieces) for (let i = 0; i < ids.length; i++) values[next[ids[i]!]!++] = own[i]!;
  return { offsets, values };
}
