// What connections may take and how long they may, in one place.

/** Changes whenever frames or messages do: both ends must have the same. */
export const PROTOCOL = 3;

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of a frame before the other end is known to speak the same protocol. */
export const MOST_HELLO = 4 * KIB;
/** Bytes of any other frame. */
export const MOST_FRAME = MIB;
/** What larger messages and shuffle data are cut into: small enough that a heartbeat between two of them is in time. */
export const PART = 256 * KIB;
/** Bytes of a shared value that a driver puts into one message, and so into one frame. */
export const VALUE_PART = PART / 2;
/** Bytes of a message. A connection takes in one at a time. */
export const MOST_MESSAGE = 1024 * MIB;
/** Bytes that wait in a socket before no more are put there. */
export const WRITE_WINDOW = MIB;
/** Connections that have not shown yet that they know the secret. */
export const MOST_HALF_OPEN = 64;

/** From the first byte to the end of the greeting. */
export const GREETING_MS = 10_000;
export const DIAL_MS = 10_000;
export const HEARTBEAT_MS = 2_000;
/** Without a whole frame for so long, the other end counts as gone. */
export const SILENCE_MS = 15_000;
/** How long an executor works for a driver it does not hear of. Longer than SILENCE_MS: a script may compute for a while without a pause. */
export const LEASE_MS = 60_000;
/** How long an executor may take to say that it has got a task. */
export const ACKNOWLEDGE_MS = 10_000;
/** How long it waits with that: most tasks end before. */
export const ACKNOWLEDGEMENT_MS = 500;
/** Tasks that may wait in an executor's queue, for each of its threads. */
export const MOST_QUEUED = 64;
/** Outcomes that wait for each other while at least as many tasks wait for a thread. */
export const OUTCOMES_TOGETHER = 32;
/** Between two attempts to reach an executor, or a driver. */
export const REDIAL_MS = 2_000;
/** Streams of shuffle data that an executor takes in at once. */
export const FETCH_STREAMS = 8;
/** How often a stream is taken up before it counts as failed, and the pause before the second time; before the third it is twice that. */
export const FETCH_ATTEMPTS = 3;
export const FETCH_PAUSE_MS = 200;
