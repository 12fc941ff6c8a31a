// Random numbers outside of tasks: a stream like any other, in memory of its own, made by the kernel's twin.

import { fillUniform } from '../../shuffle/twins/random.js';
import { DrawSource, Rng } from './rng.js';
import { type Seed, seedState } from './seed.js';

/** The stream of a seed, operator and block. */
export function standaloneRng(seed: Seed, operator: number, block: number): Rng {
  const buffer = new ArrayBuffer(DrawSource.bytes);
  const source = new DrawSource({ buffer, address: 0, fill: (state, out, n) => fillUniform(buffer, state, out, n) });
  source.start(seedState(seed), operator, block);
  return new Rng(source);
}
