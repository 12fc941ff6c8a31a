// Grouping in two steps, for more keys than a core's cache has room for: rows are first spread over buckets by their keys, and
// then each bucket has a table of its own, which is small (a radix partition, as in Balkesen, Teubner, Alonso and Özsu, "Main-memory
// hash joins on multi-core CPUs", ICDE 2013). The order in which keys first came is found again from the rows as they were.
import { hashOf, reduceIdOf } from './hash';
import { merge, SUM } from './aggregate';

const SPREAD_CURSOR: u32 = 8;
const ORDER_CURSOR: u32 = 12;

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
function spread<K, V>(keys: usize, values: usize, rows: u32, buckets: u32, cursors: usize, hasValues: bool): void {
  for (let i: u32 = 0; i < rows; i++) {
    const key = load<K>(keys + <usize>i * sizeof<K>());
    const cursor = cursors + <usize>(bucketOf<K>(key, buckets) * SPREAD_CURSOR);
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

/** Puts rows behind each other in their buckets: a cursor is the next key's address and the next value's. Values of 4 or 8 bytes, or 0: none. */
export function spreadBuckets(keyKind: u32, valueBytes: u32, keys: usize, values: usize, rows: u32, buckets: u32, cursors: usize): void {
  if (keyKind == 1) {
    if (valueBytes == 4) spread<i32, u32>(keys, values, rows, buckets, cursors, true);
    else if (valueBytes == 8) spread<i32, u64>(keys, values, rows, buckets, cursors, true);
    else spread<i32, u32>(keys, values, rows, buckets, cursors, false);
  } else if (valueBytes == 4) spread<f64, u32>(keys, values, rows, buckets, cursors, true);
  else if (valueBytes == 8) spread<f64, u64>(keys, values, rows, buckets, cursors, true);
  else spread<f64, u32>(keys, values, rows, buckets, cursors, false);
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

@inline
function order<K>(keys: usize, rows: u32, buckets: u32, cursors: usize, out: usize, size: u32, limit: u32): u32 {
  for (let i: u32 = 0; i < rows && size < limit; i++) {
    const cursor = cursors + <usize>(bucketOf<K>(load<K>(keys + <usize>i * sizeof<K>()), buckets) * ORDER_CURSOR);
    const idAt = load<u32>(cursor);
    const next = load<u32>(cursor, 4);
    store<u32>(cursor, idAt + 4);
    if (load<u32>(idAt) == next) {
      store<u32>(out + (<usize>size << 2), load<u32>(cursor, 8) + next);
      store<u32>(cursor, next + 1, 4);
      size++;
    }
  }
  return size;
}

/**
 * Finds the order in which groups first appear in rows that were spread over buckets. A cursor is the address of the bucket's next
 * row's id, the next id that is new, and the place of the bucket's first group among all; a new group's place is written to `out`
 * (u32). Stops when there are `limit` of them. Returns how many there are.
 */
export function orderGroups(keyKind: u32, keys: usize, rows: u32, buckets: u32, cursors: usize, out: usize, size: u32, limit: u32): u32 {
  if (keyKind == 1) return order<i32>(keys, rows, buckets, cursors, out, size, limit);
  return order<f64>(keys, rows, buckets, cursors, out, size, limit);
}
