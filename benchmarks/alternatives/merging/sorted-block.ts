// A block with the rows of one map task, or of several that follow each other, in the order of their reduce ids, and those of a reduce
// id in the order of the maps. A map task hands over one such block, as Spark's sort shuffle writes one file; a push-merge makes one of
// many of them.
//
// block:  maps, address of offsets, address of keys, address of values, address of pieces, rows, first map, spare        32 bytes
// then:   the attempt of each map (u32);
//         offsets: where each reduce id's rows begin, and where the last ones end (u32);
//         keys and values, a column each (i32);
//         pieces, where there are several maps: how many rows of each reduce id came from each map (u16), so that a reader can
//         leave out a map whose attempt does not count, which is what runs of one map each have their headers for.
//
// shared: tasks that are done of each group of maps, addresses of blocks by map, addresses of blocks by group (u32 each).
import { pad8 } from '../../../lib/shuffle/run.js';
import { heapFull } from '../../../lib/shuffle/store.js';
import type { Room } from './design.js';
import { columnBytes } from './sorted-rows.js';

export const sortedWord = { maps: 0, offsets: 4, keys: 8, values: 12, pieces: 16, rows: 20, firstMap: 24 } as const;
const HEADER = 32;
/** What a word of `pieces` can count to. */
export const MOST_PIECE_ROWS = 0xffff;

/** A block with room for so many rows, not yet filled. */
export function newSortedBlock({ heap, ref }: Room, firstMap: number, maps: number, rows: number): number {
  const offsets = HEADER + pad8(maps * 4);
  const keys = offsets + pad8((ref.reducers + 1) * 4);
  const pieces = keys + columnBytes(rows);
  const bytes = pieces + (maps === 1 ? 0 : maps * ref.reducers * 2);
  const block = heap.allocate(bytes);
  if (block === 0) throw heapFull(bytes, heap.capacity, 'shuffle data');
  const values = keys + pad8(rows * 4);
  heap.u32.set([maps, block + offsets, block + keys, block + values, block + pieces, rows, firstMap, 0], block >>> 2);
  return block;
}

/** Writes whose rows of the block's i-th map these are. */
export function writeAttempt(u32: Uint32Array, block: number, i: number, attempt: number): void {
  u32[((block + HEADER) >>> 2) + i] = attempt;
}

/** Throws unless each map of a block is counted by the attempt that the block has: nothing here retries, so that all do. */
export function checkAttempts({ heap, store, ref }: Room, block: number): void {
  const { u32 } = heap;
  const maps = u32[block >>> 2]!;
  const first = u32[(block + sortedWord.firstMap) >>> 2]!;
  for (let i = 0; i < maps; i++) {
    const attempt = u32[((block + HEADER) >>> 2) + i]!;
    if (store.winner(ref, first + i) !== attempt) throw new Error(`map ${first + i}: attempt ${attempt} does not count`);
  }
}
