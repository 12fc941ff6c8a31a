// Whether a closure ends soon and touches nothing but its arguments and its own copies of plain values, whatever rows it is
// given: such a one may run on the main thread. No loops, no recursion, no regular expressions, no classes, no calls but those
// of functions and methods that take time in proportion to what they are given. The rows are plain data, so a method named
// here is the built-in one.

import type { Node } from 'estree';
import { setWithin } from '../../core/bounded-map.js';
import { parseFunction } from './analyse.js';
import type { FunctionNode, ShippedClosure } from './types.js';

const FUNCTIONS = new Set(['Number', 'String', 'Boolean', 'BigInt', 'parseInt', 'parseFloat', 'isNaN', 'isFinite']);
/** Namespaces all of whose functions will do. */
const NAMESPACES = new Set(['Math', 'Number']);
const METHODS = new Set(
  (
    'at charAt charCodeAt codePointAt concat endsWith entries get has includes indexOf join keys lastIndexOf push slice split ' +
    'startsWith substring toFixed toLowerCase toString toUpperCase trim trimEnd trimStart unshift values valueOf getTime ' +
    // of an Rng
    'uniform int normal exponential bernoulli'
  ).split(' '),
);
/** Nodes that are as bounded as what they consist of. */
const TRANSPARENT = new Set<Node['type']>([
  'ArrayExpression',
  'ArrayPattern',
  'AssignmentPattern',
  'BlockStatement',
  'ChainExpression',
  'ConditionalExpression',
  'EmptyStatement',
  'ExpressionStatement',
  'Identifier',
  'IfStatement',
  'LogicalExpression',
  'ObjectExpression',
  'ObjectPattern',
  'ParenthesizedExpression' as Node['type'],
  'Property',
  'RestElement',
  'ReturnStatement',
  'SequenceExpression',
  'SpreadElement',
  'TemplateElement',
  'TemplateLiteral',
  'ThrowStatement',
  'UpdateExpression',
  'VariableDeclaration',
  'VariableDeclarator',
]);

const known = new WeakMap<ShippedClosure, boolean>();

export function isBounded(closure: ShippedClosure): boolean {
  let bounded = known.get(closure);
  if (bounded === undefined) known.set(closure, (bounded = decide(closure)));
  return bounded;
}

function decide({ nodes, entry }: ShippedClosure): boolean {
  const f = nodes[entry];
  if (f?.kind !== 'function') return false;
  // Everything else in it is data, without functions of its own.
  if (!nodes.every((node, i) => i === entry || node.kind === 'value')) return false;
  return isBoundedSource(f);
}

const MOST_KEPT = 512;
const sources = new Map<string, boolean>();

function isBoundedSource({ source, form, captures, properties, prototype, imports }: FunctionNode): boolean {
  if (form !== 'expression' || properties.length + prototype.length + imports.length > 0) return false;
  // A captured variable may have the name of a global.
  if (captures.some(({ name }) => FUNCTIONS.has(name) || NAMESPACES.has(name))) return false;
  let bounded = sources.get(source);
  if (bounded === undefined) {
    bounded = isBoundedFunction(parseFunction(source)?.node);
    setWithin(sources, MOST_KEPT, source, bounded);
  }
  return bounded;
}

function isBoundedFunction(node: Node | undefined): boolean {
  if (node?.type !== 'ArrowFunctionExpression' && node?.type !== 'FunctionExpression') return false;
  return !node.async && !node.generator && node.params.every(isBoundedNode) && isBoundedNode(node.body);
}

function isBoundedNode(node: Node): boolean {
  switch (node.type) {
    case 'Literal':
      // A regular expression may backtrack for ever.
      return !('regex' in node);
    case 'BinaryExpression':
      // Of bigints, these may be as long as they like.
      if (node.operator === '**' || node.operator === '<<') {
        return isBoundedNode(node.left) && node.right.type === 'Literal' && typeof node.right.value === 'number';
      }
      return isBoundedNode(node.left) && isBoundedNode(node.right);
    case 'AssignmentExpression':
      return node.operator !== '**=' && node.operator !== '<<=' && isBoundedNode(node.left) && isBoundedNode(node.right);
    case 'UnaryExpression':
      return node.operator !== 'delete' && isBoundedNode(node.argument);
    case 'MemberExpression':
      return isBoundedNode(node.object) && (!node.computed || isBoundedNode(node.property));
    case 'CallExpression':
      return isBoundedCallee(node.callee) && node.arguments.every(isBoundedNode);
    default:
      return TRANSPARENT.has(node.type) && childrenOf(node).every(isBoundedNode);
  }
}

function isBoundedCallee(callee: Node): boolean {
  if (callee.type === 'Identifier') return FUNCTIONS.has(callee.name);
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return false;
  const { object, property } = callee;
  if (object.type === 'Identifier' && NAMESPACES.has(object.name)) return true;
  return METHODS.has(property.name) && isBoundedNode(object);
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const part of Object.values(node)) {
    for (const child of Array.isArray(part) ? part : [part]) {
      if (typeof child === 'object' && child !== null && typeof (child as Node).type === 'string') children.push(child as Node);
    }
  }
  return children;
}
