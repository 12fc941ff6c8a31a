// Which aligned blocks of 2^k pages are free: one bitmap for each order k, under a tree of summary words, so that
// "the lowest free block of order k" is at most four words away. Taking the lowest address first, whatever the order, keeps
// the pages in use together at the start of the heap: small blocks that stay do not settle between large ones that go, and
// most of the heap is never touched, so not resident.
//
// An index, not the truth: the page map is, and rebuild() there makes these bits anew.
import { ORDERS, TOP_ORDER } from './layout.js';

const MOST_LEVELS = 5;

export class FreeBitmap {
  readonly #words: Int32Array;
  readonly #header: Int32Array;
  /** Where level l of order k starts, at [k * MOST_LEVELS + l]. */
  readonly #starts = new Int32Array((TOP_ORDER + 1) * MOST_LEVELS);
  readonly #tops = new Int32Array(TOP_ORDER + 1);

  /** How many words the bitmaps of a heap of `maxPages` take. */
  static words(maxPages: number): number {
    return layOut(maxPages, undefined, undefined);
  }

  constructor(header: Int32Array, words: Int32Array, maxPages: number) {
    this.#header = header;
    this.#words = words;
    layOut(maxPages, this.#starts, this.#tops);
  }

  has(order: number, block: number): boolean {
    return (this.#words[this.#starts[order * MOST_LEVELS]! + (block >>> 5)]! & (1 << (block & 31))) !== 0;
  }

  add(order: number, block: number): void {
    const words = this.#words;
    const top = this.#tops[order]!;
    let at = block;
    for (let level = 0; level <= top; level++) {
      const word = this.#starts[order * MOST_LEVELS + level]! + (at >>> 5);
      const before = words[word]!;
      words[word] = before | (1 << (at & 31));
      if (before !== 0) return; // the levels above already say that something is here
      at >>>= 5;
    }
    this.#header[ORDERS]! |= 1 << order;
  }

  remove(order: number, block: number): void {
    const words = this.#words;
    const top = this.#tops[order]!;
    let at = block;
    for (let level = 0; level <= top; level++) {
      const word = this.#starts[order * MOST_LEVELS + level]! + (at >>> 5);
      const after = words[word]! & ~(1 << (at & 31));
      words[word] = after;
      if (after !== 0) return;
      at >>>= 5;
    }
    this.#header[ORDERS]! &= ~(1 << order);
  }

  /** The first page of the free block with the lowest address of those of at least `order`, or -1. */
  lowestFrom(order: number): number {
    let lowest = -1;
    for (let orders = this.#header[ORDERS]! & (-1 << order); orders !== 0; orders &= orders - 1) {
      const at = lowestBit(orders);
      const page = this.#first(at) << at;
      if (lowest < 0 || page < lowest) lowest = page;
    }
    return lowest;
  }

  /** The largest order that has a free block, or -1. */
  largest(): number {
    return 31 - Math.clz32(this.#header[ORDERS]!);
  }

  /** No block is free. Words that are zero are left alone, so that memory nobody used stays untouched. */
  clear(): void {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) words[i] = 0;
    this.#header[ORDERS] = 0;
  }

  /** The lowest free block of an order that has one. */
  #first(order: number): number {
    let at = 0;
    for (let level = this.#tops[order]!; level >= 0; level--) {
      at = (at << 5) | lowestBit(this.#words[this.#starts[order * MOST_LEVELS + level]! + at]!);
    }
    return at;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function layOut(maxPages: number, starts: Int32Array | undefined, tops: Int32Array | undefined): number {
  let next = 0;
  for (let order = 0; order <= TOP_ORDER; order++) {
    let bits = Math.ceil(maxPages / 2 ** order);
    for (let level = 0; ; level++) {
      // Whole words, so that the buddy of a block that exists always has a bit, beside it, even past the end of the heap.
      const words = Math.ceil(bits / 32);
      if (starts !== undefined) starts[order * MOST_LEVELS + level] = next;
      next += words;
      if (words === 1) {
        if (tops !== undefined) tops[order] = level;
        break;
      }
      bits = words;
    }
  }
  return next;
}
