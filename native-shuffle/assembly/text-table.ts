// Hash aggregation of float64 values by text in an open-addressing table (linear probing, a power of two of slots).
// A slot is 32 bytes: { first 8 bytes of the key, hash u32, length u32, address u32, order u32, value f64 }: a key of up to
// eight bytes is found without another look at memory. `order` is 1 + the key's place in order of first appearance, 0 for
// an empty slot. Keys are copied behind each other to an arena, in that order.
import { merge } from './aggregate';
import { hashText } from './text-rows';

const SLOT: usize = 32;
const K: u64 = 0x9e3779b97f4a7c15;

@inline function mix(h: u64, word: u64): u64 {
  h = (h ^ word) * K;
  return h ^ (h >>> 32);
}

/** The first up to eight bytes, the rest zero. */
@inline export function head(at: usize, length: u32): u64 {
  const word = load<u64>(at);
  return length >= 8 ? word : length == 0 ? 0 : word & ((<u64>-1) >>> (64 - (<u64>length << 3)));
}

@inline function hashBytes(at: usize, length: u32, first: u64): u32 {
  let h = mix(<u64>length * K, first);
  if (length > 8) {
    let left = length - 8;
    at += 8;
    for (; left >= 8; left -= 8) {
      h = mix(h, load<u64>(at));
      at += 8;
    }
    h = mix(h, load<u64>(at + left - 8));
  }
  return <u32>(h ^ (h >>> 29));
}

/** Whether `length` (more than 8) bytes are the same from the ninth on. */
@inline function sameTail(a: usize, b: usize, length: u32): bool {
  let left = length - 8;
  a += 8;
  b += 8;
  for (; left >= 8; left -= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  return load<u64>(a + left - 8) == load<u64>(b + left - 8);
}

/** With `indexing`, `values` gets each row's group (u32); else each row brings its value of `values` (f64), or `constant`. */
@inline function addText(indexing: bool, op: u32, base: usize, starts: usize, ends: usize, values: usize, constant: f64, from: u32, to: u32, table: usize, slots: u32, size: u32, limit: u32, arena: usize, arenaEnd: usize, progress: usize): u32 {
  const mask = slots - 1;
  let i = from;
  for (; i < to; i++) {
    const start = load<u32>(starts + (<usize>i << 2));
    const length = load<u32>(ends + (<usize>i << 2)) - start;
    const key = base + start;
    const value = indexing || values == 0 ? constant : load<f64>(values + (<usize>i << 3));
    const first = head(key, length);
    const hash = hashBytes(key, length, first);
    let at = hash & mask;
    let slot: usize;
    for (;;) {
      slot = table + <usize>at * SLOT;
      if (load<u64>(slot) == first && load<u32>(slot, 12) == length && load<u32>(slot, 20) != 0) {
        if (length <= 8 || (load<u32>(slot, 8) == hash && sameTail(load<u32>(slot, 16), key, length))) {
          if (!indexing) store<f64>(slot, merge(op, load<f64>(slot, 24), value), 24);
          break;
        }
      }
      if (load<u32>(slot, 20) == 0) {
        // Eight bytes behind a key may be read.
        if (size == limit || arena + length + 8 > arenaEnd) {
          store<u32>(progress, i);
          store<u32>(progress, <u32>arena, 4);
          return size;
        }
        memory.copy(arena, key, length);
        store<u64>(slot, first);
        store<u32>(slot, hash, 8);
        store<u32>(slot, length, 12);
        store<u32>(slot, <u32>arena, 16);
        store<u32>(slot, ++size, 20);
        store<f64>(slot, value, 24);
        arena += length;
        break;
      }
      at = (at + 1) & mask;
    }
    if (indexing) store<u32>(values + (<usize>i << 2), load<u32>(slot, 20) - 1);
  }
  store<u32>(progress, i);
  store<u32>(progress, <u32>arena, 4);
  return size;
}

/**
 * Adds the strings [from, to) of a text column, each with its value of `values` (f64), or all with `constant` where that is
 * 0. Stops before a new key once the table holds `limit`, or when the arena has no room for it. Writes to `progress` the
 * first row not taken and the arena's next free byte (u32 each); returns the table's new size.
 */
export function aggregateText(op: u32, base: usize, starts: usize, ends: usize, values: usize, constant: f64, from: u32, to: u32, table: usize, slots: u32, size: u32, limit: u32, arena: usize, arenaEnd: usize, progress: usize): u32 {
  return addText(false, op, base, starts, ends, values, constant, from, to, table, slots, size, limit, arena, arenaEnd, progress);
}

/** As aggregateText without values: writes each row's group, counted in order of first appearance, to `ids` (u32). */
export function indexText(base: usize, starts: usize, ends: usize, ids: usize, from: u32, to: u32, table: usize, slots: u32, size: u32, limit: u32, arena: usize, arenaEnd: usize, progress: usize): u32 {
  return addText(true, 0, base, starts, ends, ids, 0, from, to, table, slots, size, limit, arena, arenaEnd, progress);
}

/** Moves every key of one table into a larger, empty one. */
export function rehashTextTable(from: usize, fromSlots: u32, to: usize, toSlots: u32): void {
  const mask = toSlots - 1;
  for (let i: u32 = 0; i < fromSlots; i++) {
    const old = from + <usize>i * SLOT;
    if (load<u32>(old, 20) == 0) continue;
    let at = load<u32>(old, 8) & mask;
    let slot = to + <usize>at * SLOT;
    while (load<u32>(slot, 20) != 0) {
      at = (at + 1) & mask;
      slot = to + <usize>at * SLOT;
    }
    store<u64>(slot, load<u64>(old));
    store<u64>(slot, load<u64>(old, 8), 8);
    store<u64>(slot, load<u64>(old, 16), 16);
    store<u64>(slot, load<u64>(old, 24), 24);
  }
}

/** Writes the groups as columns in order of first appearance: the keys' addresses, lengths and hashes (u32), the values (f64). */
export function extractTextTable(table: usize, slots: u32, addresses: usize, lengths: usize, hashes: usize, values: usize): void {
  for (let i: u32 = 0; i < slots; i++) {
    const slot = table + <usize>i * SLOT;
    const order = load<u32>(slot, 20);
    if (order == 0) continue;
    const row = <usize>(order - 1);
    const address = load<u32>(slot, 16);
    const length = load<u32>(slot, 12);
    store<u32>(addresses + (row << 2), address);
    store<u32>(lengths + (row << 2), length);
    store<u32>(hashes + (row << 2), hashText(address, length));
    store<f64>(values + (row << 3), load<f64>(slot, 24));
  }
}
