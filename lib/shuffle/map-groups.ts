// The sorted blocks of a shuffle whose map tasks all run in this process: what tasks with few rows for each reduce id hand over, and
// what becomes of it. Maps belong to groups by their ids, 64 to a group. Whoever commits the last map of a group merges their blocks to
// one, while maps of other groups still run, so that a reduce task finds a stretch of rows for each group and not for each map.
//
// Only what is sure to count is merged: the other maps of the group are done by then, and nothing takes that back in one process. The
// merged block is of the attempt that made it. It counts once that attempt is done, like all that it wrote, and the blocks that are in
// it do from then on no longer; before, and for ever where its thread ends half-way, they do. So a reader sees each map once, whenever
// a thread ends. A group stays as it is where a map of it has written anything else, or where there is no room for another block.
//
// Nobody reads while maps are merged: readers start when all maps are done, and the last one of a group is done after the merge.

import type { Heap } from './heap/allocator.js';
import { addWord, loadWord, storeWord, swapWord } from './heap/words.js';
import type { Kernels } from './kernels.js';
import { pad8 } from './run.js';
import { sortedLayout, sortedRows, sortedWord, writeSorted } from './sorted-block.js';
import type { ShuffleRef, ShuffleStore } from './store.js';

/** Maps of a group: so many streams are read side by side, and a row for each makes what is copied at once. */
const GROUP = 64;
/** Fewer blocks are read as quickly as they are. */
const LEAST_MAPS = 16;
/** Bytes of scratch a block: its address, and a cursor of mergeSorted. */
const SCRATCH = 4 + 12;

/** In the place of a map's block: it is done and has no rows. Blocks begin at multiples of 4 KiB. */
export const NO_ROWS = 1;

/** Words of a group: attempts that have handed over a block of it, and the address of the merged block. */
const HANDED = 0;
const MERGED = 4;
const GROUP_BYTES = 8;

const isBlock = (word: number) => word > NO_ROWS;
const groupsOf = (maps: number) => Math.ceil(maps / GROUP);
const groupAt = (ref: ShuffleRef, group: number) => ref.groups + group * GROUP_BYTES;
const blockAt = (ref: ShuffleRef, map: number) => ref.groups + groupsOf(ref.maps) * GROUP_BYTES + map * 4;

/** Bytes of what a shuffle needs for its groups, zeroed at first. */
export function groupBytes(maps: number): number {
  return groupsOf(maps) * GROUP_BYTES + pad8(maps * 4);
}

/**
 * Hands over the sorted block, or NO_ROWS, of an attempt at a map that has claimed its slot and has written nothing else; the slot must
 * be made done next. Without kernels nothing is merged.
 */
export function handSorted(
  store: ShuffleStore,
  kernels: Kernels | undefined,
  ref: ShuffleRef,
  map: number,
  attempt: number,
  block: number,
): void {
  const { heap } = store;
  if (block !== NO_ROWS) heap.setState(block, 'committed');
  const at = blockAt(ref, map);
  const before = loadWord(heap.i32, at); // of an attempt that ended before it was done
  storeWord(heap.i32, at, block);
  if (isBlock(before)) heap.free(before);
  const group = Math.floor(map / GROUP);
  const maps = Math.min(GROUP, ref.maps - group * GROUP);
  const isLast = addWord(heap.i32, groupAt(ref, group) + HANDED, 1) + 1 === maps;
  if (isLast && maps >= LEAST_MAPS && kernels !== undefined) merge(store, kernels, ref, map, attempt);
}

