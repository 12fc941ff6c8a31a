// The groups of a text table to the runs of their reduce ids, as the same columns that any pairs of text and numbers have.

import { preparePairs, prepareParts } from '../codec/column.js';
import type { Heap } from './heap/allocator.js';
import type { Kernels } from './kernels.js';
import type { MapOutput } from './map-output.js';
import { reduceIdOf } from './partitioner.js';
import { placesOf } from './places.js';
import { roomFor } from './store.js';
import { keysOf, type TextGroups } from './text-table.js';

/** Rows of a run at most: a run is one piece of memory. */
const RUN_ROWS = 1 << 15;

/** Writes all groups, those of a reduce id in the order of the table. */
export function writeTextGroups(heap: Heap, kernels: Kernels, output: MapOutput, groups: TextGroups): void {
  const { size, addresses, lengths, hashes, values, ascii } = groups;
  const reducers = output.ref.reducers;
  const keys = ascii ? undefined : keysOf(heap, kernels, groups);
  const rowsAt = roomFor(heap, size * 4 + 8, 'the rows of an aggregation table');
  try {
    const { u32 } = heap;
    const ids = u32.slice(hashes >>> 2, (hashes >>> 2) + size);
    for (let i = 0; i < size; i++) ids[i] = reduceIdOf(ids[i]!, reducers);
    const places = placesOf(ids, reducers);
    u32.set(places.rows, rowsAt >>> 2);
    for (let reduce = 0, from = 0; reduce < reducers; ) {
      const rows = Math.min(places.first[reduce + 1]! - from, RUN_ROWS);
      if (rows === 0) {
        reduce++;
        continue;
      }
      const own = new Float64Array(rows);
      let units = 0;
      for (let i = 0; i < rows; i++) {
        const row = places.rows[from + i]!;
        own[i] = values[row]!;
        units += u32[(lengths >>> 2) + row]!;
      }
      const at = rowsAt + from * 4;
      const fill = (outLengths: Uint32Array, text: Uint8Array) =>
        kernels.textGather(addresses, lengths, at, rows, outLengths.byteOffset, text.byteOffset);
      const pairs =
        keys === undefined
          ? prepareParts({ kind: 'tuple', items: [{ kind: 'text', units, wide: false, fill }, { kind: 'values', values: own }] }, rows)
          : preparePairs(
              Array.from(own, (_, i) => keys[places.rows[from + i]!]!),
              own,
              0,
              rows,
            );
      output.append(reduce, rows, pairs.byteLength, target => pairs.write(target));
      from += rows;
    }
  } finally {
    heap.free(rowsAt);
  }
}
