// What a value must be for a column of tuples, lists or objects to hold it exactly: an array of elements and nothing
// else, or an object of own enumerable properties and nothing else. What is not goes to a column of kind Any.
import { types } from 'node:util';

const { isProxy } = types;

/** An array without holes, without properties beside its elements. */
export function isPlainArray(value: unknown, mostElements: number): value is unknown[] {
  // A match of a regular expression is the array with properties that occurs: the cheap test goes first.
  if (!Array.isArray(value) || value.length > mostElements || isProxy(value) || 'index' in value) return false;
  const length = value.length;
  if (length > SHORT) {
    // Values are quicker to list than keys, but tell less: a hole and a property together look like an element.
    for (let i = 0; i < length; i++) if (value[i] === undefined && !(i in value)) return false;
    return Object.values(value).length === length;
  }
  // Holes make the keys fewer, properties make them more; both at once do not go together with the last test.
  const keys = Object.keys(value);
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}

const SHORT = 8;

/** An object made by a literal or by Object.create(null): no class, no builtin, no proxy. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return (prototype === Object.prototype || prototype === null) && !isProxy(value) && !(Symbol.toStringTag in value);
}

/** Whether an object occurs twice inside a record of plain arrays, plain objects and dates. */
export function sharesObjects(record: object): boolean {
  const found: object[] = [record];
  for (let at = 0; at < found.length; at++) {
    const node = found[at]!;
    if (Array.isArray(node)) for (const item of node) push(found, item);
    else if (!types.isDate(node)) for (const key in node) push(found, (node as Record<string, unknown>)[key]);
  }
  if (found.length > FEW) return new Set(found).size !== found.length;
  for (let i = 1; i < found.length; i++) {
    for (let j = 0; j < i; j++) if (found[i] === found[j]) return true;
  }
  return false;
}

const FEW = 16;

function push(found: object[], item: unknown): void {
  if (typeof item === 'object' && item !== null) found.push(item);
}
