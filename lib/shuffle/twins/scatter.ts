// The twins of native-shuffle/assembly/scatter.ts.

import { hashKey } from '../../codec/key-hash.js';
import type { Kernels } from '../kernels.js';
import { findNumber, reduceIdOf } from '../partitioner.js';

export function scatterTwins(memory: WebAssembly.Memory): Pick<Kernels, 'scatterPairs' | 'scatterByRange' | 'countPairs' | 'countByRange'> {
  const scatter = (
    keyKind: number,
    valueBytes: number,
    keys: number,
    values: number,
    from: number,
    to: number,
    cursors: number,
    place: (key: number) => number,
  ) => {
    const view = new DataView(memory.buffer);
    const keyBytes = keyKind === 1 ? 4 : 8;
    for (let i = from; i < to; i++) {
      const at = keys + i * keyBytes;
      const key = keyKind === 1 ? view.getInt32(at, true) : view.getFloat64(at, true);
      const cursor = cursors + place(key) * 12;
      const room = view.getUint32(cursor + 8, true);
      if (room === 0) return i;
      const keyAt = view.getUint32(cursor, true);
      if (keyKind === 1) view.setInt32(keyAt, key, true);
      else view.setFloat64(keyAt, key, true);
      view.setUint32(cursor, keyAt + keyBytes, true);
      if (valueBytes !== 0) {
        const valueAt = view.getUint32(cursor + 4, true);
        // Moved as words: the bits of a value are never looked at, so that a NaN keeps its payload.
        for (let b = 0; b < valueBytes; b += 4) view.setUint32(valueAt + b, view.getUint32(values + i * valueBytes + b, true), true);
        view.setUint32(cursor + 4, valueAt + valueBytes, true);
      }
      view.setUint32(cursor + 8, room - 1, true);
    }
    return to;
  };
  const count = (keyKind: number, keys: number, rows: number, counts: number, place: (key: number) => number) => {
    const view = new DataView(memory.buffer);
    for (let i = 0; i < rows; i++) {
      const key = keyKind === 1 ? view.getInt32(keys + i * 4, true) : view.getFloat64(keys + i * 8, true);
      const at = counts + place(key) * 4;
      view.setUint32(at, view.getUint32(at, true) + 1, true);
    }
  };
  const byHash = (reducers: number) => (key: number) => reduceIdOf(hashKey(key), reducers);
  const byRange = (bounds: number, n: number, ascending: number) => {
    const numbers = new Float64Array(memory.buffer, bounds, n);
    return (key: number) => (Number.isNaN(key) ? (ascending === 1 ? n : 0) : findNumber(numbers, ascending === 1, key));
  };
  return {
    countPairs: (keyKind, keys, rows, reducers, counts) => count(keyKind, keys, rows, counts, byHash(reducers)),
    countByRange: (keyKind, keys, rows, bounds, n, ascending, counts) => count(keyKind, keys, rows, counts, byRange(bounds, n, ascending)),
    scatterPairs: (keyKind, valueBytes, keys, values, from, to, reducers, cursors) =>
      scatter(keyKind, valueBytes, keys, values, from, to, cursors, byHash(reducers)),
    scatterByRange: (keyKind, valueBytes, keys, values, from, to, bounds, n, ascending, cursors) =>
      scatter(keyKind, valueBytes, keys, values, from, to, cursors, byRange(bounds, n, ascending)),
  };
}
