// The groups of a text table to the runs of their reduce ids, as the same columns that any pairs of text and numbers have.

import { type ColumnParts, prepareParts } from '../codec/column.js';
import { countingSort } from './counting-sort.js';
import type { Heap } from './heap/allocator.js';
import type { Kernels } from './kernels.js';
import type { MapOutput } from './map-output.js';
import { reduceIdOf } from './partitioner.js';
import { roomFor } from './store.js';
import type { TextGroups } from './text-table.js';

/** Rows of a run at most: a run is one piece of memory. */
const RUN_ROWS = 1 << 15;

/**
 * Writes all groups, those of a reduce id in the order of the table. `columns`: numbers of each, which `combine` puts together
 * to values.
 */
export function writeTextGroups(
  heap: Heap,
  kernels: Kernels,
  output: MapOutput,
  { size, addresses, lengths, hashes, ascii }: TextGroups,
  columns: readonly Float64Array[],
  combine: (columns: readonly ColumnParts[]) => ColumnParts,
): void {
  const reducers = output.ref.reducers;
  const rowsAt = roomFor(heap, size * 4 + 8, 'the rows of an aggregation table');
  try {
    const { u32 } = heap;
    const ids = u32.slice(hashes >>> 2, (hashes >>> 2) + size);
    for (let i = 0; i < size; i++) ids[i] = reduceIdOf(ids[i]!, reducers);
    const { rows, first } = countingSort(ids, reducers);
    u32.set(rows, rowsAt >>> 2);
    for (let reduce = 0, from = 0; reduce < reducers; ) {
      const n = Math.min(first[reduce + 1]! - from, RUN_ROWS);
      if (n === 0) {
        reduce++;
        continue;
      }
      const own = rows.subarray(from, from + n);
      const key = textParts(heap, kernels, { addresses, lengths, rows: rowsAt + from * 4, n, ascii });
      const value = combine(columns.map(column => ({ kind: 'values', values: Float64Array.from(own, row => column[row]!) })));
      const pairs = prepareParts({ kind: 'tuple', items: [key, value] }, n);
      output.append(reduce, n, pairs.byteLength, target => pairs.write(target));
      from += n;
    }
  } finally {
    heap.free(rowsAt);
  }
}

/** The strings at the n places `rows` (u32) of columns of addresses and lengths, as a part of a column. */
export function textParts(
  { u32 }: Heap,
  kernels: Kernels,
  text: { readonly addresses: number; readonly lengths: number; readonly rows: number; readonly n: number; readonly ascii: boolean },
): ColumnParts {
  const { addresses, lengths, rows, n, ascii } = text;
  const fill = (outLengths: Uint32Array, out: Uint8Array): void => {
    if (ascii) kernels.textGather(addresses, lengths, rows, n, outLengths.byteOffset, out.byteOffset);
    else kernels.textGatherWide(addresses, lengths, rows, n, outLengths.byteOffset, out.byteOffset);
  };
  if (!ascii) return { kind: 'text', units: kernels.textUnits(addresses, lengths, rows, n) >>> 0, wide: true, fill };
  let units = 0;
  for (let i = 0; i < n; i++) units += u32[(lengths >>> 2) + u32[(rows >>> 2) + i]!]!;
  return { kind: 'text', units, wide: false, fill };
}