/** After an attempt at the map is done: gives back the blocks of its group, where it has merged them. */
export function dropMerged({ heap }: ShuffleStore, ref: ShuffleRef, map: number, attempt: number): void {
  const merged = loadWord(heap.i32, groupAt(ref, Math.floor(map / GROUP)) + MERGED);
  if (merged === 0) return;
  if (heap.u32[(merged + sortedWord.map) >>> 2] !== map || heap.u32[(merged + sortedWord.attempt) >>> 2] !== attempt) return;
  const first = heap.u32[(merged + sortedWord.firstMap) >>> 2]!;
  const maps = heap.u32[(merged + sortedWord.maps) >>> 2]!;
  for (let m = first; m < first + maps; m++) {
    const block = loadWord(heap.i32, blockAt(ref, m));
    storeWord(heap.i32, blockAt(ref, m), 0);
    if (isBlock(block)) heap.free(block);
  }
}

/** The sorted blocks that count and have rows of a reduce id. `counts`: whether what an attempt at a map has handed over does. */
export function eachSorted(
  { u32 }: Heap,
  ref: ShuffleRef,
  reduce: number,
  counts: (map: number, attempt: number) => boolean,
  take: (firstMap: number, block: number) => void,
): void {
  const isCounted = (block: number) =>
    isBlock(block) && counts(u32[(block + sortedWord.map) >>> 2]!, u32[(block + sortedWord.attempt) >>> 2]!);
  for (let group = 0, map = 0; map < ref.maps; group++) {
    const end = Math.min(map + GROUP, ref.maps);
    const merged = u32[(groupAt(ref, group) + MERGED) >>> 2]!;
    if (isCounted(merged)) {
      if (sortedRows(u32, merged, reduce) > 0) take(map, merged);
      map = end;
      continue;
    }
    for (; map < end; map++) {
      const block = u32[blockAt(ref, map) >>> 2]!;
      if (isCounted(block) && sortedRows(u32, block, reduce) > 0) take(map, block);
    }
  }
}

/** Gives all blocks back. */
export function freeSorted(heap: Heap, ref: ShuffleRef): void {
  const words = heap.i32;
  const free = (at: number) => {
    const block = loadWord(words, at);
    if (isBlock(block) && swapWord(words, at, block, 0)) heap.free(block);
  };
  for (let group = 0; group < groupsOf(ref.maps); group++) free(groupAt(ref, group) + MERGED);
  for (let map = 0; map < ref.maps; map++) free(blockAt(ref, map));
}

function merge(store: ShuffleStore, kernels: Kernels, ref: ShuffleRef, map: number, attempt: number): void {
  const { heap } = store;
  const firstMap = Math.floor(map / GROUP) * GROUP;
  const maps = Math.min(GROUP, ref.maps - firstMap);
  const word = (block: number, of: keyof typeof sortedWord) => heap.u32[(block + sortedWord[of]) >>> 2]!;
  const blocks: number[] = [];
  let rows = 0;
  for (let m = firstMap; m < firstMap + maps; m++) {
    // Whoever has handed over has yet to say that it is done: the next thing that it does, unless its thread has ended.
    if (m !== map && !store.awaitWinner(ref, m)) return;
    const block = loadWord(heap.i32, blockAt(ref, m));
    if (block === NO_ROWS) continue;
    if (block === 0 || word(block, 'kinds') !== word(blocks[0] ?? block, 'kinds')) return;
    if (m !== map && word(block, 'attempt') !== store.winner(ref, m)) return;
    blocks.push(block);
    rows += word(block, 'rows');
  }
  if (blocks.length === 0) return;
  const kinds = word(blocks[0]!, 'kinds');
  const { bytes } = sortedLayout(rows, kinds, ref.reducers);
  const n = blocks.length;
  const merged = heap.allocate(bytes + n * SCRATCH);
  if (merged === 0) return;
  writeSorted(heap.u32, merged, { map, attempt, firstMap, maps }, rows, kinds, ref.reducers);
  const scratch = merged + bytes;
  heap.u32.set(blocks, scratch >>> 2);
  kernels.mergeSorted(scratch, n, ref.reducers, merged, scratch + n * 4);
  heap.setState(merged, 'committed');
  storeWord(heap.i32, groupAt(ref, Math.floor(map / GROUP)) + MERGED, merged);
}
