// Rows with text on their way through a shuffle: gathered in a task's own columns, placed by their keys, written as the
// columns that the codec has. A gathered column of text is two columns (u32): where each string is, and its length in bytes.
import { fmix32, reduceIdOf } from './hash';

/**
 * Copies strings [from, to) of a column one after the other to `out`, as long as there is room for one and 16 bytes behind it
 * before `outEnd`; writes where they are. Returns the first that it did not copy, and writes the next free byte to `progress`.
 */
export function textCollect(base: usize, starts: usize, ends: usize, from: u32, to: u32, out: usize, outEnd: usize, addresses: usize, lengths: usize, progress: usize): u32 {
  let i = from;
  for (; i < to; i++) {
    const start = load<u32>(starts + (<usize>i << 2));
    const length = load<u32>(ends + (<usize>i << 2)) - start;
    if (out + length + 16 > outEnd) break;
    if (length <= 16) v128.store(out, v128.load(base + start));
    else memory.copy(out, base + start, length);
    store<u32>(addresses + (<usize>(i - from) << 2), <u32>out);
    store<u32>(lengths + (<usize>(i - from) << 2), length);
    out += length;
  }
  store<u32>(progress, <u32>out);
  return i;
}

/** The hash of valid UTF-8 as the codec has it for text: FNV-1a over its UTF-16 code units, then fmix32. */
export function hashText(at: usize, length: u32): u32 {
  let h: u32 = 0x811c9dc5;
  const end = at + length;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    if (byte < 0x80) {
      h = (h ^ byte) * 0x01000193;
      at++;
      continue;
    }
    const point = pointAt(at, byte);
    at += bytesOf(byte);
    if (point < 0x10000) h = (h ^ point) * 0x01000193;
    else {
      h = (h ^ (0xd800 + ((point - 0x10000) >>> 10))) * 0x01000193;
      h = (h ^ (0xdc00 + ((point - 0x10000) & 0x3ff))) * 0x01000193;
    }
  }
  return fmix32(h);
}

/** The code point, beyond ASCII, at an address whose byte is known. */
@inline function pointAt(at: usize, byte: u32): u32 {
  const second = <u32>load<u8>(at, 1) & 0x3f;
  if (byte < 0xe0) return ((byte & 0x1f) << 6) | second;
  const third = <u32>load<u8>(at, 2) & 0x3f;
  if (byte < 0xf0) return ((byte & 0x0f) << 12) | (second << 6) | third;
  return ((byte & 0x07) << 18) | (second << 12) | (third << 6) | (<u32>load<u8>(at, 3) & 0x3f);
}

@inline function bytesOf(byte: u32): u32 {
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** Writes the reduce id of each of n strings, by its hash, to `ids` (u32). */
export function placeTextByHash(addresses: usize, lengths: usize, n: u32, reducers: u32, ids: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const hash = hashText(load<u32>(addresses + (i << 2)), load<u32>(lengths + (i << 2)));
    store<u32>(ids + (i << 2), reduceIdOf(hash, reducers));
  }
}

/**
 * Rows by the reduce ids of their hashes (u32), a reduce id's in the order in which they come, to `rows` (u32); where each reduce
 * id's begin, and behind them n, to `first` (u32).
 */
