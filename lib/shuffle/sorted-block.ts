// The layout of a block that has the numeric rows of a map task for all reduce ids, or those of several map tasks that follow each
// other: columns in the order of the reduce ids, and for each reduce id in the order of the maps. So a row takes no more than its key
// and its value, and what is for all rows is told once.
//
// block: 4 bytes spare, map and attempt for whose commit it is, first map, maps, kinds, rows, addresses of keys, values and offsets,
//        24 bytes spare                                                                                               64 bytes
// then:  a column of keys and a column of values, each padded to 8 bytes;
//        offsets (u32): the number of each reduce id's first row, and behind them the number of all rows.

import { numericBytes } from './kernels.js';
import { keyKindOf, valueKindOf } from './kinds.js';
import { numericPayload, pad8, type Run } from './run.js';

const SORTED_HEADER = 64;

export const sortedWord = {
  map: 4,
  attempt: 8,
  firstMap: 12,
  maps: 16,
  kinds: 20,
  rows: 24,
  keys: 28,
  values: 32,
  offsets: 36,
} as const;

/** Bytes of a block, and where in it things are. */
export function sortedLayout(rows: number, kinds: number, reducers: number) {
  const keys = SORTED_HEADER;
  const values = keys + pad8(rows * numericBytes[keyKindOf(kinds)]!);
  const offsets = values + pad8(rows * numericBytes[valueKindOf(kinds)]!);
  return { keys, values, offsets, bytes: offsets + pad8((reducers + 1) * 4) };
}

export interface SortedOf {
  readonly map: number;
  readonly attempt: number;
  readonly firstMap: number;
  readonly maps: number;
}

/** Writes a block's header. */
export function writeSorted(u32: Uint32Array, block: number, of: SortedOf, rows: number, kinds: number, reducers: number): void {
  const { keys, values, offsets } = sortedLayout(rows, kinds, reducers);
  const { map, attempt, firstMap, maps } = of;
  u32.set([map, attempt, firstMap, maps, kinds, rows, block + keys, block + values, block + offsets], (block + sortedWord.map) >>> 2);
}

/** Rows of a reduce id. */
export function sortedRows(u32: Uint32Array, block: number, reduce: number): number {
  const at = (u32[(block + sortedWord.offsets) >>> 2]! >>> 2) + reduce;
  return u32[at + 1]! - u32[at]!;
}

/** What is there of a reduce id, as if it were a run: it has no header. */
export function sortedRun(u32: Uint32Array, block: number, reduce: number): Run {
  const word = (of: keyof typeof sortedWord) => u32[(block + sortedWord[of]) >>> 2]!;
  const kinds = word('kinds');
  const [keyKind, valueKind] = [keyKindOf(kinds), valueKindOf(kinds)];
  const first = u32[(word('offsets') >>> 2) + reduce]!;
  const rows = sortedRows(u32, block, reduce);
  const keysAt = word('keys') + first * numericBytes[keyKind]!;
  const valuesAt = word('values') + first * numericBytes[valueKind]!;
  const bytes = numericPayload(rows, keyKind, valueKind);
  const [map, attempt] = [word('firstMap'), word('attempt')];
  return { map, attempt, sequence: 0, rows, payload: keysAt, bytes, numeric: true, keyKind, valueKind, keysAt, valuesAt, stepBytes: 0 };
}
