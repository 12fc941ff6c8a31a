// Sorts keys by the order of key-order.ts, as an order of their places: what belongs to the keys can follow. Keys that
// are level stay in the order in which they came.
import { compareKeys } from './key-order.js';

/** Below this many numbers, comparing is quicker than counting digits. */
const FEW = 128;

/** The places of the keys in sorted order: keys[order[0]] comes first. Throws HEDDLE_VALUE for what cannot be a key. */
export function sortedOrder(keys: ArrayLike<unknown>, ascending = true): Uint32Array {
  const n = keys.length;
  if (n >= FEW && areNumbers(keys)) return sortedNumbers(keys, ascending);
  const compare = ascending
    ? (a: number, b: number) => compareKeys(keys[a], keys[b])
    : (a: number, b: number) => compareKeys(keys[b], keys[a]);
  // One alone is never compared.
  if (n === 1) compare(0, 0);
  // Stable, as the method of an array is.
  return Uint32Array.from(Array.from({ length: n }, (_, i) => i).sort(compare));
}

function areNumbers(keys: ArrayLike<unknown>): keys is ArrayLike<number> {
  if (keys instanceof Float64Array || keys instanceof Int32Array) return true;
  for (let i = 0; i < keys.length; i++) if (typeof keys[i] !== 'number') return false;
  return true;
}

const DIGITS = 256;
const BYTES = 8;

/**
 * Radix sort from the last byte to the first, over numbers made into 64-bit words that are ordered as the numbers are
 * (M. Herf, "Radix Tricks", 2001). A byte that all numbers share, as most are when they are small integers, costs no pass.
 */
function sortedNumbers(keys: ArrayLike<number>, ascending: boolean): Uint32Array {
  const n = keys.length;
  const words = orderedWords(keys, ascending);
  const bytes = new Uint8Array(words.buffer);
  const counts = new Uint32Array(BYTES * DIGITS);
  for (let i = 0; i < n; i++) for (let b = 0; b < BYTES; b++) counts[b * DIGITS + bytes[i * BYTES + b]!]!++;
  let order = new Uint32Array(n);
  let next = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let b = 0; b < BYTES; b++) {
    const starts = counts.subarray(b * DIGITS, (b + 1) * DIGITS);
    if (starts[bytes[b]!] === n) continue;
    let sum = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = starts[digit]!;
      starts[digit] = sum;
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const at = order[i]!;
      next[starts[bytes[at * BYTES + b]!]!++] = at;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** Two 32-bit halves a number, the lower one first. */
function orderedWords(keys: ArrayLike<number>, ascending: boolean): Uint32Array {
  const n = keys.length;
  const numbers = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const key = keys[i]!;
    // 0 and -0 are one key, and so are all that are not a number, which come last.
    numbers[i] = key === 0 ? 0 : Number.isNaN(key) ? Number.NaN : key;
  }
  const words = new Uint32Array(numbers.buffer);
  const flip = ascending ? 0 : 0xffffffff;
  for (let i = 0; i < 2 * n; i += 2) {
    const [low, high] = [words[i]!, words[i + 1]!];
    // A negative number's bits count down, a positive one's come behind them.
    const isNegative = high >>> 31 === 1 && numbers[i >>> 1]! < 0;
    words[i] = (isNegative ? ~low : low) ^ flip;
    words[i + 1] = (isNegative ? ~high : (high | 0x80000000) >>> 0) ^ flip;
  }
  return words;
}
