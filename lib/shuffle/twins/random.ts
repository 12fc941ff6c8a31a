// The plain twin of the random kernel (native-shuffle/assembly/random.ts, which describes the layout and the source):
// the same bits from the same state, for engines without the kernels and for the property test that holds the two together.
//
// Views are made at each call because the heap's buffer object changes when the heap grows.

/** Writes `n` (even) float64 in [0, 1), multiples of 2^-52, at address `out` of `buffer`, and advances the 64 bytes at `state`. */
export function fillUniform(buffer: ArrayBufferLike, state: number, out: number, n: number): void {
  const words = new Int32Array(buffer, state, 16);
  const draws = new Float64Array(buffer, out, n);
  fillLane(words, 0, draws);
  fillLane(words, 1, draws);
}

/** One generator: every second draw. 64-bit words are pairs of 32-bit halves; only the sum's carry needs more than int32. */
function fillLane(words: Int32Array, lane: number, draws: Float64Array): void {
  const at = lane * 2;
  let l0 = words[at]!;
  let h0 = words[at + 1]!;
  let l1 = words[at + 4]!;
  let h1 = words[at + 5]!;
  let l2 = words[at + 8]!;
  let h2 = words[at + 9]!;
  let l3 = words[at + 12]!;
  let h3 = words[at + 13]!;
  const n = draws.length & ~1;
  for (let i = lane; i < n; i += 2) {
    const low = (l0 + l3) | 0;
    const carry = low >>> 0 < l0 >>> 0 ? 1 : 0;
    const high = (h0 + h3 + carry) | 0;
    // The upper 52 bits as an integer below 2^52, scaled: the same number as the kernel's [1, 2) less 1, both exact.
    draws[i] = ((high >>> 0) * 0x100000 + (low >>> 12)) * 2 ** -52;
    const tl = l1 << 17;
    const th = (h1 << 17) | (l1 >>> 15);
    l2 ^= l0;
    h2 ^= h0;
    l3 ^= l1;
    h3 ^= h1;
    l1 ^= l2;
    h1 ^= h2;
    l0 ^= l3;
    h0 ^= h3;
    l2 ^= tl;
    h2 ^= th;
    // A rotation by 45 is an exchange of the halves and a rotation by 13.
    const low3 = l3;
    l3 = (h3 << 13) | (low3 >>> 19);
    h3 = (low3 << 13) | (h3 >>> 19);
  }
  words[at] = l0;
  words[at + 1] = h0;
  words[at + 4] = l1;
  words[at + 5] = h1;
  words[at + 8] = l2;
  words[at + 9] = h2;
  words[at + 12] = l3;
  words[at + 13] = h3;
}
