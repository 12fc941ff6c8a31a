// What one map task writes: staging that only it sees, until it commits. For each reduce id a chain of blocks that
// grow from 4 KiB to 256 KiB. On commit the winner's well-filled blocks become shuffle blocks where they are;
// the rest is appended to its thread's open block for the reduce id, so that there are (threads x R) small blocks and not (M x R).

import { HeddleError } from '../core/errors.js';
import { loadWord, storeWord } from './heap/words.js';
import { CURSOR_BYTES, numericBytes } from './kernels.js';
import {
  BLOCK_HEADER,
  blockWord,
  ENCODED,
  filledBytes,
  nextRun,
  numericKinds,
  numericPayload,
  RUN_HEADER,
  readRun,
  runWord,
  writeBlock,
  writeRun,
} from './run.js';
import { heapFull, type ShuffleRef, type ShuffleStore } from './store.js';

const FIRST_BLOCK = 4096;
const LARGEST_BLOCK = 256 * 1024;
const LARGEST_OPEN_BLOCK = 64 * 1024;
/** A staging block this full is kept as it is; a copy would cost more than the room it saves. */
const KEEP_FROM = 16 * 1024;

/** A thread's open blocks, by shuffle: where the next small run of a reduce id goes. Forgetting one is harmless. */
export class OpenBlocks {
  private readonly byShuffle = new Map<number, Uint32Array>();

  of(ref: ShuffleRef): Uint32Array {
    let blocks = this.byShuffle.get(ref.id);
    if (blocks === undefined) {
      if (this.byShuffle.size >= 16) this.byShuffle.delete(this.byShuffle.keys().next().value!);
      blocks = new Uint32Array(ref.reducers);
      this.byShuffle.set(ref.id, blocks);
    }
    return blocks;
  }
}

/** Bytes and rows that a committed task gave to the shuffle. */
export interface MapOutputSize {
  readonly rows: number;
  readonly bytes: number;
  /** False when another attempt had already committed this map partition. */
  readonly committed: boolean;
  /** The token of the attempt that had. */
  readonly winner?: number;
}

export class MapOutput {
  readonly ref: ShuffleRef;
  private readonly store: ShuffleStore;
  private readonly map: number;
  private readonly attempt: number;
  private readonly open: OpenBlocks;
  /** All staging blocks of a reduce id, in the order of writing. */
  private readonly chains: number[][];
  private readonly sequences: Uint32Array;
  /** Numeric runs being filled by the scatter kernel: the address of each one's header, 0 for none. */
  private readonly filling: Uint32Array;
  private kinds = 0;
  private rows = 0;

  constructor(store: ShuffleStore, ref: ShuffleRef, map: number, attempt: number, open: OpenBlocks) {
    this.store = store;
    this.ref = ref;
    this.map = map;
    this.attempt = attempt;
    this.open = open;
    this.chains = Array.from({ length: ref.reducers }, () => []);
    this.sequences = new Uint32Array(ref.reducers);
    this.filling = new Uint32Array(ref.reducers);
  }

  /** Appends an encoded run of `rows` rows: `write` gets exactly `bytes` (a multiple of 8) of 8-aligned memory. */
  append(reduce: number, rows: number, bytes: number, write: (target: Uint8Array) => void): void {
    if (this.filling[reduce] !== 0)
      throw new HeddleError('HEDDLE_INTERNAL', `an encoded run while a numeric one is open (reduce id ${reduce})`);
    const block = this.room(reduce, RUN_HEADER + bytes);
    const { i32, u32, u8 } = this.store.heap;
    const at = block + loadWord(i32, block + blockWord.used);
    write(new Uint8Array(u8.buffer, at + RUN_HEADER, bytes));
    writeRun(u32, at, {
      map: this.map,
      attempt: this.attempt,
      sequence: this.sequence(reduce),
      rows,
      bytes,
      kinds: ENCODED,
      capacity: rows,
    });
    storeWord(i32, block + blockWord.used, at + RUN_HEADER + bytes - block);
    this.rows += rows;
  }

