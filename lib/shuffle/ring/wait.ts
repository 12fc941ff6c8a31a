// How a thread waits for a ring: apart from the storage, so that one ring serves a thread that must not lose a
// microsecond and a thread that must not burn a core.
//
// Waiting has two parts. spin() is asked before each further attempt, while nobody needs to know that this thread waits.
// Once it says no, the thread is counted among the waiters, whom the other side has to wake, and sleep() is called
// between attempts.

export interface WaitStrategy {
  /** Whether to try again at once, for the time that `round` (0, 1, 2, ...) counts; false: go to sleep. */
  spin(round: number): boolean;
  /**
   * Returns when words[index] is no longer `seen`, when somebody notifies it, when `milliseconds` (may be Infinity) have
   * passed, or for no reason. Must compare and fall asleep in one step, or wake-ups are lost.
   */
  sleep(words: Int32Array, index: number, seen: number, milliseconds: number): void;
}

export interface SpinThenSleepOptions {
  /** Attempts before the first sleep. */
  readonly spins?: number;
  /** The longest sleep without another look. */
  readonly napMs?: number;
}

/**
 * Spins a little, then sleeps in Atomics.wait: for threads that have something better to do with a core. Needs a thread
 * that may block (not a browser's main thread). The bound of a nap is for the wake-up that went to a thread which was
 * terminated before it could act: no thread that lives depends on it.
 */
export function spinThenSleep(options: SpinThenSleepOptions = {}): WaitStrategy {
  const { spins = 200, napMs = 100 } = options;
  return {
    spin: round => round < spins,
    sleep: (words, index, seen, milliseconds) => {
      Atomics.wait(words, index, seen, Math.min(milliseconds, napMs));
    },
  };
}

/** Never sleeps: the least delay, at the price of a core. Only with fewer such threads than cores. */
export function busySpin(): WaitStrategy {
  return { spin: () => true, sleep: () => {} };
}
