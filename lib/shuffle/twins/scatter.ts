// The twins of native-shuffle/assembly/scatter.ts.

import { hashKey } from '../../codec/key-hash.js';
import type { Kernels } from '../kernels.js';
import { findNumber, reduceIdOf } from '../partitioner.js';

export function scatterTwins(memory: WebAssembly.Memory): Pick<Kernels, 'scatterPairs' | 'scatterByRange'> {
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
  return {
    scatterPairs: (keyKind, valueBytes, keys, values, from, to, reducers, cursors) =>
      scatter(keyKind, valueBytes, keys, values, from, to, cursors, key => reduceIdOf(hashKey(key), reducers)),
    scatterByRange(keyKind, valueBytes, keys, values, from, to, bounds, count, ascending, cursors) {
      const numbers = new Float64Array(memory.buffer, bounds, count);
      const place = (key: number) => (Number.isNaN(key) ? (ascending === 1 ? count : 0) : findNumber(numbers, ascending === 1, key));
      return scatter(keyKind, valueBytes, keys, values, from, to, cursors, place);
    },
  };
}