export function orderByHash(hashes: usize, n: u32, reducers: u32, rows: usize, first: usize): void {
  const bytes = <usize>reducers << 2;
  memory.fill(first, 0, bytes + 4);
  for (let i: usize = 0; i < <usize>n; i++) {
    const count = first + 4 + (<usize>reduceIdOf(load<u32>(hashes + (i << 2)), reducers) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  for (let at: usize = 0; at < bytes; at += 4) store<u32>(first + at, load<u32>(first + at) + load<u32>(first + at, 4), 4);
  for (let i: u32 = 0; i < n; i++) {
    const next = first + (<usize>reduceIdOf(load<u32>(hashes + (<usize>i << 2)), reducers) << 2);
    const at = load<u32>(next);
    store<u32>(rows + (<usize>at << 2), i);
    store<u32>(next, at + 1);
  }
  // Each has come to where the next one begins.
  memory.copy(first + 4, first, bytes);
  store<u32>(first, 0);
}

/** As placeTextByHash, by the order of the strings: of `count` bounds, in the order of the partitions, how many each is behind. */
export function placeTextByRange(addresses: usize, lengths: usize, n: u32, boundAddresses: usize, boundLengths: usize, count: u32, ascending: u32, ids: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const key = <usize>load<u32>(addresses + (i << 2));
    const length = load<u32>(lengths + (i << 2));
    let low: u32 = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareText(load<u32>(boundAddresses + (<usize>middle << 2)), load<u32>(boundLengths + (<usize>middle << 2)), key, length);
      if (ascending != 0 ? order < 0 : order > 0) low = middle + 1;
      else high = middle;
    }
    store<u32>(ids + (i << 2), low);
  }
}

/** Two strings by their UTF-16 code units, as JavaScript compares them. */
export function compareText(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const n = min(aLength, bLength);
  let i: u32 = 0;
  while (i + 8 <= n && load<u64>(a + i) == load<u64>(b + i)) i += 8;
  while (i < n && load<u8>(a + i) == load<u8>(b + i)) i++;
  if (i == n) return aLength < bLength ? -1 : aLength > bLength ? 1 : 0;
  return rank(<i32>load<u8>(a + i)) - rank(<i32>load<u8>(b + i));
}

/** Bytes are ordered as code points are; code units have what is past U+FFFF (0xf0 and up) before U+E000 to U+FFFF (0xee, 0xef). */
@inline function rank(byte: i32): i32 {
  return byte >= 0xf0 ? byte - 2 : byte >= 0xee ? byte + 16 : byte;
}

/** The numbers (f64) at the n places in `rows`, one after the other. */
export function gatherNumbers(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    store<u64>(out + (i << 3), load<u64>(values + (<usize>load<u32>(rows + (i << 2)) << 3)));
  }
}

/** The lengths at the n places in `rows`, together. */
export function textBytes(lengths: usize, rows: usize, n: u32): u32 {
  let bytes: u32 = 0;
  for (let i: usize = 0; i < <usize>n; i++) bytes += load<u32>(lengths + (<usize>load<u32>(rows + (i << 2)) << 2));
  return bytes;
}

/** The UTF-16 code units of the strings at the n places in `rows`, together. */
export function textUnits(addresses: usize, lengths: usize, rows: usize, n: u32): u32 {
  let units: u32 = 0;
  for (let i: usize = 0; i < <usize>n; i++) {
    const row = <usize>load<u32>(rows + (i << 2)) << 2;
    units += unitsOf(load<u32>(addresses + row), load<u32>(lengths + row));
  }
  return units;
}

@inline function unitsOf(at: usize, length: u32): u32 {
  let units: u32 = 0;
  const end = at + length;
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

/** As textGather, as UTF-16: `outLengths` are of code units. `out` need be at no multiple of anything. */
export function textGatherWide(addresses: usize, lengths: usize, rows: usize, n: u32, outLengths: usize, out: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const row = <usize>load<u32>(rows + (i << 2)) << 2;
    let at = <usize>load<u32>(addresses + row);
    const end = at + load<u32>(lengths + row);
    const first = out;
    while (at < end) {
      const byte = <u32>load<u8>(at);
      const point = byte < 0x80 ? byte : pointAt(at, byte);
      at += bytesOf(byte);
      if (point < 0x10000) {
        store<u16>(out, <u16>point);
        out += 2;
      } else {
        store<u16>(out, <u16>(0xd800 + ((point - 0x10000) >>> 10)));
        store<u16>(out, <u16>(0xdc00 + ((point - 0x10000) & 0x3ff)), 2);
        out += 4;
      }
    }
    store<u32>(outLengths + (i << 2), <u32>(out - first) >>> 1);
  }
}
