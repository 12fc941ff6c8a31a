// `import()` in scripts that are compiled with node:vm.
import vm from 'node:vm';

/** Lets such a script import as the files of the process do; undefined before Node 20.12. */
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
