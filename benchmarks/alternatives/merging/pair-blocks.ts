// A block for each pair of a map and a reduce id: what a map task has staged becomes the shuffle's where it is, and no two tasks share
// a block. A block of the heap has 4 KiB at least.
import { NumericKind } from '../../../lib/shuffle/kernels.js';
import { numericKinds } from '../../../lib/shuffle/kinds.js';
import { handBlock, newBlock } from '../../../lib/shuffle/open-blocks.js';
import { BLOCK_HEADER, blockWord, numericPayload, pad8, RUN_HEADER, writeRun } from '../../../lib/shuffle/run.js';
import { heapFull, roomFor } from '../../../lib/shuffle/store.js';
import type { Design, Room } from './design.js';
import { readRuns } from './engine.js';
import { columnBytes, SortedRows } from './sorted-rows.js';

export function pairBlocks(room: Room): Design {
  const { heap, store, ref, shape, look } = room;
  const rows = new SortedRows(room);
  const sorted = roomFor(heap, columnBytes(shape.rows), 'rows');
  const kinds = numericKinds(NumericKind.Int32, NumericKind.Int32);
  return {
    map(map, attempt) {
      if (!store.claim(ref, map, attempt)) return;
      let [keys, values] = [sorted, sorted + pad8(shape.rows * 4)];
      rows.write(map, keys, values);
      for (let r = 0; r < ref.reducers; r++) {
        const count = heap.u32[(rows.counts >>> 2) + r]!;
        if (count === 0) continue;
        const bytes = numericPayload(count, NumericKind.Int32, NumericKind.Int32);
        const block = newBlock(store, ref, r, BLOCK_HEADER + RUN_HEADER + bytes);
        if (block === 0) throw heapFull(bytes, heap.capacity, 'shuffle data');
        const run = block + BLOCK_HEADER;
        writeRun(heap.u32, run, { map, attempt, sequence: 0, rows: count, bytes, kinds, capacity: count });
        heap.u8.copyWithin(run + RUN_HEADER, keys, keys + count * 4);
        heap.u8.copyWithin(run + RUN_HEADER + pad8(count * 4), values, values + count * 4);
        heap.u32[(block + blockWord.used) >>> 2] = BLOCK_HEADER + RUN_HEADER + bytes;
        handBlock(store, ref, r, block);
        keys += count * 4;
        values += count * 4;
      }
      look();
      store.finish(ref, map, attempt);
    },
    reduce: (reduce, take) => readRuns(room, reduce, take),
    close() {
      rows.dispose();
      heap.free(sorted);
    },
  };
}
