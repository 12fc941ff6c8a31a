// In a worker: loads the modules that closures import, each as the user's own script would: specifiers are resolved
// against that script's URL, through whatever loader hooks this thread has. TypeScript files need tsx, which is registered here
// at first need: what Node.js itself strips of types has no other name for './part.ts' than that.

import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setWithin } from '../../core/bounded-map.js';
import { builtFile } from '../../core/places.js';
import { DEFAULT_LOADER, importerOf, importModule } from '../../core/script-imports.js';

type Importer = (specifier: string) => Promise<Record<string, unknown>>;

const require = createRequire(import.meta.url);
const importers = new Map<string, Importer>();
const MOST_KEPT = 256;

/** Imports `specifier` as the script at URL `parent` would. */
export async function importFrom(parent: string, specifier: string): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.test(parent) || TYPESCRIPT.test(specifier)) await readyForTypeScript();
  let importer = importers.get(parent);
  if (importer === undefined) {
    importer = makeImporter(parent);
    setWithin(importers, MOST_KEPT, parent, importer);
  }
  try {
    return await importer(specifier);
  } catch (error) {
    // As `heddle run` has it: where the script's own folders do not have Heddle, it is this very package.
    const { code } = error as { code?: unknown };
    if (!/^heddle(?:\/|$)/.test(specifier) || (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND')) throw error;
    return await importModule(specifier);
  }
}

/** `require` as the script at URL `parent` has it. */
export function requireFrom(parent: string): NodeJS.Require {
  return createRequire(parent.startsWith('file:') ? parent : pathToFileURL(`${process.cwd()}/[eval]`));
}

const TYPESCRIPT = /\.[cm]?tsx?(\?.*)?$/;

let ready: Promise<void> | undefined;

/** Makes this thread able to import and require TypeScript files. */
export function readyForTypeScript(): Promise<void> {
  return (ready ??= registerTsx());
}

async function registerTsx(): Promise<void> {
  if (await hasTypeScriptHooks()) return;
  const [esm, cjs] = await Promise.all([importModule('tsx/esm/api'), importModule('tsx/cjs/api')]);
  (cjs as unknown as typeof import('tsx/cjs/api')).register();
  (esm as unknown as typeof import('tsx/esm/api')).register();
}

/**
 * Whether this thread's loader hooks understand TypeScript. The process's flags do not tell, for `--import tsx` has no
 * effect in a worker thread of Node.js 20. What tells is that hooks find a file without its extension; Node.js does not.
 */
async function hasTypeScriptHooks(): Promise<boolean> {
  try {
    await importModule(builtFile('lib/codec/closure/types').href);
    return true;
  } catch {
    return false;
  }
}

function makeImporter(parent: string): Importer {
  // Only file names and URLs of files are taken as a base there.
  if (DEFAULT_LOADER !== undefined && parent.startsWith('file:')) return importerOf(fileURLToPath(parent));
  // Node.js before 20.12: relative specifiers against the URL, packages as require finds them.
  return specifier => {
    if (/^\.{0,2}\//.test(specifier)) return importModule(new URL(specifier, parent).href);
    if (/^[a-z]+:/.test(specifier) || require('node:module').isBuiltin(specifier)) return importModule(specifier);
    return importModule(pathToFileURL(requireFrom(parent).resolve(specifier)).href);
  };
}
