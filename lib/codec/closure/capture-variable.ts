// One free variable of a function, told apart into a global, an import, or a value. An import wins only over a value
// that cannot simply be copied, so plain data never needs the debugger.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import type { FreeVariable } from './analyse.js';
import { isEverywhere } from './bundled.js';
import type { Graph, Link } from './graph.js';
import { isStandardGlobal, landmarkOf } from './identity.js';
import { baseUrl, type ImportBinding, importTable } from './imports.js';
import { isUninitialised } from './initialised.js';
import type { Scope } from './inspect.js';
import { DRIVER_ONLY } from './objects.js';
import { type AnyFunction, type FunctionRecord, SyntheticRecord } from './record.js';
import { isReferable } from './reference.js';
import { requiresIn } from './specifiers.js';
import type { NodeIndex } from './types.js';

const require = createRequire(import.meta.url);

/** The node of a variable's value; undefined when the worker has it by itself. */
export function captureVariable(graph: Graph, record: FunctionRecord, variable: FreeVariable, link: Link): NodeIndex | undefined {
  const { name } = variable;
  if (variable.assigned >= 0)
    return graph.refuse('assigned', `it assigns the variable ${name} of the code around it`, { ...link, offset: variable.assigned });
  const scopes = record.inspected.scopes.filter(scope => scope.kind !== 'global');
  const depth = scopes.findIndex(scope => Object.hasOwn(scope.variables, name));
  if (depth < 0) {
    // A class knows what it extends, also when nothing else keeps the variable.
    if (name === record.analysis?.heritage) return graph.intern(Object.getPrototypeOf(record.fn), link);
    // CommonJS: V8 keeps `require` only for those functions that use it themselves.
    if (name === 'require' && record instanceof SyntheticRecord) return requireNode(graph, record, link);
    if (isStandardGlobal(name)) return undefined;
    const other = record.inspected.scopes.at(-1)?.variables;
    if (other !== undefined && other !== globalThis && Object.hasOwn(other, name)) return graph.intern(other[name], link);
    if (Object.hasOwn(globalThis, name)) return graph.intern((globalThis as Record<string, unknown>)[name], link);
    return variable.onlyTypeof
      ? undefined
      : graph.refuse('unreachable', `the variable ${name} does not exist, or is used only while a class is defined`, link);
  }
  const value = scopes[depth]!.variables[name];
  if (value === undefined && isUninitialised(name, record.inspected.location))
    return graph.refuse('uninitialised', `the variable ${name} has no value yet`, link);
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return graph.intern(value, link);
  const special = injected(graph, name, value) ?? requireOf(graph, record, value, link);
  if (special !== undefined) return special;
  if (isScriptScope(scopes, depth) && !isOwnMatter(graph, record, value, link)) {
    const node = captureImport(graph, record, name, value, link);
    if (node !== undefined) return node;
  }
  return graph.intern(value, link);
}

/**
 * Only names of the script's own scope can be imports. That is the outermost one; in CommonJS code there may be the
 * wrapper of Node.js and one of a compiler's, both functions without a name.
 */
function isScriptScope(scopes: readonly Scope[], depth: number): boolean {
  if (depth === scopes.length - 1) return true;
  return depth === scopes.length - 2 && scopes.every((scope, i) => i < depth || scope.kind === 'wrapper');
}

