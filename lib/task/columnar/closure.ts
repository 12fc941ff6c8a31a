// Reads a closure's source as expressions over columns: what its parameters stand for goes in, what it returns comes out.
// Only what has no effect and cannot throw on the values it gets is taken; anything else is Unsupported, and its operator
// goes on as the function it is. Where a value may be undefined (a part that a line does not have), the task falls back
// when it happens: see code.ts.

import type { BinaryExpression, CallExpression, Expression, MemberExpression, Node, Pattern, Statement, TemplateLiteral } from 'estree';
import { parseFunction, type ShippedClosure } from '../../codec/closure/index.js';
import { binary, concat, globalCall, logical, toNumber, truthy } from './meaning.js';
import { GLOBAL_FUNCTIONS, MATH, MATH_CONSTANTS, NUMBER_CONSTANTS, NUMBER_FUNCTIONS, TEXT_METHODS, VARIADIC } from './methods.js';
import type { ExprId, ExprTable, Separator } from './plan.js';
import { regexSeparator, stringSeparator } from './separator.js';
import { nameOf, scalar, Unsupported, type Value } from './value.js';

type Scope = Map<string, Value>;

/** What a closure makes of its arguments. Throws Unsupported. */
export function readClosure(closure: ShippedClosure, args: readonly Value[], table: ExprTable): Value {
  const node = closure.nodes[closure.entry];
  if (node?.kind !== 'function' || node.form !== 'expression') throw new Unsupported('a function of another kind', 0);
  const parsed = parseFunction(node.source);
  const fn = parsed?.node;
  if (parsed === undefined || (fn?.type !== 'ArrowFunctionExpression' && fn?.type !== 'FunctionExpression')) {
    throw new Unsupported('a function of another kind', 0);
  }
  if (fn.generator || fn.async) throw new Unsupported('a generator', 0);
  const captured: Scope = new Map();
  for (const { name, node: at } of node.captures) {
    const value = closure.nodes[at];
    const constant = value?.kind === 'value' ? value.value : undefined;
    if (typeof constant === 'number' || typeof constant === 'boolean' || (typeof constant === 'string' && !/\p{Surrogate}/u.test(constant)))
      captured.set(name, scalar(table.constant(constant)));
    else captured.set(name, { kind: 'captured', name });
  }
  return new Reader(table, parsed.shift).call(fn, args, captured);
}

class Reader {
  constructor(
    private readonly table: ExprTable,
    private readonly shift: number,
  ) {}

  call(fn: { readonly params: readonly Pattern[]; readonly body: Node }, args: readonly Value[], outer: ReadonlyMap<string, Value>): Value {
    const scope: Scope = new Map(outer);
    fn.params.forEach((parameter, i) => {
      this.bind(parameter, args[i] ?? { kind: 'nothing', value: undefined }, scope);
    });
    if (fn.body.type !== 'BlockStatement') return this.value(fn.body as Expression, scope);
    const returned = this.statements(fn.body.body, scope);
    return returned ?? this.refuse('a path without return', fn.body);
  }

  private refuse(what: string, node: Node): never {
    throw new Unsupported(what, (node as unknown as { start: number }).start - this.shift);
  }

  /** Binds a pattern's names to what a value has. */
  private bind(pattern: Pattern, value: Value, scope: Scope): void {
    if (pattern.type === 'Identifier') scope.set(pattern.name, value);
    else if (pattern.type === 'ArrayPattern') {
      pattern.elements.forEach((element, i) => {
        if (element !== null) this.bind(element, this.element(value, i, pattern), scope);
      });
    } else if (pattern.type === 'ObjectPattern') {
      for (const property of pattern.properties) {
        if (property.type !== 'Property' || property.computed || property.key.type !== 'Identifier') this.refuse('this pattern', property);
        this.bind(property.value, this.property(value, property.key.name, property), scope);
      }
    } else this.refuse('a default or rest', pattern);
  }

