// The words of a ring, as indices into an Int32Array over its bytes. README.md has the picture and the argument.
//
// What producers write, what consumers write and what sleepers write lie 64 bytes apart, so that none of them takes the
// cache line of another (if the ring itself starts at a multiple of 64; it works at any multiple of 4).

export const MAGIC = 0;
export const CAPACITY = 1;
/** Words of an entry. */
export const WORDS = 2;
/** The next ticket to push with; bit 0: the ring is closed. */
export const TAIL = 16;
/** The next ticket to pop with. */
export const HEAD = 32;
/** Counts publications that somebody waited for; what consumers sleep on. */
export const PUSHED = 48;
export const POP_WAITERS = 49;
/** Counts releases that somebody waited for; what producers sleep on. */
export const POPPED = 50;
export const PUSH_WAITERS = 51;
export const SLOTS = 64;

export const MAGIC_VALUE = 0x726e6731; // "rng1"
/** Two tickets of one slot are 4 * capacity apart, and comparing tickets takes differences below 2^31. */
export const MOST_CAPACITY = 1 << 28;
