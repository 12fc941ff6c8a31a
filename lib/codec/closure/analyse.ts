// What a function's source text alone tells: its form, its parameters, the names it takes from outside and what it
// does that no worker can do. Parsing is acorn's, scoping eslint-scope's. Results are kept by source text, for the same
// closure is passed in again and again.

import * as acorn from 'acorn';
import * as scopes from 'eslint-scope';
import type { Identifier, Node } from 'estree';
import { setWithin } from '../../core/bounded-map.js';
import type { Refusal } from './errors.js';
import { branchFreeSelects } from './select.js';
import type { SourceForm } from './types.js';
import { type Walked, walkFunction } from './walk.js';

/** A name that a function takes from outside. */
export interface FreeVariable {
  readonly name: string;
  /** Offset of its first use in the source. */
  readonly offset: number;
  /** Offset of the first assignment to it; -1 if there is none. */
  readonly assigned: number;
  /** Whether a class needs it while it is being defined (heritage, static fields, computed keys). */
  readonly eager: boolean;
  /** Whether it is only the operand of typeof, so that it need not exist. */
  readonly onlyTypeof: boolean;
}

export interface ParameterShape {
  /** The parameter's name, or undefined for a pattern. */
  readonly name: string | undefined;
  readonly rest: boolean;
  readonly optional: boolean;
}

export interface FunctionAnalysis {
  readonly form: SourceForm;
  readonly type: 'arrow' | 'function' | 'class';
  readonly strict: boolean;
  readonly async: boolean;
  readonly generator: boolean;
  /** Whether the source has no name of its own. */
  readonly anonymous: boolean;
  readonly parameters: readonly ParameterShape[];
  readonly free: readonly FreeVariable[];
  /** The first thing that can never be shipped, if any. */
  readonly refused: { readonly kind: Refusal; readonly offset: number } | undefined;
  /** Where a function that is not an arrow uses the `this` it is called with; -1 for nowhere. */
  readonly ownThis: number;
  /** Offsets of the `import` keyword of dynamic imports. */
  readonly imports: readonly number[];
  /** A class: whether its instances have private members, and the static names that its body defines. */
  readonly privateMembers: boolean;
  readonly members: { readonly static: ReadonlySet<string>; readonly prototype: ReadonlySet<string>; readonly computed: boolean };
  /** What a worker evaluates: the source, and for a class without the expressions that must not run again. */
  readonly code: string;
  /** The name in `code` of the class that a class extends. */
  readonly heritage: string | undefined;
  /** The offset that V8 gives as the function's location: the arrow's start, else the parenthesis of the parameters. */
  readonly anchor: number;
}

/** The scopes of a parsed program. */
export function scopesOf(program: Node): scopes.ScopeManager {
  return scopes.analyze(program as never, { ecmaVersion: 2022, sourceType: 'module' });
}

const MOST_KEPT = 512;
const kept = new Map<string, FunctionAnalysis | undefined>();

/** The analysis of a function's source; undefined if it cannot be parsed on its own (native code, private methods). */
export function analyseSource(source: string): FunctionAnalysis | undefined {
  const known = kept.get(source);
  if (known !== undefined || kept.has(source)) return known;
  const analysis = analyse(source);
  setWithin(kept, MOST_KEPT, source, analysis);
  return analysis;
}

/** The analysis of a function. */
export function analyseFunction(fn: (...args: never[]) => unknown): FunctionAnalysis | undefined {
  return analyseSource(Function.prototype.toString.call(fn));
}

// The function around it makes `new.target` and `arguments` parse, so that they can be refused by name.
const WRAPPERS = [
  ['(function(){return(', '\n)})', false],
  ['(function(){return({', '\n})})', true],
] as const;

export interface Parsed {
  readonly program: acorn.Program;
  /** The function or class node; for a method the property's. */
  readonly node: Node;
  readonly method: boolean;
  readonly strict: boolean;
  /** How much the wrapper moved the source. */
  readonly shift: number;
}

/** Parses a function's source text, whatever its form; as sloppy code only if it cannot be strict. */
export function parseFunction(source: string): Parsed | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    for (const [before, after, method] of WRAPPERS) {
      try {
        const program = acorn.parse(before + source + after, {
          ecmaVersion: 'latest',
          sourceType,
          ranges: true,
          allowSuperOutsideMethod: true,
          checkPrivateFields: false,
        } as acorn.Options);
        const node = innerNode(program as unknown as Node, method);
        if (node !== undefined) return { program, node, method, strict: sourceType === 'module', shift: before.length };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
  }
  return undefined;
}

