// Time as those see it who wait for something, so that tests can bring their own.

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

/** The same, for timers that do not keep this process from ending. */
export const BACKGROUND_CLOCK: Clock = {
  ...SYSTEM_CLOCK,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
