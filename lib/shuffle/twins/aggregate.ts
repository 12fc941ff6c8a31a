// The twins of native-shuffle/assembly/aggregate.ts: the same tables, byte for byte.

import { hashKey } from '../../codec/key-hash.js';
import type { Kernels } from '../kernels.js';

/** Two values of one key. */
export const merge = (op: number, a: number, b: number): number => {
  if (op === 1) return a + b;
  if (op === 2) return Math.min(a, b);
  if (op === 3) return Math.max(a, b);
  return op === 4 ? a : b;
};

/** The key as grouping sees it: -0 is 0, every NaN is one NaN. */
const canonical = (key: number): number => (Number.isNaN(key) ? Number.NaN : key + 0);

export function aggregationTwins(
  memory: WebAssembly.Memory,
): Pick<Kernels, 'aggregatePairs' | 'indexKeys' | 'rehashTable' | 'extractTable' | 'clearTable'> {
  const orderOffset = (keyKind: number) => (keyKind === 1 ? 4 : 16);
  const width = (keyKind: number) => (keyKind === 1 ? 16 : 24);
  const readKey = (view: DataView, keyKind: number, at: number) => (keyKind === 1 ? view.getInt32(at, true) : view.getFloat64(at, true));
  const writeKey = (view: DataView, keyKind: number, at: number, key: number) =>
    keyKind === 1 ? view.setInt32(at, key, true) : view.setFloat64(at, key, true);

  return {
    aggregatePairs(op, keyKind, valueKind, keys, values, from, to, table, slots, size, limit, progress) {
      const view = new DataView(memory.buffer);
      const mask = slots - 1;
      for (let i = from; i < to; i++) {
        const key = canonical(readKey(view, keyKind, keys + i * (keyKind === 1 ? 4 : 8)));
        const value = readKey(view, valueKind, values + i * (valueKind === 1 ? 4 : 8));
        let at = (hashKey(key) & mask) >>> 0;
        for (;;) {
          const slot = table + at * width(keyKind);
          if (view.getUint32(slot + orderOffset(keyKind), true) === 0) {
            if (size === limit) {
              view.setUint32(progress, i, true);
              return size;
            }
            writeKey(view, keyKind, slot, key);
            view.setFloat64(slot + 8, value, true);
            view.setUint32(slot + orderOffset(keyKind), ++size, true);
            break;
          }
          if (Object.is(readKey(view, keyKind, slot), key)) {
            view.setFloat64(slot + 8, merge(op, view.getFloat64(slot + 8, true), value), true);
            break;
          }
          at = ((at + 1) & mask) >>> 0;
        }
      }
      view.setUint32(progress, to, true);
      return size;
    },

    indexKeys(keyKind, keys, from, to, ids, table, slots, size, limit, progress) {
      const view = new DataView(memory.buffer);
      const mask = slots - 1;
      let groups = size;
      for (let i = from; i < to; i++) {
        const key = canonical(readKey(view, keyKind, keys + i * (keyKind === 1 ? 4 : 8)));
        let at = (hashKey(key) & mask) >>> 0;
        for (;;) {
          const slot = table + at * width(keyKind);
          const order = view.getUint32(slot + orderOffset(keyKind), true);
          if (order !== 0 && !Object.is(readKey(view, keyKind, slot), key)) {
            at = ((at + 1) & mask) >>> 0;
            continue;
          }
          if (order === 0) {
            if (groups === limit) {
              view.setUint32(progress, i, true);
              return groups;
            }
            writeKey(view, keyKind, slot, key);
            view.setUint32(slot + orderOffset(keyKind), ++groups, true);
          }
          view.setUint32(ids + i * 4, (order === 0 ? groups : order) - 1, true);
          break;
        }
      }
      view.setUint32(progress, to, true);
      return groups;
    },

    rehashTable(keyKind, from, fromSlots, to, toSlots) {
      const view = new DataView(memory.buffer);
      const mask = toSlots - 1;
      for (let i = 0; i < fromSlots; i++) {
        const old = from + i * width(keyKind);
        const order = view.getUint32(old + orderOffset(keyKind), true);
        if (order === 0) continue;
        const key = readKey(view, keyKind, old);
        let at = (hashKey(key) & mask) >>> 0;
        while (view.getUint32(to + at * width(keyKind) + orderOffset(keyKind), true) !== 0) at = ((at + 1) & mask) >>> 0;
        const slot = to + at * width(keyKind);
        writeKey(view, keyKind, slot, key);
        view.setFloat64(slot + 8, view.getFloat64(old + 8, true), true);
        view.setUint32(slot + orderOffset(keyKind), order, true);
      }
    },

    extractTable(keyKind, table, slots, keys, values) {
      const view = new DataView(memory.buffer);
      for (let i = 0; i < slots; i++) {
        const slot = table + i * width(keyKind);
        const order = view.getUint32(slot + orderOffset(keyKind), true);
        if (order === 0) continue;
        writeKey(view, keyKind, keys + (order - 1) * (keyKind === 1 ? 4 : 8), readKey(view, keyKind, slot));
        if (values !== 0) view.setFloat64(values + (order - 1) * 8, view.getFloat64(slot + 8, true), true);
      }
    },

    clearTable(keyKind, table, slots) {
      new Uint8Array(memory.buffer, table, slots * width(keyKind)).fill(0);
    },
  };
}
