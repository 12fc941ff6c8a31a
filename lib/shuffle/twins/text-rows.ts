// The twins of native-shuffle/assembly/text-rows.ts.

import { hashString } from '../../codec/key-hash.js';
import { countingSort } from '../counting-sort.js';
import type { TextRowKernels } from '../kernels.js';
import { reduceIdOf } from '../partitioner.js';

const SLACK = 16;

export function textRowTwins(memory: WebAssembly.Memory): TextRowKernels {
  const words = () => new Uint32Array(memory.buffer);
  /** Reads strings of gathered columns. */
  const reader = (addresses: number, lengths: number) => {
    const u32 = words();
    return (i: number) => Buffer.from(memory.buffer, u32[(addresses >>> 2) + i]!, u32[(lengths >>> 2) + i]!).toString();
  };

  return {
    textCollect(base, starts, ends, from, to, out, outEnd, addresses, lengths, progress) {
      const u8 = new Uint8Array(memory.buffer);
      const u32 = words();
      let free = out;
      let i = from;
      for (; i < to; i++) {
        const [start, end] = [u32[(starts >>> 2) + i]!, u32[(ends >>> 2) + i]!];
        if (free + (end - start) + SLACK > outEnd) break;
        u8.copyWithin(free, base + start, base + end);
        u32[(addresses >>> 2) + i - from] = free;
        u32[(lengths >>> 2) + i - from] = end - start;
        free += end - start;
      }
      u32[progress >>> 2] = free;
      return i;
    },

    placeTextByHash(addresses, lengths, n, reducers, ids) {
      const text = reader(addresses, lengths);
      const u32 = words();
      for (let i = 0; i < n; i++) u32[(ids >>> 2) + i] = reduceIdOf(hashString(text(i)), reducers);
    },

    placeTextByRange(addresses, lengths, n, boundAddresses, boundLengths, count, ascending, ids) {
      const text = reader(addresses, lengths);
      const bounds = Array.from({ length: count }, (_, i) => reader(boundAddresses, boundLengths)(i));
      const u32 = words();
      for (let i = 0; i < n; i++) {
        const key = text(i);
        const within = bounds.findIndex(bound => (ascending !== 0 ? bound >= key : bound <= key));
        u32[(ids >>> 2) + i] = within < 0 ? count : within;
      }
    },

    orderByHash(hashes, n, reducers, rows, first) {
      const u32 = words();
      const ids = u32.slice(hashes >>> 2, (hashes >>> 2) + n).map(hash => reduceIdOf(hash, reducers));
      const order = countingSort(ids, reducers);
      u32.set(order.rows, rows >>> 2);
      u32.set(order.first, first >>> 2);
    },

    gatherNumbers(values, rows, n, out) {
      const places = words().subarray(rows >>> 2, (rows >>> 2) + n);
      const f64 = new Float64Array(memory.buffer);
      for (let i = 0; i < n; i++) f64[(out >>> 3) + i] = f64[(values >>> 3) + places[i]!]!;
    },

    textBytes(lengths, rows, n) {
      const u32 = words();
      return u32.subarray(rows >>> 2, (rows >>> 2) + n).reduce((sum, row) => sum + u32[(lengths >>> 2) + row]!, 0);
    },

    textUnits(addresses, lengths, rows, n) {
      const text = reader(addresses, lengths);
      const places = words().subarray(rows >>> 2, (rows >>> 2) + n);
      return places.reduce((sum, row) => sum + text(row).length, 0);
    },

    textGatherWide(addresses, lengths, rows, n, outLengths, out) {
      const text = reader(addresses, lengths);
      const u32 = words();
      let at = out;
      for (let i = 0; i < n; i++) {
        const own = text(u32[(rows >>> 2) + i]!);
        Buffer.from(memory.buffer, at, own.length * 2).write(own, 'utf16le');
        at += own.length * 2;
        u32[(outLengths >>> 2) + i] = own.length;
      }
    },

    sortText(addresses, lengths, n, ascending, _heads, order) {
      const texts = Array.from({ length: n }, (_, i) => reader(addresses, lengths)(i));
      const sign = ascending !== 0 ? 1 : -1;
      const compare = (a: string, b: string) => (a < b ? -sign : a > b ? sign : 0);
      words().set(
        texts.map((_, i) => i).sort((i, j) => compare(texts[i]!, texts[j]!)),
        order >>> 2,
      );
    },
  };
}
