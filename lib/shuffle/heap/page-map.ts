// The page map: one word for each 4 KiB page, and a buddy system over it.
//
// The word of a block's first page (its head) says what the block is; the words of its other pages are zero:
//   bits 0-19   a used block's pages (any number), or a free block's order (2^order pages)
//   bits 20-21  0 no head, 1 free, 2 staging, 3 committed
//   bits 22-31  the thread that owns it
// A block starts at a multiple of its size rounded up to a power of two. What a request leaves of such a run goes back
// at once, so a block wastes less than a page.
//
// Every change is made under the heap's lock, and its writes are ordered so that a thread may be terminated between any
// two of them: walking from head to head always covers the heap exactly, because new heads are written while they still
// lie inside an older block, and one write to that block's head then makes them visible. What may be left behind are
// words inside blocks, bits of the bitmaps and counters; rebuild() derives all three from the heads. A request that was
// cut short has either happened or not; a block given to a dead thread is found by its owner.
import { HeddleError } from '../../core/errors.js';
import type { FreeBitmap } from './free-bitmap.js';
import { BLOCKS, FIRST_PAGE, MAX_PAGES, PAGE_SHIFT, PAGES, TOP_ORDER, USED_PAGES } from './layout.js';

export const STAGING = 2;
export const COMMITTED = 3;
const FREE = 1;
const STATE_SHIFT = 20;
const OWNER_SHIFT = 22;
const FREE_HEAD = FREE << STATE_SHIFT;
const COUNT = (1 << STATE_SHIFT) - 1;

export type UsedState = typeof STAGING | typeof COMMITTED;

export class PageMap {
  readonly #header: Int32Array;
  readonly #map: Int32Array;
  readonly #free: FreeBitmap;

  constructor(header: Int32Array, map: Int32Array, free: FreeBitmap) {
    this.#header = header;
    this.#map = map;
    this.#free = free;
  }

  /** Takes a run of `pages`, 1 at least; returns its first page, or 0 when no free block is large enough. */
  claim(pages: number, state: UsedState, owner: number): number {
    const map = this.#map;
    const free = this.#free;
    const page = free.lowestFrom(orderOf(pages));
    if (page < 0) return 0;
    const order = map[page]! & COUNT;
    const end = page + (1 << order);
    free.remove(order, page >>> order);
    for (let at = page + pages; at < end; at += at & -at) map[at] = FREE_HEAD | log2(at & -at);
    map[page] = pages | (state << STATE_SHIFT) | (owner << OWNER_SHIFT); // from here on the block is given
    for (let at = page + pages; at < end; at += at & -at) {
      const tail = log2(at & -at);
      free.add(tail, at >>> tail);
    }
    this.#header[USED_PAGES]! += pages;
    this.#header[BLOCKS]! += 1;
    return page;
  }

  /** Gives a used block back and joins it with its free neighbours. */
  release(page: number): void {
    const map = this.#map;
    const pages = this.pagesOf(page);
    // The run is the sum of its binary digits, the largest first; written from the last to the first, which is the head.
    for (let rest = pages, at = page + pages; rest !== 0; rest &= rest - 1) {
      const size = rest & -rest;
      at -= size;
      map[at] = FREE_HEAD | log2(size);
    }
    for (let rest = pages, at = page + pages; rest !== 0; rest &= rest - 1) {
      const size = rest & -rest;
      at -= size;
      this.#insert(at, log2(size));
    }
    this.#header[USED_PAGES]! -= pages;
    this.#header[BLOCKS]! -= 1;
  }

  /** Adds the pages from the present end up to `end`. */
  extend(end: number): void {
    const from = this.#header[PAGES]!;
    for (let at = from; at < end; at += alignedSize(at, end)) this.#map[at] = FREE_HEAD | log2(alignedSize(at, end));
    this.#header[PAGES] = end; // from here on the walk reaches them
    for (let at = from; at < end; ) {
      const size = alignedSize(at, end);
      this.#insert(at, log2(size));
      at += size;
    }
  }

  /** How many pages the used block that starts at `page` has. */
  pagesOf(page: number): number {
    return this.#used(page) & COUNT;
  }

