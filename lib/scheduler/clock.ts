// Time as the scheduler's loop sees it, so that tests can bring their own.

export interface Clock {
  /** Milliseconds from any fixed point, never going back. */
  now(): number;
  /** Milliseconds since the epoch. */
  time(): number;
  /** Calls back after at least so many milliseconds. Returns the function that calls it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  time: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

// setTimeout takes 31 bits, and fires at once when given more.
const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls back when the deadline has passed, however far away it is. Returns the function that calls it off. */
export function startDeadline(clock: Clock, milliseconds: number, callback: () => void): () => void {
  let left = milliseconds;
  let cancel = (): void => {};
  const arm = (): void => {
    const part = Math.min(left, LONGEST_TIMER);
    left -= part;
    cancel = clock.after(part, () => (left > 0 ? arm() : callback()));
  };
  arm();
  return () => cancel();
}
