// Objects of the driver that a closure carries by name only: what a worker has in their place comes by another way, once,
// and not with each closure (a broadcast value, an accumulator, a bundle of modules).

import type { ShippedClosure } from './types.js';

/** An object with this property (its own or inherited) is shipped as what the property says. */
export const REFERENCE: unique symbol = Symbol.for('heddle.reference');

/** What is shipped in the place of the object: plain data. */
export interface Reference {
  readonly type: 'broadcast' | 'accumulator' | 'modules';
  /** Unique in the process that made the object. */
  readonly id: number;
}

export interface Referable {
  readonly [REFERENCE]: Reference;
}

/** What a worker has in the place of a referenced object. */
export type Resolve = (reference: Reference) => unknown;

const captured = new WeakMap<ShippedClosure, readonly Referable[]>();

export function isReferable(value: object): value is Referable {
  return REFERENCE in value;
}

/** Keeps the referenced objects as long as the closure. */
export function keepReferences(closure: ShippedClosure, referenced: readonly Referable[]): void {
  if (referenced.length > 0) captured.set(closure, referenced);
}

/** On the driver: the objects that a closure refers to. */
export function referencesOf(closure: ShippedClosure): readonly Referable[] {
  return captured.get(closure) ?? [];
}

/** On the driver, where a closure is revived too: the objects themselves, and no bundle, for the files are there. */
export function ownReferences(closure: ShippedClosure): Resolve {
  return ({ type, id }) => (type === 'modules' ? undefined : referencesOf(closure).find(object => object[REFERENCE].id === id));
}
