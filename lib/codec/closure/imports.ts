// Which names of a script are imports, from the source that V8 runs: import declarations, `await import('...')`, and
// the `require('...')` declarations of CommonJS code, bare or inside a compiler's helper call such as __toESM(...).

import { pathToFileURL } from 'node:url';
import * as acorn from 'acorn';
import type { Expression, Node, Pattern, Program, Statement } from 'estree';
import { setWithin } from '../../core/bounded-map.js';
import { scriptInfo, scriptSource } from './inspect.js';

export type ImportBinding =
  | { readonly kind: 'import'; readonly specifier: string; readonly name: string | undefined }
  /**
   * The source of an expression that requires it, and the property names from there. `plain` does the same without the
   * compiler's helper, for V8 keeps no trace of a helper that no closure of the script uses.
   */
  | { readonly kind: 'require'; readonly source: string; readonly plain: string; readonly path: readonly string[] };

export interface ImportTable {
  readonly bindings: ReadonlyMap<string, ImportBinding>;
}

const NOTHING: ImportTable = { bindings: new Map() };
const MOST_KEPT = 64;
const kept = new Map<string, ImportTable>();

/** The imports of a script, by local name. */
export function importTable(script: string): ImportTable {
  const known = kept.get(script);
  if (known !== undefined) return known;
  const table = readTable(script);
  setWithin(kept, MOST_KEPT, script, table);
  return table;
}

/** The URL that a script's specifiers are resolved against: its own, or the working directory's for `node -e` and eval. */
export function baseUrl(script: string): string {
  const url = script === '' ? '' : (scriptInfo(script)?.url ?? '');
  if (/^(file|data|https?):/.test(url) && !/\/\[[^/]*\]$/.test(url)) return url;
  if (url.startsWith('/') || /^[a-z]:[\\/]/i.test(url)) return pathToFileURL(url).href;
  return pathToFileURL(`${process.cwd()}/[eval]`).href;
}

/** Parses the whole of a script as V8 runs it; undefined if acorn cannot. */
export function parseScript(script: string): { program: Program; source: string } | undefined {
  const source = scriptSource(script);
  const first = scriptInfo(script)?.isModule ? 'module' : 'script';
  for (const sourceType of [first, 'module', 'script'] as const) {
    try {
      const program = acorn.parse(source, {
        ecmaVersion: 'latest',
        sourceType,
        ranges: true, // eslint-scope wants them
        allowHashBang: true,
        allowReturnOutsideFunction: true,
        allowAwaitOutsideFunction: true,
      }) as unknown as Program;
      return { program, source };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

function readTable(script: string): ImportTable {
  const parsed = parseScript(script);
  if (parsed === undefined) return NOTHING;
  const bindings = new Map<string, ImportBinding>();
  readStatements(parsed.program.body, parsed.source, bindings);
  return { bindings };
}

function readStatements(
  statements: readonly (Statement | Program['body'][number])[],
  source: string,
  bindings: Map<string, ImportBinding>,
): void {
  for (const statement of statements) {
    if (statement.type === 'ImportDeclaration') {
      const specifier = String(statement.source.value);
      for (const part of statement.specifiers) {
        const name =
          part.type === 'ImportNamespaceSpecifier' ? undefined : part.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(part.imported);
        bindings.set(part.local.name, { kind: 'import', specifier, name });
      }
    } else if (statement.type === 'VariableDeclaration') {
      for (const { id, init } of statement.declarations) if (init) readDeclarator(id, init, source, bindings);
    } else if (statement.type === 'ExpressionStatement') {
      // tsx and bundlers wrap a CommonJS file into one immediately called function.
      const body = wrapperBody(statement.expression);
      if (body !== undefined) readStatements(body, source, bindings);
    }
  }
}

function wrapperBody(expression: Expression): readonly Statement[] | undefined {
  if (expression.type !== 'CallExpression') return undefined;
  const { callee } = expression;
  if (callee.type !== 'ArrowFunctionExpression' && callee.type !== 'FunctionExpression') return undefined;
  return callee.body.type === 'BlockStatement' ? callee.body.body : undefined;
}

function readDeclarator(id: Pattern, init: Expression, source: string, bindings: Map<string, ImportBinding>): void {
  const dynamic = awaitedImport(init);
  const plain = dynamic === undefined ? plainRequire(init, source) : '';
  if (plain === undefined) return;
  const bind = (local: string, path: readonly string[]) => {
    if (dynamic === undefined) bindings.set(local, { kind: 'require', source: textOf(init, source), plain, path });
    else if (dynamic.path.length + path.length < 2)
      bindings.set(local, { kind: 'import', specifier: dynamic.specifier, name: [...dynamic.path, ...path][0] });
  };
  if (id.type === 'Identifier') bind(id.name, []);
  if (id.type !== 'ObjectPattern') return;
  for (const property of id.properties) {
    if (property.type === 'Property' && !property.computed && property.value.type === 'Identifier')
      bind(property.value.name, [nameOf(property.key)]);
  }
}

/** `await import('x')`, and `(await import('x')).name`. */
function awaitedImport(init: Expression): { specifier: string; path: string[] } | undefined {
  if (init.type === 'MemberExpression' && !init.computed && init.object.type === 'AwaitExpression') {
    const inner = awaitedImport(init.object);
    return inner && { specifier: inner.specifier, path: [nameOf(init.property)] };
  }
  if (init.type !== 'AwaitExpression' || init.argument.type !== 'ImportExpression') return undefined;
  const { source } = init.argument;
  return source.type === 'Literal' && typeof source.value === 'string' ? { specifier: source.value, path: [] } : undefined;
}

// What __toESM, __importStar and __importDefault come to: an ECMAScript module's view of a CommonJS module.
const INTEROP = 'm=>m&&m.__esModule?m:Object.assign(Object.create(null),m,{default:m})';

/** The source of `require('x')`, `helper(require('x'), ...)`, and members of these, with the helper replaced. */
function plainRequire(node: Node, source: string): string | undefined {
  if (node.type === 'MemberExpression') {
    const object = node.computed ? undefined : plainRequire(node.object, source);
    return object && `${object}.${nameOf(node.property)}`;
  }
  if (node.type !== 'CallExpression') return undefined;
  const [first] = node.arguments;
  if (first === undefined) return undefined;
  if (node.callee.type === 'Identifier' && node.callee.name === 'require')
    return first.type === 'Literal' && typeof first.value === 'string' ? textOf(node, source) : undefined;
  const inner = plainRequire(first, source);
  return inner && `(${INTEROP})(${inner})`;
}

function textOf(node: Node, source: string): string {
  const { start, end } = node as unknown as { start: number; end: number };
  return source.slice(start, end);
}

function nameOf(node: Node): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : '';
}
