// A ring whose entries are single 32-bit words, passed by value: descriptors, addresses, indices. The same layout and the
// same promises as a Ring with one word an entry, which can be opened either way.
//
// Words come out as signed: `>>> 0` makes an address of one.
import { badArgument } from '../../core/errors.js';
import type { OpenOptions } from './ring.js';
import { Slots } from './slots.js';
import { spinThenSleep } from './wait.js';

export interface WordRingShape {
  /** Words the ring holds: a power of two, up to 2^28. */
  readonly capacity: number;
  /** The position of the first entry: only tests of the wrap at 2^30 need it. */
  readonly firstPosition?: number;
}

export class WordRing {
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly #slots: Slots;
  readonly #memory: Int32Array;

  /** The bytes that a ring takes in a buffer. */
  static bytes(capacity: number): number {
    return Slots.bytes(capacity, 1);
  }

  /** A ring in a buffer of its own: pass `buffer` to other threads, which open it. */
  static create(options: WordRingShape & OpenOptions): WordRing {
    return WordRing.format(new SharedArrayBuffer(Slots.bytes(options.capacity, 1)), 0, options);
  }

  /** Makes an empty ring at `offset`, a multiple of 4 (of 64, to be fast), over whatever was there. */
  static format(buffer: SharedArrayBuffer, offset: number, options: WordRingShape & OpenOptions): WordRing {
    Slots.format(buffer, offset, options.capacity, 1, options.firstPosition ?? 0);
    return WordRing.open(buffer, offset, options);
  }

  /** Opens the ring that was made at `offset`. */
  static open(buffer: SharedArrayBuffer, offset = 0, options: OpenOptions = {}): WordRing {
    const slots = new Slots(buffer, offset, options.wait ?? spinThenSleep());
    if (slots.words !== 1)
      throw badArgument('offset', offset, `a ring of one word an entry (this one has ${slots.words}: open it as a Ring)`);
    return new WordRing(buffer, offset, slots);
  }

  private constructor(buffer: SharedArrayBuffer, offset: number, slots: Slots) {
    this.buffer = buffer;
    this.offset = offset;
    this.#slots = slots;
    this.#memory = slots.memory;
  }

  get capacity(): number {
    return this.#slots.capacity;
  }

  /** How many words are in the ring, about: others push and pop meanwhile. */
  get size(): number {
    return this.#slots.size();
  }

  get closed(): boolean {
    return this.#slots.closed();
  }

  /** Closed, and every word popped: nothing will come any more. */
  get drained(): boolean {
    return this.#slots.drained();
  }

  /** Pushes a word; false when the ring is full. */
  tryPush(value: number): boolean {
    if (this.#slots.claimPush(1) === 0) return false;
    this.#put(value);
    return true;
  }

  /** Like tryPush(), but waits for room; false when there was none for `timeoutMs`. */
  push(value: number, timeoutMs = Number.POSITIVE_INFINITY): boolean {
    if (this.#slots.claimPush(1) === 0 && this.#slots.waitToPush(1, timeoutMs) === 0) return false;
    this.#put(value);
    return true;
  }

  /** Pops a word; undefined when there is none. */
  tryPop(): number | undefined {
    return this.#slots.claimPop(1) === 0 ? undefined : this.#take();
  }

  /** Like tryPop(), but waits for a word; undefined when none came for `timeoutMs`, or the ring is drained. */
  pop(timeoutMs = Number.POSITIVE_INFINITY): number | undefined {
    if (this.#slots.claimPop(1) === 0 && this.#slots.waitToPop(1, timeoutMs) === 0) return undefined;
    return this.#take();
  }

  /** No push succeeds from now on; pops go on until the ring is drained. Wakes whoever waits. */
  close(): void {
    this.#slots.close();
  }

  /** As of a Ring: finishes what dead threads began. Only while no living thread is inside a push or a pop. */
  repair(filler: number): { readonly published: number; readonly released: number } {
    return this.#slots.repair(filler);
  }

  #put(value: number): void {
    const slots = this.#slots;
    this.#memory[slots.firstEntry()] = value;
    slots.publish(1);
  }

  #take(): number {
    const slots = this.#slots;
    const value = this.#memory[slots.firstEntry()]!;
    slots.release(1);
    return value;
  }
}