  /** What statements return; undefined when they end without. */
  private statements(statements: readonly Statement[], scope: Scope): Value | undefined {
    for (const [i, statement] of statements.entries()) {
      switch (statement.type) {
        case 'VariableDeclaration':
          for (const { id, init } of statement.declarations) {
            if (!init || statement.kind === 'var') this.refuse('a variable without a value', statement);
            this.bind(id, this.value(init, scope), scope);
          }
          break;
        case 'ReturnStatement':
          return statement.argument ? this.value(statement.argument, scope) : { kind: 'nothing', value: undefined };
        case 'IfStatement': {
          const test = this.condition(statement.test, scope);
          const then = this.statements([statement.consequent], new Map(scope));
          if (then === undefined) this.refuse('an if that does not return', statement);
          const rest = statement.alternate ? [statement.alternate, ...statements.slice(i + 1)] : statements.slice(i + 1);
          const otherwise = this.statements(rest, new Map(scope));
          return otherwise === undefined ? this.refuse('a path without return', statement) : this.select(test, then, otherwise, statement);
        }
        case 'BlockStatement': {
          const returned = this.statements(statement.body, new Map(scope));
          if (returned !== undefined) return returned;
          break;
        }
        case 'EmptyStatement':
          break;
        default:
          this.refuse(WORDS[statement.type] ?? statement.type, statement);
      }
    }
    return undefined;
  }

  private value(node: Expression | Node, scope: Scope): Value {
    switch (node.type) {
      case 'Literal': {
        const { value } = node;
        if (typeof value === 'number' || typeof value === 'boolean') return scalar(this.table.constant(value));
        if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return scalar(this.table.constant(value));
        return value === null && !('regex' in node) ? { kind: 'nothing', value: null } : this.refuse('this literal', node);
      }
      case 'Identifier':
        return scope.get(node.name) ?? this.global(node.name, node);
      case 'ArrayExpression':
        return {
          kind: 'tuple',
          items: node.elements.map(element => (element === null ? this.refuse('a hole', node) : this.value(element, scope))),
        };
      case 'ObjectExpression':
        return this.struct(node, scope);
      case 'TemplateLiteral':
        return this.template(node, scope);
      case 'UnaryExpression':
        return this.unary(node.operator, node.argument, scope, node);
      case 'BinaryExpression':
        return this.binary(node, scope);
      case 'LogicalExpression': {
        if (node.operator === '??') return this.refuse('??', node);
        const [a, b] = [this.expr(this.value(node.left, scope), node.left), this.expr(this.value(node.right, scope), node.right)];
        return scalar(logical(this.table, node.operator, a, b) ?? this.refuse(`${node.operator} of different types`, node));
      }
      case 'ConditionalExpression':
        return this.select(this.condition(node.test, scope), this.value(node.consequent, scope), this.value(node.alternate, scope), node);
      case 'MemberExpression':
        return this.member(node, scope);
      case 'CallExpression':
        return this.callExpression(node, scope);
      default:
        return this.refuse(WORDS[node.type] ?? node.type, node);
    }
  }

  private global(name: string, node: Node): Value {
    if (name === 'undefined') return { kind: 'nothing', value: undefined };
    if (name === 'NaN') return scalar(this.table.constant(Number.NaN));
    if (name === 'Infinity') return scalar(this.table.constant(Number.POSITIVE_INFINITY));
    return name === 'Math' || GLOBAL_FUNCTIONS.has(name) ? { kind: 'global', name } : this.refuse(name, node);
  }

  private struct(node: Extract<Expression, { type: 'ObjectExpression' }>, scope: Scope): Value {
    const fields = new Map<string, Value>();
    for (const property of node.properties) {
      if (property.type !== 'Property' || property.computed || property.method || property.kind !== 'init')
        this.refuse('this property', property);
      const key =
        property.key.type === 'Identifier' ? property.key.name : property.key.type === 'Literal' ? String(property.key.value) : '';
      // Keys that are numbers come first in an object, and __proto__ is no key.
      if (key === '' || key === '__proto__' || /^\d+$/.test(key) || fields.has(key)) this.refuse('this key', property);
      fields.set(key, this.value(property.value, scope));
    }
    return { kind: 'struct', fields: [...fields] };
  }

