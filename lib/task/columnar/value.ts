// What an expression of a closure stands for while it is being read: columns, and what is made of them.

import type { ExprId, Separator } from './plan.js';

export type Value =
  /** One column. */
  | { readonly kind: 'scalar'; readonly expr: ExprId }
  /** undefined or null. */
  | { readonly kind: 'nothing'; readonly value: undefined | null }
  /** An array literal. */
  | { readonly kind: 'tuple'; readonly items: readonly Value[] }
  /** An object literal, in the order of its keys. */
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [string, Value])[] }
  /** What split() gives, which is never made: only its parts are. */
  | { readonly kind: 'parts'; readonly text: ExprId; readonly separator: Separator }
  /** A function of JavaScript's own, until it is called. */
  | { readonly kind: 'global'; readonly name: string }
  /** What the closure captured and columns know nothing of. */
  | { readonly kind: 'captured'; readonly name: string };

export const scalar = (expr: ExprId): Value => ({ kind: 'scalar', expr });

/** Something that bytes and columns cannot do, at an offset of the closure's source. */
export class Unsupported extends Error {
  constructor(
    readonly what: string,
    readonly offset: number,
  ) {
    super(what);
  }
}

/** A value for messages. */
export function nameOf(value: Value): string {
  switch (value.kind) {
    case 'scalar':
      return 'a value';
    case 'nothing':
      return String(value.value);
    case 'tuple':
      return 'an array';
    case 'struct':
      return 'an object';
    case 'parts':
      return 'the parts of split()';
    case 'global':
      return value.name;
    case 'captured':
      return `the captured ${value.name}`;
  }
}
