// One walk over a function's syntax tree for what scoping does not tell: `this` and its kin that come from outside,
// direct eval, private names of a class around it, dynamic imports, and which parts of a class run at definition.
import type { Node } from 'estree';
import type { Refusal } from './errors.js';

export interface Walked {
  refused: { kind: Refusal; offset: number } | undefined;
  ownThis: number;
  imports: number[];
  /** Ranges of the source that run while a class is being defined. */
  eager: [number, number][];
  /** Identifiers that are the operand of typeof. */
  typeofs: Set<Node>;
  privateMembers: boolean;
  /** A class: parts that a worker must not run again, and what to put in their place. */
  replaced: { from: number; to: number; text: string }[];
  /** A class: the name it extends; HERITAGE when it extends an expression. */
  heritage: string | undefined;
  members: { static: Set<string>; prototype: Set<string>; computed: boolean };
}

/** Stands for the expression that a class extends; no longer than the shortest such expression. */
export const HERITAGE = '$up';

interface Frame {
  /** Whose `this` it is: that of the place around the source, of the source's own function, of a function inside. */
  readonly self: 'outside' | 'own' | 'inner';
  /** `super` has a meaning here, for a class or an object literal inside the source gives it one. */
  readonly home: boolean;
  readonly privates: ReadonlySet<string>;
}

/** Walks a function, class or method property; offsets are given relative to the source, `shift` before the node's. */
export function walkFunction(root: Node, shift: number): Walked {
  const walked: Walked = {
    refused: undefined,
    ownThis: -1,
    imports: [],
    eager: [],
    typeofs: new Set(),
    privateMembers: false,
    replaced: [],
    heritage: undefined,
    members: { static: new Set(), prototype: new Set(), computed: false },
  };
  const offset = (node: Node) => (node as unknown as { start: number }).start - shift;
  const span = (node: Node): [number, number] => [offset(node), (node as unknown as { end: number }).end - shift];
  const refuse = (kind: Refusal, node: Node) => (walked.refused ??= { kind, offset: offset(node) });
  const main = root.type === 'Property' ? root.value : root;

  const each = (node: Node, frame: Frame) => {
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) visit(item, frame);
      } else if (isNode(value)) visit(value, frame);
    }
  };

  const visit = (node: Node, frame: Frame): void => {
    switch (node.type) {
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        // A method's super belongs to its class or object literal; a plain function inside a method has none.
        each(node, { ...frame, self: node === main ? 'own' : 'inner', home: frame.home && isMethodValue.has(node) });
        return;
      case 'ClassExpression':
      case 'ClassDeclaration':
        visitClass(node, frame);
        return;
      case 'Property':
        if (node !== root && (node.method || node.kind !== 'init')) isMethodValue.add(node.value);
        if (node.computed) visit(node.key, frame);
        visit(node.value, node !== root && isMethodValue.has(node.value) ? { ...frame, home: true } : frame);
        return;
      case 'ThisExpression':
        if (frame.self === 'outside') refuse('this', node);
        else if (frame.self === 'own' && walked.ownThis < 0) walked.ownThis = offset(node);
        return;
      case 'Super':
        if (!frame.home) refuse('super', node);
        return;
      case 'Identifier':
        if (node.name === 'arguments' && frame.self === 'outside') refuse('arguments', node);
        return;
      case 'MemberExpression':
        visit(node.object, frame);
        if (node.computed || node.property.type === 'PrivateIdentifier') visit(node.property, frame);
        return;
      case 'PrivateIdentifier':
        if (!frame.privates.has(node.name)) refuse('private member', node);
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') refuse('import.meta', node);
        else if (frame.self === 'outside') refuse('new.target', node);
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') refuse('eval', node);
        break;
      case 'ImportExpression':
        walked.imports.push(offset(node));
        break;
      case 'UnaryExpression':
        if (node.operator === 'typeof' && node.argument.type === 'Identifier') walked.typeofs.add(node.argument);
        break;
      case 'LabeledStatement':
        visit(node.body, frame);
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
    }
    each(node, frame);
  };

  const visitClass = (node: Node & { type: 'ClassExpression' | 'ClassDeclaration' }, frame: Frame) => {
    const privates = new Set(frame.privates);
    for (const member of node.body.body) {
      if (member.type !== 'StaticBlock' && member.key.type === 'PrivateIdentifier') {
        privates.add(member.key.name);
        if (node === main && !member.static) walked.privateMembers = true;
      }
    }
    const inside: Frame = { self: 'inner', home: true, privates };
    const outside: Frame = { ...frame, privates };
    const now = (part: Node) => {
      if (node === main && !isFunction(part)) walked.eager.push(span(part));
    };
    // The class that it extends is known by itself, and static fields are shipped as values: running the expressions
    // again would give other objects, and V8 need not have kept the variables that only they use.
    const replace = (part: Node, text: string) => {
      const [from, to] = span(part);
      if (node === main && to - from >= text.length) walked.replaced.push({ from, to, text });
    };
    if (node.superClass) {
      if (node === main) walked.heritage = node.superClass.type === 'Identifier' ? node.superClass.name : HERITAGE;
      if (node.superClass.type !== 'Identifier' && node.superClass.type !== 'Literal') replace(node.superClass, HERITAGE);
      now(node.superClass);
      visit(node.superClass, frame);
    }
    for (const member of node.body.body) {
      if (member.type === 'StaticBlock') {
        if (!namesPrivate(member)) replace(member, '');
        now(member);
        each(member, inside);
        continue;
      }
      if (member.computed) {
        now(member.key);
        visit(member.key, outside);
      }
      if (node === main) noteMember(member);
      if (member.type === 'MethodDefinition') {
        isMethodValue.add(member.value);
        visit(member.value, inside);
      } else if (member.value) {
        if (member.static) now(member.value);
        if (member.static && member.key.type !== 'PrivateIdentifier' && member.value.type !== 'Literal' && !namesPrivate(member.value))
          replace(member.value, '0');
        visit(member.value, inside);
      }
    }
  };

  const noteMember = (member: { computed: boolean; static: boolean; type: string; key: Node }) => {
    const { members } = walked;
    if (member.computed) members.computed = true;
    else if (member.type === 'MethodDefinition') {
      const name = member.key.type === 'Identifier' ? member.key.name : member.key.type === 'Literal' ? String(member.key.value) : '';
      (member.static ? members.static : members.prototype).add(name);
    }
  };

  const isMethodValue = new Set<Node>();
  visit(root, { self: 'outside', home: false, privates: new Set() });
  return walked;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function isFunction(node: Node): boolean {
  return node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';
}

function namesPrivate(node: Node): boolean {
  if (node.type === 'PrivateIdentifier') return true;
  return Object.values(node).some(part =>
    Array.isArray(part) ? part.some(item => isNode(item) && namesPrivate(item)) : isNode(part) && namesPrivate(part),
  );
}
