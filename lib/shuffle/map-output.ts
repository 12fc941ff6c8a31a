// What one map task writes: staging that only it sees, until it commits. For each reduce id a chain of blocks that
// grow from 4 KiB to 256 KiB. On commit the winner's well-filled blocks become shuffle blocks where they are;
// the rest is appended to its thread's open block for the reduce id, so that there are (threads x R) small blocks and not (M x R).
//
// A task has a share of the heap for its staging. Past it, or where the heap has no room, what it has staged goes to a
// file of its own (map-spill.ts); so it does before a commit while more than half of the heap is in use. What is left for
// the heap is a run of a few words for each block of the file.

import { HeddleError } from '../core/errors.js';
import { loadWord, storeWord } from './heap/words.js';
import type { ShortRuns } from './held-rows.js';
import { CURSOR_BYTES, type Kernels } from './kernels.js';
import { dropMerged, handSorted, NO_ROWS } from './map-groups.js';
import { MapSpill } from './map-spill.js';
import { FIRST_BLOCK, handBlock, newBlock, type OpenBlocks } from './open-blocks.js';
import { beginRun, endRun, openRunBytes } from './open-run.js';
import {
  BLOCK_HEADER,
  blockWord,
  copyRun,
  ENCODED,
  filledBytes,
  nextRun,
  RUN_HEADER,
  readRun,
  SPILLED,
  SPILLED_BYTES,
  writeRun,
  writeSpilled,
} from './run.js';
import { Sizes } from './sizes.js';
import { heapFull, type ShuffleRef, type ShuffleStore, spillName } from './store.js';

const LARGEST_BLOCK = 256 * 1024;
/** A staging block this full is kept as it is; a copy would cost more than the room it saves. */
const KEEP_FROM = 16 * 1024;
/** Runs of a reduce id that take no more than this stay in the heap at a commit: to point at them would take as much. */
const NOT_WORTH_SPILLING = 2 * (RUN_HEADER + SPILLED_BYTES);

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

/** What is staged for a reduce id. */
interface Chain {
  readonly reduce: number;
  /** Its blocks, in the order of writing. */
  readonly blocks: number[];
  /** Blocks that it has had, up to 10: it goes on with large ones after they were spilled. */
  grown: number;
  /** Of its next run. */
  sequence: number;
  /** The address of the header of the numeric run that the scatter kernel fills, 0 for none. */
  filling: number;
}

export class MapOutput {
  readonly ref: ShuffleRef;
  private readonly store: ShuffleStore;
  private readonly map: number;
  private readonly attempt: number;
  private readonly open: OpenBlocks;
  private readonly kernels: Kernels | undefined;
  /** By reduce id, of those that have one: there may be thousands that have none. */
  private readonly chains = new Map<number, Chain>();
  /** Numeric runs being filled. */
  private filling = 0;
  private firstSequence = 0;
  private rows = 0;
  /** Bytes of staging, and how many there may be. */
  private staged = 0;
  private readonly share: number;
  private readonly largest: number;
  /** The cursors of the scatter kernel; 0 where it has none. */
  private cursors = 0;
  private held: ShortRuns | undefined;
  private spill: MapSpill | undefined;
  private readonly relief = () => this.relieve();

  /** `kernels`: to merge what maps have written (map-groups.ts), and to leave out of runs what can be; without them neither is done. */
  constructor(store: ShuffleStore, ref: ShuffleRef, map: number, attempt: number, open: OpenBlocks, kernels?: Kernels) {
    this.store = store;
    this.ref = ref;
    this.map = map;
    this.attempt = attempt;
    this.open = open;
    this.kernels = kernels;
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
    const chain = this.chain(reduce);
    if (chain.filling !== 0) throw new HeddleError('HEDDLE_INTERNAL', `an encoded run while a numeric one is open (reduce id ${reduce})`);
    const block = this.room(chain, RUN_HEADER + bytes);
    const { i32, u32, u8 } = this.store.heap;
    const at = block + loadWord(i32, block + blockWord.used);
    write(new Uint8Array(u8.buffer, at + RUN_HEADER, bytes));
    writeRun(u32, at, {
      map: this.map,
      attempt: this.attempt,
      sequence: nextSequence(chain),
      rows,
      bytes,
      kinds: ENCODED,
      capacity: rows,
    });
    storeWord(i32, block + blockWord.used, at + RUN_HEADER + bytes - block);
    this.rows += rows;
  }

