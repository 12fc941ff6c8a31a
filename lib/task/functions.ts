// The functions of a program, revived once a thread.

import { reviveClosure } from '../codec/closure/index.js';
import { builtin } from './builtins.js';
import { samplerOf } from './sampling.js';
import type { FunctionRef, Program } from './spec.js';

export type AnyFunction = (...args: never[]) => unknown;

export class ProgramFunctions {
  private constructor(private readonly closures: readonly AnyFunction[]) {}

  static async revive(program: Program): Promise<ProgramFunctions> {
    return new ProgramFunctions((await Promise.all(program.closures.map(closure => reviveClosure(closure)))) as AnyFunction[]);
  }

  get(ref: FunctionRef): AnyFunction {
    if ('sampling' in ref) return samplerOf(ref.sampling);
    return 'builtin' in ref ? builtin(ref.builtin) : this.closures[ref.closure]!;
  }
}
