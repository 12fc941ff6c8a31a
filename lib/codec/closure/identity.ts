// Functions and objects that every Node.js thread has: found by identity and shipped by name. The index is made at
// first use from the globals and from those built-in modules that are loaded already, so it loads nothing by itself.
import { createRequire, isBuiltin } from 'node:module';

export type Landmark =
  | { readonly kind: 'global'; readonly path: readonly string[] }
  | { readonly kind: 'builtin'; readonly module: string; readonly path: readonly string[] };

// The globals that Node.js makes enumerable, as a user's own are; all its others are not enumerable.
const ENUMERABLE = new Set(
  'global clearImmediate setImmediate clearInterval clearTimeout setInterval setTimeout queueMicrotask structuredClone atob btoa performance fetch crypto navigator localStorage sessionStorage'.split(
    ' ',
  ),
);

const require = createRequire(import.meta.url);
const index = new WeakMap<object, Landmark>();
const indexed = new Set<string>();
let loaded = -1;

/** Whether JavaScript or Node.js itself defines this global, so that a worker has it too. */
export function isStandardGlobal(name: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  return descriptor !== undefined && (!descriptor.enumerable || ENUMERABLE.has(name));
}

/** Where every thread has this very object, if it does. */
export function landmarkOf(value: object): Landmark | undefined {
  refresh();
  return index.get(value);
}

function refresh(): void {
  const list = (process as unknown as { moduleLoadList?: readonly string[] }).moduleLoadList ?? [];
  if (loaded === list.length) return;
  if (loaded < 0) {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (isStandardGlobal(name)) addDeep(path => ({ kind: 'global', path: [name, ...path] }), dataValue(globalThis, name));
    }
  }
  for (const entry of list.slice(Math.max(loaded, 0))) {
    const name = entry.slice(entry.indexOf(' ') + 1);
    if (indexed.has(name) || name.startsWith('internal/') || !isBuiltin(name)) continue;
    indexed.add(name);
    addDeep(path => ({ kind: 'builtin', module: `node:${name}`, path }), require(`node:${name}`));
  }
  loaded = list.length;
}

type Make = (path: string[]) => Landmark;

/** The value, its own functions and objects, and the methods of its classes. The first name found for an object stays. */
function addDeep(make: Make, value: unknown): void {
  if (!add(make([]), value)) return;
  for (const key of Object.getOwnPropertyNames(value)) {
    const part = dataValue(value, key);
    if (key === 'prototype') addPrototype(make, [], part);
    else if (add(make([key]), part) && typeof part === 'function') addPrototype(make, [key], dataValue(part, 'prototype'));
  }
}

function addPrototype(make: Make, path: string[], prototype: unknown): void {
  if (!add(make([...path, 'prototype']), prototype)) return;
  for (const key of Object.getOwnPropertyNames(prototype)) add(make([...path, 'prototype', key]), dataValue(prototype, key));
}

function add(landmark: Landmark, value: unknown): value is object {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  if (!index.has(value)) index.set(value, landmark);
  return true;
}

/** A property's value without running an accessor. */
function dataValue(owner: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

const WELL_KNOWN = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap(name => {
    const value = dataValue(Symbol, name);
    return typeof value === 'symbol' ? [[value, name] as const] : [];
  }),
);

/** The name of Symbol.iterator and its like. */
export function wellKnownSymbol(symbol: symbol): string | undefined {
  return WELL_KNOWN.get(symbol);
}
