// The blocks of a shuffle that a thread appends to, one for each reduce id at most, whatever map tasks it runs.
//
// Blocks begin at multiples of 4 KiB, so their headers share a few sets of a core's cache, and so do the places behind what is in
// them where all are filled evenly. With thousands of reduce ids each look at a header would miss the cache. So a table has what
// appending needs, the used bytes of open blocks are in it and not in their headers, and rows begin at another line in each.

import { storeWord } from './heap/words.js';
import { BLOCK_HEADER, blockWord, RUN_HEADER, writeBlock, writeRun } from './run.js';
import type { ShuffleRef, ShuffleStore } from './store.js';

/** Bytes of the first block of a reduce id. */
export const FIRST_BLOCK = 4096;
const LARGEST_OPEN_BLOCK = 64 * 1024;
/** Bytes in front of a table. */
const TABLE_HEADER = 16;
/** No more than this part of a block is given up so that its rows begin at another line of the cache. */
const SPACE = 1 / 32;
const CACHE_LINE = 64;

/** Three columns by reduce id (u32): the addresses of open blocks, 0 for none; their used bytes, which readers look at; their capacity. */
export interface OpenTable {
  readonly blocks: number;
  readonly used: number;
  readonly capacities: number;
}

/** A thread's open blocks, by shuffle: where the next small run of a reduce id goes. Forgetting one is harmless. */
export class OpenBlocks {
  private readonly byShuffle = new Map<number, OpenTable>();

  /** The table of a shuffle; undefined where the heap is full. */
  tableOf(store: ShuffleStore, ref: ShuffleRef): OpenTable | undefined {
    return this.byShuffle.get(ref.id) ?? this.newTable(store, ref);
  }

  /** The open block of a reduce id with room for `bytes`; 0 where the heap is full. */
  withRoom(store: ShuffleStore, ref: ShuffleRef, reduce: number, bytes: number): number {
    const table = this.tableOf(store, ref);
    if (table === undefined) return 0;
    const { u32 } = store.heap;
    const block = u32[(table.blocks >>> 2) + reduce]!;
    const fits = block !== 0 && u32[(table.used >>> 2) + reduce]! + bytes <= u32[(table.capacities >>> 2) + reduce]!;
    return fits ? block : this.next(store, ref, reduce, bytes);
  }

  /** Used bytes of the open block of a reduce id. */
  used({ heap }: ShuffleStore, ref: ShuffleRef, reduce: number): number {
    return heap.u32[(this.byShuffle.get(ref.id)!.used >>> 2) + reduce]!;
  }

  /** Lets readers see what was written up to there. */
  show({ heap }: ShuffleStore, ref: ShuffleRef, reduce: number, used: number): void {
    storeWord(heap.i32, this.byShuffle.get(ref.id)!.used + reduce * 4, used);
  }

  /** Another open block, announced before it is filled; 0 where the heap is full. */
  next(store: ShuffleStore, ref: ShuffleRef, reduce: number, bytes: number): number {
    const { blocks, used, capacities } = this.tableOf(store, ref)!;
    const current = store.heap.u32[(blocks >>> 2) + reduce]!;
    const size = current === 0 ? FIRST_BLOCK : Math.min(store.heap.u32[(capacities >>> 2) + reduce]! * 2, LARGEST_OPEN_BLOCK);
    const block = newBlock(store, ref, reduce, Math.max(size, BLOCK_HEADER + bytes));
    if (block === 0) return 0;
    const { i32, u32 } = store.heap;
    if (current !== 0) {
      storeWord(i32, current + blockWord.used, u32[(used >>> 2) + reduce]!);
      storeWord(i32, current + blockWord.usedAt, 0);
    }
    const capacity = u32[(block + blockWord.capacity) >>> 2]!;
    const first = BLOCK_HEADER + writeSpace(u32, block + BLOCK_HEADER, reduce, capacity - BLOCK_HEADER - bytes);
    storeWord(i32, used + reduce * 4, first);
    storeWord(i32, block + blockWord.usedAt, used + reduce * 4);
    u32[(blocks >>> 2) + reduce] = block;
    u32[(capacities >>> 2) + reduce] = capacity;
    handBlock(store, ref, reduce, block);
    return block;
  }

  private newTable(store: ShuffleStore, ref: ShuffleRef): OpenTable | undefined {
    if (this.byShuffle.size >= 16) this.byShuffle.delete(this.byShuffle.keys().next().value!);
    const { heap } = store;
    const column = ref.reducers * 4;
    const at = heap.allocate(TABLE_HEADER + 3 * column);
    if (at === 0) return undefined;
    const blocks = at + TABLE_HEADER;
    heap.u32.fill(0, blocks >>> 2, (blocks + 3 * column) >>> 2);
    heap.setState(at, 'committed');
    store.keep(ref, at);
    const table = { blocks, used: blocks + column, capacities: blocks + 2 * column };
    this.byShuffle.set(ref.id, table);
    return table;
  }
}

/** A run without rows that takes some lines of the cache, by the reduce id; returns its bytes, `most` at most. */
function writeSpace(u32: Uint32Array, at: number, reduce: number, most: number): number {
  const lines = Math.max(1, Math.floor((most * SPACE) / CACHE_LINE));
  const bytes = (reduce % lines) * CACHE_LINE;
  if (bytes > 0) writeRun(u32, at, { map: 0, attempt: 0, sequence: 0, rows: 0, bytes: bytes - RUN_HEADER, kinds: 0, capacity: 0 });
  return bytes;
}

/** An empty block in staging; 0 where the heap is full. */
export function newBlock({ heap }: ShuffleStore, { id }: ShuffleRef, reduce: number, bytes: number): number {
  const block = heap.allocate(bytes);
  if (block !== 0) writeBlock(heap.u32, block, heap.sizeOf(block), BLOCK_HEADER, id, reduce);
  return block;
}

/** Gives a block to the shuffle. */
export function handBlock(store: ShuffleStore, ref: ShuffleRef, reduce: number, block: number): void {
  store.heap.setState(block, 'committed');
  store.publish(ref, reduce, block);
}
