// Numbers the distinct keys of a stream 0, 1, 2, ... in the order in which they are first seen: the heart of every
// aggregation by key. A key that is a primitive costs one lookup in a native Map, which compares as keys do
// (SameValueZero). A structured key is looked up by its hash and compared with the keys of that hash: several times
// quicker than a text that stands for it. It must not be changed once it is in the index.
//
// A Map of V8 ends at 2^24 entries, and gets slow before. So the first map takes the first 2^23 keys and is then full,
// and further keys go to maps chosen by their hash. A compiled loop can therefore always begin with the first map:
//   let at = index.map.get(key);
//   if (at === undefined) at = index.findOrAdd(key);
import { HeddleError } from '../core/errors.js';
import { refuseKey } from './key.js';
import { hashKey } from './key-hash.js';
import { sameKey } from './key-order.js';

const MOST_ENTRIES = 2 ** 23;
const SHARDS = 64; // a power of two

/** A Map from primitives to numbers that goes on past the size at which a Map ends. */
class ShardedMap {
  readonly first = new Map<unknown, number>();
  #shards: Map<unknown, number>[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }
  get(key: unknown): number | undefined {
    const found = this.first.get(key);
    if (found !== undefined || this.#shards.length === 0) return found;
    return this.#shards[hashKey(key) & (SHARDS - 1)]!.get(key);
  }
  /** Adds a key that is not there. */
  add(key: unknown, value: number): void {
    if (this.first.size < this.#most) {
      this.first.set(key, value);
      return;
    }
    if (this.#shards.length === 0) this.#shards = Array.from({ length: SHARDS }, () => new Map<unknown, number>());
    const shard = this.#shards[hashKey(key) & (SHARDS - 1)]!;
    if (shard.size >= MOST_ENTRIES) {
      throw new HeddleError('HEDDLE_VALUE', `more than ${value} distinct keys in one partition: use more partitions`, {
        data: { keys: value },
      });
    }
    shard.set(key, value);
  }
  clear(): void {
    this.first.clear();
    this.#shards = [];
  }
}

export class KeyIndex {
  /** Each distinct key as it was first seen; its position is its number. For reading. */
  keys: unknown[] = [];
  /** The first primitive keys and their numbers. To look up in, never to add to; it stays the same Map for good. */
  readonly map: Map<unknown, number>;
  readonly #primitives: ShardedMap;
  /** From the hash of structured keys to the number of the first of them. */
  readonly #hashes: ShardedMap;
  /** From the number of a structured key to that of the next one with the same hash; few keys have one. */
  readonly #next = new Map<number, number>();

  /** `mostEntries`: how many keys the first map takes, for tests. */
  constructor(mostEntries: number = MOST_ENTRIES) {
    this.#primitives = new ShardedMap(mostEntries);
    this.#hashes = new ShardedMap(mostEntries);
    this.map = this.#primitives.first;
  }

  /** The number of distinct keys. */
  get size(): number {
    return this.keys.length;
  }

  /** The number of `key`, or -1. Throws HEDDLE_VALUE for what cannot be a key. */
  find(key: unknown): number {
    if (typeof key === 'object' && key !== null) return this.#findStructured(key, hashKey(key));
    const found = this.map.get(key);
    if (found !== undefined) return found;
    if (typeof key === 'function' || typeof key === 'symbol') throw refuseKey(key);
    return this.#primitives.get(key) ?? -1;
  }

  /** The number of `key`, the next one if it is new. Throws HEDDLE_VALUE for what cannot be a key. */
  findOrAdd(key: unknown): number {
    const found = this.map.get(key);
    return found === undefined ? this.#slow(key) : found;
  }

  /** Forgets all keys. */
  clear(): void {
    this.keys = [];
    this.#primitives.clear();
    this.#hashes.clear();
    this.#next.clear();
  }

  #slow(key: unknown): number {
    if (typeof key === 'function' || typeof key === 'symbol') throw refuseKey(key);
    if (typeof key === 'object' && key !== null) return this.#addStructured(key);
    // The first map has been asked already; unless it is full there is nowhere else to look.
    const found = this.#primitives.get(key);
    if (found !== undefined) return found;
    const number = this.keys.length;
    this.#primitives.add(key, number);
    this.keys.push(key === 0 ? 0 : key); // -0 groups with 0, and comes out as 0 as it does from a Map
    return number;
  }

  #findStructured(key: object, hash: number): number {
    let at = this.#hashes.get(hash);
    while (at !== undefined && !sameKey(key, this.keys[at])) at = this.#next.get(at);
    return at ?? -1;
  }

  #addStructured(key: object): number {
    const hash = hashKey(key);
    const found = this.#findStructured(key, hash);
    if (found >= 0) return found;
    const number = this.keys.length;
    const first = this.#hashes.get(hash);
    if (first === undefined) {
      this.#hashes.add(hash, number);
    } else {
      // Behind the first of its hash: the order among keys of one hash never shows.
      const second = this.#next.get(first);
      if (second !== undefined) this.#next.set(number, second);
      this.#next.set(first, number);
    }
    this.keys.push(key);
    return number;
  }
}
