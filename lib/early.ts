// Threads before the engine: a bundle of its own, small and quick to load, has the pool, and whoever knows that a context is sure to
// come starts its threads with it. They come up while the engine is loaded.

import { type ResolvedOptions, resolveOptions } from './core/options.js';
import { startEarly } from './transport/local/pool.js';

// The engine has its pool from here: there is one in a process.
export { takePool } from './transport/local/pool.js';

/** Starts the threads of a context that is sure to come, with the options that the environment gives. */
export function expectContext(): void {
  let options: ResolvedOptions;
  try {
    options = resolveOptions(undefined, process.env);
  } catch {
    return; // the context will say what is wrong
  }
  if (options.isolation === 'thread' && options.listen === '' && options.executors.length === 0) startEarly(options.threads);
}
