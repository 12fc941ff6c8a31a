// What a fetching process and a serving one agree on. `plain` is TCP without TLS, made of sockets of the benchmark's own: an
// executor has no such mode.
import type { ShuffleId } from '../../lib/core/ids.js';

export type Wire = 'tls' | 'plain';

/** The one shuffle: its id, its only map partition's attempt, and its reduce id. */
export const SHUFFLE = 1 as ShuffleId;
export const ATTEMPT = 5;
export const REDUCE = 0;
/** Payload bytes of a run. */
export const RUN_BYTES = 64 * 1024;
export const SESSION = 'benchmark';
export const KEY = Buffer.alloc(32, 7);

/** Bytes of a heap that holds so many of payload. */
export const heapFor = (bytes: number) => 2 ** Math.ceil(Math.log2(bytes * 1.5));
