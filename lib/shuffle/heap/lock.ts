// A mutual exclusion lock in one word of shared memory, which names its holder.
//
// The word is 0 when the lock is free, else the holder's thread index + 1, with bit 30 set when somebody may be asleep.
// Waiting is: spin a little, then sleep in bounded steps, so a wake-up that is lost (its sender was terminated between
// unlocking and notifying) costs milliseconds and not for ever. Not reentrant, not fair.
//
// A thread that is terminated inside keeps the lock: takeOver() moves it to the caller, who must know that the thread
// is dead and must repair what the lock protects. Nobody waits without bound: past PATIENCE_MS acquire() throws.
import { HeddleError } from '../../core/errors.js';

const SLEEPERS = 1 << 30;
const SPINS = 200;
const NAP_MS = 5;
/** A critical section takes microseconds; a holder that is this late is gone, or the machine is. */
const PATIENCE_MS = 10_000;

export class HeapLock {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #self: number;
  readonly #patience: number;

  constructor(words: Int32Array, index: number, thread: number, patienceMs = PATIENCE_MS) {
    this.#words = words;
    this.#index = index;
    this.#self = thread + 1;
    this.#patience = patienceMs;
  }

  acquire(): void {
    if (Atomics.compareExchange(this.#words, this.#index, 0, this.#self) !== 0) this.#acquireSlow();
  }

  release(): void {
    // One exchange both frees the lock and learns whether anybody sleeps: there is no moment in which a sleeper can
    // set its bit unseen, because it sleeps only while the word still has the value it saw.
    const before = Atomics.exchange(this.#words, this.#index, 0);
    if ((before & SLEEPERS) !== 0) Atomics.notify(this.#words, this.#index, 1);
  }

  /** The thread that holds the lock, or -1. Already old when it is returned. */
  holder(): number {
    return (Atomics.load(this.#words, this.#index) & ~SLEEPERS) - 1;
  }

  /** Takes the lock over from a dead thread; false when that thread does not hold it. */
  takeOver(thread: number): boolean {
    for (;;) {
      const seen = Atomics.load(this.#words, this.#index);
      if ((seen & ~SLEEPERS) !== thread + 1) return false;
      if (Atomics.compareExchange(this.#words, this.#index, seen, this.#self | SLEEPERS) === seen) return true;
    }
  }

  #acquireSlow(): void {
    const words = this.#words;
    const index = this.#index;
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(words, index) === 0 && Atomics.compareExchange(words, index, 0, this.#self) === 0) return;
    }
    let giveUpAt = 0;
    for (;;) {
      const seen = Atomics.load(words, index);
      if (seen === 0) {
        // Who slept takes the lock with the bit set: others may still be asleep, and only the bit remembers them.
        if (Atomics.compareExchange(words, index, 0, this.#self | SLEEPERS) === 0) return;
        continue;
      }
      const asleep = seen | SLEEPERS;
      if (seen !== asleep && Atomics.compareExchange(words, index, seen, asleep) !== seen) continue;
      Atomics.wait(words, index, asleep, NAP_MS);
      const now = performance.now();
      if (giveUpAt === 0) giveUpAt = now + this.#patience;
      else if (now > giveUpAt) throw stuck(this.holder(), this.#patience);
    }
  }
}

function stuck(holder: number, patienceMs: number): HeddleError {
  return new HeddleError(
    'HEDDLE_INTERNAL',
    `the heap's lock was not free for ${patienceMs} ms; its holder is thread ${holder}: if that thread has ended, call breakLock(${holder})`,
    { data: { holder, patienceMs } },
  );
}
