// The shuffles of a heap. For each shuffle a control area holds
// - a commit slot for each map partition, decided by compare-and-swap: 0 nobody, then claimed, then done by an attempt;
// - for each reduce id a ring through which blocks are announced, and a segment: the list of all blocks, which
//   outlives any reading. The ring is transit, the segment is the truth: whoever finds a ring full, and every
//   reader, puts blocks into the segment itself, so nobody ever waits for a consumer that has no thread.
// Not promised: that a block's runs are all to be believed. A reader takes a run only if its attempt is the one
// that the commit slot of its map partition names as done; what a dead or losing attempt left behind is passed over.

import { HeddleError } from '../core/errors.js';
import type { ShuffleId } from '../core/ids.js';
import type { SpillFiles } from '../storage/spill-files.js';
import type { Heap } from './heap/allocator.js';
import { addWord, loadWord, storeWord, swapWord } from './heap/words.js';
import { joinRuns, runAt, sortedEntry } from './joined-runs.js';
import { eachSorted, freeSorted, groupBytes } from './map-groups.js';
import { spinThenSleep } from './ring/wait.js';
import { WordRing } from './ring/word-ring.js';
import { BLOCK_HEADER, BLOCK_MAGIC, blockWord, nextRun, pad8, type Run, runWord, usedBytes } from './run.js';
import { RunList } from './run-list.js';

/** A shuffle's control area, as plain data that travels with a task. */
export interface ShuffleRef {
  readonly id: ShuffleId;
  readonly address: number;
  readonly maps: number;
  readonly reducers: number;
  /** Where what is known of groups of maps is (map-groups.ts); 0: maps run in several processes, and there are none. */
  readonly groups: number;
}

/** What one reduce task reads where map tasks ran in several processes. */
export interface Gathered {
  /** For each map partition the attempt whose rows count, in whatever process it ran. */
  readonly winners: Uint32Array;
  /** Blocks with the rows of attempts elsewhere, fetched into this heap. */
  readonly blocks: readonly number[];
}

const CONTROL_HEADER = 64;
/** Word of the header: the first of the tables that threads keep of the shuffle (open-blocks.ts). */
const TABLES = 0;
/** Blocks announced and not yet moved into the segment, for each reduce id. */
const RING_CAPACITY = 16;
const RING_BYTES = pad8(WordRing.bytes(RING_CAPACITY));

const slotsAt = (ref: ShuffleRef) => ref.address + CONTROL_HEADER;
const segmentAt = (ref: ShuffleRef, reduce: number) => slotsAt(ref) + pad8(ref.maps * 4) + reduce * 8;
const ringAt = (ref: ShuffleRef, reduce: number) => segmentAt(ref, ref.reducers) + reduce * RING_BYTES;

const spillPrefix = (shuffle: number) => `shuffle-${shuffle}-`;

/** The file to which an attempt writes what has no room in the heap. */
export function spillName(shuffle: number, attempt: number): string {
  return `${spillPrefix(shuffle)}${attempt}.blocks`;
}

/** Bytes from which what a task asks for is not given from the last eighth of the heap. */
const LARGE = 2 ** 20;

/** How long the winner of a map partition may take to hand over what it has in memory. */
const PATIENCE_MS = 60_000;
/** Nobody is notified: a commit takes microseconds to milliseconds, and having to wait for one is rare. */
const nap = spinThenSleep({ napMs: 1 });

const claimedBy = (attempt: number) => ((attempt + 1) << 1) >>> 0;
const doneBy = (attempt: number) => (claimedBy(attempt) | 1) >>> 0;

/** What to do about a heap with no room left. */
export function heapFull(bytes: number, capacity: number, what: string): HeddleError {
  return new HeddleError(
    'HEDDLE_HEAP_FULL',
    `the shared heap (${Math.round(capacity / 2 ** 20)} MiB) has no room for ${bytes} bytes of ${what}: ` +
      'raise the option memory (at most 4gb) or HEDDLE_MEMORY, combine before the shuffle (reduceByKey instead of groupByKey), or shuffle fewer bytes',
    { data: { bytes, capacity, what } },
  );
}

