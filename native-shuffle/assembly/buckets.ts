// Grouping in two steps, for more keys than a core's cache has room for: rows are first spread over buckets by their keys, and
// then each bucket has a table of its own, which is small (a radix partition, as in Balkesen, Teubner, Alonso and Özsu, "Main-memory
// hash joins on multi-core CPUs", ICDE 2013). The order in which keys first came is found again from the rows as they were.
import { hashOf, reduceIdOf } from './hash';
import { merge, SUM } from './aggregate';

const SPREAD_CURSOR: u32 = 8;
const ORDER_CURSOR: u32 = 8;

/** All keys of a reduce id have the high bits of their hashes in common, and tables use the low ones. */
@inline function bucketOf<K>(key: K, buckets: u32): u32 {
  return reduceIdOf(hashOf<K>(key) * 0x9e3779b1, buckets);
}

@inline
function count<K>(keys: usize, rows: u32, buckets: u32, counts: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const at = counts + (<usize>bucketOf<K>(load<K>(keys + <usize>i * sizeof<K>()), buckets) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Adds how many rows each bucket gets to `counts` (u32). */
export function countBuckets(keyKind: u32, keys: usize, rows: u32, buckets: u32, counts: usize): void {
  if (keyKind == 1) count<i32>(keys, rows, buckets, counts);
  else count<f64>(keys, rows, buckets, counts);
}

// `V` is the unit a value is moved in: its bits are never looked at.
@inline
function spread<K, V>(keys: usize, values: usize, rows: u32, buckets: u32, first: u32, n: u32, cursors: usize, hasValues: bool): void {
  for (let i: u32 = 0; i < rows; i++) {
    const key = load<K>(keys + <usize>i * sizeof<K>());
    const place = bucketOf<K>(key, buckets) - first;
    if (place >= n) continue; // those before the first too: the difference has no sign
    const cursor = cursors + <usize>(place * SPREAD_CURSOR);
    const keyAt = load<u32>(cursor);
    store<K>(keyAt, key);
    store<u32>(cursor, keyAt + sizeof<K>());
    if (hasValues) {
      const valueAt = load<u32>(cursor, 4);
      store<V>(valueAt, load<V>(values + <usize>i * sizeof<V>()));
      store<u32>(cursor, valueAt + sizeof<V>(), 4);
    }
  }
}

/**
 * Puts the rows of `n` buckets, of which `first` is the first, behind each other in them: a cursor is the next key's address and the next
 * value's. Values of 4 or 8 bytes, or 0: none.
 */
export function spreadBuckets(keyKind: u32, valueBytes: u32, keys: usize, values: usize, rows: u32, buckets: u32, first: u32, n: u32, cursors: usize): void {
  if (keyKind == 1) {
    if (valueBytes == 4) spread<i32, u32>(keys, values, rows, buckets, first, n, cursors, true);
    else if (valueBytes == 8) spread<i32, u64>(keys, values, rows, buckets, first, n, cursors, true);
    else spread<i32, u32>(keys, values, rows, buckets, first, n, cursors, false);
  } else if (valueBytes == 4) spread<f64, u32>(keys, values, rows, buckets, first, n, cursors, true);
  else if (valueBytes == 8) spread<f64, u64>(keys, values, rows, buckets, first, n, cursors, true);
  else spread<f64, u32>(keys, values, rows, buckets, first, n, cursors, false);
}

@inline
function fold<V>(op: u32, ids: usize, values: usize, rows: u32, folded: usize, size: u32): u32 {
  for (let i: u32 = 0; i < rows; i++) {
    const id = load<u32>(ids + (<usize>i << 2));
    const value = <f64>load<V>(values + <usize>i * sizeof<V>());
    const at = folded + (<usize>id << 3);
    if (id == size) {
      store<f64>(at, value);
      size++;
    } else store<f64>(at, merge(op, load<f64>(at), value));
  }
  return size;
}

/**
 * Merges each row's value with that of its group in `folded` (f64): `ids` as indexKeys wrote them, of which the first `size` have
 * a value. Returns how many have one now.
 */
export function foldGroups(op: u32, valueKind: u32, ids: usize, values: usize, rows: u32, folded: usize, size: u32): u32 {
  // The operation that nearly all have gets loops that do not ask for it: they take half the time.
  if (op == SUM) {
    if (valueKind == 1) return fold<i32>(SUM, ids, values, rows, folded, size);
    return fold<f64>(SUM, ids, values, rows, folded, size);
  }
  if (valueKind == 1) return fold<i32>(op, ids, values, rows, folded, size);
  return fold<f64>(op, ids, values, rows, folded, size);
}

/**
 * Marks the rows of a bucket that are the first of their groups, a bit for each row: `ids` as indexKeys wrote them, where `known` groups
 * had been found before. Returns how many have been now.
 */
export function markFirst(ids: usize, rows: u32, known: u32, marks: usize): u32 {
  for (let i: u32 = 0; i < rows; i += 8) {
    const end = min<u32>(8, rows - i);
    let byte: u32 = 0;
    for (let bit: u32 = 0; bit < end; bit++) {
      const isFirst = load<u32>(ids + (<usize>(i + bit) << 2)) == known;
      byte |= u32(isFirst) << bit;
      known += u32(isFirst);
    }
    store<u8>(marks + (i >>> 3), byte);
  }
  return known;
}

@inline
function order<K>(keys: usize, rows: u32, buckets: u32, cursors: usize, marks: usize, out: usize, size: u32, limit: u32): u32 {
  for (let i: u32 = 0; i < rows && size < limit; i++) {
    const cursor = cursors + <usize>(bucketOf<K>(load<K>(keys + <usize>i * sizeof<K>()), buckets) * ORDER_CURSOR);
    const row = load<u32>(cursor);
    store<u32>(cursor, row + 1);
    if (((load<u8>(marks + (row >>> 3)) >>> (row & 7)) & 1) != 0) {
      const place = load<u32>(cursor, 4);
      store<u32>(out + (<usize>size << 2), place);
      store<u32>(cursor, place + 1, 4);
      size++;
    }
  }
  return size;
}

/**
 * Finds the order in which groups first appear in rows that were spread over buckets. A cursor is the number of the bucket's next row
 * among the marks, and the place of its next group among all; a new group's place is written to `out` (u32). Stops when there are
 * `limit` of them. Returns how many there are.
 */
export function orderGroups(keyKind: u32, keys: usize, rows: u32, buckets: u32, cursors: usize, marks: usize, out: usize, size: u32, limit: u32): u32 {
  if (keyKind == 1) return order<i32>(keys, rows, buckets, cursors, marks, out, size, limit);
  return order<f64>(keys, rows, buckets, cursors, marks, out, size, limit);
}
