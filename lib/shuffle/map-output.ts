// What one map task writes: staging that only it sees, until it commits. For each reduce id a chain of blocks that
// grow from 4 KiB to 256 KiB. On commit the winner's well-filled blocks become shuffle blocks where they are;
// the rest is appended to its thread's open block for the reduce id, so that there are (threads x R) small blocks and not (M x R).
//
// A task has a share of the heap for its staging. Past it, or where the heap has no room, what it has staged goes to a
// file of its own (map-spill.ts); so it does before a commit while more than half of the heap is in use. What is left for
// the heap is a run of a few words for each block of the file.

import { HeddleError } from '../core/errors.js';
import { loadWord, storeWord } from './heap/words.js';
import { CURSOR_BYTES, numericBytes } from './kernels.js';
import { MapSpill } from './map-spill.js';
import {
  BLOCK_HEADER,
  blockWord,
  copyRun,
  ENCODED,
  filledBytes,
  nextRun,
  numericKinds,
  numericPayload,
  RUN_HEADER,
  readRun,
  SPILLED,
  SPILLED_BYTES,
  writeBlock,
  writeRun,
  writeSpilled,
} from './run.js';
import { encodeSizes } from './sizes.js';
import { heapFull, type ShuffleRef, type ShuffleStore, spillName } from './store.js';

