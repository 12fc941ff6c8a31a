// The blocks of a shuffle that a thread appends to, one for each reduce id at most, whatever map tasks it runs.

import { loadWord } from './heap/words.js';
import { BLOCK_HEADER, blockWord, writeBlock } from './run.js';
import type { ShuffleRef, ShuffleStore } from './store.js';

/** Bytes of the first block of a reduce id. */
export const FIRST_BLOCK = 4096;
const LARGEST_OPEN_BLOCK = 64 * 1024;

/** A thread's open blocks, by shuffle: where the next small run of a reduce id goes. Forgetting one is harmless. */
export class OpenBlocks {
  private readonly byShuffle = new Map<number, Uint32Array>();

  /** Their addresses by reduce id, 0 for none. */
  of(ref: ShuffleRef): Uint32Array {
    let blocks = this.byShuffle.get(ref.id);
    if (blocks === undefined) {
      if (this.byShuffle.size >= 16) this.byShuffle.delete(this.byShuffle.keys().next().value!);
      blocks = new Uint32Array(ref.reducers);
      this.byShuffle.set(ref.id, blocks);
    }
    return blocks;
  }

  /** The open block of a reduce id with room for `bytes`; 0 where the heap is full. */
  withRoom(store: ShuffleStore, ref: ShuffleRef, reduce: number, bytes: number): number {
    const { i32, u32 } = store.heap;
    const block = this.of(ref)[reduce]!;
    const fits = block !== 0 && loadWord(i32, block + blockWord.used) + bytes <= u32[(block + blockWord.capacity) >>> 2]!;
    return fits ? block : this.next(store, ref, reduce, bytes);
  }

  /** Another open block, announced before it is filled; 0 where the heap is full. */
  next(store: ShuffleStore, ref: ShuffleRef, reduce: number, bytes: number): number {
    const { u32 } = store.heap;
    const open = this.of(ref);
    const current = open[reduce]!;
    const size = current === 0 ? FIRST_BLOCK : Math.min(u32[(current + blockWord.capacity) >>> 2]! * 2, LARGEST_OPEN_BLOCK);
    const block = newBlock(store, ref, reduce, Math.max(size, BLOCK_HEADER + bytes));
    if (block === 0) return 0;
    handBlock(store, ref, reduce, block);
    open[reduce] = block;
    return block;
  }
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
