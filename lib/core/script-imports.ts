// `import()` in scripts that are compiled with node:vm, and from the bundles, in which it does not work: V8 forgets where a
// script that comes from a cache is to import from.
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { builtFile } from './places.js';

type Importer = (specifier: string) => Promise<Record<string, unknown>>;

let importOwn: Importer | undefined;

/** Lets a script import as the files of the process do; undefined before Node 20.12. */
export const DEFAULT_LOADER = (vm.constants as { USE_MAIN_CONTEXT_DEFAULT_LOADER?: number } | undefined)?.USE_MAIN_CONTEXT_DEFAULT_LOADER;

/** Node.js 20 and 22 warn of the constant as experimental, once a thread: nothing that a user could act on. */
export function withoutLoaderWarning<T>(action: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** `import()`, as the script at `filename` has it. Needs DEFAULT_LOADER. */
export function importerOf(filename: string): Importer {
  const importer = withoutLoaderWarning(() => {
    const script = new vm.Script('specifier => import(specifier)', { filename, importModuleDynamically: DEFAULT_LOADER as never });
    return script.runInThisContext() as Importer;
  });
  return specifier => withoutLoaderWarning(() => importer(specifier));
}

/** `import()`, as the files of this package have it: of what is not part of its bundles. */
export function importModule(specifier: string): Promise<Record<string, unknown>> {
  if (DEFAULT_LOADER === undefined) return import(specifier);
  importOwn ??= importerOf(fileURLToPath(builtFile('lib/index.js')));
  return importOwn(specifier);
}
