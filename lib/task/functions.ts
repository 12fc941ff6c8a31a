// The functions of a program, revived once a thread.

import { isStateless, ownParts, type Resolve, reviveClosure } from '../codec/closure/index.js';
import { decodeValue } from '../codec/column.js';
import { builtin } from './builtins.js';
import { samplerOf } from './sampling.js';
import type { BoundRef, FunctionRef, Program } from './spec.js';

export type AnyFunction = (...args: never[]) => unknown;

export class ProgramFunctions {
  private readonly parts: readonly unknown[][];
  private isStateless: boolean;
  private constructor(
    program: Program,
    private readonly closures: readonly AnyFunction[],
  ) {
    this.isStateless = program.closures.every(isStateless);
    this.parts = this.isStateless ? closures.map(ownParts) : [];
  }

  static async revive(program: Program, resolve: Resolve): Promise<ProgramFunctions> {
    const closures = await Promise.all(program.closures.map(closure => reviveClosure(closure, resolve)));
    return new ProgramFunctions(program, closures as AnyFunction[]);
  }

  /** Whether the next job cannot tell them from functions that are revived for it. */
  areAsNew(): boolean {
    return this.isStateless && this.closures.every((fn, i) => isSame(ownParts(fn), this.parts[i]!));
  }

  get(ref: FunctionRef): AnyFunction {
    if ('sampling' in ref) return samplerOf(ref.sampling);
    if ('builtin' in ref) return builtin(ref.builtin);
    if ('closure' in ref) return this.closures[ref.closure]!;
    return this.bound(this.get(ref.of), ref);
  }

  /** A function of one argument: the first one is given. */
  private bound(f: AnyFunction, { first, fresh }: BoundRef): AnyFunction {
    const call = f as (first: unknown, value: unknown) => unknown;
    // A column begins at a multiple of 8, which its place in the program need not be.
    const encoded = new Uint8Array(first);
    const given = decodeValue(encoded);
    // What is no object cannot be changed.
    const changes = typeof given === 'object' && given !== null;
    if (changes && fresh) return (value: unknown) => call(decodeValue(encoded), value);
    if (changes) this.isStateless = false;
    return (value: unknown) => call(given, value);
  }
}

function isSame(parts: readonly unknown[], others: readonly unknown[]): boolean {
  return parts.length === others.length && parts.every((part, i) => Object.is(part, others[i]));
}
