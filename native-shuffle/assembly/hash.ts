// Key hashes, the same bit for bit as lib/codec/key-hash.ts: fmix32 is MurmurHash3's 32-bit finaliser
// (Austin Appleby, public domain). Numbers equal by value hash equally whatever column they came in.

@inline export function fmix32(x: u32): u32 {
  x ^= x >>> 16;
  x *= 0x85ebca6b;
  x ^= x >>> 13;
  x *= 0xc2b2ae35;
  return x ^ (x >>> 16);
}

/** The key as grouping sees it: -0 is 0, every NaN is one NaN. */
@inline export function canonical(key: f64): f64 {
  return key != key ? NaN : key + 0.0;
}

@inline export function hashFloat64(key: f64): u32 {
  const whole = <i32>key; // saturates, and NaN gives 0: neither is equal to the key again
  if (<f64>whole == key) return fmix32(whole);
  const bits = reinterpret<u64>(canonical(key));
  return fmix32(<u32>bits ^ (fmix32(<u32>(bits >>> 32)) * 0x9e3779b1));
}

@inline export function hashOf<K>(key: K): u32 {
  if (isFloat<K>()) return hashFloat64(<f64>key);
  return fmix32(<u32>key);
}

/** Multiply-shift (Lemire): spreads a 32-bit hash over n reduce ids by its high bits, leaving the low ones to tables. */
@inline export function reduceIdOf(hash: u32, n: u32): u32 {
  return <u32>((<u64>hash * <u64>n) >>> 32);
}
