// What an expression of a closure stands for while it is being read: columns, and what is made of them.

import type { ExprId, Separator, Step } from './plan.js';

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
  /** What split() gives with a separator that captures: parts, and between them what separates them. */
  | { readonly kind: 'separated'; readonly text: ExprId; readonly separator: Separator }
  /** Elements that are made of parts, or of a choice of arrays: rows, when it is opened at the level of some rows. */
  | { readonly kind: 'list'; open(level: number): Opened }
  /** One of two lists of different lengths. */
  | { readonly kind: 'choice'; readonly test: ExprId; readonly chosen: Value; readonly otherwise: Value }
  /** What match() gives: null, or a list. */
  | { readonly kind: 'matches'; readonly list: Value }
  /** A regular expression, until text is matched with it. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly flags: string }
  /** A function of the user's, until it is called. */
  | { readonly kind: 'function'; readonly parameters: number; call(args: readonly Value[]): Value }
  /** A function of JavaScript's own, until it is called. */
  | { readonly kind: 'global'; readonly name: string }
  /** What the closure captured and columns know nothing of. */
  | { readonly kind: 'captured'; readonly name: string; readonly value?: unknown };

/** A list as rows of a level of their own: the steps to it from the rows that it was opened for. */
export interface Opened {
  readonly steps: readonly Step[];
  readonly level: number;
  /** What elements must pass. */
  readonly tests: readonly ExprId[];
  readonly element: Value;
  /** The place of an element in the list, where it is known. */
  readonly place: ExprId | undefined;
}

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
    case 'separated':
      return 'the parts of split() and what separates them';
    case 'list':
    case 'choice':
      return 'a list';
    case 'matches':
      return 'match() without || []';
    case 'regex':
      return 'a regular expression';
    case 'function':
      return 'a function';
    case 'global':
      return value.name;
    case 'captured':
      return `the captured ${value.name}`;
  }
}
