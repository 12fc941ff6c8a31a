// The module hooks behind `heddle run`. They run on Node's own hooks thread, so they share nothing with the script.
//
// 1. A bare 'heddle' (or 'heddle/ring') that the script's own folders do not have is this very package.
// 2. The first TypeScript file loads tsx, which takes over from there. A script that needs none never pays for it.
// 3. A file whose folder does not say what its .js and .ts files are is what its syntax says (see module-kind.ts).
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isTypeScript, moduleKind } from './module-kind.js';

/** What `initialize` is sent from the thread of the script. */
export interface HooksData {
  /** The script is TypeScript itself: tsx is sure to be needed. */
  readonly typescript: boolean;
}

interface TsxHooks {
  initialize(data: object): unknown;
  readonly resolve: ResolveHook;
  readonly load: LoadHook;
}

// Set once tsx is ready: while it loads, its own imports come through these hooks and must not wait for it.
let tsx: TsxHooks | undefined;
let loading: Promise<TsxHooks> | undefined;

function loadTsx(): Promise<TsxHooks> {
  loading ??= (async () => {
    // tsx exports its hooks for --import and --loader; it has no types for them.
    const hooks = (await import('tsx/esm' as string)) as TsxHooks;
    await hooks.initialize({});
    return (tsx = hooks);
  })();
  return loading;
}

export const initialize: InitializeHook<HooksData> = async ({ typescript }) => {
  if (typescript) await loadTsx();
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const resolved = await resolveAny(specifier, context, next);
  if (resolved.format === 'module' || !resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/')) return resolved;
  const path = fileURLToPath(resolved.url);
  return /\.[jt]sx?$/.test(path) ? { ...resolved, format: moduleKind(path) } : resolved;
};

const resolveAny: ResolveHook = async (specifier, context, next) => {
  if (tsx !== undefined || /\.[cm]?tsx?(?:[?#]|$)/.test(specifier)) return resolveWithTsx(specifier, context, next);
  try {
    return await next(specifier, context);
  } catch (error) {
    const own = await resolveOwn(specifier, context, next, error);
    if (own !== undefined) return own;
    // './part.js' or './part' may be the compiled name of a TypeScript file; no other failure is worth loading tsx for.
    if (!isNotFound(error) || !/^(?:\.|\/|file:)/.test(specifier)) throw error;
    return await resolveWithTsx(specifier, context, next);
  }
};

const resolveWithTsx: ResolveHook = async (specifier, context, next) => {
  const hooks = await loadTsx();
  try {
    return await hooks.resolve(specifier, context, next);
  } catch (error) {
    const own = await resolveOwn(specifier, context, next, error);
    if (own !== undefined) return own;
    throw error;
  }
};

/** A specifier of this package, resolved from inside it, where package.json's exports answer for it. */
async function resolveOwn(
  specifier: string,
  context: Parameters<ResolveHook>[1],
  next: Parameters<ResolveHook>[2],
  error: unknown,
): Promise<Awaited<ReturnType<ResolveHook>> | undefined> {
  if (!isNotFound(error) || !/^heddle(?:\/|$)/.test(specifier)) return undefined;
  return await next(specifier, { ...context, parentURL: import.meta.url });
}

export const load: LoadHook = async (url, context, next) => {
  if (tsx === undefined && url.startsWith('file:') && isTypeScript(new URL(url).pathname)) await loadTsx();
  return tsx === undefined ? next(url, context) : tsx.load(url, context, next);
};

function isNotFound(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT';
}