const FIRST_BLOCK = 4096;
const LARGEST_BLOCK = 256 * 1024;
const LARGEST_OPEN_BLOCK = 64 * 1024;
/** A staging block this full is kept as it is; a copy would cost more than the room it saves. */
const KEEP_FROM = 16 * 1024;
/** Runs of a reduce id that take no more than this stay in the heap at a commit: to point at them would take as much. */
const NOT_WORTH_SPILLING = 2 * (RUN_HEADER + SPILLED_BYTES);

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
  /** Bytes of it that went to disk. */
  readonly bytesSpilled: number;
  /** False when another attempt had already committed this map partition. */
  readonly committed: boolean;
  /** The token of the attempt that had. */
  readonly winner?: number;
  /** The bytes by reduce id (sizes.ts), unless these are too many. */
  readonly sizes?: Uint8Array | undefined;
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
  /** Blocks that each chain has had: it goes on with large ones after they were spilled. */
  private readonly grown: Uint8Array;
  /** Bytes of staging, and how many there may be. */
  private staged = 0;
  private readonly share: number;
  private readonly largest: number;
  /** The cursors of the scatter kernel; 0 where it has none. */
  private cursors = 0;
  private spill: MapSpill | undefined;
  private readonly relief = () => this.relieve();

  constructor(store: ShuffleStore, ref: ShuffleRef, map: number, attempt: number, open: OpenBlocks) {
    this.store = store;
    this.ref = ref;
    this.map = map;
    this.attempt = attempt;
    this.open = open;
    this.chains = Array.from({ length: ref.reducers }, () => []);
    this.sequences = new Uint32Array(ref.reducers);
    this.filling = new Uint32Array(ref.reducers);
    this.grown = new Uint8Array(ref.reducers);
    const { heap } = store;
    // One of the heap's places is the driver's. A block for each reduce id there must be, twice over so that it pays.
    const fair = heap.capacity / 4 / Math.max(1, heap.threads - 1);
    this.share = store.spill === undefined ? Number.POSITIVE_INFINITY : Math.max(fair, 2 * FIRST_BLOCK * ref.reducers);
    this.largest = LARGEST_BLOCK;
    while (this.largest > FIRST_BLOCK && this.largest * 2 * ref.reducers > this.share) this.largest /= 2;
    if (store.spill !== undefined) heap.relief = this.relief;
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
    this.cursors = cursors;
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
   * memory, unless some is on disk: where the heap has no room for an open block, staging blocks are handed over as they are.
   * Throws HEDDLE_SPILL, and HEDDLE_HEAP_FULL where there is no room for what tells of the file.
   */
  commit(): MapOutputSize {
    const { store, ref, map, attempt } = this;
    if (this.filling.some(at => at !== 0)) throw new HeddleError('HEDDLE_INTERNAL', 'a commit while a numeric run is open');
    if (this.isCrowded()) this.spillChains(NOT_WORTH_SPILLING);
    this.noRelief();
    this.spill?.close();
    while (!store.claim(ref, map, attempt)) {
      if (!store.awaitWinner(ref, map)) continue; // its thread ended in the middle: the claim is free again
      this.discard();
      const winner = store.winner(ref, map)!;
      return { rows: 0, bytes: 0, bytesSpilled: 0, committed: false, winner };
    }
    const sizes = new Float64Array(this.chains.length);
    try {
      for (let r = 0; r < this.chains.length; r++) {
        const chain = this.chains[r]!;
        sizes[r]! += this.releaseSpilled(r);
        for (; chain.length > 0; chain.shift()) sizes[r]! += this.release(r, chain[0]!);
      }
    } catch (error) {
      // What was handed over carries this attempt's number and never counts; another attempt may have the claim.
      store.retract(ref, map, attempt);
      this.discard();
      throw error;
    }
    const bytesSpilled = this.spill?.bytes ?? 0;
    this.spill = undefined; // before it counts: from then on it is the shuffle's
    store.finish(ref, map, attempt);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { rows: this.rows, bytes, bytesSpilled, committed: true, sizes: encodeSizes(sizes) };
  }

  /** Gives all staging back. */
  discard(): void {
    this.noRelief();
    for (const chain of this.chains) while (chain.length > 0) this.store.heap.free(chain.pop()!);
    this.filling.fill(0);
    this.spill?.discard();
    this.spill = undefined;
  }

  /** Whether so much of the heap is in use that what is left is for staging and for tables. */
  private isCrowded(): boolean {
    const { heap, spill } = this.store;
    return spill !== undefined && heap.stats().usedBytes > heap.capacity / 2;
  }

  /** Moves all staging to disk; false where there is none, or no disk for it. */
  private relieve(): boolean {
    if (this.store.spill === undefined || this.staged === 0) return false;
    for (let r = 0; r < this.filling.length; r++) {
      if (this.filling[r] === 0) continue;
      this.closeNumeric(r, this.cursors);
      // The kernel finds no room behind the cursor, and asks for a new run.
      this.store.heap.u32[((this.cursors + r * CURSOR_BYTES) >>> 2) + 2] = 0;
    }
    this.spillChains(0);
    return true;
  }

  /** Moves the chains to disk whose runs have more than this many bytes. */
  private spillChains(least: number): void {
    const { heap } = this.store;
    for (let r = 0; r < this.chains.length; r++) {
      const chain = this.chains[r]!;
      const runs: number[] = [];
      let filled = 0;
      for (const block of chain) {
        const end = block + loadWord(heap.i32, block + blockWord.used);
        for (let at = block + BLOCK_HEADER; at < end; at = nextRun(heap.u32, at)) {
          const bytes = filledBytes(heap.u32, at);
          if (bytes > 0) runs.push(at);
          filled += bytes;
        }
      }
      if (filled > 0 && filled <= least) continue;
      if (filled > 0) {
        this.spill ??= new MapSpill(this.store.spill!, spillName(this.ref.id, this.attempt));
        this.spill.write(heap, r, runs);
      }
      while (chain.length > 0) this.freeStaged(chain.pop()!);
    }
  }

  private freeStaged(block: number): void {
    this.staged -= this.store.heap.sizeOf(block);
    this.store.heap.free(block);
  }

  private noRelief(): void {
    const { heap } = this.store;
    if (heap.relief === this.relief) heap.relief = undefined;
  }

  /** Hands the shuffle a run for each block of the file that is of this reduce id; returns the bytes of these blocks. */
  private releaseSpilled(reduce: number): number {
    let bytes = 0;
    for (const block of this.spill?.blocksOf(reduce) ?? []) {
      const size = RUN_HEADER + SPILLED_BYTES;
      const target = this.openBlock(reduce, size);
      if (target === 0) throw heapFull(size, this.store.heap.capacity, 'shuffle data');
      const { i32, u32 } = this.store.heap;
      const used = loadWord(i32, target + blockWord.used);
      const { map, attempt } = this;
      const { sequence, rows } = block;
      writeRun(u32, target + used, { map, attempt, sequence, rows, bytes: SPILLED_BYTES, kinds: SPILLED, capacity: rows });
      writeSpilled(u32, target + used, block);
      storeWord(i32, target + blockWord.used, used + size);
      bytes += block.bytes;
    }
    return bytes;
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
      for (let at = block + BLOCK_HEADER; at < end; at = nextRun(u32, at)) {
        if (filledBytes(u32, at) > 0) used += copyRun(heap.u8, readRun(u32, at), heap.u8, target + used);
      }
      // Last, so that a reader of another map partition's runs in this block never sees half a run.
      storeWord(i32, target + blockWord.used, used);
    }
    heap.free(block);
    return filled;
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
    const size = Math.max(Math.min(FIRST_BLOCK * 2 ** Math.min(this.grown[reduce]!, 10), this.largest), atLeast);
    if (this.staged + size > this.share) this.relieve();
    let block = this.allocate(size, reduce);
    if (block === 0 && this.relieve()) block = this.allocate(size, reduce);
    if (block === 0) throw heapFull(atLeast, this.store.heap.u8.length, 'shuffle data');
    this.grown[reduce] = Math.min(this.grown[reduce]! + 1, 10);
    this.staged += this.store.heap.sizeOf(block);
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
