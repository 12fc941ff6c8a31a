// The contract of the kernels: batch functions over the shared heap, by address. Two implementations pass the
// same property tests: WebAssembly (native-shuffle/) and plain TypeScript (twins/), chosen by the option `kernels`.
// No function allocates, waits, or looks at more than the rows it was given. Addresses are unsigned 32-bit.

import { readFileSync } from 'node:fs';
import { HeddleError } from '../core/errors.js';
import { builtFile } from '../core/places.js';
import { aggregationTwins } from './twins/aggregate.js';
import { bucketTwins } from './twins/buckets.js';
import { mergeTwin } from './twins/merge.js';
import { placeTwin } from './twins/place.js';
import { fillUniform } from './twins/random.js';
import { scatterTwins } from './twins/scatter.js';
import { sortTwin } from './twins/sort.js';
import { stepTwins } from './twins/steps.js';
import { textTwins } from './twins/text.js';
import { textRowTwins } from './twins/text-rows.js';

/** How a numeric column is laid out. */
export const NumericKind = { None: 0, Int32: 1, Float64: 2 } as const;
export type NumericKind = (typeof NumericKind)[keyof typeof NumericKind];

/** Bytes of one value of a numeric column. */
export const numericBytes: readonly number[] = [0, 4, 8];

/** What a hash aggregation does with two values of one key. */
export const AggregateOp = { Sum: 1, Min: 2, Max: 3, First: 4, Last: 5 } as const;
export type AggregateOp = (typeof AggregateOp)[keyof typeof AggregateOp];

/** Bytes of a scatter cursor: next key's address, next value's address, rows of room (u32 each). */
export const CURSOR_BYTES = 12;

/** Bytes of a cursor of spreadBuckets: next key's address, next value's address (u32 each). */
export const SPREAD_CURSOR_BYTES = 8;

/** Bytes of a cursor of orderGroups: the bucket's next row among the marks, place of its next group (u32 each). */
export const ORDER_CURSOR_BYTES = 8;

/** Bytes of a slot of an aggregation table, by key kind. */
export const slotBytes: readonly number[] = [0, 16, 24];

export interface Kernels extends TextKernels, TextRowKernels, BucketKernels {
  /** Rows [from, to) to the runs of their reduce ids, without their values where these have 0 bytes. Returns `to`, or the first row whose run is full. */
  scatterPairs(
    keyKind: number,
    valueBytes: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    reducers: number,
    cursors: number,
  ): number;
  /** Adds how many rows each reduce id gets to `counts` (u32). */
  countPairs(keyKind: number, keys: number, rows: number, reducers: number, counts: number): void;
  /** As countPairs, for what scatterByRange would do. */
  countByRange(keyKind: number, keys: number, rows: number, bounds: number, count: number, ascending: number, counts: number): void;
  /**
   * Writes rows that lie in the order of their reduce ids to open blocks (the columns of open-blocks.ts), a run for each reduce id that
   * `counts` (u32) gives rows, from the reduce id of `state` on (u32: reduce id, addresses of its first key and value, bytes of runs
   * so far). Stops at the first reduce id without room; returns it, or `reducers`.
   */
  placeRuns(
    state: number,
    counts: number,
    reducers: number,
    open: number,
    used: number,
    capacities: number,
    map: number,
    attempt: number,
    kinds: number,
  ): number;
  /**
   * Merges `n` sorted blocks (sorted-block.ts) of the same kinds, whose addresses (u32) are at `blocks`, into `out`, whose header is
   * written and which has room for all their rows: of each reduce id those of the first block first. Scratch: 12 bytes a block at
   * `cursors`.
   */
  mergeSorted(blocks: number, n: number, reducers: number, out: number, cursors: number): void;
  /** As scatterPairs, by the order of the keys: `count` bounds (f64), none of them NaN. */
  scatterByRange(
    keyKind: number,
    valueBytes: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    bounds: number,
    count: number,
    ascending: number,
    cursors: number,
  ): number;
  /** Rows [from, to) into a table. Returns its new size; writes the first row not taken to the word at `progress`. */
  aggregatePairs(
    op: number,
    keyKind: number,
    valueKind: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    table: number,
    slots: number,
    size: number,
    limit: number,
    progress: number,
  ): number;
  /**
   * As aggregatePairs without values: finds rows [from, to) in a table, or adds them, and writes each one's group, counted in
   * order of first appearance, to `ids` (u32).
   */
  indexKeys(
    keyKind: number,
    keys: number,
    from: number,
    to: number,
    ids: number,
    table: number,
    slots: number,
    size: number,
    limit: number,
    progress: number,
  ): number;
  /** Moves all keys into a larger, empty table. */
  rehashTable(keyKind: number, from: number, fromSlots: number, to: number, toSlots: number): void;
  /** Keys and float64 values as two columns, in order of first appearance; keys alone where the address of values is 0. */
  extractTable(keyKind: number, table: number, slots: number, keys: number, values: number): void;
  /** Empties a table. */
  clearTable(keyKind: number, table: number, slots: number): void;
  /**
   * Writes the places of the keys in sorted order to `order` (u32). Scratch: `words` and `otherWords` as wide as the keys,
   * `otherOrder` as `order`, `counts` of 8 KiB.
   */
  sortNumbers(
    keyKind: number,
    keys: number,
    rows: number,
    ascending: number,
    words: number,
    order: number,
    otherWords: number,
    otherOrder: number,
    counts: number,
  ): void;
  /**
   * Writes a column of int32 as steps (steps.ts) to `out`, which has room for mostStepBytes. Returns the bytes; 0, and something
   * written, where these would be too many.
   */
  writeSteps(column: number, rows: number, out: number): number;
  /** The column again. */
  readSteps(steps: number, rows: number, column: number): void;
  /** Fills n (even) float64 with uniform draws; 64 bytes of generator state. */
  fillUniform(state: number, out: number, n: number): void;
}

