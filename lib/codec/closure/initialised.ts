// Tells a variable that holds undefined from one whose declaration has not run yet: the inspector shows both as
// undefined, and a worker must not get a silent undefined for what would be a ReferenceError. Asked only when a captured
// let, const or class is undefined, so it may parse the whole script.
import type * as EslintScope from 'eslint-scope';
import type { Node } from 'estree';
import { rawFrames } from '../../core/callsite.js';
import { scopesOf } from './analyse.js';
import { parseScript } from './imports.js';
import { type FunctionLocation, scriptInfo } from './inspect.js';
import { lineStart } from './place.js';

interface ScopedScript {
  readonly script: string;
  readonly source: string;
  readonly manager: EslintScope.ScopeManager;
}

// A program builds its closures in one go, mostly in one script; the tree is large, so it is not held past that.
let last: WeakRef<ScopedScript> | undefined;

function scopedScript(script: string): ScopedScript | undefined {
  const known = last?.deref();
  if (known?.script === script) return known;
  const parsed = parseScript(script);
  if (parsed === undefined) return undefined;
  const scoped = { script, source: parsed.source, manager: scopesOf(parsed.program) };
  last = new WeakRef(scoped);
  return scoped;
}

/** Whether the variable that `name` means inside the function at `location` is declared but not initialised yet. */
export function isUninitialised(name: string, location: FunctionLocation): boolean {
  const scoped = scopedScript(location.script);
  if (scoped === undefined) return false;
  const { manager, source } = scoped;
  const at = offsetOf(source, location.line, location.column);
  let scope: EslintScope.Scope | null = scopeAt(manager, at);
  for (; scope !== null; scope = scope.upper) {
    const definition = scope.set.get(name)?.defs[0];
    if (definition === undefined) continue;
    const declaration = definition.node as Node & { init?: Node | null };
    if (definition.type === 'ClassName') return true;
    if (definition.type !== 'Variable' || definition.parent?.kind === 'var') return false;
    if (definition.parent?.kind === 'const' && isNeverUndefined(declaration.init)) return true;
    return runsBefore(declaration, scope.variableScope, manager, source, scriptInfo(location.script)?.url ?? '');
  }
  return false;
}

function isNeverUndefined(init: Node | null | undefined): boolean {
  if (!init) return false;
  return /^(Literal|TemplateLiteral|ArrowFunctionExpression|FunctionExpression|ClassExpression|ObjectExpression|ArrayExpression|NewExpression|BinaryExpression|UpdateExpression)$/.test(
    init.type,
  );
}

/** The innermost scope that holds a position. */
function scopeAt(manager: EslintScope.ScopeManager, at: number): EslintScope.Scope | null {
  let found: EslintScope.Scope | null = null;
  // Scopes are listed outermost first, and those that hold a position are nested.
  for (const scope of manager.scopes) {
    const [from, to] = span(scope.block as Node);
    if (from < at && at < to) found = scope;
  }
  return found ?? manager.scopes.find(scope => scope.type === 'module') ?? manager.globalScope;
}

/** Whether the function that declares the variable is running now, and is not yet past the declaration. */
function runsBefore(declaration: Node, owner: EslintScope.Scope, manager: EslintScope.ScopeManager, source: string, url: string): boolean {
  const [, end] = span(declaration);
  for (const frame of rawFrames(100, isUninitialised)) {
    const script = frame.getScriptNameOrSourceURL();
    const line = frame.getLineNumber();
    if (!script || line === null || !(url === script || url.endsWith(script))) continue;
    const at = offsetOf(source, line - 1, (frame.getColumnNumber() ?? 1) - 1);
    // Frames of other functions of the script say nothing: they may be called before and after.
    if (at < end && scopeAt(manager, at)?.variableScope === owner) return true;
  }
  return false;
}

function offsetOf(source: string, line: number, column: number): number {
  return lineStart(source, line) + column;
}

function span(node: Node): [number, number] {
  const { start, end } = node as unknown as { start: number; end: number };
  return [start, end];
}
