// The engine as the package's own door has it: one bundle, with its bytecode.
import { keepCompiled, loadOwnBundle } from './core/code-cache.js';
import { builtFile } from './core/places.js';

export const { Context, expectContext } = loadOwnBundle<typeof import('./context.js')>(builtFile('lib/bundle/engine.cjs'));

process.once('exit', keepCompiled);
