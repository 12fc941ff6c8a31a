// Lets the thread that calls it import TypeScript, and 'heddle' from anywhere. `heddle run` calls it for the script.
// Node 20 gives each thread hooks of its own: a worker that is to import the user's TypeScript files calls it too.
import { createRequire, register } from 'node:module';
import { builtFile } from '../core/places.js';
import type { HooksData } from './hooks.js';

let registered = false;

/** Registers the module hooks of this thread, once. `typescript`: a TypeScript file is sure to follow. */
export function registerLoader({ typescript }: HooksData): void {
  if (registered) return;
  registered = true;
  process.setSourceMapsEnabled(true);
  register<HooksData>(builtFile('lib/cli/hooks.js'), { data: { typescript } });
}

interface CommonJsLoader {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

/** The same for `require`: TypeScript through tsx, and 'heddle' from anywhere. */
export function registerCommonJsLoader(): void {
  const require = createRequire(import.meta.url);
  (require('tsx/cjs/api') as typeof import('tsx/cjs/api')).register();
  // There is no public hook for `require` in every Node that is supported; tsx and its like replace the same function.
  const loader = require('node:module') as CommonJsLoader;
  const resolveFilename = loader._resolveFilename;
  loader._resolveFilename = function (request, ...rest): string {
    try {
      return resolveFilename.call(this, request, ...rest);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND' || !/^heddle(?:\/|$)/.test(request)) throw error;
      return require.resolve(request);
    }
  };
}
