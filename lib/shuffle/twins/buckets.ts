// The twins of native-shuffle/assembly/buckets.ts.

import { hashKey } from '../../codec/key-hash.js';
import { type Kernels, ORDER_CURSOR_BYTES, SPREAD_CURSOR_BYTES } from '../kernels.js';
import { reduceIdOf } from '../partitioner.js';
import { merge } from './aggregate.js';

/** All keys of a reduce id have the high bits of their hashes in common, and tables use the low ones. */
export function bucketOf(key: number, buckets: number): number {
  return reduceIdOf(Math.imul(hashKey(key), 0x9e3779b1) >>> 0, buckets);
}

export function bucketTwins(
  memory: WebAssembly.Memory,
): Pick<Kernels, 'countBuckets' | 'spreadBuckets' | 'foldGroups' | 'markFirst' | 'orderGroups'> {
  const read = (view: DataView, kind: number, at: number, i: number) =>
    kind === 1 ? view.getInt32(at + i * 4, true) : view.getFloat64(at + i * 8, true);

  return {
    countBuckets(keyKind, keys, rows, buckets, counts) {
      const view = new DataView(memory.buffer);
      for (let i = 0; i < rows; i++) {
        const at = counts + bucketOf(read(view, keyKind, keys, i), buckets) * 4;
        view.setUint32(at, view.getUint32(at, true) + 1, true);
      }
    },

    spreadBuckets(keyKind, valueBytes, keys, values, rows, buckets, first, n, cursors) {
      const view = new DataView(memory.buffer);
      const keyBytes = keyKind === 1 ? 4 : 8;
      // Moved as words, so that a NaN keeps its payload.
      const move = (from: number, to: number, bytes: number) => {
        for (let b = 0; b < bytes; b += 4) view.setUint32(to + b, view.getUint32(from + b, true), true);
      };
      for (let i = 0; i < rows; i++) {
        const place = bucketOf(read(view, keyKind, keys, i), buckets) - first;
        if (place < 0 || place >= n) continue;
        const cursor = cursors + place * SPREAD_CURSOR_BYTES;
        const keyAt = view.getUint32(cursor, true);
        const valueAt = view.getUint32(cursor + 4, true);
        move(keys + i * keyBytes, keyAt, keyBytes);
        move(values + i * valueBytes, valueAt, valueBytes);
        view.setUint32(cursor, keyAt + keyBytes, true);
        view.setUint32(cursor + 4, valueAt + valueBytes, true);
      }
    },

    foldGroups(op, valueKind, ids, values, rows, folded, size) {
      const view = new DataView(memory.buffer);
      let known = size;
      for (let i = 0; i < rows; i++) {
        const id = view.getUint32(ids + i * 4, true);
        const value = read(view, valueKind, values, i);
        const at = folded + id * 8;
        view.setFloat64(at, id === known ? value : merge(op, view.getFloat64(at, true), value), true);
        if (id === known) known++;
      }
      return known;
    },

    markFirst(ids, rows, known, marks) {
      const view = new DataView(memory.buffer);
      let size = known;
      for (let i = 0; i < rows; i++) {
        const at = marks + (i >>> 3);
        const isFirst = view.getUint32(ids + i * 4, true) === size;
        view.setUint8(at, ((i & 7) === 0 ? 0 : view.getUint8(at)) | (Number(isFirst) << (i & 7)));
        if (isFirst) size++;
      }
      return size;
    },

    orderGroups(keyKind, keys, rows, buckets, cursors, marks, out, size, limit) {
      const view = new DataView(memory.buffer);
      let found = size;
      for (let i = 0; i < rows && found < limit; i++) {
        const cursor = cursors + bucketOf(read(view, keyKind, keys, i), buckets) * ORDER_CURSOR_BYTES;
        const row = view.getUint32(cursor, true);
        view.setUint32(cursor, row + 1, true);
        if (((view.getUint8(marks + (row >>> 3)) >>> (row & 7)) & 1) === 0) continue;
        const place = view.getUint32(cursor + 4, true);
        view.setUint32(out + found * 4, place, true);
        view.setUint32(cursor + 4, place + 1, true);
        found++;
      }
      return found;
    },
  };
}
