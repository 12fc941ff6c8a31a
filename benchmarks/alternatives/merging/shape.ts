// What is shuffled: the same rows for all designs, and the answer that each must give.
import { hashNumber } from '../../../lib/codec/key-hash.js';
import { reduceIdOf } from '../../../lib/shuffle/partitioner.js';

/** Maps of `rows` rows each, with the keys 0 to rows - 1 and the number of each row over all maps as its value. */
export interface Shape {
  readonly maps: number;
  readonly reducers: number;
  readonly rows: number;
}

/** What a reduce task makes of its rows: it depends on each of them and on their order. */
export function foldRows(check: number, keys: Int32Array, values: Int32Array, rows: number): number {
  for (let i = 0; i < rows; i++) check = (Math.imul(check, 31) + (keys[i]! ^ values[i]!)) | 0;
  return check;
}

/** What is kept of a reduce id: answers of threads are added up. */
export function checkOf(reduce: number, check: number): number {
  return Math.imul(check, reduce * 2 + 1);
}

/** The answer of a shape: rows in the order of maps, and within a map as they came. */
export function expectedCheck({ maps, reducers, rows }: Shape): number {
  const checks = new Int32Array(reducers);
  const ids = Uint32Array.from({ length: rows }, (_, key) => reduceIdOf(hashNumber(key), reducers));
  for (let map = 0, value = 0; map < maps; map++) {
    for (let key = 0; key < rows; key++, value++) {
      const r = ids[key]!;
      checks[r] = Math.imul(checks[r]!, 31) + (key ^ value);
    }
  }
  return checks.reduce((sum, check, r) => (sum + checkOf(r, check)) | 0, 0);
}
