// Columns of int32 as the steps between them, a byte each, with exceptions (delta encoding, as in Zukowski, Héman, Nes and Boncz,
// "Super-scalar RAM-CPU cache compression", ICDE 2006). The byte 255 says that a number follows as it is.

const MARK: u32 = 0xff;
/** Numbers that may be there in full before the share of them counts. */
const FEW: u32 = 64;

/**
 * Writes the column to `out`, which has room for 2 * rows + 261 bytes; returns its bytes. 0, and something written, where more than a
 * quarter of the numbers, and 64, would be there in full.
 */
export function writeSteps(column: usize, rows: u32, out: usize): u32 {
  if (rows == 0) return 0;
  let at = out;
  let full: u32 = 0;
  let last: u32 = load<u32>(column) - MARK; // so that the first is there in full
  for (let i: u32 = 0; i < rows; ) {
    if (i > 0 && rows - i >= 16) {
      // Sixteen at once, where all their steps are short.
      const from = column + (<usize>i << 2);
      const a = i32x4.sub(v128.load(from), v128.load(from - 4));
      const b = i32x4.sub(v128.load(from, 16), v128.load(from + 12));
      const c = i32x4.sub(v128.load(from, 32), v128.load(from + 28));
      const d = i32x4.sub(v128.load(from, 48), v128.load(from + 44));
      const longest = i32x4.max_u(i32x4.max_u(a, b), i32x4.max_u(c, d));
      if (!v128.any_true(i32x4.gt_u(longest, i32x4.splat(254)))) {
        v128.store(at, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
        at += 16;
        i += 16;
        last = load<u32>(from, 60);
        continue;
      }
    }
    for (const end = min<u32>(rows, i == 0 ? 1 : i + 16); i < end; i++) {
      const next = load<u32>(column + (<usize>i << 2));
      const step = next - last;
      last = next;
      if (step < MARK) {
        store<u8>(at++, step);
        continue;
      }
      if (++full > FEW + (i >>> 2)) return 0;
      store<u8>(at, MARK);
      store<u32>(at, next, 1);
      at += 5;
    }
  }
  return <u32>(at - out);
}

/** The sum of each of eight numbers and all before it. */
@inline function sums(x: v128): v128 {
  const zero = i16x8.splat(0);
  let all = i16x8.add(x, i8x16.shuffle(zero, x, 0, 1, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29));
  all = i16x8.add(all, i8x16.shuffle(zero, all, 0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27));
  return i16x8.add(all, i8x16.shuffle(zero, all, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
}

/** The column again: `rows` numbers. */
export function readSteps(steps: usize, rows: u32, column: usize): void {
  let at = steps;
  let next: u32 = 0;
  for (let i: u32 = 0; i < rows; ) {
    const out = column + (<usize>i << 2);
    if (rows - i >= 16) {
      const sixteen = v128.load(at);
      if (!v128.any_true(i8x16.eq(sixteen, i8x16.splat(<i8>MARK)))) {
        const low = sums(i16x8.extend_low_i8x16_u(sixteen));
        const high = sums(i16x8.extend_high_i8x16_u(sixteen));
        const base = i32x4.splat(next);
        const middle = next + <u32>i16x8.extract_lane_u(low, 7);
        const other = i32x4.splat(middle);
        v128.store(out, i32x4.add(base, i32x4.extend_low_i16x8_u(low)));
        v128.store(out, i32x4.add(base, i32x4.extend_high_i16x8_u(low)), 16);
        v128.store(out, i32x4.add(other, i32x4.extend_low_i16x8_u(high)), 32);
        v128.store(out, i32x4.add(other, i32x4.extend_high_i16x8_u(high)), 48);
        next = middle + <u32>i16x8.extract_lane_u(high, 7);
        at += 16;
        i += 16;
        continue;
      }
    }
    for (const end = min<u32>(rows, i + 16); i < end; i++) {
      const step = <u32>load<u8>(at++);
      if (step != MARK) next += step;
      else {
        next = load<u32>(at);
        at += 4;
      }
      store<u32>(column + (<usize>i << 2), next);
    }
  }
}
