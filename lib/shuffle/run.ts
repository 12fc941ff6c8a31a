// The byte layout of shuffle data in the heap. A block is one allocation: a header and runs, one after the other.
// A run holds rows of one map task for one reduce id, in the order in which the task wrote them.
//
// block: magic, next (in its segment), used bytes, capacity, shuffle, reduce id, address of the word with the used bytes where
// that is another one (open-blocks.ts), 36 bytes spare                                                64 bytes
// run:   map id, attempt, sequence, rows, payload bytes, kinds, row capacity, bytes of keys in steps      32 bytes
// payload of a numeric run: a column of keys, a column of values, each of `row capacity` places, padded to 8 bytes, or what is left of
// them (kinds.ts);
// of an encoded run: what preparePairs of the codec wrote;
// of a spilled run: where a block of its attempt's file is (offset in two words, bytes, what is in it). That block has runs,
// one after the other, each with its header.

import { loadWord } from './heap/words.js';
import { NumericKind } from './kernels.js';
import { areSteps, columnBytes, keyKindOf, plainKind, valueKindOf } from './kinds.js';

export const BLOCK_MAGIC = 0x4b4c4248;
export const BLOCK_HEADER = 64;
export const RUN_HEADER = 32;

export const blockWord = { magic: 0, next: 4, used: 8, capacity: 12, shuffle: 16, reduce: 20, usedAt: 24 } as const;
export const runWord = { map: 0, attempt: 4, sequence: 8, rows: 12, bytes: 16, kinds: 20, capacity: 24, stepBytes: 28 } as const;

/** The kinds word of an encoded run. */
export const ENCODED = 0;

/** The kinds word of runs that were spilled: a run that stands for those of a block in a file. */
export const SPILLED = 2;

/** What is in a spilled block. */
export const SPILLED_ENCODED = 1;
export const SPILLED_INT32_KEYS = 2;
export const SPILLED_FLOAT64_KEYS = 4;

/** Runs that lie in a file, one after the other. */
export interface SpilledRuns {
  readonly offset: number;
  readonly bytes: number;
  /** The SPILLED_ bits of what they are. */
  readonly kinds: number;
  /** The file's name in the spill directory; known to whoever has the run from the store. */
  readonly file?: string;
}

export const SPILLED_BYTES = 16;

export const pad8 = (bytes: number): number => ((bytes + 7) & ~7) >>> 0;

/** Payload bytes of a numeric run with room for `rows`, and no steps. */
export function numericPayload(rows: number, keyKind: number, valueKind: number): number {
  return pad8(columnBytes(rows, keyKind)) + pad8(columnBytes(rows, valueKind));
}

/** Where a run is and what it holds: addresses into the heap. */
export interface Run {
  readonly map: number;
  readonly attempt: number;
  readonly sequence: number;
  readonly rows: number;
  readonly payload: number;
  readonly bytes: number;
  /** False: encoded by the codec. */
  readonly numeric: boolean;
  readonly keyKind: number;
  readonly valueKind: number;
  readonly keysAt: number;
  readonly valuesAt: number;
  /** Bytes of its keys, where these are steps. */
  readonly stepBytes: number;
  /** It stands for runs that lie in a file. */
  readonly spilled?: SpilledRuns;
  /** It stands for rows that lie elsewhere in the heap: addresses of keys and values and the number of rows of each part (joined-runs.ts). */
  readonly pieces?: Uint32Array;
  /** The memory that the addresses are of, where that is not the heap. */
  readonly own?: ArrayBufferLike | undefined;
}

/** What a run, or the runs that it stands for, are: the SPILLED_ bits. */
export function kindsOf({ numeric, keyKind, spilled }: Run): number {
  if (spilled !== undefined) return spilled.kinds;
  return !numeric ? SPILLED_ENCODED : plainKind(keyKind) === NumericKind.Int32 ? SPILLED_INT32_KEYS : SPILLED_FLOAT64_KEYS;
}

/** Bytes of a run, or of those that it stands for, where nothing is left out. */
export function rowBytes({ bytes, spilled, numeric, keyKind, valueKind, rows }: Run): number {
  if (numeric) return numericPayload(rows, plainKind(keyKind), plainKind(valueKind));
  if (spilled === undefined) return bytes;
  // They may not have been looked at yet: each row of numbers has a key and a value of four bytes at least.
  return Math.max(spilled.bytes, (spilled.kinds & SPILLED_ENCODED) !== 0 ? 0 : rows * 8);
}

