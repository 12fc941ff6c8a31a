// What both sides know of bundles of modules, and how a worker loads one: from memory, once a thread, for the same text has the same
// URL. Whether a file of the script's happens to be on the worker's machine makes no difference.
import { createRequire, isBuiltin } from 'node:module';
import { pathToFileURL } from 'node:url';
import { HeddleError, show } from '../../core/errors.js';
import { importModule } from '../../core/script-imports.js';
import type { ModulesNode } from './types.js';

/** How a module is asked for: packages may have another file for each. */
export type Way = 'import' | 'require';

export interface ModuleUse {
  readonly specifier: string;
  readonly way: Way;
}

/** Stands for the package itself in a bundle: where it is, only the worker knows. */
export const PACKAGE = '@@heddle-package';

/** How bundles are called in stack traces; their hash follows. */
export const MODULES_NAME = 'heddle-modules:';

/** What a bundle has a module under. */
export function useKey({ specifier, way }: ModuleUse): string {
  return `${way} ${specifier}`;
}

/** Whether a worker has it without a bundle: a module of Node.js, or Heddle. */
export function isEverywhere(specifier: string): boolean {
  return isBuiltin(specifier) || /^heddle(?:\/|$)/.test(specifier);
}

/** In a worker, what the scripts' own import() and require give, as far as closures use them. */
export interface BundledModules {
  load(specifier: string): Promise<Record<string, unknown>>;
  readonly require: (specifier: string) => unknown;
}

/** Loads a bundle; its modules are evaluated when they are first asked for. */
export async function importModules({ hash, text }: ModulesNode): Promise<BundledModules> {
  const own = createRequire(import.meta.url);
  const located = text.replaceAll(/"@@heddle-package(\/[^"]*)?"/g, (_, path = '') =>
    JSON.stringify(pathToFileURL(own.resolve(`heddle${path}`)).href),
  );
  const encoded = Buffer.from(`${located}\n//# sourceURL=${MODULES_NAME}${hash}`).toString('base64');
  const { default: modules } = (await importModule(`data:text/javascript;base64,${encoded}`)) as { default: Record<string, () => unknown> };
  const take = (specifier: string, way: Way): unknown => {
    const key = useKey({ specifier, way });
    if (Object.hasOwn(modules, key)) return modules[key]!();
    throw new HeddleError(
      'HEDDLE_CLOSURE',
      `${way}(${show(specifier)}) in a closure: the module was not sent to this executor; write its specifier as a literal there, or import it at the top of the file`,
      { data: { kind: 'module', specifier } },
    );
  };
  return {
    async load(specifier) {
      return (isEverywhere(specifier) ? await importModule(specifier) : await take(specifier, 'import')) as Record<string, unknown>;
    },
    require: specifier => (isEverywhere(specifier) ? own(specifier) : take(specifier, 'require')),
  };
}
