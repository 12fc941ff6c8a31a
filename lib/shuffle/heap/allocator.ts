// The shared heap: blocks of 4 KiB and more in one shared WebAssembly memory, given and taken back by any thread.
//
// Addresses are unsigned 32-bit byte offsets, never 0; blocks are aligned to 4 KiB at least, and to their size rounded up
// to a power of two. A block is staging (it belongs to the thread that asked for it, and goes with it) or committed (it
// outlives its thread). Memory is given as it is: nothing is zeroed.
//
// One lock guards the page map; it is held for microseconds. A thread that is terminated while it holds the lock leaves
// a heap that breakLock() makes whole: no block that was given is lost or given twice; the request that was cut short
// either happened (then its block is staging, and releaseStaging() finds it) or did not.
//
// Not for records: it is for blocks that hold thousands of them.
import { badArgument, HeddleError } from '../../core/errors.js';
import { FreeBitmap } from './free-bitmap.js';
import {
  BLOCKS,
  FIRST_PAGE,
  HEADER_ADDRESS,
  HEADER_BYTES,
  LOCK,
  MAGIC,
  MAGIC_VALUE,
  MAP_ADDRESS,
  MAX_PAGES,
  MOST_THREADS,
  PAGE_BYTES,
  PAGE_SHIFT,
  PAGES,
  THREADS,
  TOP_ORDER,
  USED_PAGES,
  WASM_PAGE_BYTES,
  WORDS_END,
  WORDS_START,
} from './layout.js';
import { HeapLock } from './lock.js';
import { COMMITTED, orderOf, PageMap, STAGING } from './page-map.js';
import { addRegion, findRegion } from './regions.js';

const LARGEST_REQUEST = 2 ** 32;
/** A heap that grows does so by this at least: growing is a system call, and every thread has to make new views. */
const GROW_PAGES = (16 << 20) / PAGE_BYTES;

export type BlockState = 'staging' | 'committed';

export interface HeapStats {
  /** Bytes of blocks in use. */
  readonly usedBytes: number;
  /** Bytes that are free, counting those the memory may still grow by. */
  readonly freeBytes: number;
  /** Blocks in use. */
  readonly blocks: number;
  /** The largest request that can be granted without growing. */
  readonly largestFree: number;
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** What this thread's task can do where there is no room for something it cannot do without: true when it gave memory back. */
  relief: (() => boolean) | undefined;
  readonly #header: Int32Array;
  readonly #pages: PageMap;
  readonly #lock: HeapLock;
  #seenPages = -1;
  #u8!: Uint8Array;
  #i32!: Int32Array;
  #u32!: Uint32Array;
  #f64!: Float64Array;