const sharedBuffer = (heap: Heap) => heap.u8.buffer as SharedArrayBuffer;

/** A staging block of the heap, for which the task may have to give up other ones. Throws HEDDLE_HEAP_FULL, naming what it was for. */
export function roomFor(heap: Heap, bytes: number, what: string): number {
  let address = allocateLarge(heap, bytes);
  if (address === 0 && heap.relief?.() === true) address = allocateLarge(heap, bytes);
  if (address === 0) throw heapFull(bytes, heap.u8.length, what);
  return address;
}

/** A table that grows must not take the last of the heap from the blocks that all tasks need to go on. */
function allocateLarge(heap: Heap, bytes: number): number {
  if (bytes >= LARGE && heap.stats().freeBytes - bytes < heap.capacity / 8) return 0;
  return heap.allocate(bytes);
}

/** Opened rings that a thread remembers, of half a kilobyte each: it does not hear which shuffles have gone. */
const MOST_RINGS = 1 << 13;

/** Words of a segment: how many blocks were announced, and the first of the list. */
const ANNOUNCED = 0;
const HEAD = 4;

export class ShuffleStore {
  readonly heap: Heap;
  /** Where rows go that have no room in the heap; undefined: nowhere. */
  readonly spill: SpillFiles | undefined;
  private readonly rings = new Map<number, WordRing>();
  private readonly found = new RunList();

  /** `isOnly`: all map tasks of the shuffles that it creates run in this process. */
  constructor(
    heap: Heap,
    spill?: SpillFiles,
    private readonly isOnly = false,
  ) {
    this.heap = heap;
    this.spill = spill;
  }

  /** Makes the control area of a shuffle. Throws HEDDLE_HEAP_FULL. */
  create(id: ShuffleId, maps: number, reducers: number): ShuffleRef {
    const bytes = CONTROL_HEADER + pad8(maps * 4) + reducers * (8 + RING_BYTES);
    const address = roomFor(this.heap, bytes + (this.isOnly ? groupBytes(maps) : 0), 'shuffle control');
    const ref = { id, address, maps, reducers, groups: this.isOnly ? address + bytes : 0 };
    this.heap.u8.fill(0, address, ringAt(ref, 0));
    if (this.isOnly) this.heap.u8.fill(0, ref.groups, ref.groups + groupBytes(maps));
    for (let r = 0; r < reducers; r++) WordRing.format(sharedBuffer(this.heap), ringAt(ref, r), { capacity: RING_CAPACITY });
    this.heap.setState(address, 'committed');
    return ref;
  }

  /** Whether this attempt is the one whose output of a map partition counts. */
  claim(ref: ShuffleRef, map: number, attempt: number): boolean {
    return swapWord(this.heap.i32, slotsAt(ref) + map * 4, 0, claimedBy(attempt));
  }

  /** Makes the claimed output visible: all of it, at once. */
  finish(ref: ShuffleRef, map: number, attempt: number): void {
    storeWord(this.heap.i32, slotsAt(ref) + map * 4, doneBy(attempt));
  }

  /**
   * After a claim that failed, waits for whoever has it: true once that attempt has finished, false if the claim is free
   * again. Until then nothing is known, and a task that reported success would have its reader start too early.
   * Committing is copying what is in memory already; whoever takes PATIENCE_MS for it is gone, and this throws.
   */
  awaitWinner(ref: ShuffleRef, map: number): boolean {
    const { i32 } = this.heap;
    const slot = slotsAt(ref) + map * 4;
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (let word = loadWord(i32, slot); ; word = loadWord(i32, slot)) {
      if (word === 0) return false;
      if ((word & 1) === 1) return true;
      if (performance.now() > giveUpAt)
        throw new HeddleError(
          'HEDDLE_INTERNAL',
          `attempt ${(word >>> 1) - 1} of map partition ${map} claimed its output and never finished`,
        );
      nap.sleep(i32, slot >>> 2, word | 0, PATIENCE_MS);
    }
  }