/** Code that tools inject: esbuild's `__name(f, 'f')` and istanbul's counters mean nothing in a worker and cost time. */
function injected(graph: Graph, name: string, value: object): NodeIndex | undefined {
  if (typeof value !== 'function') return undefined;
  if (name === '__name' && /^\(\w+,\s*value\)\s*=>\s*\w+\(\w+,\s*["']name["']/.test(Function.prototype.toString.call(value)))
    return graph.add({ kind: 'stub', stub: 'name' });
  return /^cov_[a-z0-9]{6,}$/.test(name) ? graph.add({ kind: 'stub', stub: 'coverage' }) : undefined;
}

/** `require` of a CommonJS file, or one made by createRequire. */
function requireOf(graph: Graph, record: FunctionRecord, value: object, link: Link): NodeIndex | undefined {
  if (typeof value !== 'function' || !Object.hasOwn(value, 'resolve') || !Object.hasOwn(value, 'cache')) return undefined;
  return requireNode(graph, record, link);
}

function requireNode(graph: Graph, record: FunctionRecord, link: Link): NodeIndex {
  const parent = baseUrl(record.script);
  return graph.add({ kind: 'require', parent, modules: graph.modulesFor(record.script, parent, requiresIn(record.source), link) });
}

/** Whether a value is plain data, known to every thread, or made of functions of this very script: then no import is looked for. */
function isOwnMatter(graph: Graph, record: FunctionRecord, value: object, link: Link): boolean {
  if (types.isModuleNamespaceObject(value)) return false;
  if (landmarkOf(value) !== undefined || (!types.isProxy(value) && (DRIVER_ONLY in value || isReferable(value)))) return true;
  if (typeof value === 'object' && !graph.isRebuilt(value, link)) return true;
  const functions = typeof value === 'function' ? [value] : graph.functionsIn(value, link).slice(0, MOST_ASKED);
  return functions.length > 0 && functions.every(fn => graph.recordOf(fn as AnyFunction).script === record.script);
}

const MOST_ASKED = 16;

function captureImport(graph: Graph, record: FunctionRecord, name: string, value: object, link: Link): NodeIndex | undefined {
  const binding = importTable(record.script).bindings.get(name);
  if (binding === undefined) return inRequireCache(graph, value, link);
  const parent = baseUrl(record.script);
  if (binding.kind === 'import') {
    if (isMainScript(binding.specifier, parent)) return undefined;
    const { specifier } = binding;
    const uses = isEverywhere(specifier) ? [] : [{ specifier, way: 'import' as const }];
    return graph.add({
      kind: 'import',
      specifier,
      parent,
      name: binding.name,
      modules: graph.modulesFor(record.script, parent, uses, link),
    });
  }
  return captureRequire(graph, record, binding, link);
}

/** The declaration's own expression is run again in the worker, so that any compiler's interop helper does its work there. */
function captureRequire(graph: Graph, record: FunctionRecord, binding: ImportBinding & { kind: 'require' }, link: Link): NodeIndex {
  const whole = new SyntheticRecord(`() => (${binding.source})`, record);
  const complete = whole.analysis?.free.every(({ name }) => name === 'require' || isStandardGlobal(name) || isKept(record, name));
  const target = graph.addFunction(complete ? whole : new SyntheticRecord(`() => (${binding.plain})`, record), link);
  return graph.add({ kind: 'call', target, path: binding.path });
}

function isKept(record: FunctionRecord, name: string): boolean {
  return record.inspected.scopes.some(scope => scope.kind !== 'global' && Object.hasOwn(scope.variables, name));
}

/** Importing the script that runs now would run it again in every worker: what it exports is shipped by value. */
function isMainScript(specifier: string, parent: string): boolean {
  if (!/^[./]|^file:/.test(specifier) || process.argv[1] === undefined) return false;
  try {
    return pathOf(new URL(specifier, parent)) === pathOf(pathToFileURL(process.argv[1]));
  } catch {
    return false;
  }
}

/** A path without its extension: `./main.js` may mean main.ts. */
function pathOf(url: URL): string {
  return url.pathname.replace(/\.[cm]?[jt]sx?$/, '');
}

/** What a CommonJS module exports as a whole, found by identity. */
function inRequireCache(graph: Graph, value: object, link: Link): NodeIndex | undefined {
  for (const [id, module] of Object.entries(require.cache)) {
    if (module?.exports !== value) continue;
    const parent = baseUrl('');
    return graph.add({ kind: 'require', parent, id, modules: graph.modulesFor('', parent, [{ specifier: id, way: 'require' }], link) });
  }
  return undefined;
}