  /** Opens a numeric run for the scatter kernel and points the reduce id's cursor into it; closes the one before. */
  openNumeric(reduce: number, keyKind: number, valueKind: number, cursors: number): void {
    this.closeNumeric(reduce, cursors);
    const { u32 } = this.store.heap;
    const rowBytes = numericBytes[keyKind]! + numericBytes[valueKind]!;
    const block = this.grow(reduce, BLOCK_HEADER + RUN_HEADER + 16 + rowBytes);
    const capacity = Math.floor((u32[(block + blockWord.capacity) >>> 2]! - BLOCK_HEADER - RUN_HEADER - 16) / rowBytes);
    const at = block + BLOCK_HEADER;
    this.kinds = numericKinds(keyKind, valueKind);
    const bytes = numericPayload(capacity, keyKind, valueKind);
    writeRun(u32, at, {
      map: this.map,
      attempt: this.attempt,
      sequence: this.sequence(reduce),
      rows: 0,
      bytes,
      kinds: this.kinds,
      capacity,
    });
    const run = readRun(u32, at);
    const cursor = (cursors + reduce * CURSOR_BYTES) >>> 2;
    u32[cursor] = run.keysAt;
    u32[cursor + 1] = run.valuesAt;
    u32[cursor + 2] = capacity;
    this.filling[reduce] = at;
  }

  /** Ends the numeric run that a cursor points into. */
  closeNumeric(reduce: number, cursors: number): void {
    const at = this.filling[reduce]!;
    if (at === 0) return;
    const { i32, u32 } = this.store.heap;
    const capacity = u32[(at >>> 2) + 6]!;
    const rows = capacity - u32[((cursors + reduce * CURSOR_BYTES) >>> 2) + 2]!;
    u32[(at >>> 2) + 3] = rows;
    this.rows += rows;
    const block = at - BLOCK_HEADER;
    storeWord(i32, block + blockWord.used, BLOCK_HEADER + RUN_HEADER + u32[(at >>> 2) + 4]!);
    this.filling[reduce] = 0;
  }

  /** Ends all numeric runs: encoded ones may follow in order. */
  closeAllNumeric(cursors: number): void {
    for (let r = 0; r < this.filling.length; r++) this.closeNumeric(r, cursors);
  }

  /**
   * Makes everything visible at once, unless another attempt already did. All numeric runs must be closed. Needs no
   * memory: where the heap has no room for an open block, staging blocks are handed over as they are.
   */
  commit(): MapOutputSize {
    const { store, ref, map, attempt } = this;
    if (this.filling.some(at => at !== 0)) throw new HeddleError('HEDDLE_INTERNAL', 'a commit while a numeric run is open');
    while (!store.claim(ref, map, attempt)) {
      if (!store.awaitWinner(ref, map)) continue; // its thread ended in the middle: the claim is free again
      this.discard();
      const winner = store.winner(ref, map)!;
      return { rows: 0, bytes: 0, committed: false, winner };
    }
    let bytes = 0;
    try {
      for (let r = 0; r < this.chains.length; r++) {
        const chain = this.chains[r]!;
        for (; chain.length > 0; chain.shift()) bytes += this.release(r, chain[0]!);
      }
    } catch (error) {
      // What was handed over carries this attempt's number and never counts; another attempt may have the claim.
      store.retract(ref, map, attempt);
      this.discard();
      throw error;
    }
    store.finish(ref, map, attempt);
    return { rows: this.rows, bytes, committed: true };
  }

  /** Gives all staging back. */
  discard(): void {
    for (const chain of this.chains) while (chain.length > 0) this.store.heap.free(chain.pop()!);
    this.filling.fill(0);
  }

