// Keys are equal by value: numbers by SameValueZero (NaN equals NaN, 0 equals -0), strings by code units, dates by
// time, memory (typed arrays, Buffers, ArrayBuffers) by type and content, arrays and objects structurally, maps and
// sets by content in any order. The fine print, which hash, order and index all keep to:
//
// - 1 and 1n are two keys. A hole in an array is undefined. { a: undefined } is not {}.
// - Of an object count its own enumerable string keys, in any order, and not its class: what comes out of a shuffle
//   is a plain object. Of an array count its elements alone. A Buffer equals a Uint8Array of the same bytes.
// - Inside memory of floats, too, 0 equals -0 and NaN equals NaN.
// - Functions, symbols, promises, errors, weak collections, boxed primitives, shared memory and the like are no
//   keys, and neither is what contains itself: HEDDLE_VALUE.
import { types } from 'node:util';
import { HeddleError, show } from '../core/errors.js';

/** What a structured key is: the order of the numbers is the order of mixed keys in a sort. */
export const KeyForm = {
  Date: 0,
  Array: 1,
  View: 2, // typed arrays and DataView
  Buffer: 3, // ArrayBuffer
  RegExp: 4,
  Set: 5,
  Map: 6,
  Object: 7,
} as const;
export type KeyForm = (typeof KeyForm)[keyof typeof KeyForm];

/** A structured key nested deeper than this is refused: cycles end here. */
export const MOST_KEY_DEPTH = 200;

/** The form of a key that is an object. Throws HEDDLE_VALUE if it is none. */
export function formOf(key: object): KeyForm {
  if (Array.isArray(key)) return KeyForm.Array;
  const prototype = Object.getPrototypeOf(key) as unknown;
  if (prototype === Object.prototype || prototype === null) return KeyForm.Object;
  if (types.isDate(key)) return KeyForm.Date;
  if (ArrayBuffer.isView(key)) return KeyForm.View;
  if (types.isArrayBuffer(key)) return KeyForm.Buffer;
  if (types.isRegExp(key)) return KeyForm.RegExp;
  if (types.isSet(key)) return KeyForm.Set;
  if (types.isMap(key)) return KeyForm.Map;
  if (isRefused(key)) throw refuseKey(key);
  return KeyForm.Object;
}

function isRefused(key: object): boolean {
  return (
    types.isPromise(key) ||
    types.isNativeError(key) ||
    types.isBoxedPrimitive(key) ||
    types.isSharedArrayBuffer(key) ||
    types.isWeakMap(key) ||
    types.isWeakSet(key) ||
    key instanceof WeakRef ||
    types.isGeneratorObject(key) ||
    types.isExternal(key)
  );
}

/** The error for a value that cannot be a key. */
export function refuseKey(key: unknown): HeddleError {
  const kind = typeof key === 'object' && key !== null ? (key.constructor?.name ?? 'object') : typeof key;
  const hint = types.isNativeError(key)
    ? 'use its message'
    : 'keys are compared by value: use a string, a number, or arrays and plain objects of them';
  return new HeddleError('HEDDLE_VALUE', `${show(key)} cannot be a key, nor be inside one: it is of type ${kind}; ${hint}`, {
    data: { key: show(key), kind },
  });
}

/** The error for a key that is cyclic or nested without end. */
export function refuseDepth(): HeddleError {
  return new HeddleError(
    'HEDDLE_VALUE',
    `a key contains itself, or is nested deeper than ${MOST_KEY_DEPTH}: keys are compared by value, use a part of it`,
    { data: { limit: MOST_KEY_DEPTH } },
  );
}

/** The type of a view of memory; a Buffer is a Uint8Array. */
export function viewType(view: ArrayBufferView): string {
  return types.isTypedArray(view) ? view[Symbol.toStringTag] : 'DataView';
}

/** The bytes of a key that is memory, with -0 and NaN in their one form when they are floats. */
export function keyBytes(memory: ArrayBufferView | ArrayBuffer): Uint8Array {
  if (!ArrayBuffer.isView(memory)) return new Uint8Array(memory);
  const type = viewType(memory);
  if (type === 'Float64Array' || type === 'Float32Array') {
    const floats = memory as Float64Array | Float32Array;
    const copy = type === 'Float64Array' ? new Float64Array(floats.length) : new Float32Array(floats.length);
    for (let i = 0; i < copy.length; i++) copy[i] = canonicalNumber(floats[i]!);
    return new Uint8Array(copy.buffer);
  }
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
}

/** 0 for -0, the one NaN for all of them. */
export function canonicalNumber(value: number): number {
  return value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value;
}

/** The keys of an object that count, in the order that all of key, hash and index take them. */
export function sortedKeys(key: object): string[] {
  const keys = Object.keys(key);
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return keys.sort(byUnits);
  return keys;
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
