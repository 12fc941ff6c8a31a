// Hash aggregation of numeric pairs in an open-addressing table (linear probing, a power of two of slots).
// A slot is 24 bytes for float64 keys { key f64, value f64, order u32, - } and 16 for int32 keys
// { key i32, order u32, value f64 }. `order` is 1 + the key's place in order of first appearance, 0 for an empty
// slot: groups come out in that order, as they would from a JavaScript Map.
import { canonical, hashOf } from './hash';

export const SUM: u32 = 1;
const MIN: u32 = 2;
const MAX: u32 = 3;
const FIRST: u32 = 4;

@inline function slotBytes<K>(): usize { return isFloat<K>() ? 24 : 16; }
@inline function orderAt<K>(slot: usize): u32 { return isFloat<K>() ? load<u32>(slot, 16) : load<u32>(slot, 4); }
@inline function setOrder<K>(slot: usize, order: u32): void { if (isFloat<K>()) store<u32>(slot, order, 16); else store<u32>(slot, order, 4); }

@inline
export function merge(op: u32, a: f64, b: f64): f64 {
  if (op == SUM) return a + b;
  if (op == MIN) return min(a, b);
  if (op == MAX) return max(a, b);
  if (op == FIRST) return a;
  return b;
}

@inline
function sameKey<K>(slot: usize, key: K): bool {
  if (isFloat<K>()) return load<u64>(slot) == reinterpret<u64>(<f64>key);
  return load<K>(slot) == key;
}

@inline
function aggregate<K, V>(op: u32, keys: usize, values: usize, from: u32, to: u32, table: usize, slots: u32, size: u32, limit: u32, progress: usize): u32 {
  const mask = slots - 1;
  let i = from;
  for (; i < to; i++) {
    let key = load<K>(keys + i * sizeof<K>());
    if (isFloat<K>()) key = <K>canonical(<f64>key);
    const value = <f64>load<V>(values + i * sizeof<V>());
    let at = hashOf<K>(key) & mask;
    let slot: usize;
    for (;;) {
      slot = table + <usize>at * slotBytes<K>();
      if (orderAt<K>(slot) == 0) {
        if (size == limit) { store<u32>(progress, i); return size; }
        store<K>(slot, key);
        store<f64>(slot, value, 8);
        setOrder<K>(slot, ++size);
        break;
      }
      if (sameKey<K>(slot, key)) {
        store<f64>(slot, merge(op, load<f64>(slot, 8), value), 8);
        break;
      }
      at = (at + 1) & mask;
    }
  }
  store<u32>(progress, i);
  return size;
}

/**
 * Adds rows [from, to) to a table of `slots` slots that holds `size` keys; stops before a new key once it holds `limit`.
 * Key and value kind: 1 int32, 2 float64. Returns the new size and writes the first row not taken to `progress` (u32).
 */
export function aggregatePairs(op: u32, keyKind: u32, valueKind: u32, keys: usize, values: usize, from: u32, to: u32, table: usize, slots: u32, size: u32, limit: u32, progress: usize): u32 {
  if (keyKind == 1) {
    if (valueKind == 1) return aggregate<i32, i32>(op, keys, values, from, to, table, slots, size, limit, progress);
    return aggregate<i32, f64>(op, keys, values, from, to, table, slots, size, limit, progress);
  }
  if (valueKind == 1) return aggregate<f64, i32>(op, keys, values, from, to, table, slots, size, limit, progress);
  return aggregate<f64, f64>(op, keys, values, from, to, table, slots, size, limit, progress);
}

@inline
function index<K>(keys: usize, from: u32, to: u32, ids: usize, table: usize, slots: u32, size: u32, limit: u32, progress: usize): u32 {
  const mask = slots - 1;
  let i = from;
  for (; i < to; i++) {
    let key = load<K>(keys + i * sizeof<K>());
    if (isFloat<K>()) key = <K>canonical(<f64>key);
    let at = hashOf<K>(key) & mask;
    let slot: usize;
    let order: u32;
    for (;;) {
      slot = table + <usize>at * slotBytes<K>();
      order = orderAt<K>(slot);
      if (order == 0) {
        if (size == limit) { store<u32>(progress, i); return size; }
        store<K>(slot, key);
        order = ++size;
        setOrder<K>(slot, order);
        break;
      }
      if (sameKey<K>(slot, key)) break;
      at = (at + 1) & mask;
    }
    store<u32>(ids + (<usize>i << 2), order - 1);
  }
  store<u32>(progress, i);
  return size;
}

/**
 * As aggregatePairs without values: writes to `ids` (u32), for each row, its key's place in order of first appearance.
 */
export function indexKeys(keyKind: u32, keys: usize, from: u32, to: u32, ids: usize, table: usize, slots: u32, size: u32, limit: u32, progress: usize): u32 {
  if (keyKind == 1) return index<i32>(keys, from, to, ids, table, slots, size, limit, progress);
  return index<f64>(keys, from, to, ids, table, slots, size, limit, progress);
}

@inline
function rehash<K>(from: usize, fromSlots: u32, to: usize, toSlots: u32): void {
  const mask = toSlots - 1;
  for (let i: u32 = 0; i < fromSlots; i++) {
    const old = from + <usize>i * slotBytes<K>();
    const order = orderAt<K>(old);
    if (order == 0) continue;
    const key = load<K>(old);
    let at = hashOf<K>(key) & mask;
    let slot = to + <usize>at * slotBytes<K>();
    while (orderAt<K>(slot) != 0) {
      at = (at + 1) & mask;
      slot = to + <usize>at * slotBytes<K>();
    }
    store<K>(slot, key);
    store<f64>(slot, load<f64>(old, 8), 8);
    setOrder<K>(slot, order);
  }
}

/** Moves every key of one table into a larger, empty one. */
export function rehashTable(keyKind: u32, from: usize, fromSlots: u32, to: usize, toSlots: u32): void {
  if (keyKind == 1) rehash<i32>(from, fromSlots, to, toSlots);
  else rehash<f64>(from, fromSlots, to, toSlots);
}

@inline
function extract<K>(table: usize, slots: u32, keys: usize, values: usize): void {
  for (let i: u32 = 0; i < slots; i++) {
    const slot = table + <usize>i * slotBytes<K>();
    const order = orderAt<K>(slot);
    if (order == 0) continue;
    store<K>(keys + <usize>(order - 1) * sizeof<K>(), load<K>(slot));
    if (values != 0) store<f64>(values + <usize>(order - 1) * 8, load<f64>(slot, 8));
  }
}

/** Writes keys and float64 values as two columns, in order of first appearance; keys alone where the address of values is 0. */
export function extractTable(keyKind: u32, table: usize, slots: u32, keys: usize, values: usize): void {
  if (keyKind == 1) extract<i32>(table, slots, keys, values);
  else extract<f64>(table, slots, keys, values);
}

/** Empties a table. */
export function clearTable(keyKind: u32, table: usize, slots: u32): void {
  memory.fill(table, 0, <usize>slots * (keyKind == 1 ? slotBytes<i32>() : slotBytes<f64>()));
}