  private template(node: TemplateLiteral, scope: Scope): Value {
    const pieces: ExprId[] = [];
    node.quasis.forEach((quasi, i) => {
      const text = quasi.value.cooked ?? '';
      if (/\p{Surrogate}/u.test(text)) this.refuse('this literal', node);
      if (text !== '') pieces.push(this.table.constant(text));
      const inner = node.expressions[i];
      if (inner !== undefined) pieces.push(this.expr(this.value(inner, scope), inner));
    });
    return scalar(concat(this.table, ...pieces));
  }

  private unary(operator: string, argument: Node, scope: Scope, node: Node): Value {
    const value = this.value(argument, scope);
    switch (operator) {
      case '!':
        return scalar(this.table.of('not', 'boolean', truthy(this.table, this.expr(value, argument))));
      case '+':
        return scalar(toNumber(this.table, this.expr(value, argument)));
      case '-':
      case '~':
        return scalar(this.table.of(`unary ${operator}`, 'number', toNumber(this.table, this.expr(value, argument))));
      default:
        return this.refuse(operator, node);
    }
  }

  private binary(node: BinaryExpression, scope: Scope): Value {
    const { operator, left, right } = node;
    const [a, b] = [this.expr(this.value(left, scope), left), this.expr(this.value(right, scope), right)];
    return scalar(binary(this.table, operator, a, b) ?? this.refuse(`${operator} of these types`, node));
  }

  private select(test: ExprId, a: Value, b: Value, node: Node): Value {
    if (a.kind === 'scalar' && b.kind === 'scalar') {
      if (a.expr === b.expr) return a;
      const type = this.table.type(a.expr);
      return type === this.table.type(b.expr)
        ? scalar(this.table.of('select', type, test, a.expr, b.expr))
        : this.refuse('a choice between types', node);
    }
    if (a.kind === 'tuple' && b.kind === 'tuple' && a.items.length === b.items.length) {
      return { kind: 'tuple', items: a.items.map((item, i) => this.select(test, item, b.items[i]!, node)) };
    }
    if (a.kind === 'nothing' && b.kind === 'nothing' && a.value === b.value) return a;
    return this.refuse(`a choice between ${nameOf(a)} and ${nameOf(b)}`, node);
  }

  private member(node: MemberExpression, scope: Scope): Value {
    if (node.optional || node.object.type === 'Super') this.refuse('?.', node);
    const object = this.value(node.object, scope);
    if (!node.computed) {
      if (node.property.type !== 'Identifier') this.refuse('a private name', node);
      return this.property(object, node.property.name, node);
    }
    if (node.property.type === 'Literal' && typeof node.property.value === 'number') return this.element(object, node.property.value, node);
    return this.refuse('an index that is not a number', node);
  }

  private property(object: Value, name: string, node: Node): Value {
    if (object.kind === 'struct') {
      const field = object.fields.find(([key]) => key === name);
      return field === undefined ? this.refuse(`.${name}`, node) : field[1];
    }
    if (object.kind === 'global' && object.name === 'Math') {
      if (MATH_CONSTANTS.has(name)) return scalar(this.table.constant(Math[name as 'PI']));
      return MATH.has(name) || VARIADIC.has(name) ? { kind: 'global', name: `Math.${name}` } : this.refuse(`Math.${name}`, node);
    }
    if (object.kind === 'global' && object.name === 'Number') {
      if (NUMBER_CONSTANTS.has(name)) return scalar(this.table.constant(Number[name as 'NaN']));
      return NUMBER_FUNCTIONS.has(name) ? { kind: 'global', name: `Number.${name}` } : this.refuse(`Number.${name}`, node);
    }
    if (name === 'length') {
      if (object.kind === 'tuple') return scalar(this.table.constant(object.items.length));
      if (object.kind === 'parts')
        return scalar(this.table.add({ op: 'parts', type: 'number', args: [object.text], separator: object.separator }));
      if (object.kind === 'scalar' && this.table.type(object.expr) === 'text')
        return scalar(this.table.of('length', 'number', object.expr));
    }
    return this.refuse(`.${name} of ${nameOf(object)}`, node);
  }

