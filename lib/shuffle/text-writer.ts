// The groups of a text table to the runs of their reduce ids, as the same columns that any pairs of text and numbers have.

import { type ColumnParts, prepareParts } from '../codec/column.js';
import type { Heap } from './heap/allocator.js';
import type { Kernels } from './kernels.js';
import type { MapOutput } from './map-output.js';
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
  const { reducers } = output.ref;
  const rowsAt = roomFor(heap, size * 4 + (reducers + 1) * 4 + 8, 'the rows of an aggregation table');
  try {
    const firstAt = rowsAt + size * 4;
    kernels.orderByHash(hashes, size, reducers, rowsAt, firstAt);
    const first = heap.u32.slice(firstAt >>> 2, (firstAt >>> 2) + reducers + 1);
    for (let reduce = 0; reduce < reducers; reduce++) {
      const end = first[reduce + 1]!;
      for (let from = first[reduce]!; from < end; from += RUN_ROWS) {
        const n = Math.min(end - from, RUN_ROWS);
        const rows = rowsAt + from * 4;
        const key = textParts(kernels, { addresses, lengths, rows, n, ascii });
        const pairs = prepareParts(
          { kind: 'tuple', items: [key, combine(columns.map(column => numberParts(kernels, column, rows, n)))] },
          n,
        );
        output.append(reduce, n, pairs.byteLength, target => pairs.write(target));
      }
    }
  } finally {
    heap.free(rowsAt);
  }
}

/** The numbers at the n places `rows` (u32) of a column in the heap, as a part of a column. */
function numberParts(kernels: Kernels, { byteOffset }: Float64Array, rows: number, n: number): ColumnParts {
  return { kind: 'numbers', fill: out => kernels.gatherNumbers(byteOffset, rows, n, out.byteOffset) };
}

/** The strings at the n places `rows` (u32) of columns of addresses and lengths, as a part of a column. */
export function textParts(
  kernels: Kernels,
  text: { readonly addresses: number; readonly lengths: number; readonly rows: number; readonly n: number; readonly ascii: boolean },
): ColumnParts {
  const { addresses, lengths, rows, n, ascii } = text;
  const fill = (outLengths: Uint32Array, out: Uint8Array): void => {
    if (ascii) kernels.textGather(addresses, lengths, rows, n, outLengths.byteOffset, out.byteOffset);
    else kernels.textGatherWide(addresses, lengths, rows, n, outLengths.byteOffset, out.byteOffset);
  };
  const units = ascii ? kernels.textBytes(lengths, rows, n) : kernels.textUnits(addresses, lengths, rows, n);
  return { kind: 'text', units: units >>> 0, wide: !ascii, fill };
}
