// Sorting places by number: a radix sort from the last byte to the first, over numbers made into words that are ordered as the
// numbers are (M. Herf, "Radix Tricks", 2001). Stable. A byte that all numbers share costs no pass.
import { canonical } from './hash';

const DIGITS: u32 = 256;

/** The word that is ordered as the key is: 0 and -0 are one, and so are all NaN, which come last. */
@inline function wordOf<K, W>(key: K, flip: W): W {
  if (isFloat<K>()) {
    const bits = reinterpret<u64>(canonical(<f64>key));
    // A negative number's bits count down, a positive one's come behind them. NaN is the positive one.
    const negative = bits >>> 63 == 1 && key == key;
    return <W>((negative ? ~bits : bits | 0x8000000000000000) ^ <u64>flip);
  }
  return <W>((<u32>key ^ 0x80000000) ^ <u32>flip);
}

@inline
function sort<K, W>(keys: usize, rows: u32, flip: W, words: usize, order: usize, otherWords: usize, otherOrder: usize, counts: usize): void {
  const digits: u32 = sizeof<W>();
  memory.fill(counts, 0, <usize>digits * DIGITS * 4);
  for (let i: u32 = 0; i < rows; i++) {
    let word = wordOf<K, W>(load<K>(keys + <usize>i * sizeof<K>()), flip);
    for (let d: u32 = 0; d < digits; d++) {
      const at = counts + (<usize>(d * DIGITS + <u32>(word & 0xff)) << 2);
      store<u32>(at, load<u32>(at) + 1);
      word >>= 8;
    }
  }
  // Bytes to sort by: the passes go to and fro, and the last one has to end in `order`.
  let passes: u32 = 0;
  const first = wordOf<K, W>(load<K>(keys), flip);
  for (let d: u32 = 0; d < digits; d++) {
    if (load<u32>(counts + (<usize>(d * DIGITS + <u32>((first >> <W>(8 * d)) & 0xff)) << 2)) != rows) passes++;
  }
  let fromWords = passes & 1 ? otherWords : words;
  let fromOrder = passes & 1 ? otherOrder : order;
  let toWords = passes & 1 ? words : otherWords;
  let toOrder = passes & 1 ? order : otherOrder;
  for (let i: u32 = 0; i < rows; i++) {
    store<W>(fromWords + <usize>i * sizeof<W>(), wordOf<K, W>(load<K>(keys + <usize>i * sizeof<K>()), flip));
    store<u32>(fromOrder + (<usize>i << 2), i);
  }
  for (let d: u32 = 0; d < digits; d++) {
    const shift = <W>(8 * d);
    const starts = counts + (<usize>(d * DIGITS) << 2);
    if (load<u32>(starts + (<usize>((first >> shift) & 0xff) << 2)) == rows) continue;
    let sum: u32 = 0;
    for (let digit: u32 = 0; digit < DIGITS; digit++) {
      const at = starts + (<usize>digit << 2);
      const count = load<u32>(at);
      store<u32>(at, sum);
      sum += count;
    }
    for (let i: u32 = 0; i < rows; i++) {
      const word = load<W>(fromWords + <usize>i * sizeof<W>());
      const at = starts + (<usize>((word >> shift) & 0xff) << 2);
      const to = load<u32>(at);
      store<u32>(at, to + 1);
      store<W>(toWords + <usize>to * sizeof<W>(), word);
      store<u32>(toOrder + (<usize>to << 2), load<u32>(fromOrder + (<usize>i << 2)));
    }
    const spareWords = fromWords;
    const spareOrder = fromOrder;
    fromWords = toWords;
    fromOrder = toOrder;
    toWords = spareWords;
    toOrder = spareOrder;
  }
}

/**
 * Writes the places of the keys in sorted order to `order` (u32). Scratch: `words` and `otherWords` as wide as the keys,
 * `otherOrder` as `order`, `counts` of 8 KiB.
 */
export function sortNumbers(keyKind: u32, keys: usize, rows: u32, ascending: u32, words: usize, order: usize, otherWords: usize, otherOrder: usize, counts: usize): void {
  if (rows == 0) return;
  if (keyKind == 1) sort<i32, u32>(keys, rows, ascending ? 0 : 0xffffffff, words, order, otherWords, otherOrder, counts);
  else sort<f64, u64>(keys, rows, ascending ? 0 : 0xffffffffffffffff, words, order, otherWords, otherOrder, counts);
}
