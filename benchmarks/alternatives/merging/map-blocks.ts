// A block for each map task, in the order of the reduce ids, and nothing merged: as Spark's sort shuffle writes a file for each map. A
// reduce task takes its rows out of each block, by a kernel.
import { NumericKind } from '../../../lib/shuffle/kernels.js';
import { numericKinds } from '../../../lib/shuffle/kinds.js';
import { sortedLayout, sortedRows, writeSorted } from '../../../lib/shuffle/sorted-block.js';
import { heapFull, roomFor } from '../../../lib/shuffle/store.js';
import type { Design, Room } from './design.js';
import { SortedRows } from './sorted-rows.js';

export function mapBlocks(room: Room): Design {
  const { heap, gather, store, ref, shape, shared, look } = room;
  const rows = new SortedRows(room);
  const kinds = numericKinds(NumericKind.Int32, NumericKind.Int32);
  const layout = sortedLayout(shape.rows, kinds, ref.reducers);
  /** Columns of a reduce id's rows. */
  let columns = 0;
  let roomRows = 0;
  return {
    map(map, attempt) {
      const block = heap.allocate(layout.bytes);
      if (block === 0) throw heapFull(layout.bytes, heap.capacity, 'shuffle data');
      rows.write(map, block + layout.keys, block + layout.values);
      writeSorted(heap.u32, block, { map, attempt, firstMap: map, maps: 1 }, shape.rows, kinds, ref.reducers);
      const offsets = (block + layout.offsets) >>> 2;
      let first = 0;
      for (let r = 0; r < ref.reducers; r++) {
        heap.u32[offsets + r] = first;
        first += heap.u32[(rows.counts >>> 2) + r]!;
      }
      heap.u32[offsets + ref.reducers] = first;
      if (!store.claim(ref, map, attempt)) {
        heap.free(block);
        return;
      }
      heap.setState(block, 'committed');
      heap.u32[(shared >>> 2) + map] = block;
      store.finish(ref, map, attempt);
      look();
    },

    reduce(reduce, take) {
      let total = 0;
      for (let map = 0; map < ref.maps; map++) total += sortedRows(heap.u32, heap.u32[(shared >>> 2) + map]!, reduce);
      if (total > roomRows) {
        if (columns !== 0) heap.free(columns);
        roomRows = total * 2;
        columns = roomFor(heap, roomRows * 8, 'rows');
      }
      const values = columns + roomRows * 4;
      gather.gatherRows(shared, ref.maps, reduce, columns, values);
      const { buffer } = heap.u8;
      take(new Int32Array(buffer, columns, total), new Int32Array(buffer, values, total), total);
    },

    close() {
      rows.dispose();
      if (columns !== 0) heap.free(columns);
    },

    free() {
      for (let map = 0; map < ref.maps; map++) {
        const block = heap.u32[(shared >>> 2) + map]!;
        if (block !== 0) heap.free(block);
      }
    },
  };
}
