// The storage of a ring and the protocol on it: who may write which slot, and when. Entries are the callers' business:
// claim slots, fill or read them, then publish or release them.
//
// Dmitry Vyukov's bounded MPMC queue (1024cores.net), with two changes. A position is counted in tickets of four, and a
// slot's sequence word is the ticket it is free for, or, with FULL, the ticket whose entry it holds; after the pop it is
// the ticket of the next lap. So "free" and "full" never look alike, even with a single slot, and bit 0 of TAIL is left
// for "closed", which one atomic operation sets and every claim sees: nothing is pushed after a close.
//
// And of a batch only the first slot is written atomically, after all others, which say CONTINUED. Slots are claimed in
// order, so whoever gets to one of the others has seen the first, or has HEAD or TAIL from a thread that had.
//
// Tickets wrap at 2^32; they are compared by difference.
import { badArgument, HeddleError } from '../../core/errors.js';
import {
  CAPACITY,
  HEAD,
  MAGIC,
  MAGIC_VALUE,
  MOST_CAPACITY,
  POP_WAITERS,
  POPPED,
  PUSH_WAITERS,
  PUSHED,
  SLOTS,
  TAIL,
  WORDS,
} from './layout.js';
import type { WaitStrategy } from './wait.js';

/** Of TAIL. */
const CLOSED = 1;
/** Of a sequence word: the slot holds an entry. */
const FULL = 1;
/** Of a sequence word: written together with that of the slot before. */
const CONTINUED = 2;
/** From one position to the next. */
const TICKET = 4;
/** How many attempts between two looks at the clock. */
const CLOCK_EVERY = 63;

export class Slots {
  readonly capacity: number;
  /** Words of an entry. */
  readonly words: number;
  /** The ring's memory; where entries start is what firstEntry() and nextEntry() say. */
  readonly memory: Int32Array;
  readonly #mask: number;
  readonly #stride: number;
  readonly #lap: number;
  readonly #end: number;
  readonly #wait: WaitStrategy;
  /** The first ticket of the last claim that was granted to this object. */
  #ticket = 0;

  static bytes(capacity: number, words: number): number {
    checkShape(capacity, words);
    return Math.ceil(((SLOTS + capacity * (words + 1)) * 4) / 64) * 64;
  }

  static format(buffer: SharedArrayBuffer, offset: number, capacity: number, words: number, firstPosition: number): void {
    const bytes = Slots.bytes(capacity, words);
    checkPlace(buffer, offset, bytes);
    const memory = new Int32Array(buffer, offset, bytes / 4).fill(0);
    const first = firstPosition * TICKET;
    memory[CAPACITY] = capacity;
    memory[WORDS] = words;
    memory[TAIL] = first;
    memory[HEAD] = first;
    for (let i = 0; i < capacity; i++) {
      const ticket = (first + i * TICKET) | 0;
      memory[SLOTS + ((ticket >>> 2) & (capacity - 1)) * (words + 1)] = ticket;
    }
    Atomics.store(memory, MAGIC, MAGIC_VALUE); // last: the constructor reads it first
  }

  constructor(buffer: SharedArrayBuffer, offset: number, wait: WaitStrategy) {
    checkPlace(buffer, offset, SLOTS * 4);
    const header = new Int32Array(buffer, offset, SLOTS);
    if (Atomics.load(header, MAGIC) !== MAGIC_VALUE) throw badArgument('offset', offset, 'the offset of a ring that was formatted');
    this.capacity = header[CAPACITY]!;
    this.words = header[WORDS]!;
    const bytes = Slots.bytes(this.capacity, this.words);
    checkPlace(buffer, offset, bytes);
    this.memory = new Int32Array(buffer, offset, bytes / 4);
    this.#mask = this.capacity - 1;
    this.#stride = this.words + 1;
    this.#lap = this.capacity * TICKET;
    this.#end = SLOTS + this.capacity * this.#stride;
    this.#wait = wait;
  }

