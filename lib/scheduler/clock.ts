// Deadlines, which may be further away than a timer reaches.
import type { Clock } from '../core/clock.js';

export { type Clock, SYSTEM_CLOCK } from '../core/clock.js';

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
