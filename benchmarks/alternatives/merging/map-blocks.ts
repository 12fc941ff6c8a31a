// Blocks of whole maps, in the order of reduce ids: as they are, where a reduce task takes its rows out of each; and pushed, where maps
// are merged in groups while others still run. Whoever ends the last map of a group merges it, and gives the maps' own blocks back: by
// then each map's commit has been decided, so that no attempt that lost is in it. Groups and what is in them depend on map ids only.
import { addWord, loadWord, storeWord } from '../../../lib/shuffle/heap/words.js';
import { roomFor } from '../../../lib/shuffle/store.js';
import type { Design, Room } from './design.js';
import { checkAttempts, MOST_PIECE_ROWS, newSortedBlock, sortedWord, writeAttempt } from './sorted-block.js';
import { SortedRows } from './sorted-rows.js';

/** Rows of a reduce id in a block up to which to copy them costs less than to handle them by themselves, as in joined-runs.ts. */
const SHORT = 64;

/** Maps that are merged to one block; 1: none are. */
export const mapBlocks =
  (group: number) =>
  (room: Room): Design => {
    const { heap, merging, store, ref, shape, shared, look } = room;
    const groups = Math.ceil(ref.maps / group);
    const byMap = shared + groups * 4;
    const byGroup = group === 1 ? byMap : byMap + ref.maps * 4;
    const rows = new SortedRows(room);
    const cursors = roomFor(heap, group * 12, 'cursors');
    /** Blocks that count as a whole: nothing changes that once all maps are done. */
    const checked = new Set<number>();
    /** A reduce id's rows of all blocks. */
    let columns = 0;
    let columnRows = 0;

    function merge(g: number): void {
      const first = g * group;
      const maps = Math.min(group, ref.maps - first);
      if (shape.rows > MOST_PIECE_ROWS * ref.reducers) throw new Error('more rows of a map and a reduce id than pieces count');
      const block = newSortedBlock(room, first, maps, maps * shape.rows);
      const { u32 } = heap;
      merging.mergeBlocks(byMap + first * 4, maps, ref.reducers, block, u32[(block + sortedWord.pieces) >>> 2]!, cursors);
      for (let i = 0; i < maps; i++) writeAttempt(u32, block, i, store.winner(ref, first + i)!);
      heap.setState(block, 'committed');
      look();
      for (let map = first; map < first + maps; map++) heap.free(u32[(byMap >>> 2) + map]!);
      storeWord(heap.i32, byGroup + g * 4, block);
    }

    return {
      map(map, attempt) {
        const block = newSortedBlock(room, map, 1, shape.rows);
        const { i32, u32 } = heap;
        rows.write(map, u32[(block + sortedWord.keys) >>> 2]!, u32[(block + sortedWord.values) >>> 2]!);
        const offsets = u32[(block + sortedWord.offsets) >>> 2]! >>> 2;
        const counts = rows.counts >>> 2;
        let first = 0;
        for (let r = 0; r < ref.reducers; r++) {
          u32[offsets + r] = first;
          first += u32[counts + r]!;
        }
        u32[offsets + ref.reducers] = first;
        if (!store.claim(ref, map, attempt)) {
          heap.free(block);
          return;
        }
        writeAttempt(heap.u32, block, 0, attempt);
        heap.setState(block, 'committed');
        storeWord(i32, byMap + map * 4, block);
        store.finish(ref, map, attempt);
        if (group === 1) {
          look();
          return;
        }
        const g = Math.floor(map / group);
        if (addWord(i32, shared + g * 4, 1) + 1 === Math.min(group, ref.maps - g * group)) merge(g);
      },

      reduce(reduce, take) {
        const { u32 } = heap;
        const blocks = byGroup >>> 2;
        let total = 0;
        let longest = 0;
        for (let b = 0; b < groups; b++) {
          const block = u32[blocks + b]!;
          if (!checked.has(block)) checkAttempts(room, block);
          checked.add(block);
          const offsets = (u32[(block + sortedWord.offsets) >>> 2]! >>> 2) + reduce;
          const count = u32[offsets + 1]! - u32[offsets]!;
          total += count;
          if (count > longest) longest = count;
        }
        if (longest > SHORT) {
          for (let b = 0; b < groups; b++) {
            const block = u32[blocks + b]!;
            const offsets = (u32[(block + sortedWord.offsets) >>> 2]! >>> 2) + reduce;
            const [first, count] = [u32[offsets]!, u32[offsets + 1]! - u32[offsets]!];
            const column = (word: number) => new Int32Array(heap.u8.buffer, u32[(block + word) >>> 2]! + first * 4, count);
            take(column(sortedWord.keys), column(sortedWord.values), count);
          }
          return;
        }
        if (total > columnRows) {
          if (columns !== 0) heap.free(columns);
          columnRows = total * 2;
          columns = roomFor(heap, columnRows * 8, 'rows');
        }
        merging.gatherRows(byGroup, groups, reduce, columns, columns + columnRows * 4);
        const { buffer } = heap.u8;
        take(new Int32Array(buffer, columns, total), new Int32Array(buffer, columns + columnRows * 4, total), total);
      },

      close() {
        rows.dispose();
        heap.free(cursors);
        if (columns !== 0) heap.free(columns);
      },

      free() {
        for (let b = 0; b < groups; b++) {
          const block = loadWord(heap.i32, byGroup + b * 4);
          if (block !== 0) heap.free(block);
        }
      },
    };
  };
