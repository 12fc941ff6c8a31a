// Rows of numbers in the order of their keys. Rows with equal keys keep their order.

import type { Heap } from './heap/allocator.js';
import { type Kernels, numericBytes } from './kernels.js';
import type { Numbers } from './left-out.js';
import type { NumberRows } from './number-columns.js';
import { numericColumn } from './reader.js';
import { pad8 } from './run.js';
import { roomFor } from './store.js';

const COUNTS_BYTES = 8192;

/** Columns of all rows as they came, in the heap, and where each row of the sorted ones is in them. */
export interface SortedRows {
  readonly keys: Numbers;
  readonly values: Numbers;
  readonly order: Uint32Array;
  dispose(): void;
}

/** Throws HEDDLE_HEAP_FULL. */
export function sortNumbers(
  heap: Heap,
  kernels: Kernels,
  { rows, batches, keyKind, valueKind }: NumberRows,
  ascending: boolean,
): SortedRows {
  const [keyBytes, orderBytes] = [pad8(rows * numericBytes[keyKind]!), pad8(rows * 4)];
  const held: number[] = [];
  const take = (bytes: number) => {
    held.push(roomFor(heap, bytes + 8, 'a sort'));
    return held.at(-1)!;
  };
  const dispose = () => {
    for (const address of held.splice(0)) heap.free(address);
  };
  try {
    const keysAt = take(keyBytes);
    const orderAt = take(orderBytes);
    const keys = numericColumn(heap, keyKind, keysAt, rows);
    const values = numericColumn(heap, valueKind, take(rows * numericBytes[valueKind]!), rows);
    let at = 0;
    for (const batch of batches) {
      keys.set(batch.keys, at);
      values.set(batch.values, at);
      at += batch.rows;
    }
    const scratch = roomFor(heap, 2 * keyBytes + orderBytes + COUNTS_BYTES, 'a sort');
    const otherOrder = scratch + 2 * keyBytes;
    kernels.sortNumbers(
      keyKind,
      keysAt,
      rows,
      Number(ascending),
      scratch,
      orderAt,
      scratch + keyBytes,
      otherOrder,
      otherOrder + orderBytes,
    );
    heap.free(scratch);
    return { keys, values, order: new Uint32Array(heap.u8.buffer, orderAt, rows), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