  /** Where the first entry of the last claim starts, in `memory`. */
  firstEntry(): number {
    return this.#sequenceAt(this.#ticket) + 1;
  }

  /** Where the entry after the one at `at` starts. */
  nextEntry(at: number): number {
    const next = at + this.#stride;
    return next < this.#end ? next : SLOTS + 1;
  }

  /** Claims up to `most` slots to fill, in one step; returns how many, 0 when the ring is full. Throws when it is closed. */
  claimPush(most: number): number {
    const memory = this.memory;
    // At first an ordinary read, which is cheaper: should it be old, the exchange fails, and "full" is only believed of
    // an atomic one.
    for (let tail = memory[TAIL]!, sure = false; ; tail = Atomics.load(memory, TAIL), sure = true) {
      if ((tail & CLOSED) !== 0) throw closed();
      const ahead = ((Atomics.load(memory, this.#sequenceAt(tail)) & ~CONTINUED) - tail) | 0;
      if (ahead === 0) {
        const count = this.#run(tail, most, 0);
        // A slot that is free for a ticket stays so until TAIL passes that ticket: if TAIL is still the same, they are ours.
        if (Atomics.compareExchange(memory, TAIL, tail, (tail + count * TICKET) | 0) === tail) {
          this.#ticket = tail;
          return count;
        }
      } else if (ahead < 0 && sure) {
        return 0; // still of the lap before
      } // else TAIL may be old: another producer was here
    }
  }

  /** Makes the filled slots visible. The atomic store orders all that was written before it ahead of a read that sees it. */
  publish(count: number): void {
    const memory = this.memory;
    const first = this.#ticket;
    const mask = this.#mask;
    const stride = this.#stride;
    for (let i = 1, ticket = first; i < count; i++) {
      ticket = (ticket + TICKET) | 0;
      memory[SLOTS + ((ticket >>> 2) & mask) * stride] = ticket | FULL | CONTINUED;
    }
    Atomics.store(memory, this.#sequenceAt(first), first | FULL);
    // Once the ring is closed the waiters are told one by one no more: all but the takers have to learn that it is drained.
    if (Atomics.load(memory, POP_WAITERS) > 0) wake(memory, PUSHED, this.closed() ? Number.POSITIVE_INFINITY : count);
  }

  /** Claims up to `most` entries to read, in one step; returns how many, 0 when there is none yet. */
  claimPop(most: number): number {
    const memory = this.memory;
    for (let head = memory[HEAD]!, sure = false; ; head = Atomics.load(memory, HEAD), sure = true) {
      const ahead = ((Atomics.load(memory, this.#sequenceAt(head)) & ~CONTINUED) - (head | FULL)) | 0;
      if (ahead === 0) {
        const count = this.#run(head, most, FULL);
        if (Atomics.compareExchange(memory, HEAD, head, (head + count * TICKET) | 0) === head) {
          this.#ticket = head;
          return count;
        }
      } else if (ahead < 0 && sure) {
        return 0; // not claimed, or claimed and not published
      }
    }
  }

  /** Gives the slots that were read to the next lap. */
  release(count: number): void {
    const memory = this.memory;
    const first = this.#ticket;
    const lap = this.#lap;
    const mask = this.#mask;
    const stride = this.#stride;
    for (let i = 1, ticket = first; i < count; i++) {
      ticket = (ticket + TICKET) | 0;
      memory[SLOTS + ((ticket >>> 2) & mask) * stride] = (ticket + lap) | CONTINUED;
    }
    Atomics.store(memory, this.#sequenceAt(first), (first + lap) | 0);
    if (Atomics.load(memory, PUSH_WAITERS) > 0) wake(memory, POPPED, count);
  }

  /** Like claimPush(), but waits up to `milliseconds` for the first slot. */
  waitToPush(most: number, milliseconds: number): number {
    const memory = this.memory;
    const wait = this.#wait;
    const deadline = deadlineAfter(milliseconds);
    for (let round = 0; wait.spin(round); round++) {
      const count = this.claimPush(most);
      if (count > 0) return count;
      if ((round & CLOCK_EVERY) === CLOCK_EVERY && performance.now() >= deadline) return 0;
    }
    // From here on a consumer that releases a slot sees a waiter, or this thread sees the slot: both sides write their
    // own word first and read the other's after, and these are sequentially consistent.
    Atomics.add(memory, PUSH_WAITERS, 1);
    try {
      for (;;) {
        const seen = Atomics.load(memory, POPPED);
        const count = this.claimPush(most);
        if (count > 0) {
          if (Atomics.load(memory, PUSH_WAITERS) > 1 && this.#canPush()) wake(memory, POPPED, 1);
          return count;
        }
        const left = deadline - performance.now();
        if (!(left > 0)) return 0;
        wait.sleep(memory, POPPED, seen, left);
      }
    } finally {
      Atomics.sub(memory, PUSH_WAITERS, 1);
    }
  }

  /** Like claimPop(), but waits up to `milliseconds` for the first entry, or until the ring is drained. */
  waitToPop(most: number, milliseconds: number): number {
    const memory = this.memory;
    const wait = this.#wait;
    const deadline = deadlineAfter(milliseconds);
    for (let round = 0; wait.spin(round); round++) {
      const count = this.claimPop(most);
      if (count > 0) return count;
      if (this.drained()) return 0;
      if ((round & CLOCK_EVERY) === CLOCK_EVERY && performance.now() >= deadline) return 0;
    }
    Atomics.add(memory, POP_WAITERS, 1);
    try {
      for (;;) {
        const seen = Atomics.load(memory, PUSHED);
        const count = this.claimPop(most);
        if (count > 0) {
          // Slots are published out of order at times, and then the wake-up for a later one found the earlier one missing:
          // who was woken wakes the next while there is more.
          if (Atomics.load(memory, POP_WAITERS) > 1 && this.#canPop()) wake(memory, PUSHED, 1);
          return count;
        }
        if (this.drained()) return 0;
        const left = deadline - performance.now();
        if (!(left > 0)) return 0;
        wait.sleep(memory, PUSHED, seen, left);
      }
    } finally {
      Atomics.sub(memory, POP_WAITERS, 1);
    }
  }

  close(): void {
    const memory = this.memory;
    if ((Atomics.or(memory, TAIL, CLOSED) & CLOSED) !== 0) return;
    wake(memory, PUSHED, Number.POSITIVE_INFINITY);
    wake(memory, POPPED, Number.POSITIVE_INFINITY);
  }

  closed(): boolean {
    return (Atomics.load(this.memory, TAIL) & CLOSED) !== 0;
  }

  /** Closed, and every entry claimed by a consumer: once true, true for ever. */
  drained(): boolean {
    const tail = Atomics.load(this.memory, TAIL);
    return (tail & CLOSED) !== 0 && Atomics.load(this.memory, HEAD) === (tail & ~CLOSED);
  }

  /** Entries claimed for pushing and not yet for popping: a moment's impression. */
  size(): number {
    const head = Atomics.load(this.memory, HEAD);
    const size = (((Atomics.load(this.memory, TAIL) & ~CLOSED) - head) | 0) / TICKET;
    return Math.max(0, Math.min(size, this.capacity));
  }

  /**
   * Finishes what threads began that are dead: fills with `filler`, and publishes, slots that were claimed for pushing,
   * and releases slots that were claimed for popping. Nobody else may be inside an operation.
   */
  repair(filler: number): { readonly published: number; readonly released: number } {
    const memory = this.memory;
    const head = Atomics.load(memory, HEAD);
    const tail = Atomics.load(memory, TAIL) & ~CLOSED;
    let published = 0;
    let released = 0;
    for (let i = 0; i < this.capacity; i++) {
      // The slot's ticket in the lap that starts at HEAD: before TAIL it must be full, from there on free.
      const ticket = (head + i * TICKET) | 0;
      const at = this.#sequenceAt(ticket);
      const missing = ((ticket - tail) | 0) < 0;
      const sequence = Atomics.load(memory, at) & ~CONTINUED;
      if (sequence === (missing ? ticket | FULL : ticket)) continue;
      // A slot that a consumer never released can hold no claim of this lap: producers stop in front of it.
      if (missing) {
        memory.fill(filler, at + 1, at + this.#stride);
        Atomics.store(memory, at, ticket | FULL);
        published += 1;
      } else {
        Atomics.store(memory, at, ticket);
        released += 1;
      }
    }
    if (published > 0) wake(memory, PUSHED, published);
    if (released > 0) wake(memory, POPPED, released);
    return { published, released };
  }

  /** How many slots from `first` on, which is known to be, are in `state` and may be claimed together: `most` at the most. */
  #run(first: number, most: number, state: number): number {
    const memory = this.memory;
    const mask = this.#mask;
    const stride = this.#stride;
    let count = 1;
    for (let ticket = (first + TICKET) | 0; count < most; ticket = (ticket + TICKET) | 0) {
      const at = SLOTS + ((ticket >>> 2) & mask) * stride;
      const sequence = memory[at]!;
      // Continued: its writer's work was seen with the slot before. Else another thread's batch starts here.
      if (sequence !== (ticket | state | CONTINUED) && (sequence !== (ticket | state) || Atomics.load(memory, at) !== sequence)) break;
      count += 1;
    }
    return count;
  }

  #sequenceAt(ticket: number): number {
    return SLOTS + ((ticket >>> 2) & this.#mask) * this.#stride;
  }

  #canPush(): boolean {
    const tail = Atomics.load(this.memory, TAIL);
    return (Atomics.load(this.memory, this.#sequenceAt(tail)) & ~CONTINUED) === tail;
  }

  #canPop(): boolean {
    const head = Atomics.load(this.memory, HEAD);
    return (Atomics.load(this.memory, this.#sequenceAt(head)) & ~CONTINUED) === (head | FULL);
  }
}

/** The counter first: who has read it and is about to sleep finds it changed, and does not. */
function wake(memory: Int32Array, index: number, count: number): void {
  Atomics.add(memory, index, 1);
  Atomics.notify(memory, index, count);
}

function deadlineAfter(milliseconds: number): number {
  if (!(milliseconds >= 0)) throw badArgument('timeoutMs', milliseconds, 'a number of milliseconds, 0 or more, or Infinity');
  return performance.now() + milliseconds;
}

function checkShape(capacity: number, words: number): void {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_CAPACITY || (capacity & (capacity - 1)) !== 0) {
    throw badArgument('capacity', capacity, 'a power of two from 1 to 2^28');
  }
  if (!Number.isInteger(words) || words < 1 || capacity * (words + 1) > 2 ** 30 - SLOTS) {
    throw badArgument('words', words, 'a whole number of 32-bit words, 1 at least, with which the ring stays under 4 GiB');
  }
}

function checkPlace(buffer: SharedArrayBuffer, offset: number, bytes: number): void {
  if (!(buffer instanceof SharedArrayBuffer)) throw badArgument('buffer', buffer, 'a SharedArrayBuffer');
  if (!Number.isInteger(offset) || offset < 0 || offset % 4 !== 0 || offset + bytes > buffer.byteLength) {
    throw badArgument('offset', offset, `a multiple of 4 with ${bytes} bytes after it in a buffer of ${buffer.byteLength}`);
  }
}

function closed(): HeddleError {
  return new HeddleError('HEDDLE_QUEUE_CLOSED', 'push into a ring that is closed: the consumers were told that nothing more comes');
}