  /** Hands one staging block to the shuffle; returns its bytes of runs. */
  private release(reduce: number, block: number): number {
    const { heap } = this.store;
    const { i32, u32 } = heap;
    const end = block + loadWord(i32, block + blockWord.used);
    let filled = 0; // which is less than used: a numeric run takes the room of all the rows it could have had
    for (let at = block + BLOCK_HEADER; at < end; at = nextRun(u32, at)) filled += filledBytes(u32, at);
    if (filled > 0) {
      const wellFilled = filled >= KEEP_FROM && filled * 2 >= u32[(block + blockWord.capacity) >>> 2]!;
      const target = wellFilled ? 0 : this.openBlock(reduce, filled);
      if (target === 0) {
        this.hand(reduce, block);
        return filled;
      }
      let used = loadWord(i32, target + blockWord.used);
      for (let at = block + BLOCK_HEADER; at < end; at = nextRun(u32, at)) used += this.copyRun(at, target + used);
      // Last, so that a reader of another map partition's runs in this block never sees half a run.
      storeWord(i32, target + blockWord.used, used);
    }
    heap.free(block);
    return filled;
  }

  /** Copies a run without the room that it did not fill; returns its bytes. */
  private copyRun(from: number, to: number): number {
    const { u32, u8 } = this.store.heap;
    const bytes = filledBytes(u32, from);
    if (bytes === 0) return 0;
    for (let word = 0; word < RUN_HEADER / 4; word++) u32[(to >>> 2) + word] = u32[(from >>> 2) + word]!;
    u32[(to + runWord.bytes) >>> 2] = bytes - RUN_HEADER;
    const run = readRun(u32, from);
    u32[(to + runWord.capacity) >>> 2] = run.rows;
    if (run.numeric) {
      const copy = readRun(u32, to);
      u8.copyWithin(copy.keysAt, run.keysAt, run.keysAt + run.rows * numericBytes[run.keyKind]!);
      u8.copyWithin(copy.valuesAt, run.valuesAt, run.valuesAt + run.rows * numericBytes[run.valueKind]!);
    } else u8.copyWithin(to + RUN_HEADER, run.payload, run.payload + run.bytes);
    return bytes;
  }

  /** The thread's open block with room for `bytes`, or 0 where the heap is full; a new one is announced before it is filled. */
  private openBlock(reduce: number, bytes: number): number {
    const { heap } = this.store;
    const open = this.open.of(this.ref);
    const current = open[reduce]!;
    let size = FIRST_BLOCK;
    if (current !== 0) {
      const capacity = heap.u32[(current + blockWord.capacity) >>> 2]!;
      if (loadWord(heap.i32, current + blockWord.used) + bytes <= capacity) return current;
      size = Math.min(capacity * 2, LARGEST_OPEN_BLOCK);
    }
    const block = this.allocate(Math.max(size, BLOCK_HEADER + bytes), reduce);
    if (block === 0) return 0;
    this.hand(reduce, block);
    open[reduce] = block;
    return block;
  }

  private hand(reduce: number, block: number): void {
    this.store.heap.setState(block, 'committed');
    this.store.publish(this.ref, reduce, block);
  }

  /** The reduce id's newest staging block, with room for `bytes` more. */
  private room(reduce: number, bytes: number): number {
    const chain = this.chains[reduce]!;
    const last = chain[chain.length - 1];
    if (last !== undefined) {
      const { i32, u32 } = this.store.heap;
      if (loadWord(i32, last + blockWord.used) + bytes <= u32[(last + blockWord.capacity) >>> 2]!) return last;
    }
    return this.grow(reduce, BLOCK_HEADER + bytes);
  }

  private grow(reduce: number, atLeast: number): number {
    const chain = this.chains[reduce]!;
    const size = Math.min(FIRST_BLOCK * 2 ** Math.min(chain.length, 10), LARGEST_BLOCK);
    const block = this.allocate(Math.max(size, atLeast), reduce);
    if (block === 0) throw heapFull(atLeast, this.store.heap.u8.length, 'shuffle data');
    chain.push(block);
    return block;
  }

  /** An empty block; 0 where the heap is full. */
  private allocate(bytes: number, reduce: number): number {
    const { heap } = this.store;
    const block = heap.allocate(bytes);
    if (block === 0) return 0;
    writeBlock(heap.u32, block, heap.sizeOf(block), BLOCK_HEADER, this.ref.id, reduce);
    return block;
  }

  private sequence(reduce: number): number {
    if (this.sequences[reduce] === 0xffffffff) throw new HeddleError('HEDDLE_INTERNAL', 'a task wrote 2^32 runs for one reduce id');
    return this.sequences[reduce]!++;
  }
}
