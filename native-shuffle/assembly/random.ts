// Uniform random numbers by the batch: two interleaved xoshiro256+ generators, one in each 64-bit lane.
// Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021.
//
// The state is 64 bytes, 16-byte aligned: words s0, s1, s2, s3 of both generators as four i64x2, so generator A is the
// low lane and B the high one. Draw 2i comes from A, draw 2i + 1 from B: a batch split in two gives the same numbers.
// The + scrambler is weak in its lowest three bits only; a draw takes the upper 52 of the 64.

/** Writes `n` (even) float64 in [0, 1), multiples of 2^-52, at `out`, and leaves the advanced state at `state`. */
export function fillUniform(state: usize, out: usize, n: u32): void {
  // 1.0, its exponent bits also the mask. A constant that the compilers can see is made anew in every round of the loop,
  // which costs a third of the time; one that comes out of `n` stays in a register.
  const one = f64x2.splat(<f64>(<i32>(n != 0)));
  let s0 = v128.load(state, 0);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  let t: v128;
  // Pairs are counted down because `out + 8n` may be exactly 2^32.
  let pairs = n >> 1;
  if (pairs == 0) return;
  // Two steps to a round: going round, with the state back in the same registers, takes as long as half a step.
  do {
    v128.store(out, drawn(s0, s3, one));
    t = i64x2.shl(s1, 17);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotatedBy45(s3);
    if (--pairs == 0) break;
    v128.store(out, drawn(s0, s3, one), 16);
    t = i64x2.shl(s1, 17);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotatedBy45(s3);
    out += 32;
  } while (--pairs != 0);
  v128.store(state, s0, 0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}

/** 52 random bits under the exponent of 1.0 are a float64 in [1, 2). */
@inline function drawn(s0: v128, s3: v128, one: v128): v128 {
  return f64x2.sub(v128.or(i64x2.shr_u(i64x2.add(s0, s3), 12), one), one);
}

@inline function rotatedBy45(s: v128): v128 {
  return v128.or(i64x2.shl(s, 45), i64x2.shr_u(s, 19));
}
