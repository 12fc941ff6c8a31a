// Text by the batch. A column of text is two columns of offsets (i32) from `base`: where each string starts and ends.
// The bytes are valid UTF-8. Sixteen bytes behind any text may be read, so whoever allocates leaves that much room.

/** Whether all bytes of [from, to) are below 128. */
export function isAscii(from: usize, to: usize): bool {
  let at = from;
  for (; at + 64 <= to; at += 64) {
    const any = v128.or(v128.or(v128.load(at), v128.load(at, 16)), v128.or(v128.load(at, 32), v128.load(at, 48)));
    if (i8x16.bitmask(any) != 0) return false;
  }
  for (; at < to; at++) if (load<u8>(at) >= 128) return false;
  return true;
}

/**
 * The lines that start in [from, to): the bytes up to `end` are whole lines, the last one perhaps without a line end. Writes
 * starts and ends without \n or \r\n, at most `most` lines. Returns how many; writes the offset behind them to `progress`.
 */
export function textLines(base: usize, from: u32, to: u32, end: u32, starts: usize, ends: usize, most: u32, progress: usize): u32 {
  let n: u32 = 0;
  let start = from;
  while (start < to && n < most) {
    let at = base + start;
    const last = base + end;
    // Sixteen bytes at a time up to the line end; lines are long more often than not.
    const newline = i8x16.splat(10);
    let found = false;
    while (at + 16 <= last) {
      const hits = i8x16.bitmask(i8x16.eq(v128.load(at), newline));
      if (hits != 0) {
        at += ctz(hits);
        found = true;
        break;
      }
      at += 16;
    }
    while (!found && at < last) {
      if (load<u8>(at) == 10) found = true;
      else at++;
    }
    let stop = <u32>(at - base);
    const next = found ? stop + 1 : stop;
    // A \r at the very end of the text ends no line.
    if (found && stop > start && load<u8>(at - 1) == 13) stop--;
    store<u32>(starts + (<usize>n << 2), start);
    store<u32>(ends + (<usize>n << 2), stop);
    n++;
    start = next;
  }
  store<u32>(progress, start);
  return n;
}

@inline function isIn(set: usize, byte: u32): bool {
  return load<u8>(set + byte) != 0;
}

/**
 * Cuts each of n strings at the bytes that `set` (256 bytes, 0 or 1) has: at each of them, or (`runs`) at each run of them.
 * Returns how many parts there are: at most one more than bytes for each string.
 */
export function textSplitSet(base: usize, starts: usize, ends: usize, n: u32, set: usize, runs: bool, outStarts: usize, outEnds: usize): u32 {
  let m: usize = 0;
  for (let i: usize = 0; i < <usize>n; i++) {
    let start = load<u32>(starts + (i << 2));
    const end = load<u32>(ends + (i << 2));
    let at = start;
    for (;;) {
      while (at < end && !isIn(set, load<u8>(base + at))) at++;
      store<u32>(outStarts + (m << 2), start);
      store<u32>(outEnds + (m << 2), at);
      m++;
      if (at >= end) break;
      at++;
      if (runs) while (at < end && isIn(set, load<u8>(base + at))) at++;
      start = at;
    }
  }
  return <u32>m;
}

/** Cuts each of n strings at one byte. */
export function textSplitByte(base: usize, starts: usize, ends: usize, n: u32, byte: u32, outStarts: usize, outEnds: usize): u32 {
  let m: usize = 0;
  const wanted = i8x16.splat(<i8>byte);
  for (let i: usize = 0; i < <usize>n; i++) {
    let start = load<u32>(starts + (i << 2));
    const end = load<u32>(ends + (i << 2));
    let at = start;
    // Sixteen bytes at a time: a branch for each byte, or each part, is guessed wrong at every other part.
    for (; at < end; at += 16) {
      let hits = i8x16.bitmask(i8x16.eq(v128.load(base + at), wanted));
      if (end - at < 16) hits &= (1 << (end - at)) - 1;
      while (hits != 0) {
        const stop = at + ctz(hits);
        store<u32>(outStarts + (m << 2), start);
        store<u32>(outEnds + (m << 2), stop);
        m++;
        start = stop + 1;
        hits &= hits - 1;
      }
    }
    store<u32>(outStarts + (m << 2), start);
    store<u32>(outEnds + (m << 2), end);
    m++;
  }
  return <u32>m;
}

/** Cuts each of n strings at `separator`, `length` (at least 2) bytes of UTF-8. */
export function textSplitString(base: usize, starts: usize, ends: usize, n: u32, separator: usize, length: u32, outStarts: usize, outEnds: usize): u32 {
  let m: usize = 0;
  const first = load<u8>(separator);
  for (let i: usize = 0; i < <usize>n; i++) {
    let start = load<u32>(starts + (i << 2));
    const end = load<u32>(ends + (i << 2));
    let at = start;
    for (;;) {
      while (at + length <= end && !(load<u8>(base + at) == first && same(base + at, separator, length))) at++;
      const found = at + length <= end;
      store<u32>(outStarts + (m << 2), start);
      store<u32>(outEnds + (m << 2), found ? at : end);
      m++;
      if (!found) break;
      start = at = at + length;
    }
  }
  return <u32>m;
}

@inline function same(a: usize, b: usize, length: u32): bool {
  for (; length >= 8; length -= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  return length == 0 || ((load<u64>(a) ^ load<u64>(b)) << (64 - (<u64>length << 3))) == 0;
}

/** Offsets of strings that lie one after the other from `start` on, by their lengths. */
export function textOffsets(lengths: usize, n: u32, start: u32, starts: usize, ends: usize): u32 {
  for (let i: usize = 0; i < <usize>n; i++) {
    store<u32>(starts + (i << 2), start);
    start += load<u32>(lengths + (i << 2));
    store<u32>(ends + (i << 2), start);
  }
  return start;
}

/** Copies the strings at `addresses`, `lengths`, by the n places in `rows`, one after the other to `out`; their lengths to `outLengths`. */
export function textGather(addresses: usize, lengths: usize, rows: usize, n: u32, outLengths: usize, out: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const row = <usize>load<u32>(rows + (i << 2)) << 2;
    const length = load<u32>(lengths + row);
    const from = <usize>load<u32>(addresses + row);
    // Strings are short: a call of memory.copy costs more than the copy.
    if (length <= 8) {
      let word = load<u64>(from);
      for (let k: u32 = 0; k < length; k++) {
        store<u8>(out + k, <u8>word);
        word >>= 8;
      }
    } else memory.copy(out, from, length);
    out += length;
    store<u32>(outLengths + (i << 2), length);
  }
}