  /**
   * Opens a numeric run for the scatter kernel and points the reduce id's cursor into it; closes the one before. `values`: where the
   * value is that the run has for all its rows, where its kind says that there is one.
   */
  openNumeric(reduce: number, keyKind: number, valueKind: number, cursors: number, values = 0): void {
    const chain = this.chain(reduce);
    this.closeNumeric(chain, cursors);
    this.cursors = cursors;
    const block = this.roomToFill(chain, openRunBytes(1, keyKind, valueKind));
    const { i32, u32 } = this.store.heap; // after the block: the heap may have grown for it
    const used = loadWord(i32, block + blockWord.used);
    const room = u32[(block + blockWord.capacity) >>> 2]! - used;
    const run = { map: this.map, attempt: this.attempt, sequence: nextSequence(chain), keyKind, valueKind };
    beginRun(this.store.heap, block + used, room, run, cursors + reduce * CURSOR_BYTES, values);
    chain.filling = block + used;
    this.filling++;
  }

  /** Ends the numeric run that a cursor points into. */
  private closeNumeric(chain: Chain, cursors: number): void {
    const { filling: at, reduce } = chain;
    if (at === 0) return;
    const { heap } = this.store;
    this.rows += endRun(heap, this.kernels, at, cursors + reduce * CURSOR_BYTES);
    const block = chain.blocks.at(-1)!;
    storeWord(heap.i32, block + blockWord.used, nextRun(heap.u32, at) - block);
    chain.filling = 0;
    this.filling--;
  }

  /** Whether rows can go from where they are into the open blocks at the commit: before all other ones, and where there is room. */
  get canHold(): boolean {
    return this.rows === 0 && !this.isCrowded();
  }

  /** Takes runs that are to be the first of their reduce ids; they are this output's from now on. */
  hold(runs: ShortRuns): void {
    this.held = runs;
    this.rows += runs.rows;
    this.firstSequence = 1;
  }

  /** Ends all numeric runs: encoded ones may follow in order. */
  closeAllNumeric(cursors: number): void {
    for (const chain of this.chains.values()) this.closeNumeric(chain, cursors);
  }