/** Kernels that group rows bucket by bucket, so that each bucket's table stays in a core's cache. */
export interface BucketKernels {
  /** Adds how many rows each bucket gets to `counts` (u32). */
  countBuckets(keyKind: number, keys: number, rows: number, buckets: number, counts: number): void;
  /**
   * Puts the rows of `n` buckets, from `first` on, behind each other in them, by n cursors of SPREAD_CURSOR_BYTES; keys alone where values
   * have 0 bytes.
   */
  spreadBuckets(
    keyKind: number,
    valueBytes: number,
    keys: number,
    values: number,
    rows: number,
    buckets: number,
    first: number,
    n: number,
    cursors: number,
  ): void;
  /**
   * Merges each row's value with that of its group in `folded` (f64): `ids` as indexKeys wrote them, of which the first `size`
   * have a value. Returns how many have one now.
   */
  foldGroups(op: number, valueKind: number, ids: number, values: number, rows: number, folded: number, size: number): number;
  /**
   * A bit for each row of a bucket to `marks`: set where it is the first of its group, whose `ids` indexKeys wrote when `known` groups
   * had been found. Returns how many have been now.
   */
  markFirst(ids: number, rows: number, known: number, marks: number): number;
  /**
   * The order in which groups first appear in rows that were spread over buckets, by cursors of ORDER_CURSOR_BYTES: writes each
   * new group's place among all groups, bucket after bucket, to `out` (u32). Stops at `limit`. Returns how many are written.
   */
  orderGroups(
    keyKind: number,
    keys: number,
    rows: number,
    buckets: number,
    cursors: number,
    marks: number,
    out: number,
    size: number,
    limit: number,
  ): number;
}

/**
 * Kernels over text. A column of text is two columns of offsets (u32) from `base`, where each string starts and ends; the
 * bytes are valid UTF-8, with sixteen more behind them that may be read.
 */
export interface TextKernels {
  /** 1 when all bytes of [from, to) are below 128, else 0. */
  isAscii(from: number, to: number): number;
  /**
   * The lines, `most` at most, that start in [from, to) of text that ends at `end`, offsets from `base`: without \n or \r\n.
   * Returns how many; writes the offset behind them to the word at `progress`.
   */
  textLines(base: number, from: number, to: number, end: number, starts: number, ends: number, most: number, progress: number): number;
  /** Cuts n strings at the bytes, or with `runs` 1 the runs of bytes, that have a 1 in the 256 bytes at `set`. Returns the parts. */
  textSplitSet(
    base: number,
    starts: number,
    ends: number,
    n: number,
    set: number,
    runs: number,
    outStarts: number,
    outEnds: number,
  ): number;
  textSplitByte(base: number, starts: number, ends: number, n: number, byte: number, outStarts: number, outEnds: number): number;
  /** Cuts n strings at the string of `length` bytes, two at least, at the address `separator`. */
  textSplitString(
    base: number,
    starts: number,
    ends: number,
    n: number,
    separator: number,
    length: number,
    outStarts: number,
    outEnds: number,
  ): number;
  /** The column of strings that lie one after the other from the offset `start` on. Returns the offset behind them. */
  textOffsets(lengths: number, n: number, start: number, starts: number, ends: number): number;
  /** Copies the strings at the places `rows` (n of u32) of two columns, one after the other, and their lengths. */
  textGather(addresses: number, lengths: number, rows: number, n: number, outLengths: number, out: number): void;
  /**
   * Adds strings [from, to), each with its float64 of `values`, or `constant` where that is 0, to a table. Stops before a new
   * key when the table has `limit`, or the arena no room. Returns the new size; writes the first row not taken, and the arena's
   * next free byte, to the two words at `progress`.
   */
  aggregateText(
    op: number,
    base: number,
    starts: number,
    ends: number,
    values: number,
    constant: number,
    from: number,
    to: number,
    table: number,
    slots: number,
    size: number,
    limit: number,
    arena: number,
    arenaEnd: number,
    progress: number,
  ): number;
  /** As aggregateText without values: writes each row's group, counted in order of first appearance, to `ids` (u32). */
  indexText(
    base: number,
    starts: number,
    ends: number,
    ids: number,
    from: number,
    to: number,
    table: number,
    slots: number,
    size: number,
    limit: number,
    arena: number,
    arenaEnd: number,
    progress: number,
  ): number;
  /** Moves all keys into a larger, empty table. */
  rehashTextTable(from: number, fromSlots: number, to: number, toSlots: number): void;
  /** The groups in order of first appearance: addresses, lengths and hashKey() of the keys (u32), and the values (f64). */
  extractTextTable(table: number, slots: number, addresses: number, lengths: number, hashes: number, values: number): void;
}

