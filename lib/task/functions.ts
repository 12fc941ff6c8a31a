// The functions of a program, revived once a thread.

import { type Resolve, reviveClosure } from '../codec/closure/index.js';
import { builtin } from './builtins.js';
import type { FunctionRef, Program } from './spec.js';

export type AnyFunction = (...args: never[]) => unknown;

export class ProgramFunctions {
  private constructor(private readonly closures: readonly AnyFunction[]) {}

  static async revive(program: Program, resolve: Resolve): Promise<ProgramFunctions> {
    return new ProgramFunctions((await Promise.all(program.closures.map(closure => reviveClosure(closure, resolve)))) as AnyFunction[]);
  }

  get(ref: FunctionRef): AnyFunction {
    return 'builtin' in ref ? builtin(ref.builtin) : this.closures[ref.closure]!;
  }
}
