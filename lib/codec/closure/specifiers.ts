// Which modules the functions of a script may ask for: what the script imports or requires under a name that one of them
// mentions, and what they import or require themselves by a literal. From the syntax alone, so it may be too many, never too few
// of those that a closure can have as an import.
import type { Node } from 'estree';
import { isEverywhere, type ModuleUse, useKey, type Way } from './bundled.js';
import { importTable, parseScript } from './imports.js';

/** The modules that functions of a script may use and executors have not, in the order of the source. */
export function usesOf(script: string): ModuleUse[] {
  const uses = new Map<string, ModuleUse>();
  const add = (specifier: string | undefined, way: Way): void => {
    if (specifier !== undefined && !isEverywhere(specifier)) uses.set(useKey({ specifier, way }), { specifier, way });
  };
  const parsed = script === '' ? undefined : parseScript(script);
  if (parsed === undefined) return [];
  const mentioned = new Set<string>();
  const asked: ModuleUse[] = [];
  visit(parsed.program as unknown as Node, false, mentioned, asked);
  for (const [name, binding] of importTable(script).bindings) {
    if (!mentioned.has(name)) continue;
    if (binding.kind === 'import') add(binding.specifier, 'import');
    else for (const { specifier, way } of requiresIn(binding.source)) add(specifier, way);
  }
  for (const { specifier, way } of asked) add(specifier, way);
  return [...uses.values()];
}

/** The literals that a function requires. */
export function requiresIn(source: string): ModuleUse[] {
  const found = Array.from(source.matchAll(/\brequire\(\s*(['"])(.*?)\1\s*\)/g), ([, , specifier]) => specifier!);
  return found.filter(specifier => !isEverywhere(specifier)).map(specifier => ({ specifier, way: 'require' as const }));
}

/** The literals of dynamic imports in a function's source, given the offsets of their `import`. */
export function dynamicImports(source: string, offsets: readonly number[]): ModuleUse[] {
  return offsets.flatMap(offset => {
    const specifier = /^import\s*\(\s*(['"])((?:(?!\1)[^\\])*)\1/.exec(source.slice(offset))?.[2];
    return specifier === undefined || isEverywhere(specifier) ? [] : [{ specifier, way: 'import' as const }];
  });
}

function visit(node: Node, inFunction: boolean, mentioned: Set<string>, asked: ModuleUse[]): void {
  const within = inFunction || /Function|^Class/.test(node.type);
  if (within) {
    if (node.type === 'Identifier') mentioned.add(node.name);
    else if (node.type === 'ImportExpression') askFor(node.source, 'import', asked);
    else if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'require')
      askFor(node.arguments[0], 'require', asked);
  }
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value) if (isNode(item)) visit(item, within, mentioned, asked);
    if (isNode(value)) visit(value, within, mentioned, asked);
  }
}

function askFor(source: Node | undefined, way: Way, asked: ModuleUse[]): void {
  if (source?.type === 'Literal' && typeof source.value === 'string') asked.push({ specifier: source.value, way });
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
