// Operators on columns of float64, two rows at a time where WebAssembly has the operation. Sums are in the order of the rows, for
// another order has another last bit.

/** first, first + 1, ... */
export function iota(out: usize, first: f64, n: u32): void {
  let pair = f64x2(first, first + 1);
  const two = f64x2.splat(2);
  for (let i: u32 = 0; i < n; i += 2) {
    v128.store(out + (<usize>i << 3), pair);
    pair = f64x2.add(pair, two);
  }
}

/** x * a + b */
export function affine(x: usize, out: usize, n: u32, a: f64, b: f64): void {
  const as = f64x2.splat(a);
  const bs = f64x2.splat(b);
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.add(f64x2.mul(v128.load(x + (<usize>i << 3)), as), bs));
}

export function square(x: usize, out: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i += 2) {
    const pair = v128.load(x + (<usize>i << 3));
    v128.store(out + (<usize>i << 3), f64x2.mul(pair, pair));
  }
}

export function squareRoot(x: usize, out: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.sqrt(v128.load(x + (<usize>i << 3))));
}

/** Rows above a limit; returns how many. */
export function keepAbove(x: usize, out: usize, n: u32, limit: f64): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = load<f64>(x + (<usize>i << 3));
    store<f64>(out + (<usize>kept << 3), value);
    kept += u32(value > limit);
  }
  return kept;
}

/** Rows that are multiples of 3: whole numbers below 2^31; returns how many. */
export function keepMultiplesOf3(x: usize, out: usize, n: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = load<f64>(x + (<usize>i << 3));
    store<f64>(out + (<usize>kept << 3), value);
    kept += u32(<i32>value % 3 == 0);
  }
  return kept;
}

/** x % 1000 and x as columns of int32: whole numbers below 2^31. */
export function keyedBy1000(x: usize, keys: usize, values: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const value = <i32>load<f64>(x + (<usize>i << 3));
    store<i32>(keys + (<usize>i << 2), value % 1000);
    store<i32>(values + (<usize>i << 2), value);
  }
}

export function sum(x: usize, n: u32, start: f64): f64 {
  let total = start;
  for (let i: u32 = 0; i < n; i++) total += load<f64>(x + (<usize>i << 3));
  return total;
}
