// What kind of object a captured value is: carried by structured clone as it is, made again property by property, or
// refused. No user code runs here: no accessor is called and no proxy is asked.
import { types } from 'node:util';
import type { Refusal } from './errors.js';
import { isReferable } from './reference.js';

/** Objects with this property (their own or inherited) never go to a worker: a Context, an RDD. */
export const DRIVER_ONLY: unique symbol = Symbol.for('heddle.driverOnly');

export type ObjectKind =
  | 'plain' // an object literal
  | 'array'
  | 'map'
  | 'set'
  | 'error' // with more than structured clone keeps
  | 'clone' // a leaf for structured clone: Date, RegExp, typed arrays
  | 'buffer'
  | 'url'
  | 'instance' // of a class
  | 'reference' // shipped by name only
  | { readonly refused: Refusal; readonly what: string };

const LEAVES = [
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Date,
  RegExp,
  Boolean,
  Number,
  String,
  BigInt,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
const LEAF_PROTOTYPES = new Set<object>(LEAVES.map(type => type.prototype));
const ERROR_PROTOTYPES = new Set<object>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(type => type.prototype),
);
const CLONED_CLASSES = new Set([
  'Blob',
  'File',
  'CryptoKey',
  'SecretKeyObject',
  'PublicKeyObject',
  'PrivateKeyObject',
  'BlockList',
  'SocketAddress',
]);

export function kindOf(value: object): ObjectKind {
  if (types.isProxy(value)) return { refused: 'proxy', what: 'a Proxy' };
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) {
    if (types.isModuleNamespaceObject(value)) return { refused: 'module namespace', what: 'a module' };
    return Object.hasOwn(value, DRIVER_ONLY) ? DRIVER : 'plain';
  }
  // Array.prototype of any realm is itself an array; that of a class is not.
  if (Array.isArray(value) && Array.isArray(prototype)) return 'array';
  if (LEAF_PROTOTYPES.has(prototype)) return 'clone';
  if (prototype === Map.prototype) return 'map';
  if (prototype === Set.prototype) return 'set';
  if (prototype === Buffer.prototype) return 'buffer';
  if (prototype === URL.prototype) return 'url';
  if (isReferable(value)) return 'reference';
  if (DRIVER_ONLY in value) return DRIVER;
  if (ERROR_PROTOTYPES.has(prototype) && types.isNativeError(value)) return isBareError(value) ? 'clone' : 'error';
  return refusedKind(value) ?? (isCloned(value) ? 'clone' : isForeignPlain(prototype) ? 'plain' : 'instance');
}

const DRIVER: ObjectKind = { refused: 'driver only', what: 'a Context or an RDD' };

function refusedKind(value: object): ObjectKind | undefined {
  if (types.isPromise(value)) return { refused: 'promise', what: 'a promise' };
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return { refused: 'weak collection', what: 'a weak collection' };
  if (types.isGeneratorObject(value) || isNativeIterator(value)) return { refused: 'generator', what: 'a running iterator' };
  if (types.isExternal(value)) return { refused: 'native object', what: 'a native handle' };
  return undefined;
}

const ITERATOR: object = Object.getPrototypeOf(Object.getPrototypeOf([].values()));

/** The iterators of arrays, maps, strings and so on: they share a prototype, and have no class. */
function isNativeIterator(value: object): boolean {
  const prototype: object = Object.getPrototypeOf(value);
  return Object.getPrototypeOf(prototype) === ITERATOR && !Object.hasOwn(prototype, 'constructor');
}

function isCloned(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object WebAssembly.Module]') return true;
  if (tag === '[object WebAssembly.Memory]') return types.isSharedArrayBuffer((value as { buffer?: unknown }).buffer);
  return CLONED_CLASSES.has(classNameOf(value));
}

/** Object.prototype of another realm (a vm context). */
function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** Structured clone keeps an error's class, message and stack, and nothing else for certain. */
function isBareError(error: Error): boolean {
  return Reflect.ownKeys(error).every(key => key === 'message' || key === 'stack');
}

/** The name of a value's class, for messages. */
export function classNameOf(value: object): string {
  if (types.isProxy(value)) return 'Proxy';
  for (let at: object | null = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof made === 'function' && typeof made.name === 'string' && made.name !== '') return made.name;
  }
  return 'Object';
}
