// The functions of a program, revived once a thread.

import { type Resolve, reviveClosure } from '../codec/closure/index.js';
import { decodeValue } from '../codec/column.js';
import { builtin } from './builtins.js';
import { samplerOf } from './sampling.js';
import type { BoundRef, FunctionRef, Program } from './spec.js';

export type AnyFunction = (...args: never[]) => unknown;

export class ProgramFunctions {
  private constructor(private readonly closures: readonly AnyFunction[]) {}

  static async revive(program: Program, resolve: Resolve): Promise<ProgramFunctions> {
    return new ProgramFunctions((await Promise.all(program.closures.map(closure => reviveClosure(closure, resolve)))) as AnyFunction[]);
  }

  get(ref: FunctionRef): AnyFunction {
    if ('sampling' in ref) return samplerOf(ref.sampling);
    if ('builtin' in ref) return builtin(ref.builtin);
    if ('closure' in ref) return this.closures[ref.closure]!;
    return bound(this.get(ref.of), ref);
  }
}

/** A function of one argument: the first one is given. */
function bound(f: AnyFunction, { first, fresh }: BoundRef): AnyFunction {
  const call = f as (first: unknown, value: unknown) => unknown;
  // A column begins at a multiple of 8, which its place in the program need not be.
  const encoded = new Uint8Array(first);
  const given = decodeValue(encoded);
  // What is no object cannot be changed.
  if (!fresh || typeof given !== 'object' || given === null) return (value: unknown) => call(given, value);
  return (value: unknown) => call(decodeValue(encoded), value);
}
