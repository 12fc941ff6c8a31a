// On the driver: shipped closures by id, so that a stack frame of a worker finds its way back. Holds nothing alive: a
// closure's entry goes when the closure goes, and the function itself is kept by its shipped form only.
import type { AnyFunction } from './record.js';
import type { ShippedClosure } from './types.js';

const closures = new Map<number, WeakRef<ShippedClosure>>();
const functions = new WeakMap<ShippedClosure, AnyFunction>();
const gone = new FinalizationRegistry<number>(id => closures.delete(id));

export function registerClosure(closure: ShippedClosure, fn: AnyFunction | undefined): void {
  closures.set(closure.id, new WeakRef(closure));
  if (fn !== undefined) functions.set(closure, fn);
  gone.register(closure, closure.id);
}

export function closureById(id: number): ShippedClosure | undefined {
  return closures.get(id)?.deref();
}

/** The function that a closure was captured from. */
export function originalOf(closure: ShippedClosure): AnyFunction | undefined {
  return functions.get(closure);
}