/** Kernels over gathered columns of text: where each string is, and its length in bytes (u32 each). */
export interface TextRowKernels {
  /**
   * Copies strings [from, to) of a column one after the other to `out`, as long as there is room for one and 16 bytes behind it
   * before `outEnd`; writes where they are. Returns the first that it did not copy, and writes the next free byte to `progress`.
   */
  textCollect(
    base: number,
    starts: number,
    ends: number,
    from: number,
    to: number,
    out: number,
    outEnd: number,
    addresses: number,
    lengths: number,
    progress: number,
  ): number;
  /** Writes the reduce id of each of n strings, by hashKey(), to `ids` (u32). */
  placeTextByHash(addresses: number, lengths: number, n: number, reducers: number, ids: number): void;
  /** As placeTextByHash, by the order of the strings: how many of `count` bounds, in the order of the partitions, each is behind. */
  placeTextByRange(
    addresses: number,
    lengths: number,
    n: number,
    boundAddresses: number,
    boundLengths: number,
    count: number,
    ascending: number,
    ids: number,
  ): void;
  /**
   * Rows by the reduce ids of their hashes (n of u32), a reduce id's in the order in which they come, to `rows` (u32); where each
   * reduce id's begin in it, and behind them n, to `first` (u32).
   */
  orderByHash(hashes: number, n: number, reducers: number, rows: number, first: number): void;
  /** The numbers (f64) at the places `rows` (n of u32) of a column, one after the other. */
  gatherNumbers(values: number, rows: number, n: number, out: number): void;
  /** The lengths at the places `rows` (n of u32), together. */
  textBytes(lengths: number, rows: number, n: number): number;
  /** The UTF-16 code units of the strings at the places `rows` (n of u32), together. */
  textUnits(addresses: number, lengths: number, rows: number, n: number): number;
  /** As textGather, as UTF-16: lengths are of code units. */
  textGatherWide(addresses: number, lengths: number, rows: number, n: number, outLengths: number, out: number): void;
  /**
   * Writes the places of n ASCII strings in sorted order to `order` (u32), stably. Scratch: `heads` and `otherHeads` of n u64,
   * `otherOrder` as `order`. Eight bytes behind a string may be read.
   */
  sortText(
    addresses: number,
    lengths: number,
    n: number,
    ascending: number,
    heads: number,
    order: number,
    otherHeads: number,
    otherOrder: number,
  ): void;
}

/** Bytes of a slot of a text table. */
export const TEXT_SLOT_BYTES = 32;

/** Compiles the kernels once a process; threads get the compiled module. */
export function compileKernels(): WebAssembly.Module {
  const file = builtFile('native-shuffle/kernels.wasm');
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new HeddleError('HEDDLE_INTERNAL', `the kernels are not built (${file.pathname}): run npm run build, or set HEDDLE_KERNELS=off`, {
      cause,
    });
  }
  return new WebAssembly.Module(bytes);
}

/** The WebAssembly kernels over a heap. */
export function wasmKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const abort = () => {
    throw new HeddleError('HEDDLE_INTERNAL', 'a kernel aborted');
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Kernels;
}

/** The TypeScript twins over a heap: the same answers, slower. */
export function twinKernels(memory: WebAssembly.Memory): Kernels {
  return {
    ...aggregationTwins(memory),
    ...bucketTwins(memory),
    ...sortTwin(memory),
    ...stepTwins(memory),
    ...textTwins(memory),
    ...placeTwin(memory),
    ...mergeTwin(memory),
    ...textRowTwins(memory),
    ...scatterTwins(memory),
    fillUniform: (state, out, n) => fillUniform(memory.buffer, state, out, n),
  };
}
