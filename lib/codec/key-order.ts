// The order of keys in a sort, and with it their equality: a total order in which two keys are level exactly when
// they are the same key.
//
// Across types: numbers and big integers (by what they amount to; of two that are level the number comes first, NaN
// comes behind all), text by code units, booleans, dates, arrays, memory, regular expressions, sets, maps, objects,
// null, undefined. Arrays and memory compare element by element, a beginning comes before the whole.
import { formOf, KeyForm, keyBytes, MOST_KEY_DEPTH, refuseDepth, refuseKey, sortedKeys, viewType } from './key.js';
import { keyText } from './key-text.js';

/** Whether `a` and `b` are one key. */
export function sameKey(a: unknown, b: unknown): boolean {
  return sameAt(a, b, 0);
}

// The same as compareAt(a, b) === 0, and quicker for the keys that occur most: nothing has to be put in order.
function sameAt(a: unknown, b: unknown, depth: number): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (typeof a === 'number' && typeof b === 'number') return a === b || (Number.isNaN(a) && Number.isNaN(b));
  if (Array.isArray(a) && Array.isArray(b)) {
    if (depth >= MOST_KEY_DEPTH) throw refuseDepth();
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameAt(a[i], b[i], depth + 1)) return false;
    return true;
  }
  return compareAt(a, b, depth) === 0;
}

/** Negative when `a` goes before `b`, positive when behind it, 0 when they are one key. */
export function compareKeys(a: unknown, b: unknown): number {
  return compareAt(a, b, 0);
}

function compareAt(a: unknown, b: unknown, depth: number): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  if (rankA !== rankB) return rankA - rankB;
  if (rankA === RANK.number) return compareNumeric(a as number | bigint, b as number | bigint);
  if (rankA === RANK.boolean) return Number(a) - Number(b);
  if (rankA === RANK.null || rankA === RANK.undefined) return 0;
  return compareStructured(a as object, b as object, rankA - RANK.object, depth);
}

const RANK = { number: 0, string: 1, boolean: 2, object: 3, null: 20, undefined: 21 };

function rankOf(key: unknown): number {
  switch (typeof key) {
    case 'number':
    case 'bigint':
      return RANK.number;
    case 'string':
      return RANK.string;
    case 'boolean':
      return RANK.boolean;
    case 'undefined':
      return RANK.undefined;
    case 'object':
      return key === null ? RANK.null : RANK.object + formOf(key);
    default:
      throw refuseKey(key);
  }
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareNumeric(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // Level, or one of them NaN: Number.isNaN is false for every big integer.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (typeof a === 'bigint' ? 1 : 0) - (typeof b === 'bigint' ? 1 : 0);
}

function compareStructured(a: object, b: object, form: number, depth: number): number {
  if (depth >= MOST_KEY_DEPTH) throw refuseDepth();
  switch (form) {
    case KeyForm.Date:
      return compareNumbers(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b));
    case KeyForm.Array:
      return compareArrays(a as unknown[], b as unknown[], depth);
    case KeyForm.View:
      return compareViews(a as ArrayBufferView, b as ArrayBufferView);
    case KeyForm.Buffer:
      return Buffer.compare(keyBytes(a as ArrayBuffer), keyBytes(b as ArrayBuffer));
    case KeyForm.Object:
      return compareObjects(a as Record<string, unknown>, b as Record<string, unknown>, depth);
    default: {
      // Expressions, sets and maps have no order of their own: any that is total and fixed will do.
      const textA = keyText(a);
      const textB = keyText(b);
      return textA < textB ? -1 : textA > textB ? 1 : 0;
    }
  }
}

function compareArrays(a: readonly unknown[], b: readonly unknown[], depth: number): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareAt(a[i], b[i], depth + 1);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareObjects(a: Record<string, unknown>, b: Record<string, unknown>, depth: number): number {
  const keysA = sortedKeys(a);
  const keysB = sortedKeys(b);
  const length = Math.min(keysA.length, keysB.length);
  for (let i = 0; i < length; i++) {
    const nameA = keysA[i]!;
    const nameB = keysB[i]!;
    if (nameA !== nameB) return nameA < nameB ? -1 : 1;
    const order = compareAt(a[nameA], b[nameB], depth + 1);
    if (order !== 0) return order;
  }
  return keysA.length - keysB.length;
}

function compareViews(a: ArrayBufferView, b: ArrayBufferView): number {
  const typeA = viewType(a);
  const typeB = viewType(b);
  if (typeA !== typeB) return typeA < typeB ? -1 : 1;
  if (typeA === 'DataView' || typeA === 'Uint8Array') return Buffer.compare(keyBytes(a), keyBytes(b));
  const itemsA = a as unknown as ArrayLike<number | bigint>;
  const itemsB = b as unknown as ArrayLike<number | bigint>;
  const length = Math.min(itemsA.length, itemsB.length);
  for (let i = 0; i < length; i++) {
    const order = compareNumeric(itemsA[i]!, itemsB[i]!);
    if (order !== 0) return order;
  }
  return itemsA.length - itemsB.length;
}