  /**
   * Changes a used block's state and owner, without the lock: only the block's user does it, and nobody else writes the
   * head of a used block.
   */
  setState(page: number, state: UsedState, owner: number): void {
    const entry = this.#used(page);
    const next = (entry & COUNT) | (state << STATE_SHIFT) | (owner << OWNER_SHIFT);
    if (Atomics.compareExchange(this.#map, page, entry, next) !== entry) {
      throw defect(page, 'was changed by another thread while its state was set');
    }
  }

  /** The first pages of the blocks that `owner` has in staging. */
  stagingOf(owner: number): number[] {
    const found: number[] = [];
    const wanted = (STAGING << STATE_SHIFT) | (owner << OWNER_SHIFT);
    this.#walk((page, entry) => {
      if ((entry & ~COUNT) === wanted) found.push(page);
    });
    return found;
  }

  /** The order of the largest free block, or -1. */
  largestOrder(): number {
    return this.#free.largest();
  }

  /** Makes words inside blocks, bitmaps and counters agree with the heads. May itself be cut short and started again. */
  rebuild(): void {
    const map = this.#map;
    let used = 0;
    let blocks = 0;
    this.#free.clear();
    this.#walk((page, entry, size) => {
      for (let inside = page + 1; inside < page + size; inside++) if (map[inside] !== 0) map[inside] = 0;
      if (stateOf(entry) === FREE) {
        this.#insert(page, entry & COUNT); // joins downwards only: what is above is not in the bitmaps yet
      } else {
        used += size;
        blocks += 1;
      }
    });
    this.#header[USED_PAGES] = used;
    this.#header[BLOCKS] = blocks;
  }

  /** Throws unless heads, bitmaps and counters agree and no two free buddies lie side by side. For tests: walks all pages. */
  verify(): void {
    const map = this.#map;
    const free = this.#free;
    let used = 0;
    let blocks = 0;
    this.#walk((page, entry, size) => {
      for (let inside = page + 1; inside < page + size; inside++) {
        if (map[inside] !== 0) throw defect(inside, 'has an entry, but lies inside a block');
      }
      const order = orderOf(size);
      if (page % (1 << order) !== 0) throw defect(page, 'is not aligned to its size');
      const isFree = stateOf(entry) === FREE;
      for (let k = 0; k <= TOP_ORDER; k++) {
        if (page % (1 << k) !== 0) break;
        if (free.has(k, page >>> k) !== (isFree && k === order)) throw defect(page, `is wrong in the bitmap of order ${k}`);
      }
      if (isFree && free.has(order, (page >>> order) ^ 1)) throw defect(page, 'is free beside its free buddy');
      if (!isFree) {
        used += size;
        blocks += 1;
      }
    });
    if (used !== this.#header[USED_PAGES] || blocks !== this.#header[BLOCKS]) throw defect(0, 'counters are wrong');
  }

  /** A free block of 2^order pages whose head is already written: joins it with its buddies and enters it in the bitmaps. */
  #insert(page: number, order: number): void {
    const map = this.#map;
    const free = this.#free;
    while (order < TOP_ORDER) {
      const buddy = page ^ (1 << order);
      if (!free.has(order, buddy >>> order)) break;
      free.remove(order, buddy >>> order);
      const low = page & buddy;
      order += 1;
      map[low] = FREE_HEAD | order; // now the higher half lies inside,
      map[page | buddy] = 0; // and then its head may go
      page = low;
    }
    free.add(order, page >>> order);
  }

  #walk(visit: (page: number, entry: number, size: number) => void): void {
    const end = this.#header[PAGES]!;
    let page = this.#header[FIRST_PAGE]!;
    while (page < end) {
      const entry = this.#map[page]!;
      const state = stateOf(entry);
      if (state === 0) throw defect(page, 'has no entry where a block should start');
      const size = state === FREE ? 1 << (entry & COUNT) : entry & COUNT;
      if (size === 0 || page + size > end) throw defect(page, 'has an entry that leads out of the heap');
      visit(page, entry, size);
      page += size;
    }
  }

  #used(page: number): number {
    if (page < this.#header[FIRST_PAGE]! || page >= this.#header[MAX_PAGES]!) throw defect(page, 'is not in the heap');
    const entry = Atomics.load(this.#map, page);
    if (stateOf(entry) < STAGING) throw defect(page, 'is not the start of a block in use: freed twice, or not an address from allocate()');
    return entry;
  }
}

/** The smallest order of at least `pages` pages. */
export function orderOf(pages: number): number {
  return pages <= 1 ? 0 : 32 - Math.clz32(pages - 1);
}

function stateOf(entry: number): number {
  return (entry >>> STATE_SHIFT) & 3;
}

function log2(size: number): number {
  return 31 - Math.clz32(size);
}

/** The largest power of two that page `at` is a multiple of and that ends by `end`. */
function alignedSize(at: number, end: number): number {
  return Math.min(at & -at, 1 << log2(end - at));
}

function defect(page: number, what: string): HeddleError {
  const address = page * 2 ** PAGE_SHIFT;
  return new HeddleError('HEDDLE_INTERNAL', `shared heap: address 0x${address.toString(16)} ${what}`, { data: { address } });
}