/** Reads the run whose header is at `address`. */
export function readRun(u32: Uint32Array, address: number): Run {
  const word = address >>> 2;
  const kinds = u32[word + 5]!;
  const payload = address + RUN_HEADER;
  const keyKind = keyKindOf(kinds);
  const spilled =
    kinds !== SPILLED ? undefined : { offset: u32[word + 9]! * 2 ** 32 + u32[word + 8]!, bytes: u32[word + 10]!, kinds: u32[word + 11]! };
  return {
    ...(spilled === undefined ? {} : { spilled }),
    map: u32[word]!,
    attempt: u32[word + 1]!,
    sequence: u32[word + 2]!,
    rows: u32[word + 3]!,
    bytes: u32[word + 4]!,
    payload,
    numeric: (kinds & 1) === 1,
    keyKind,
    valueKind: valueKindOf(kinds),
    keysAt: payload,
    valuesAt: payload + pad8(areSteps(keyKind) ? u32[word + 7]! : columnBytes(u32[word + 6]!, keyKind)),
    stepBytes: u32[word + 7]!,
  };
}

/** The address behind the run at `address`. */
export function nextRun(u32: Uint32Array, address: number): number {
  return address + RUN_HEADER + u32[(address + runWord.bytes) >>> 2]!;
}

/** Bytes that the run at `address` takes without the room that its rows do not fill; 0 where it has no rows. */
export function filledBytes(u32: Uint32Array, address: number): number {
  const rows = u32[(address + runWord.rows) >>> 2]!;
  if (rows === 0) return 0;
  const kinds = u32[(address + runWord.kinds) >>> 2]!;
  if ((kinds & 1) === 0 || areSteps(keyKindOf(kinds))) return RUN_HEADER + u32[(address + runWord.bytes) >>> 2]!;
  return RUN_HEADER + numericPayload(rows, keyKindOf(kinds), valueKindOf(kinds));
}

/** Whether a run has no more room than its rows take. */
const isFull = ({ numeric, keyKind }: Run): boolean => !numeric || areSteps(keyKind);

/** Copies a run, also into other memory, without the room that its rows do not fill; returns its bytes there. */
export function copyRun(from: Uint8Array, run: Run, to: Uint8Array, at: number): number {
  const header = new Uint32Array(to.buffer, to.byteOffset + at, RUN_HEADER / 4);
  const put = (source: number, bytes: number, target: number): void => to.set(from.subarray(source, source + bytes), target);
  put(run.payload - RUN_HEADER, RUN_HEADER, at);
  const payload = at + RUN_HEADER;
  if (isFull(run)) {
    put(run.payload, run.bytes, payload);
    return RUN_HEADER + run.bytes;
  }
  const keys = columnBytes(run.rows, run.keyKind);
  put(run.keysAt, keys, payload);
  put(run.valuesAt, columnBytes(run.rows, run.valueKind), payload + pad8(keys));
  const bytes = numericPayload(run.rows, run.keyKind, run.valueKind);
  header[runWord.bytes / 4] = bytes;
  header[runWord.capacity / 4] = run.rows;
  return RUN_HEADER + bytes;
}

/** Bytes that copyRun makes of a run. */
export function copiedBytes(run: Run): number {
  return RUN_HEADER + (isFull(run) ? run.bytes : numericPayload(run.rows, run.keyKind, run.valueKind));
}

/** Writes the payload of a spilled run, whose header is at `address`. */
export function writeSpilled(u32: Uint32Array, address: number, { offset, bytes, kinds }: SpilledRuns): void {
  const word = (address + RUN_HEADER) >>> 2;
  u32[word] = offset >>> 0;
  u32[word + 1] = Math.floor(offset / 2 ** 32);
  u32[word + 2] = bytes;
  u32[word + 3] = kinds;
}

/** Writes a run's header. */
export function writeRun(
  u32: Uint32Array,
  address: number,
  run: { map: number; attempt: number; sequence: number; rows: number; bytes: number; kinds: number; capacity: number },
): void {
  const word = address >>> 2;
  u32[word] = run.map;
  u32[word + 1] = run.attempt;
  u32[word + 2] = run.sequence;
  u32[word + 3] = run.rows;
  u32[word + 4] = run.bytes;
  u32[word + 5] = run.kinds;
  u32[word + 6] = run.capacity;
  u32[word + 7] = 0;
}

/** Writes a block's header; `used` counts the header itself. */
export function writeBlock(u32: Uint32Array, address: number, capacity: number, used: number, shuffle: number, reduce: number): void {
  const word = address >>> 2;
  u32[word] = BLOCK_MAGIC;
  u32[word + 1] = 0;
  u32[word + 2] = used;
  u32[word + 3] = capacity;
  u32[word + 4] = shuffle;
  u32[word + 5] = reduce;
  u32[word + 6] = 0;
}

/** The used bytes of a block that a thread may be appending to. */
export function usedBytes(i32: Int32Array, block: number): number {
  const usedAt = loadWord(i32, block + blockWord.usedAt);
  if (usedAt === 0) return loadWord(i32, block + blockWord.used);
  const used = loadWord(i32, usedAt);
  // Still that block's, and not the next one's: the header has them before the address goes.
  return loadWord(i32, block + blockWord.usedAt) === usedAt ? used : loadWord(i32, block + blockWord.used);
}
