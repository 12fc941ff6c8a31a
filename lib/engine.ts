// The engine as the package's own door has it: bundles, with their bytecode.
import { keepCompiled, loadOwnBundle } from './core/code-cache.js';
import { builtFile } from './core/places.js';

// The engine requires it, and then has it from here, or from whoever has started threads with it before.
loadOwnBundle(builtFile('lib/bundle/pool.cjs'));
export const { Context } = loadOwnBundle<typeof import('./context.js')>(builtFile('lib/bundle/engine.cjs'));

process.once('exit', keepCompiled);