function innerNode(program: Node, method: boolean): Node | undefined {
  const statement = program.type === 'Program' && program.body.length === 1 ? program.body[0] : undefined;
  if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== 'FunctionExpression') return undefined;
  const returned = statement.expression.body.body[0];
  if (returned?.type !== 'ReturnStatement' || !returned.argument) return undefined;
  const inner = returned.argument as Node;
  if (!method) return isFunctionLike(inner) ? inner : undefined;
  if (inner.type !== 'ObjectExpression' || inner.properties.length !== 1) return undefined;
  const property = inner.properties[0]!;
  return property.type === 'Property' && (property.method || property.kind !== 'init') ? property : undefined;
}

function isFunctionLike(node: Node): boolean {
  return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'ClassExpression';
}

function analyse(source: string): FunctionAnalysis | undefined {
  const parsed = parseFunction(source);
  if (parsed === undefined) return undefined;
  const { node, shift } = parsed;
  const fn = node.type === 'Property' ? node.value : node;
  const form = node.type === 'Property' ? (node.kind === 'get' ? 'getter' : node.kind === 'set' ? 'setter' : 'method') : 'expression';
  const walked = walkFunction(node, shift);
  const replaced = walked.replaced.length > 0 ? walked.replaced : branchFreeSelects(node, source, shift);
  if (replaced.length > 0) return analyse(replaceParts(source, replaced));
  const isClass = fn.type === 'ClassExpression';
  const callable = fn.type === 'ArrowFunctionExpression' || fn.type === 'FunctionExpression' ? fn : undefined;
  return {
    form,
    type: isClass ? 'class' : fn.type === 'ArrowFunctionExpression' ? 'arrow' : 'function',
    strict: parsed.strict,
    async: callable?.async ?? false,
    generator: callable?.generator ?? false,
    anonymous: form === 'expression' && !('id' in fn && fn.id),
    parameters: (callable?.params ?? []).map(shapeOf),
    free: freeVariables(parsed.program, walked.eager, walked.typeofs, shift),
    refused: walked.refused,
    ownThis: walked.ownThis,
    imports: walked.imports,
    privateMembers: walked.privateMembers,
    members: walked.members,
    code: source,
    heritage: walked.heritage,
    anchor: anchorOf(fn, source, shift),
  };
}

/** Puts other text in place of parts of a source; the rest keeps its lines and columns. */
function replaceParts(source: string, parts: Walked['replaced']): string {
  let code = source;
  for (const { from, to, text } of parts) {
    const blank = source.slice(from + text.length, to).replace(/[^\n\r\u2028\u2029]/g, ' ');
    code = code.slice(0, from) + text + blank + code.slice(to);
  }
  return code;
}

function shapeOf(parameter: Node): ParameterShape {
  const inner = parameter.type === 'RestElement' ? parameter.argument : parameter.type === 'AssignmentPattern' ? parameter.left : parameter;
  return {
    name: inner.type === 'Identifier' ? inner.name : undefined,
    rest: parameter.type === 'RestElement',
    optional: parameter.type === 'AssignmentPattern',
  };
}

function anchorOf(fn: Node, source: string, shift: number): number {
  if (fn.type === 'ArrowFunctionExpression') return start(fn) - shift;
  if (fn.type === 'ClassExpression') {
    const own = fn.body.body.find(member => member.type === 'MethodDefinition' && member.kind === 'constructor');
    return own === undefined ? start(fn) - shift : start((own as { value: Node }).value) - shift;
  }
  // The first parenthesis that is in no comment; a name cannot hold one.
  let at = (fn.type === 'FunctionExpression' && fn.id ? end(fn.id) : start(fn)) - shift;
  while (at < source.length && source[at] !== '(') {
    if (source.startsWith('/*', at)) at = source.indexOf('*/', at) + 2;
    else if (source.startsWith('//', at)) at = source.indexOf('\n', at) + 1;
    else at++;
  }
  return at;
}

function freeVariables(
  program: acorn.Program,
  eager: readonly [number, number][],
  typeofs: ReadonlySet<Node>,
  shift: number,
): FreeVariable[] {
  const manager = scopesOf(program as unknown as Node);
  const found = new Map<string, { -readonly [K in keyof FreeVariable]: FreeVariable[K] }>();
  for (const reference of manager.globalScope?.through ?? []) {
    const identifier = reference.identifier as Identifier;
    const offset = start(identifier) - shift;
    const atOnce = eager.some(([from, to]) => offset >= from && offset < to);
    const known = found.get(identifier.name);
    const assigned = reference.isWrite() ? offset : -1;
    if (known === undefined) {
      found.set(identifier.name, { name: identifier.name, offset, assigned, eager: atOnce, onlyTypeof: typeofs.has(identifier) });
      continue;
    }
    known.offset = Math.min(known.offset, offset);
    if (known.assigned < 0) known.assigned = assigned;
    known.eager ||= atOnce;
    known.onlyTypeof &&= typeofs.has(identifier);
  }
  return [...found.values()];
}

function start(node: Node): number {
  return (node as unknown as { start: number }).start;
}

function end(node: Node): number {
  return (node as unknown as { end: number }).end;
}
