// The hash of a key: 32 bits, the same on every thread, machine and run, and the same for keys that are the same.
// What decides which reduce task a key goes to, so it is a format: a change moves keys between partitions.
//
// Numbers, exactly, because kernels over shared memory compute the same:
//   an integer of 32 bits (-0 is 0): fmix32(x)
//   any other number, by its bits:   fmix32(lo ^ fmix32(hi) * 0x9E3779B1), NaN as 0x7ff80000_00000000
// Text: FNV-1a over the UTF-16 code units, then fmix32. fmix32 is the finaliser of MurmurHash3 (Austin Appleby).
import { formOf, KeyForm, keyBytes, MOST_KEY_DEPTH, refuseDepth, refuseKey, viewType } from './key.js';

/** MurmurHash3's finaliser: every bit of the input moves half of the bits of the result. */
export function fmix32(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const GOLDEN = 0x9e3779b1;
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

export function hashNumber(value: number): number {
  if ((value | 0) === value) return fmix32(value | 0);
  float[0] = value;
  return Number.isNaN(value) ? hashHalves(0, 0x7ff80000) : hashHalves(halves[0]!, halves[1]!);
}

/** The hash of a double that is no 32-bit integer, by the low and high half of its bits. */
function hashHalves(lo: number, hi: number): number {
  return fmix32(lo ^ Math.imul(fmix32(hi), GOLDEN));
}

export function hashString(text: string): number {
  return fmix32(fnv(FNV_BASIS, text));
}

function fnv(h: number, text: string): number {
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), FNV_PRIME);
  return h;
}

// Seeds that keep the types apart: equal content of another type hashes to something else.
const seed = (n: number) => fmix32(Math.imul(n, GOLDEN));
const TRUE = seed(1);
const FALSE = seed(2);
const NULL = seed(3);
const UNDEFINED = seed(4);
const BIGINT = seed(5);
const DATE = seed(6);
const ARRAY = seed(7);
const VIEW = seed(8);
const BUFFER = seed(9);
const REGEXP = seed(10);
const SET = seed(11);
const MAP = seed(12);
const OBJECT = seed(13);

/** The hash of any key. Throws HEDDLE_VALUE for what cannot be one. */
export function hashKey(key: unknown): number {
  return hashAt(key, 0);
}

function hashAt(key: unknown, depth: number): number {
  switch (typeof key) {
    case 'string':
      return hashString(key);
    case 'number':
      return hashNumber(key);
    case 'boolean':
      return key ? TRUE : FALSE;
    case 'undefined':
      return UNDEFINED;
    case 'bigint':
      return fmix32(fnv(BIGINT, key.toString(36)));
    case 'object':
      return key === null ? NULL : hashStructured(key, depth);
    default:
      throw refuseKey(key);
  }
}

function hashStructured(key: object, depth: number): number {
  if (depth >= MOST_KEY_DEPTH) throw refuseDepth();
  switch (formOf(key)) {
    case KeyForm.Array: {
      const items = key as unknown[];
      let h = ARRAY;
      for (let i = 0; i < items.length; i++) h = chain(h, hashAt(items[i], depth + 1));
      return fmix32(h ^ items.length);
    }
    case KeyForm.Object: {
      // A sum, because the order of the keys does not count.
      let sum = 0;
      const names = Object.keys(key);
      for (const name of names) sum = (sum + chain(hashString(name), hashAt((key as Record<string, unknown>)[name], depth + 1))) | 0;
      return fmix32(OBJECT ^ sum ^ names.length);
    }
    case KeyForm.Date:
      return fmix32(DATE ^ hashNumber(Date.prototype.getTime.call(key)));
    case KeyForm.View:
      return fmix32(hashBytes(fnv(VIEW, viewType(key as ArrayBufferView)), keyBytes(key as ArrayBufferView)));
    case KeyForm.Buffer:
      return fmix32(hashBytes(BUFFER, keyBytes(key as ArrayBuffer)));
    case KeyForm.RegExp:
      return fmix32(chain(fnv(REGEXP, (key as RegExp).source), hashString((key as RegExp).flags)));
    case KeyForm.Set: {
      let sum = 0;
      for (const item of key as Set<unknown>) sum = (sum + hashAt(item, depth + 1)) | 0;
      return fmix32(SET ^ sum);
    }
    case KeyForm.Map: {
      let sum = 0;
      for (const [name, item] of key as Map<unknown, unknown>) sum = (sum + chain(hashAt(name, depth + 1), hashAt(item, depth + 1))) | 0;
      return fmix32(MAP ^ sum);
    }
  }
}

/** One hash after another: the order counts. */
function chain(h: number, next: number): number {
  return fmix32(Math.imul(h, GOLDEN) + next);
}

function hashBytes(h: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME);
  return h;
}