  /**
   * Makes everything visible at once, unless another attempt already did. All numeric runs must be closed. Needs no
   * memory, unless some is on disk: where the heap has no room for an open block, staging blocks are handed over as they are.
   * Throws HEDDLE_SPILL, and HEDDLE_HEAP_FULL where there is no room for what tells of the file.
   */
  commit(): MapOutputSize {
    const { store, ref, map, attempt, kernels } = this;
    if (this.filling > 0) throw new HeddleError('HEDDLE_INTERNAL', 'a commit while a numeric run is open');
    if (this.isCrowded()) this.spillChains(NOT_WORTH_SPILLING);
    this.noRelief();
    this.spill?.close();
    while (!store.claim(ref, map, attempt)) {
      if (!store.awaitWinner(ref, map)) continue; // its thread ended in the middle: the claim is free again
      this.discard();
      const winner = store.winner(ref, map)!;
      return { rows: 0, bytes: 0, bytesSpilled: 0, committed: false, winner };
    }
    // In one process nobody asks where most of a reduce id is.
    const sizes = new Sizes(ref.groups === 0 ? ref.reducers : 0);
    let bytes = 0;
    try {
      if (ref.groups !== 0 && (this.rows === 0 || (this.held !== undefined && this.chains.size === 0))) {
        const { held } = this;
        this.held = undefined;
        bytes = held?.bytes ?? 0;
        handSorted(store, kernels, ref, map, attempt, held?.toBlock(map, attempt) ?? NO_ROWS);
      } else if (this.held !== undefined) {
        const table = this.open.tableOf(store, ref);
        if (table === undefined) throw heapFull(ref.reducers * 12, store.heap.capacity, 'shuffle data');
        bytes = this.held.place(map, attempt, table, (reduce, atLeast) => this.open.next(store, ref, reduce, atLeast));
        for (let r = 0; r < sizes.length; r++) sizes.add(r, this.held.bytesOf(r));
        this.freeHeld();
      }
      for (const { reduce, blocks } of this.chains.values()) {
        let released = this.releaseSpilled(reduce);
        for (; blocks.length > 0; blocks.shift()) released += this.release(reduce, blocks[0]!);
        sizes.add(reduce, released);
        bytes += released;
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
    if (ref.groups !== 0) dropMerged(store, ref, map, attempt);
    return { rows: this.rows, bytes, bytesSpilled, committed: true, sizes: sizes.encoded() };
  }

  /** Gives all staging back. */
  discard(): void {
    this.noRelief();
    for (const { blocks } of this.chains.values()) while (blocks.length > 0) this.store.heap.free(blocks.pop()!);
    this.chains.clear();
    this.freeHeld();
    this.filling = 0;
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
    for (const chain of this.chains.values()) {
      if (chain.filling === 0) continue;
      this.closeNumeric(chain, this.cursors);
      // The kernel finds no room behind the cursor, and asks for a new run.
      this.store.heap.u32[((this.cursors + chain.reduce * CURSOR_BYTES) >>> 2) + 2] = 0;
    }
    this.spillChains(0);
    return true;
  }

  /** Moves the chains to disk whose runs have more than this many bytes. */
  private spillChains(least: number): void {
    const { heap } = this.store;
    for (const { reduce, blocks } of this.chains.values()) {
      const runs: number[] = [];
      let filled = 0;
      for (const block of blocks) {
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
        this.spill.write(heap, reduce, runs);
      }
      while (blocks.length > 0) this.freeStaged(blocks.pop()!);
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

  private freeHeld(): void {
    this.held?.dispose();
    this.held = undefined;
  }

  /** Hands the shuffle a run for each block of the file that is of this reduce id; returns the bytes of these blocks. */
  private releaseSpilled(reduce: number): number {
    let bytes = 0;
    for (const block of this.spill?.blocksOf(reduce) ?? []) {
      const size = RUN_HEADER + SPILLED_BYTES;
      const target = this.open.withRoom(this.store, this.ref, reduce, size);
      if (target === 0) throw heapFull(size, this.store.heap.capacity, 'shuffle data');
      const { u32 } = this.store.heap;
      const used = this.open.used(this.store, this.ref, reduce);
      const { map, attempt } = this;
      const { sequence, rows } = block;
      writeRun(u32, target + used, { map, attempt, sequence, rows, bytes: SPILLED_BYTES, kinds: SPILLED, capacity: rows });
      writeSpilled(u32, target + used, block);
      this.open.show(this.store, this.ref, reduce, used + size);
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
      const target = wellFilled ? 0 : this.open.withRoom(this.store, this.ref, reduce, filled);
      if (target === 0) {
        handBlock(this.store, this.ref, reduce, block);
        return filled;
      }
      let used = this.open.used(this.store, this.ref, reduce);
      for (let at = block + BLOCK_HEADER; at < end; at = nextRun(u32, at)) {
        if (filledBytes(u32, at) > 0) used += copyRun(heap.u8, readRun(u32, at), heap.u8, target + used);
      }
      // Last, so that a reader of another map partition's runs in this block never sees half a run.
      this.open.show(this.store, this.ref, reduce, used);
    }
    heap.free(block);
    return filled;
  }

  private chain(reduce: number): Chain {
    let chain = this.chains.get(reduce);
    if (chain === undefined) {
      chain = { reduce, blocks: [], grown: 0, sequence: this.firstSequence, filling: 0 };
      this.chains.set(reduce, chain);
    }
    return chain;
  }

  /** The chain's newest staging block, with room for `bytes` more. */
  private room(chain: Chain, bytes: number): number {
    const last = chain.blocks.at(-1);
    if (last !== undefined) {
      const { i32, u32 } = this.store.heap;
      if (loadWord(i32, last + blockWord.used) + bytes <= u32[(last + blockWord.capacity) >>> 2]!) return last;
    }
    return this.grow(chain, BLOCK_HEADER + bytes);
  }

  /** A staging block of the chain with room for a run: the newest, where a quarter of it is left, or one more. */
  private roomToFill(chain: Chain, bytes: number): number {
    const last = chain.blocks.at(-1);
    if (last !== undefined) {
      const { i32, u32 } = this.store.heap;
      const capacity = u32[(last + blockWord.capacity) >>> 2]!;
      const left = capacity - loadWord(i32, last + blockWord.used);
      if (left >= bytes && left * 4 >= capacity) return last;
    }
    return this.grow(chain, BLOCK_HEADER + bytes);
  }

  private grow(chain: Chain, atLeast: number): number {
    const { reduce } = chain;
    const size = Math.max(Math.min(FIRST_BLOCK * 2 ** chain.grown, this.largest), atLeast);
    if (this.staged + size > this.share) this.relieve();
    let block = newBlock(this.store, this.ref, reduce, size);
    if (block === 0 && this.relieve()) block = newBlock(this.store, this.ref, reduce, size);
    if (block === 0) throw heapFull(atLeast, this.store.heap.u8.length, 'shuffle data');
    chain.grown = Math.min(chain.grown + 1, 10);
    this.staged += this.store.heap.sizeOf(block);
    chain.blocks.push(block);
    return block;
  }
}

function nextSequence(chain: Chain): number {
  if (chain.sequence === 0xffffffff) throw new HeddleError('HEDDLE_INTERNAL', 'a task wrote 2^32 runs for one reduce id');
  return chain.sequence++;
}