  isDone(ref: ShuffleRef, map: number): boolean {
    return (loadWord(this.heap.i32, slotsAt(ref) + map * 4) & 1) === 1;
  }

  /** The attempt whose output of a map partition counts in this process; undefined while there is none. */
  winner(ref: ShuffleRef, map: number): number | undefined {
    const word = loadWord(this.heap.i32, slotsAt(ref) + map * 4);
    return (word & 1) === 1 ? (word >>> 1) - 1 : undefined;
  }

  /** Takes back the claim of an attempt that died before it finished. A finished one stays. */
  retract(ref: ShuffleRef, map: number, attempt: number): void {
    swapWord(this.heap.i32, slotsAt(ref) + map * 4, claimedBy(attempt), 0);
  }

  /** After its thread was lost: removes what an attempt wrote to disk, unless its output is the one that counts. */
  dropSpilled(ref: ShuffleRef, map: number, attempt: number): void {
    if (loadWord(this.heap.i32, slotsAt(ref) + map * 4) === doneBy(attempt)) return;
    this.spill?.removeOf(spillName(ref.id, attempt));
  }

  /** Announces a block. Its runs count once their map partitions are done. */
  publish(ref: ShuffleRef, reduce: number, block: number): void {
    addWord(this.heap.i32, segmentAt(ref, reduce) + ANNOUNCED, 1);
    if (!this.ring(ref, reduce).tryPush(block)) this.link(ref, reduce, block);
  }

