// The twins of native-shuffle/assembly/text.ts and text-table.ts: the same columns and groups. Tables have the same layout
// but for the hash, which no one else reads: a table is filled by one kind of kernels from its beginning to its end.

import { fmix32, hashString } from '../../codec/key-hash.js';
import type { TextKernels } from '../kernels.js';
import { merge } from './aggregate.js';

const SLOT_WORDS = 8;
const NEWLINE = 10;
const RETURN = 13;

export function textTwins(memory: WebAssembly.Memory): TextKernels {
  const bytes = () => new Uint8Array(memory.buffer);
  const words = () => new Uint32Array(memory.buffer);

  /** Cuts strings where `next` finds a separator from a place on; it gives the place and where the next part starts. */
  const split = (
    base: number,
    starts: number,
    ends: number,
    n: number,
    outStarts: number,
    outEnds: number,
    next: (u8: Uint8Array, at: number, end: number) => readonly [number, number] | null,
  ): number => {
    const u8 = bytes().subarray(base);
    const u32 = words();
    let m = 0;
    for (let i = 0; i < n; i++) {
      let start = u32[(starts >>> 2) + i]!;
      const end = u32[(ends >>> 2) + i]!;
      for (;;) {
        const found = next(u8, start, end);
        u32[(outStarts >>> 2) + m] = start;
        u32[(outEnds >>> 2) + m++] = found === null ? end : found[0];
        if (found === null) break;
        start = found[1];
      }
    }
    return m;
  };

  /** Finds or adds each key; `take` gets the row and its slot. */
  const addText = (
    base: number,
    starts: number,
    ends: number,
    from: number,
    to: number,
    [table, slots, size, limit, arena, arenaEnd, progress]: readonly [number, number, number, number, number, number, number],
    take: (row: number, slot: number, isNew: boolean) => void,
  ): number => {
    const u8 = bytes();
    const u32 = words();
    const mask = slots - 1;
    let free = arena;
    let groups = size;
    const stop = (i: number) => {
      u32[progress >>> 2] = i;
      u32[(progress >>> 2) + 1] = free;
      return groups;
    };
    for (let i = from; i < to; i++) {
      const key = base + u32[(starts >>> 2) + i]!;
      const length = u32[(ends >>> 2) + i]! - u32[(starts >>> 2) + i]!;
      let hash = 0x811c9dc5;
      for (let k = 0; k < length; k++) hash = Math.imul(hash ^ u8[key + k]!, 0x01000193);
      hash = fmix32(hash);
      for (let at = (hash & mask) >>> 0; ; at = ((at + 1) & mask) >>> 0) {
        const slot = (table >>> 2) + at * SLOT_WORDS;
        if (u32[slot + 5] === 0) {
          if (groups === limit || free + length + 8 > arenaEnd) return stop(i);
          u8.copyWithin(free, key, key + length);
          u32[slot + 2] = hash;
          u32[slot + 3] = length;
          u32[slot + 4] = free;
          u32[slot + 5] = ++groups;
          free += length;
          take(i, slot, true);
          break;
        }
        if (u32[slot + 2] === hash && u32[slot + 3] === length && sameBytes(u8, u32[slot + 4]!, key, length)) {
          take(i, slot, false);
          break;
        }
      }
    }
    return stop(to);
  };

  return {
    isAscii: (from, to) =>
      bytes()
        .subarray(from, to)
        .some(byte => byte >= 128)
        ? 0
        : 1,

    textLines(base, from, to, end, starts, ends, most, progress) {
      const u8 = bytes().subarray(base, base + end);
      const u32 = words();
      let n = 0;
      let start = from;
      for (; start < to && n < most; n++) {
        const newline = u8.indexOf(NEWLINE, start);
        const stop = newline < 0 ? end : newline;
        u32[(starts >>> 2) + n] = start;
        u32[(ends >>> 2) + n] = newline > start && u8[newline - 1] === RETURN ? stop - 1 : stop;
        start = newline < 0 ? end : newline + 1;
      }
      u32[progress >>> 2] = start;
      return n;
    },

    textSplitSet(base, starts, ends, n, set, runs, outStarts, outEnds) {
      const isIn = bytes().slice(set, set + 256);
      return split(base, starts, ends, n, outStarts, outEnds, (u8, from, end) => {
        let at = from;
        while (at < end && isIn[u8[at]!] === 0) at++;
        if (at >= end) return null;
        let behind = at + 1;
        if (runs) while (behind < end && isIn[u8[behind]!] !== 0) behind++;
        return [at, behind];
      });
    },

    textSplitByte: (base, starts, ends, n, byte, outStarts, outEnds) =>
      split(base, starts, ends, n, outStarts, outEnds, (u8, from, end) => {
        for (let at = from; at < end; at++) if (u8[at] === byte) return [at, at + 1];
        return null;
      }),

    textSplitString(base, starts, ends, n, separator, length, outStarts, outEnds) {
      const wanted = bytes().slice(separator, separator + length);
      return split(base, starts, ends, n, outStarts, outEnds, (u8, from, end) => {
        for (let at = from; at + length <= end; at++) if (wanted.every((byte, k) => u8[at + k] === byte)) return [at, at + length];
        return null;
      });
    },

    textOffsets(lengths, n, start, starts, ends) {
      const u32 = words();
      let at = start;
      for (let i = 0; i < n; i++) {
        u32[(starts >>> 2) + i] = at;
        at += u32[(lengths >>> 2) + i]!;
        u32[(ends >>> 2) + i] = at;
      }
      return at;
    },

    textGather(addresses, lengths, rows, n, outLengths, out) {
      const u8 = bytes();
      const u32 = words();
      let at = out;
      for (let i = 0; i < n; i++) {
        const row = u32[(rows >>> 2) + i]!;
        const length = u32[(lengths >>> 2) + row]!;
        const from = u32[(addresses >>> 2) + row]!;
        u8.copyWithin(at, from, from + length);
        at += length;
        u32[(outLengths >>> 2) + i] = length;
      }
    },

    aggregateText(op, base, starts, ends, values, constant, from, to, ...table) {
      const f64 = new Float64Array(memory.buffer);
      const given = (i: number) => (values === 0 ? constant : f64[(values >>> 3) + i]!);
      return addText(base, starts, ends, from, to, table, (i, slot, isNew) => {
        const at = (slot + 6) >>> 1;
        f64[at] = isNew ? given(i) : merge(op, f64[at]!, given(i));
      });
    },

    indexText(base, starts, ends, ids, from, to, ...table) {
      const u32 = words();
      return addText(base, starts, ends, from, to, table, (i, slot) => {
        u32[(ids >>> 2) + i] = u32[slot + 5]! - 1;
      });
    },

    rehashTextTable(from, fromSlots, to, toSlots) {
      const u32 = words();
      const mask = toSlots - 1;
      for (let i = 0; i < fromSlots; i++) {
        const old = (from >>> 2) + i * SLOT_WORDS;
        if (u32[old + 5] === 0) continue;
        let at = (u32[old + 2]! & mask) >>> 0;
        while (u32[(to >>> 2) + at * SLOT_WORDS + 5] !== 0) at = ((at + 1) & mask) >>> 0;
        u32.copyWithin((to >>> 2) + at * SLOT_WORDS, old, old + SLOT_WORDS);
      }
    },

    extractTextTable(table, slots, addresses, lengths, hashes, values) {
      const u8 = bytes();
      const u32 = words();
      const f64 = new Float64Array(memory.buffer);
      for (let i = 0; i < slots; i++) {
        const slot = (table >>> 2) + i * SLOT_WORDS;
        const order = u32[slot + 5]!;
        if (order === 0) continue;
        const [length, address] = [u32[slot + 3]!, u32[slot + 4]!];
        u32[(addresses >>> 2) + order - 1] = address;
        u32[(lengths >>> 2) + order - 1] = length;
        u32[(hashes >>> 2) + order - 1] = hashString(Buffer.from(u8.buffer, address, length).toString());
        f64[(values >>> 3) + order - 1] = f64[(slot + 6) >>> 1]!;
      }
    },
  };
}

function sameBytes(u8: Uint8Array, a: number, b: number, length: number): boolean {
  for (let k = 0; k < length; k++) if (u8[a + k] !== u8[b + k]) return false;
  return true;
}
