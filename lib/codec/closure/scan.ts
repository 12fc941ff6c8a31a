// Finds out which objects of a captured value structured clone can carry as they are. Most values are plain data all
// through and cost one walk; only what reaches a function, a class instance or the like is made again piece by piece.
import { types } from 'node:util';
import { kindOf } from './objects.js';

export interface Scan {
  /** Objects that must be made again: those that structured clone would lose, and all that lead to one. */
  readonly rebuilt: ReadonlySet<object>;
  /** Functions met on the way, classes of instances included. */
  readonly functions: readonly object[];
  readonly bytes: number;
}

/** A value with more objects than this is refused: a Set holds 2^24, and capturing it would take seconds. */
export const MOST_OBJECTS = 1 << 23;

/** Walks everything reachable from `root`; undefined when that is more than MOST_OBJECTS objects. */
export function scan(root: unknown): Scan | undefined {
  const seen = new Set<object>();
  const functions: object[] = [];
  const special: object[] = [];
  const pending: object[] = [];
  let bytes = 0;
  const meet = (value: unknown) => {
    switch (typeof value) {
      case 'string':
        bytes += value.length;
        return;
      case 'function':
      case 'object':
        if (value !== null && !seen.has(value)) {
          seen.add(value);
          pending.push(value);
        }
        return;
      default:
        bytes += 8;
    }
  };
  meet(root);
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.size > MOST_OBJECTS) return undefined;
    bytes += 16;
    if (!visitParts(value, meet)) special.push(value);
    if (typeof value === 'function') functions.push(value);
    else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (Array.isArray(value)) bytes += 8 * value.length;
    else if (special.at(-1) === value && !types.isProxy(value)) {
      const made: unknown = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) ?? value, 'constructor')?.value;
      if (typeof made === 'function' && made !== Object) functions.push(made);
    }
  }
  return { rebuilt: special.length === 0 ? NONE : allLeadingTo(special, seen), functions, bytes };
}

const NONE: ReadonlySet<object> = new Set();

/** Calls `meet` with each part of a value; false when structured clone would not keep the value itself. */
function visitParts(value: object, meet: (part: unknown) => void): boolean {
  if (typeof value === 'function') return false;
  switch (kindOf(value)) {
    case 'clone':
      return true;
    case 'array': {
      const array = value as unknown[];
      let kept = true;
      for (let i = 0; i < array.length; i++) {
        const part = array[i];
        if (typeof part === 'symbol') kept = false;
        else if (typeof part === 'object' || typeof part === 'function' || typeof part === 'string') meet(part);
      }
      return kept;
    }
    case 'map':
      for (const [key, item] of Map.prototype.entries.call(value)) {
        meet(key);
        meet(item);
      }
      return true;
    case 'set':
      for (const item of Set.prototype.values.call(value)) meet(item);
      return true;
    case 'plain':
      return visitProperties(value, meet);
    case 'instance':
    case 'error':
      visitProperties(value, meet);
      return false;
    default:
      return false;
  }
}

function visitProperties(value: object, meet: (part: unknown) => void): boolean {
  let kept = Object.getPrototypeOf(value) !== null;
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
    if (typeof key === 'symbol' || descriptor.get || descriptor.set || typeof descriptor.value === 'symbol') kept = false;
    else meet(descriptor.value);
  }
  return kept;
}

/** All objects from which one of `special` can be reached. */
function allLeadingTo(special: readonly object[], all: ReadonlySet<object>): Set<object> {
  const parents = new Map<object, object[]>();
  for (const parent of all) {
    visitParts(parent, part => {
      if ((typeof part !== 'object' && typeof part !== 'function') || part === null) return;
      const known = parents.get(part);
      if (known === undefined) parents.set(part, [parent]);
      else known.push(parent);
    });
  }
  const found = new Set(special);
  const pending = [...special];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    for (const parent of parents.get(value) ?? []) {
      if (found.has(parent)) continue;
      found.add(parent);
      pending.push(parent);
    }
  }
  return found;
}