  /**
   * All blocks of a reduce id, in no promised order. Throws HEDDLE_CORRUPT when one that was announced cannot be found: a
   * thread was ended in the middle of announcing it, and what lies behind it in the ring is out of reach.
   */
  blocks(ref: ShuffleRef, reduce: number, patienceMs = PATIENCE_MS): number[] {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const announced = loadWord(this.heap.i32, segmentAt(ref, reduce) + ANNOUNCED);
      const found = this.reachable(ref, reduce);
      if (found.length >= announced) return found;
      // Another reader may be on its way from the ring to the segment with a block.
      if (performance.now() > giveUpAt) {
        throw new HeddleError(
          'HEDDLE_CORRUPT',
          `${announced - found.length} shuffle blocks were lost with a thread that was ended: run the job on a new RDD`,
          {
            data: { reduce, announced, found: found.length },
          },
        );
      }
      nap.sleep(this.heap.i32, (segmentAt(ref, reduce) + HEAD) >>> 2, found[0] ?? 0, 1);
    }
  }

  /**
   * The runs of a reduce id that count, in map order, each map's in the order of writing: those on disk are
   * read by loadedRuns. Where maps ran in several processes,
   * `gathered` says what counts, instead of this process's commit slots, and has the rows of the others.
   */
  runs(ref: ShuffleRef, reduce: number, gathered?: Gathered): Run[] {
    const list = this.list(ref, reduce, gathered);
    const { u32 } = this.heap;
    return Array.from({ length: list.length }, (_, i) => this.named(ref, runAt(u32, list.address(i), reduce)));
  }

  /** As runs(), short runs of numbers joined (joined-runs.ts): for whoever wants the rows. */
  joinedRuns(ref: ShuffleRef, reduce: number, gathered?: Gathered): Run[] {
    return joinRuns(this.heap.u32, this.list(ref, reduce, gathered), reduce).map(run => this.named(ref, run));
  }

  private named({ id }: ShuffleRef, run: Run): Run {
    const { spilled } = run;
    return spilled === undefined ? run : { ...run, spilled: { ...spilled, file: spillName(id, run.attempt) } };
  }

  /** Valid until it is asked for again. */
  private list(ref: ShuffleRef, reduce: number, gathered: Gathered | undefined): RunList {
    const blocks = this.blocks(ref, reduce);
    const { found } = this;
    found.clear();
    const { i32, u32 } = this.heap;
    const slots = slotsAt(ref) >>> 2;
    // A plain load: whoever asks knows that all maps are done, and an atomic one costs more than all the rest here.
    const counts = (map: number, attempt: number) =>
      gathered === undefined ? u32[slots + map] === doneBy(attempt) : gathered.winners[map] === attempt;
    for (const block of gathered === undefined ? blocks : [...blocks, ...gathered.blocks]) {
      if (u32[block >>> 2] !== BLOCK_MAGIC)
        throw new HeddleError('HEDDLE_CORRUPT', `no shuffle block at ${block}`, { data: { block, reduce } });
      const end = block + usedBytes(i32, block);
      for (let at = block + BLOCK_HEADER; at < end; at = nextRun(u32, at)) {
        const run = at >>> 2;
        if (u32[run + runWord.rows / 4] === 0) continue;
        const map = u32[run]!;
        if (counts(map, u32[run + runWord.attempt / 4]!)) found.add(map, u32[run + runWord.sequence / 4]!, at);
      }
    }
    if (ref.groups !== 0) eachSorted(this.heap, ref, reduce, counts, (map, block) => found.add(map, 0, sortedEntry(block)));
    found.sort();
    return found;
  }

  /** Keeps a committed block for as long as the shuffle is there; its first word is taken for that. */
  keep(ref: ShuffleRef, table: number): void {
    const { i32 } = this.heap;
    const head = ref.address + TABLES;
    for (;;) {
      const next = loadWord(i32, head);
      storeWord(i32, table, next);
      if (swapWord(i32, head, next, table)) return;
    }
  }

  /** Gives back all memory of a shuffle. No task may be using it. */
  free(ref: ShuffleRef): void {
    for (let r = 0; r < ref.reducers; r++) {
      for (const block of this.reachable(ref, r)) this.heap.free(block);
      this.rings.delete(ringAt(ref, r));
    }
    if (ref.groups !== 0) freeSorted(this.heap, ref);
    const tables: number[] = [];
    for (let at = loadWord(this.heap.i32, ref.address + TABLES); at !== 0; at = loadWord(this.heap.i32, at)) tables.push(at);
    for (const table of tables) this.heap.free(table);
    this.heap.free(ref.address);
    this.spill?.removeOf(spillPrefix(ref.id));
  }

  /** Moves what the ring holds into the segment, and lists the segment. */
  private reachable(ref: ShuffleRef, reduce: number): number[] {
    const ring = this.ring(ref, reduce);
    for (let block = ring.tryPop(); block !== undefined; block = ring.tryPop()) this.link(ref, reduce, block >>> 0);
    const found: number[] = [];
    const { i32 } = this.heap;
    for (let block = loadWord(i32, segmentAt(ref, reduce) + HEAD); block !== 0; block = loadWord(i32, block + blockWord.next))
      found.push(block);
    return found;
  }

  /** Puts a block at the head of the segment. Blocks are only ever added, so comparing the head alone is enough. */
  private link(ref: ShuffleRef, reduce: number, block: number): void {
    const { i32 } = this.heap;
    const head = segmentAt(ref, reduce) + HEAD;
    for (;;) {
      const next = loadWord(i32, head);
      storeWord(i32, block + blockWord.next, next);
      if (swapWord(i32, head, next, block)) return;
    }
  }

  private ring(ref: ShuffleRef, reduce: number): WordRing {
    const at = ringAt(ref, reduce);
    let ring = this.rings.get(at);
    if (ring === undefined) {
      if (this.rings.size >= MOST_RINGS) this.rings.clear();
      ring = WordRing.open(sharedBuffer(this.heap), at);
      this.rings.set(at, ring);
    }
    return ring;
  }
}