  /** Lays out a heap in a memory fresh from reserveHeap(), and opens it for thread 0. */
  static format(memory: WebAssembly.Memory, options: { readonly threads: number }): Heap {
    const { threads } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
      throw badArgument('threads', threads, `a whole number from 1 to ${MOST_THREADS}`);
    }
    const header = headerOf(memory);
    if (header[MAGIC] === MAGIC_VALUE) throw badArgument('memory', memory, 'a memory that holds no heap yet');
    const present = memory.buffer.byteLength / PAGE_BYTES;
    const maxPages = Math.max(header[MAX_PAGES]!, present);
    const bitmaps = FreeBitmap.words(maxPages) * 4;
    const firstPage = Math.ceil((MAP_ADDRESS + maxPages * 4 + bitmaps) / PAGE_BYTES);
    if (firstPage >= present) throw badArgument('memory', memory, `a memory of more than ${firstPage * PAGE_BYTES} bytes`);
    header[MAX_PAGES] = maxPages;
    header[FIRST_PAGE] = firstPage;
    header[PAGES] = firstPage;
    header[THREADS] = threads;
    header[WORDS_END] = WORDS_START;
    pageMapOf(memory, header).extend(present);
    Atomics.store(header, MAGIC, MAGIC_VALUE); // last: open() reads it first
    return new Heap(memory, header, 0);
  }

  /** Opens the heap in `memory` on the thread with this index. */
  static open(memory: WebAssembly.Memory, thread: number): Heap {
    const header = headerOf(memory);
    if (Atomics.load(header, MAGIC) !== MAGIC_VALUE)
      throw badArgument('memory', memory, 'a memory that holds a heap: Heap.format() it first');
    return new Heap(memory, header, checkThread(header, thread));
  }

  private constructor(memory: WebAssembly.Memory, header: Int32Array, thread: number) {
    this.memory = memory;
    this.thread = thread;
    this.#header = header;
    this.#pages = pageMapOf(memory, header);
    this.#lock = new HeapLock(header, LOCK, thread);
    this.#refresh();
  }

  /** Bytes of blocks that there can be. */
  get capacity(): number {
    return (this.#header[MAX_PAGES]! - this.#header[FIRST_PAGE]!) * PAGE_BYTES;
  }

  /** Threads that the heap was laid out for. */
  get threads(): number {
    return this.#header[THREADS]!;
  }

  // Views of the whole heap. Keep one in a local while working on a block; ask again for a block that came from elsewhere,
  // because where the memory grows an older view may end before it. The check is one load: PAGES is written before any
  // address past the old end is given out.

  get u8(): Uint8Array {
    if (this.#header[PAGES] !== this.#seenPages) this.#refresh();
    return this.#u8;
  }

  get i32(): Int32Array {
    if (this.#header[PAGES] !== this.#seenPages) this.#refresh();
    return this.#i32;
  }

  get u32(): Uint32Array {
    if (this.#header[PAGES] !== this.#seenPages) this.#refresh();
    return this.#u32;
  }

  get f64(): Float64Array {
    if (this.#header[PAGES] !== this.#seenPages) this.#refresh();
    return this.#f64;
  }

  /** A staging block of at least `bytes` for this thread: its address, or 0 when the heap has no room for it. */
  allocate(bytes: number): number {
    if (!(bytes > 0 && bytes <= LARGEST_REQUEST)) throw badArgument('bytes', bytes, 'a number of bytes above 0 and up to 4 GiB');
    const pages = Math.ceil(bytes / PAGE_BYTES);
    this.#lock.acquire();
    try {
      return (this.#claim(pages, STAGING) << PAGE_SHIFT) >>> 0;
    } finally {
      this.#lock.release();
    }
  }

  /** Gives a block back, whoever asked for it. */
  free(address: number): void {
    const page = pageAt(address);
    this.#lock.acquire();
    try {
      this.#pages.release(page);
    } finally {
      this.#lock.release();
    }
  }

  /** The bytes of a block, which are what was asked for rounded up to whole pages. */
  sizeOf(address: number): number {
    return this.#pages.pagesOf(pageAt(address)) * PAGE_BYTES;
  }

  /** Committed blocks outlive their thread; a block set to staging belongs to this thread from now on. */
  setState(address: number, state: BlockState): void {
    this.#pages.setState(pageAt(address), state === 'committed' ? COMMITTED : STAGING, this.thread);
  }

  /** Frees every staging block of a thread that is dead, or whose task failed; returns how many there were. */
  releaseStaging(thread: number): number {
    checkThread(this.#header, thread);
    this.#lock.acquire();
    try {
      const found = this.#pages.stagingOf(thread);
      for (const page of found) this.#pages.release(page);
      return found.length;
    } finally {
      this.#lock.release();
    }
  }

  /**
   * After a thread has ended, and before its index is used again: frees the lock if the thread died holding it, and makes
   * the heap whole. Returns whether it did. Calling it for a thread that still runs corrupts the heap.
   */
  breakLock(thread: number): boolean {
    checkThread(this.#header, thread);
    if (!this.#lock.takeOver(thread)) return false;
    try {
      this.#pages.rebuild();
    } finally {
      this.#lock.release();
    }
    return true;
  }

  /**
   * A few words of the header, zeroed, for as long as the heap lives: counters, flags, tables of addresses. Eight-byte
   * aligned; 0 when the header is full (it has 60 KiB).
   */
  allocateWords(words: number): number {
    if (!Number.isInteger(words) || words < 1) throw badArgument('words', words, 'a whole number of words, 1 at least');
    this.#lock.acquire();
    try {
      return this.#claimWords(words, 8);
    } finally {
      this.#lock.release();
    }
  }

  /**
   * A region that threads find by its name: zeroed by the first who asks, and there for as long as the heap lives.
   * Returns its address, aligned to 64 bytes.
   */
  region(name: string, bytes: number): number {
    if (!(bytes > 0 && bytes <= LARGEST_REQUEST)) throw badArgument('bytes', bytes, 'a number of bytes above 0 and up to 4 GiB');
    this.#lock.acquire();
    try {
      const known = findRegion(this.#header, name, bytes);
      if (known !== 0) return known;
      let address = bytes <= PAGE_BYTES ? this.#claimWords(Math.ceil(bytes / 4), 64) : 0;
      if (address === 0) {
        const pages = Math.ceil(bytes / PAGE_BYTES);
        // Committed before it has a name: a thread that dies in between leaks a block, and never a name for a freed one.
        address = (this.#claim(pages, COMMITTED) << PAGE_SHIFT) >>> 0;
        if (address === 0) throw heapFull(bytes);
        this.u8.fill(0, address, address + pages * PAGE_BYTES);
      }
      addRegion(this.#header, name, address, bytes);
      return address;
    } finally {
      this.#lock.release();
    }
  }

  stats(): HeapStats {
    this.#lock.acquire();
    try {
      const header = this.#header;
      const order = this.#pages.largestOrder();
      return {
        usedBytes: header[USED_PAGES]! * PAGE_BYTES,
        freeBytes: (header[MAX_PAGES]! - header[FIRST_PAGE]! - header[USED_PAGES]!) * PAGE_BYTES,
        blocks: header[BLOCKS]!,
        largestFree: order < 0 ? 0 : 2 ** order * PAGE_BYTES,
      };
    } finally {
      this.#lock.release();
    }
  }

  /** The part of it that is in use, 0 to 1. */
  get use(): number {
    return this.stats().usedBytes / this.u8.length;
  }

  /** Throws HEDDLE_INTERNAL unless the heap's own records agree with each other. Reads the whole page map: for tests. */
  verify(): void {
    this.#lock.acquire();
    try {
      this.#pages.verify();
    } finally {
      this.#lock.release();
    }
  }

  #claim(pages: number, state: typeof STAGING | typeof COMMITTED): number {
    const order = orderOf(pages);
    if (order >= TOP_ORDER) return 0; // the header is in the way of a block as large as the heap
    for (;;) {
      const page = this.#pages.claim(pages, state, this.thread);
      if (page !== 0) return page;
      if (!this.#grow(1 << order)) return 0;
    }
  }

  /** Grows the memory by `pages` at least, if it may; false when it may not, or cannot. */
  #grow(pages: number): boolean {
    const header = this.#header;
    const end = header[PAGES]!;
    const most = header[MAX_PAGES]!;
    if (end >= most) return false;
    // Past the end there may be memory already: of a thread that grew it and ended before it said so.
    if (this.memory.buffer.byteLength / PAGE_BYTES <= end) {
      const wanted = Math.min(most - end, Math.max(pages, end >>> 2, GROW_PAGES));
      try {
        this.memory.grow(Math.ceil((wanted * PAGE_BYTES) / WASM_PAGE_BYTES));
      } catch {
        return false; // the system has no more: the heap is as large as it gets for now
      }
    }
    this.#pages.extend(Math.min(most, this.memory.buffer.byteLength / PAGE_BYTES));
    return true;
  }

  #claimWords(words: number, alignment: number): number {
    const at = Math.ceil(this.#header[WORDS_END]! / alignment) * alignment;
    if (at + words * 4 > HEADER_BYTES) return 0;
    this.#header[WORDS_END] = at + words * 4;
    this.#header.fill(0, at / 4, at / 4 + words);
    return HEADER_ADDRESS + at;
  }

  #refresh(): void {
    // The count first: a view made after it can only be longer.
    this.#seenPages = this.#header[PAGES]!;
    const { buffer } = this.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }
}

function headerOf(memory: WebAssembly.Memory): Int32Array {
  if (!(memory instanceof WebAssembly.Memory) || !(memory.buffer instanceof SharedArrayBuffer) || memory.buffer.byteLength < MAP_ADDRESS) {
    throw badArgument('memory', memory, 'a shared WebAssembly.Memory from reserveHeap()');
  }
  return new Int32Array(memory.buffer, HEADER_ADDRESS, HEADER_BYTES / 4);
}

/** The maps lie in the memory's first part, which is there from the start: their views never have to be made again. */
function pageMapOf(memory: WebAssembly.Memory, header: Int32Array): PageMap {
  const maxPages = header[MAX_PAGES]!;
  const map = new Int32Array(memory.buffer, MAP_ADDRESS, maxPages);
  const words = new Int32Array(memory.buffer, MAP_ADDRESS + maxPages * 4, FreeBitmap.words(maxPages));
  return new PageMap(header, map, new FreeBitmap(header, words, maxPages));
}

function checkThread(header: Int32Array, thread: number): number {
  const threads = header[THREADS]!;
  if (!Number.isInteger(thread) || thread < 0 || thread >= threads) {
    throw badArgument('thread', thread, `a whole number from 0 to ${threads - 1}`);
  }
  return thread;
}

function pageAt(address: number): number {
  if (!Number.isInteger(address) || address <= 0 || address >= LARGEST_REQUEST || address % PAGE_BYTES !== 0) {
    throw new HeddleError('HEDDLE_INTERNAL', `shared heap: ${address} is not an address from allocate()`, { data: { address } });
  }
  return address / PAGE_BYTES;
}

function heapFull(bytes: number): HeddleError {
  return new HeddleError('HEDDLE_HEAP_FULL', `the shared heap has no room for a region of ${bytes} bytes: give the context more memory`, {
    data: { bytes },
  });
}