  private element(object: Value, index: number, node: Node): Value {
    if (!Number.isInteger(index) || index < 0) this.refuse('this index', node);
    if (object.kind === 'tuple') return object.items[index] ?? { kind: 'nothing', value: undefined };
    if (object.kind === 'parts') return scalar(this.part(object.text, object.separator, index));
    return this.refuse(`an element of ${nameOf(object)}`, node);
  }

  private part(text: ExprId, separator: Separator, index: number): ExprId {
    return this.table.add({ op: 'part', type: 'text', args: [text], separator, index });
  }

  private callExpression(node: CallExpression, scope: Scope): Value {
    if (('optional' in node && node.optional) || node.callee.type === 'Super') this.refuse('?.', node);
    if (node.callee.type === 'MemberExpression' && !node.callee.computed && node.callee.property.type === 'Identifier') {
      if (node.callee.optional || node.callee.object.type === 'Super') this.refuse('?.', node);
      const object = this.value(node.callee.object, scope);
      if (object.kind === 'scalar') return this.method(object.expr, node.callee.property.name, node, scope);
      if (object.kind !== 'global') this.refuse(`.${node.callee.property.name}() of ${nameOf(object)}`, node);
    }
    const callee = this.value(node.callee, scope);
    if (callee.kind !== 'global') this.refuse(`a call of ${nameOf(callee)}`, node);
    const args = node.arguments.map(argument => this.expr(this.value(argument, scope), argument));
    return scalar(globalCall(this.table, callee.name, args) ?? this.refuse(`${callee.name} of these arguments`, node));
  }

  private method(object: ExprId, name: string, node: CallExpression, scope: Scope): Value {
    const { table } = this;
    const type = table.type(object);
    if (name === 'toString' && node.arguments.length === 0) return scalar(concat(table, object));
    if (type !== 'text') this.refuse(`.${name}() of a ${type}`, node);
    if (name === 'split') return { kind: 'parts', text: object, separator: this.separator(node, scope) };
    const known = TEXT_METHODS.get(name);
    if (known === undefined) return this.refuse(`.${name}()`, node);
    const args = node.arguments.map(argument => this.expr(this.value(argument, scope), argument));
    const fits = args.length <= known.args.length && args.length >= known.args.length - known.optional;
    if (!fits || args.some((arg, i) => table.type(arg) !== known.args[i])) this.refuse(`.${name}() of these arguments`, node);
    return scalar(table.of(known.op, known.type, object, ...args));
  }

  private separator(node: CallExpression, scope: Scope): Separator {
    const [argument, limit] = node.arguments;
    if (argument === undefined || limit !== undefined) return this.refuse('split() of these arguments', node);
    if (argument.type === 'Literal' && 'regex' in argument && argument.regex) {
      return regexSeparator(argument.regex.pattern, argument.regex.flags) ?? this.refuse('this regular expression', argument);
    }
    const expr = this.table.nodes[this.expr(this.value(argument, scope), argument)]!;
    const text = expr.op === 'constant' && typeof expr.value === 'string' ? stringSeparator(expr.value) : undefined;
    return text ?? this.refuse('this separator', argument);
  }

  private condition(node: Node, scope: Scope): ExprId {
    return truthy(this.table, this.expr(this.value(node, scope), node));
  }

  private expr(value: Value, node: Node): ExprId {
    return value.kind === 'scalar' ? value.expr : this.refuse(`${nameOf(value)} as an operand`, node);
  }
}

/** As users know them. */
const WORDS: Record<string, string> = {
  ExpressionStatement: 'a statement with an effect',
  ForStatement: 'a loop',
  ForOfStatement: 'a loop',
  WhileStatement: 'a loop',
  ThrowStatement: 'throw',
  TryStatement: 'try',
  SwitchStatement: 'switch',
  AssignmentExpression: 'an assignment',
  UpdateExpression: 'an assignment',
  ArrowFunctionExpression: 'a function inside',
  FunctionExpression: 'a function inside',
  NewExpression: 'new',
  SpreadElement: 'a spread',
  AwaitExpression: 'await',
  ChainExpression: '?.',
};
