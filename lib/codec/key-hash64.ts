// The hash of a key in 64 bits, for sketches: with the 32 of key-hash.ts, of 100 million keys more than a million would
// be lost to others of the same hash. Equal for keys that are equal by value (key.ts), and the same on every thread,
// machine and run; nothing is stored by it, so it is no format.
//
// Two lanes of 32 bits take the same words, each by the round of MurmurHash3 (Austin Appleby, 2011) with constants of its
// own, and end in the mixing of its 128-bit form. A part of a key begins with a tag for its type and ends with its length.
import { canonicalNumber, formOf, KeyForm, keyBytes, MOST_KEY_DEPTH, refuseDepth, refuseKey, sortedKeys, viewType } from './key.js';
import { fmix32 } from './key-hash.js';

const Tag = {
  Integer: 1,
  Float: 2,
  Text: 3,
  True: 4,
  False: 5,
  Null: 6,
  Undefined: 7,
  Bigint: 8,
  Date: 9,
  Array: 10,
  View: 11,
  Buffer: 12,
  RegExp: 13,
  Set: 14,
  Map: 15,
  Object: 16,
} as const;

const START_A = 0x2b7e1516;
const START_B = 0x28aed2a6;

// The lanes of the key under way. Never live across a call of hashKey64.
let a = 0;
let b = 0;

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

/** Writes the hash of any key, its high word first. Throws HEDDLE_VALUE for what cannot be a key. */
export function hashKey64(key: unknown, out: Uint32Array): void {
  begin();
  take(key, 0);
  end();
  out[0] = a;
  out[1] = b;
}

function begin(): void {
  a = START_A;
  b = START_B;
}

function end(): void {
  a = (a + b) | 0;
  b = (b + a) | 0;
  a = fmix32(a);
  b = fmix32(b);
  a = (a + b) | 0;
  b = (b + a) | 0;
}

function takeWord(word: number): void {
  let k = Math.imul(word, 0xcc9e2d51);
  a ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
  k = Math.imul(word, 0x38b34ae5);
  b ^= Math.imul((k << 17) | (k >>> 15), 0xa1e38b93);
  b = (Math.imul((b << 15) | (b >>> 17), 5) + 0x96cd1c35) | 0;
}

function take(key: unknown, depth: number): void {
  switch (typeof key) {
    case 'number':
      takeNumber(key);
      return;
    case 'string':
      takeText(Tag.Text, key);
      return;
    case 'boolean':
      takeWord(key ? Tag.True : Tag.False);
      return;
    case 'undefined':
      takeWord(Tag.Undefined);
      return;
    case 'bigint':
      takeText(Tag.Bigint, key.toString(36));
      return;
    case 'object':
      if (key === null) takeWord(Tag.Null);
      else takeStructured(key, depth);
      return;
    default:
      throw refuseKey(key);
  }
}

function takeNumber(value: number): void {
  if ((value | 0) === value) {
    takeWord(Tag.Integer);
    takeWord(value | 0);
    return;
  }
  float[0] = canonicalNumber(value);
  takeWord(Tag.Float);
  takeWord(halves[0]!);
  takeWord(halves[1]!);
}

function takeText(tag: number, text: string): void {
  const { length } = text;
  takeWord(tag);
  for (let i = 0; i + 1 < length; i += 2) takeWord(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  if ((length & 1) === 1) takeWord(text.charCodeAt(length - 1));
  takeWord(length);
}

function takeBytes(bytes: Uint8Array): void {
  const { length } = bytes;
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) takeWord(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  for (let i = words; i < length; i++) takeWord(bytes[i]!);
  takeWord(length);
}

function takeStructured(key: object, depth: number): void {
  if (depth >= MOST_KEY_DEPTH) throw refuseDepth();
  switch (formOf(key)) {
    case KeyForm.Array: {
      const items = key as unknown[];
      takeWord(Tag.Array);
      for (let i = 0; i < items.length; i++) take(items[i], depth + 1);
      takeWord(items.length);
      return;
    }
    case KeyForm.Object: {
      const names = sortedKeys(key);
      takeWord(Tag.Object);
      for (const name of names) {
        takeText(Tag.Text, name);
        take((key as Record<string, unknown>)[name], depth + 1);
      }
      takeWord(names.length);
      return;
    }
    case KeyForm.Date:
      takeWord(Tag.Date);
      takeNumber(Date.prototype.getTime.call(key));
      return;
    case KeyForm.View:
      takeText(Tag.View, viewType(key as ArrayBufferView));
      takeBytes(keyBytes(key as ArrayBufferView));
      return;
    case KeyForm.Buffer:
      takeWord(Tag.Buffer);
      takeBytes(keyBytes(key as ArrayBuffer));
      return;
    case KeyForm.RegExp:
      takeText(Tag.RegExp, (key as RegExp).source);
      takeText(Tag.Text, (key as RegExp).flags);
      return;
    case KeyForm.Set:
      takeUnordered(Tag.Set, key as Set<unknown>, item => take(item, depth + 1));
      return;
    case KeyForm.Map:
      takeUnordered(Tag.Map, key as Map<unknown, unknown>, entry => {
        const [name, item] = entry as [unknown, unknown];
        take(name, depth + 1);
        take(item, depth + 1);
      });
      return;
  }
}

/** The items' own hashes, added up: their order does not count. */
function takeUnordered(tag: number, items: Iterable<unknown> & { readonly size: number }, takeItem: (item: unknown) => void): void {
  const [outerA, outerB] = [a, b];
  let sumA = 0;
  let sumB = 0;
  for (const item of items) {
    begin();
    takeItem(item);
    end();
    sumA = (sumA + a) | 0;
    sumB = (sumB + b) | 0;
  }
  a = outerA;
  b = outerB;
  takeWord(tag);
  takeWord(sumA);
  takeWord(sumB);
  takeWord(items.size);
}
