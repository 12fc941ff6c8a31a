// Recognises combining functions whose meaning a kernel has: sums, extremes, first and last. Only where the kernel and
// the JavaScript agree on every value, so `a < b ? a : b` is not one: it differs from Math.min on NaN and -0.
import type { ArrowFunctionExpression, Expression, FunctionExpression, Node } from 'estree';
import { parseFunction } from './analyse.js';
import type { ShippedClosure } from './types.js';

export type Combiner = 'sum' | 'min' | 'max' | 'first' | 'last';

/** The combiner that a captured closure is, if it is one. */
export function combinerOf(closure: ShippedClosure): Combiner | null {
  const node = closure.nodes[closure.entry];
  // A capture would be a variable of the user's that is named Math.
  return node?.kind === 'function' && node.captures.length === 0 ? recogniseCombiner(node.source) : null;
}

/** The combiner that a function's source is, if it is one and if `Math` means the global there. */
export function recogniseCombiner(source: string): Combiner | null {
  const node = parseFunction(source)?.node;
  const fn = node?.type === 'Property' ? node.value : node;
  if (fn?.type !== 'ArrowFunctionExpression' && fn?.type !== 'FunctionExpression') return null;
  if (fn.async || fn.generator || fn.params.length !== 2 || ('id' in fn && fn.id?.name === 'Math')) return null;
  const [a, b] = fn.params.map(parameter => (parameter.type === 'Identifier' ? parameter.name : undefined));
  const body = returned(fn);
  if (a === undefined || b === undefined || a === b || body === undefined) return null;
  if (isName(body, a)) return 'first';
  if (isName(body, b)) return 'last';
  const pair = (left: Node | undefined, right: Node | undefined) =>
    (isName(left, a) && isName(right, b)) || (isName(left, b) && isName(right, a));
  if (body.type === 'BinaryExpression' && body.operator === '+' && pair(body.left, body.right)) return 'sum';
  if (
    body.type !== 'CallExpression' ||
    a === 'Math' ||
    b === 'Math' ||
    body.arguments.length !== 2 ||
    !pair(body.arguments[0], body.arguments[1])
  )
    return null;
  return body.optional ? null : mathCall(body);
}

function returned(fn: ArrowFunctionExpression | FunctionExpression): Expression | undefined {
  if (fn.body.type !== 'BlockStatement') return fn.body;
  const [statement, ...rest] = fn.body.body;
  return rest.length === 0 && statement?.type === 'ReturnStatement' ? (statement.argument ?? undefined) : undefined;
}

function mathCall({ callee }: Expression & { type: 'CallExpression' }): 'min' | 'max' | null {
  if (callee.type !== 'MemberExpression' || callee.computed || callee.optional || !isName(callee.object, 'Math')) return null;
  return isName(callee.property, 'min') ? 'min' : isName(callee.property, 'max') ? 'max' : null;
}

function isName(node: Node | undefined, name: string): boolean {
  return node?.type === 'Identifier' && node.name === name;
}
