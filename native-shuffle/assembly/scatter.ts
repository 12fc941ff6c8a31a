// Scatter: rows of a batch to the open run of their reduce id. A run is two columns, so a cursor is the next
// key's address, the next value's address, and the rows that still fit: 12 bytes a reduce id.
import { hashOf, reduceIdOf } from './hash';

const CURSOR: u32 = 12;

// `V` is the unit a value is moved in (its bits are never looked at); `hasValues` is false where nobody needs them there.
@inline
function scatter<K, V>(keys: usize, values: usize, from: u32, to: u32, reducers: u32, cursors: usize, hasValues: bool): u32 {
  for (let i = from; i < to; i++) {
    const key = load<K>(keys + i * sizeof<K>());
    const cursor = cursors + reduceIdOf(hashOf<K>(key), reducers) * CURSOR;
    const room = load<u32>(cursor, 8);
    if (room == 0) return i;
    const keyAt = load<u32>(cursor);
    store<K>(keyAt, key);
    store<u32>(cursor, keyAt + sizeof<K>());
    if (hasValues) {
      const valueAt = load<u32>(cursor, 4);
      store<V>(valueAt, load<V>(values + i * sizeof<V>()));
      store<u32>(cursor, valueAt + sizeof<V>(), 4);
    }
    store<u32>(cursor, room - 1, 8);
  }
  return to;
}

/**
 * Scatters rows [from, to) of a batch. Key kind: 1 int32, 2 float64. Value width in bytes: 0, 4 or 8.
 * Returns `to`, or the first row whose run is full: the caller opens another run for it and calls again.
 */
export function scatterPairs(keyKind: u32, valueBytes: u32, keys: usize, values: usize, from: u32, to: u32, reducers: u32, cursors: usize): u32 {
  if (keyKind == 1) {
    if (valueBytes == 4) return scatter<i32, u32>(keys, values, from, to, reducers, cursors, true);
    if (valueBytes == 8) return scatter<i32, u64>(keys, values, from, to, reducers, cursors, true);
    return scatter<i32, u32>(keys, values, from, to, reducers, cursors, false);
  }
  if (valueBytes == 4) return scatter<f64, u32>(keys, values, from, to, reducers, cursors, true);
  if (valueBytes == 8) return scatter<f64, u64>(keys, values, from, to, reducers, cursors, true);
  return scatter<f64, u32>(keys, values, from, to, reducers, cursors, false);
}

/** How many bounds the key is behind; NaN is behind all numbers. `bounds` are in the order of the partitions. */
@inline function rangeOf(key: f64, bounds: usize, n: u32, ascending: bool): u32 {
  if (key != key) return ascending ? n : 0;
  let low: u32 = 0;
  let length = n;
  while (length > 0) {
    const half = length >>> 1;
    const bound = load<f64>(bounds + (<usize>(low + half) << 3));
    const behind = ascending ? bound < key : bound > key;
    low = select<u32>(low + half + 1, low, behind);
    length = select<u32>(length - half - 1, half, behind);
  }
  return low;
}

@inline
function scatterRange<K, V>(keys: usize, values: usize, from: u32, to: u32, bounds: usize, n: u32, ascending: bool, cursors: usize, hasValues: bool): u32 {
  for (let i = from; i < to; i++) {
    const key = load<K>(keys + i * sizeof<K>());
    const cursor = cursors + rangeOf(<f64>key, bounds, n, ascending) * CURSOR;
    const room = load<u32>(cursor, 8);
    if (room == 0) return i;
    const keyAt = load<u32>(cursor);
    store<K>(keyAt, key);
    store<u32>(cursor, keyAt + sizeof<K>());
    if (hasValues) {
      const valueAt = load<u32>(cursor, 4);
      store<V>(valueAt, load<V>(values + i * sizeof<V>()));
      store<u32>(cursor, valueAt + sizeof<V>(), 4);
    }
    store<u32>(cursor, room - 1, 8);
  }
  return to;
}

/** As scatterPairs, by the order of the keys: `count` bounds (f64), none of them NaN. */
export function scatterByRange(keyKind: u32, valueBytes: u32, keys: usize, values: usize, from: u32, to: u32, bounds: usize, count: u32, ascending: u32, cursors: usize): u32 {
  if (keyKind == 1) {
    if (valueBytes == 4) return scatterRange<i32, u32>(keys, values, from, to, bounds, count, ascending != 0, cursors, true);
    if (valueBytes == 8) return scatterRange<i32, u64>(keys, values, from, to, bounds, count, ascending != 0, cursors, true);
    return scatterRange<i32, u32>(keys, values, from, to, bounds, count, ascending != 0, cursors, false);
  }
  if (valueBytes == 4) return scatterRange<f64, u32>(keys, values, from, to, bounds, count, ascending != 0, cursors, true);
  if (valueBytes == 8) return scatterRange<f64, u64>(keys, values, from, to, bounds, count, ascending != 0, cursors, true);
  return scatterRange<f64, u32>(keys, values, from, to, bounds, count, ascending != 0, cursors, false);
}

@inline
function count<K>(keys: usize, rows: u32, reducers: u32, counts: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const at = counts + (<usize>reduceIdOf(hashOf<K>(load<K>(keys + <usize>i * sizeof<K>())), reducers) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Adds how many rows each reduce id gets to `counts` (u32). */
export function countPairs(keyKind: u32, keys: usize, rows: u32, reducers: u32, counts: usize): void {
  if (keyKind == 1) count<i32>(keys, rows, reducers, counts);
  else count<f64>(keys, rows, reducers, counts);
}

@inline
function countRange<K>(keys: usize, rows: u32, bounds: usize, n: u32, ascending: bool, counts: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const at = counts + (<usize>rangeOf(<f64>load<K>(keys + <usize>i * sizeof<K>()), bounds, n, ascending) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** As countPairs, for what scatterByRange would do. */
export function countByRange(keyKind: u32, keys: usize, rows: u32, bounds: usize, count: u32, ascending: u32, counts: usize): void {
  if (keyKind == 1) countRange<i32>(keys, rows, bounds, count, ascending != 0, counts);
  else countRange<f64>(keys, rows, bounds, count, ascending != 0, counts);
}
