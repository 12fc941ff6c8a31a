// A bounded queue of fixed-size entries in shared memory, for many producers and many consumers on any threads.
//
// Promised: every entry that was pushed is popped once; entries of one producer keep their order, and a batch stays
// together, in the order of the pops' claims; a push into a closed ring throws; no operation allocates. Not promised:
// fairness, wait-freedom (a thread that stops between claiming and publishing a slot holds the consumers up there, see
// repair()), and anything about a Ring object shared by two callers at once: open one for each thread. README.md has the
// byte layout, the argument for the memory order, and figures.
import { badArgument } from '../../core/errors.js';
import { Slots } from './slots.js';
import { spinThenSleep, type WaitStrategy } from './wait.js';

export { busySpin, type SpinThenSleepOptions, spinThenSleep, type WaitStrategy } from './wait.js';
export { WordRing, type WordRingShape } from './word-ring.js';

export interface OpenOptions {
  /** How this thread waits; spinThenSleep() unless given. */
  readonly wait?: WaitStrategy;
}

export interface RingShape {
  /** Entries the ring holds: a power of two, up to 2^28. */
  readonly capacity: number;
  /** 32-bit words of an entry. */
  readonly words: number;
  /** The position of the first entry: only tests of the wrap at 2^30 need it. */
  readonly firstPosition?: number;
}

export class Ring {
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly #slots: Slots;
  readonly #memory: Int32Array;
  readonly #words: number;

  /** The bytes that a ring takes in a buffer. */
  static bytes(capacity: number, words: number): number {
    return Slots.bytes(capacity, words);
  }

  /** A ring in a buffer of its own: pass `buffer` to other threads, which open it. */
  static create(options: RingShape & OpenOptions): Ring {
    return Ring.format(new SharedArrayBuffer(Slots.bytes(options.capacity, options.words)), 0, options);
  }

  /** Makes an empty ring at `offset`, a multiple of 4 (of 64, to be fast), over whatever was there. */
  static format(buffer: SharedArrayBuffer, offset: number, options: RingShape & OpenOptions): Ring {
    Slots.format(buffer, offset, options.capacity, options.words, options.firstPosition ?? 0);
    return Ring.open(buffer, offset, options);
  }

  /** Opens the ring that was made at `offset`. */
  static open(buffer: SharedArrayBuffer, offset = 0, options: OpenOptions = {}): Ring {
    return new Ring(buffer, offset, new Slots(buffer, offset, options.wait ?? spinThenSleep()));
  }

  private constructor(buffer: SharedArrayBuffer, offset: number, slots: Slots) {
    this.buffer = buffer;
    this.offset = offset;
    this.#slots = slots;
    this.#memory = slots.memory;
    this.#words = slots.words;
  }

  get capacity(): number {
    return this.#slots.capacity;
  }

  get words(): number {
    return this.#slots.words;
  }

  /** How many entries are in the ring, about: others push and pop meanwhile. */
  get size(): number {
    return this.#slots.size();
  }

  get closed(): boolean {
    return this.#slots.closed();
  }

  /** Closed, and every entry popped: nothing will come any more. */
  get drained(): boolean {
    return this.#slots.drained();
  }

  /** Pushes the entry at entry[at ...]; false when the ring is full. */
  tryPush(entry: Int32Array, at = 0): boolean {
    this.#check(entry, at, 1);
    if (this.#slots.claimPush(1) === 0) return false;
    this.#fill(entry, at, 1);
    return true;
  }

  /** Like tryPush(), but waits for room; false when there was none for `timeoutMs`. */
  push(entry: Int32Array, at = 0, timeoutMs = Number.POSITIVE_INFINITY): boolean {
    this.#check(entry, at, 1);
    if (this.#slots.claimPush(1) === 0 && this.#slots.waitToPush(1, timeoutMs) === 0) return false;
    this.#fill(entry, at, 1);
    return true;
  }

  /**
   * Pushes up to `count` entries that lie one after the other from entries[at], in one step and so side by side; returns
   * how many there was room for. Waits up to `timeoutMs` for room for the first.
   */
  pushMany(entries: Int32Array, at: number, count: number, timeoutMs = 0): number {
    this.#check(entries, at, count);
    if (count === 0) return 0;
    let pushed = this.#slots.claimPush(count);
    if (pushed === 0 && timeoutMs !== 0) pushed = this.#slots.waitToPush(count, timeoutMs);
    if (pushed > 0) this.#fill(entries, at, pushed);
    return pushed;
  }

  /** Pops an entry to into[at ...]; false when there is none. */
  tryPop(into: Int32Array, at = 0): boolean {
    this.#check(into, at, 1);
    if (this.#slots.claimPop(1) === 0) return false;
    this.#empty(into, at, 1);
    return true;
  }

  /** Like tryPop(), but waits for an entry; false when none came for `timeoutMs`, or the ring is drained. */
  pop(into: Int32Array, at = 0, timeoutMs = Number.POSITIVE_INFINITY): boolean {
    this.#check(into, at, 1);
    if (this.#slots.claimPop(1) === 0 && this.#slots.waitToPop(1, timeoutMs) === 0) return false;
    this.#empty(into, at, 1);
    return true;
  }

  /** Pops up to `most` entries, one after the other to into[at ...]; returns how many. Waits up to `timeoutMs` for the first. */
  popMany(into: Int32Array, at: number, most: number, timeoutMs = 0): number {
    this.#check(into, at, most);
    if (most === 0) return 0;
    let popped = this.#slots.claimPop(most);
    if (popped === 0 && timeoutMs !== 0) popped = this.#slots.waitToPop(most, timeoutMs);
    if (popped > 0) this.#empty(into, at, popped);
    return popped;
  }

  /** No push succeeds from now on; pops go on until the ring is drained. Wakes whoever waits. */
  close(): void {
    this.#slots.close();
  }

  /**
   * Finishes what dead threads began: an entry that was claimed and never published is filled with `filler` words and
   * published, a slot that was claimed by a consumer and never released is released (what was in it is lost). Only while
   * no living thread is inside a push or a pop, asleep ones included. Returns how many of each there were.
   */
  repair(filler: number): { readonly published: number; readonly released: number } {
    return this.#slots.repair(filler);
  }

  #fill(entries: Int32Array, at: number, count: number): void {
    const slots = this.#slots;
    const memory = this.#memory;
    const words = this.#words;
    let to = slots.firstEntry();
    for (let from = at, last = at + count * words; from < last; from += words) {
      for (let word = 0; word < words; word++) memory[to + word] = entries[from + word]!;
      to = slots.nextEntry(to);
    }
    slots.publish(count);
  }

  #empty(into: Int32Array, at: number, count: number): void {
    const slots = this.#slots;
    const memory = this.#memory;
    const words = this.#words;
    let from = slots.firstEntry();
    for (let to = at, last = at + count * words; to < last; to += words) {
      for (let word = 0; word < words; word++) into[to + word] = memory[from + word]!;
      from = slots.nextEntry(from);
    }
    slots.release(count);
  }

  /** Before anything is claimed: a claim that is not followed by a publication would block the ring. */
  #check(array: Int32Array, at: number, count: number): void {
    if (!(Number.isInteger(count) && count >= 0)) throw badArgument('count', count, 'a whole number of entries, 0 or more');
    if (!(Number.isInteger(at) && at >= 0 && at + count * this.#words <= array.length)) {
      throw badArgument('at', at, `an index with ${count} entries of ${this.#words} words after it in an array of ${array.length}`);
    }
  }
}
