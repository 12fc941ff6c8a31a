// From the syntax of a function to values: what its parameters stand for goes in, what it returns comes out.

import type {
  ArrayExpression,
  BinaryExpression,
  CallExpression,
  Expression,
  LogicalExpression,
  MemberExpression,
  Node,
  Pattern,
  Statement,
  TemplateLiteral,
} from 'estree';
import { isWholeText } from '../../codec/whole-text.js';
import { capturedProperty, choose, globalMember, globalValue } from './compound.js';
import { isEmpty, isList, LIST_METHODS, listFrom, listMethod } from './list.js';
import { binary, concat, constantNumber, constantOf, globalCall, logical, partsOf, toNumber, truthy } from './meaning.js';
import { FUNCTIONS_OF_ELEMENTS, TEXT_METHODS } from './methods.js';
import { PATTERN_METHODS, patternMethod, tested } from './patterns.js';
import type { ExprId, ExprTable } from './plan.js';
import { nameOf, scalar, Unsupported, type Value } from './value.js';
import { WORDS } from './words.js';

export type Scope = Map<string, Value>;

/** Calls inside calls: a function that calls itself has no end here. */
export const DEEPEST = 16;

/** Reads one function's source. `shift` is how far offsets of its nodes are ahead of it, `depth` how deep its call is in others. */
export class Reader {
  constructor(
    private readonly table: ExprTable,
    private readonly shift: number,
    private readonly depth: number,
  ) {}

  call(fn: FunctionLike, args: readonly Value[], outer: ReadonlyMap<string, Value>): Value {
    if (fn.generator || fn.async) throw new Unsupported('a generator', 0);
    const scope: Scope = new Map(outer);
    fn.params.forEach((parameter, i) => {
      this.bind(parameter, args[i] ?? { kind: 'nothing', value: undefined }, scope);
    });
    if (fn.body.type !== 'BlockStatement') return this.value(fn.body as Expression, scope);
    const returned = this.statements(fn.body.body, scope);
    return returned ?? this.refuse('a path without return', fn.body);
  }

  private refuse(what: string, node: Node): never {
    throw new Unsupported(what, startOf(node) - this.shift);
  }

  /** Binds a pattern's names to what a value has. */
  private bind(pattern: Pattern, value: Value, scope: Scope): void {
    if (pattern.type === 'Identifier') scope.set(pattern.name, value);
    else if (pattern.type === 'ArrayPattern') {
      pattern.elements.forEach((element, i) => {
        if (element === null) return;
        if (element.type === 'RestElement') this.bind(element.argument, this.from(value, i, pattern), scope);
        else this.bind(element, this.element(value, i, pattern), scope);
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
        if ('regex' in node && node.regex) return { kind: 'regex', ...node.regex };
        return constantOf(this.table, node.value) ?? this.refuse('this literal', node);
      }
      case 'Identifier':
        return scope.get(node.name) ?? globalValue(this.table, node.name) ?? this.refuse(node.name, node);
      case 'ArrayExpression':
        return this.array(node, scope);
      case 'ObjectExpression':
        return this.struct(node, scope);
      case 'TemplateLiteral':
        return this.template(node, scope);
      case 'UnaryExpression':
        return this.unary(node.operator, node.argument, scope, node);
      case 'BinaryExpression':
        return this.binary(node, scope);
      case 'LogicalExpression':
        return this.logical(node, scope);
      case 'ConditionalExpression':
        return this.select(this.condition(node.test, scope), this.value(node.consequent, scope), this.value(node.alternate, scope), node);
      case 'MemberExpression':
        return this.member(node, scope);
      case 'CallExpression':
        return this.callExpression(node, scope);
      case 'ChainExpression':
        return this.value(node.expression, scope);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return this.functionValue(node, scope);
      default:
        return this.refuse(WORDS[node.type] ?? node.type, node);
    }
  }

  /** An array literal; a spread list alone is the list. */
  private array({ elements }: ArrayExpression, scope: Scope): Value {
    const items: Value[] = [];
    for (const element of elements) {
      if (element === null) throw new Unsupported('a hole', -1);
      if (element.type !== 'SpreadElement') items.push(this.value(element, scope));
      else {
        const value = this.value(element.argument, scope);
        if (value.kind === 'tuple') items.push(...value.items);
        else if (isList(value) && elements.length === 1) return value;
        else this.refuse('a spread', element);
      }
    }
    return { kind: 'tuple', items };
  }

  private functionValue(fn: FunctionLike & Node, scope: Scope): Value {
    const outer = new Map(scope);
    return {
      kind: 'function',
      parameters: fn.params.length,
      call: args => {
        if (this.depth >= DEEPEST) this.refuse('a function that calls itself', fn);
        return new Reader(this.table, this.shift, this.depth + 1).call(fn, args, outer);
      },
    };
  }

  private logical(node: LogicalExpression, scope: Scope): Value {
    const { operator } = node;
    const [left, right] = [this.value(node.left, scope), this.value(node.right, scope)];
    if (left.kind === 'matches' && operator !== '&&' && isEmpty(right)) return left.list;
    // What is undefined in a row is met where it is computed: see closure.ts.
    if (operator === '??') return left.kind === 'nothing' ? right : left.kind === 'scalar' ? left : this.refuse('??', node);
    const [a, b] = [this.expr(left, node.left), this.expr(right, node.right)];
    return scalar(logical(this.table, operator, a, b) ?? this.refuse(`${operator} of different types`, node));
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
      if (!isWholeText(text)) this.refuse('this literal', node);
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
    return choose(this.table, test, a, b) ?? this.refuse(`a choice between ${nameOf(a)} and ${nameOf(b)}`, node);
  }

  private member(node: MemberExpression, scope: Scope): Value {
    if (node.object.type === 'Super') this.refuse('super', node);
    const object = this.value(node.object, scope);
    if (node.optional && object.kind !== 'scalar') this.refuse('?.', node);
    if (!node.computed) {
      if (node.property.type !== 'Identifier') this.refuse('a private name', node);
      return this.property(object, node.property.name, node);
    }
    return this.elementAt(object, node.property, node, scope);
  }

  private property(object: Value, name: string, node: Node): Value {
    if (object.kind === 'struct') {
      const field = object.fields.find(([key]) => key === name);
      return field === undefined ? this.refuse(`.${name}`, node) : field[1];
    }
    if (object.kind === 'captured') return this.captured(object, name, node);
    if (object.kind === 'global') return globalMember(this.table, object.name, name) ?? this.refuse(`${object.name}.${name}`, node);
    if (name === 'length') {
      if (object.kind === 'tuple') return scalar(this.table.constant(object.items.length));
      if (object.kind === 'parts') return scalar(partsOf(this.table, object.text, object.separator));
      if (object.kind === 'separated') return scalar(partsOf(this.table, object.text, object.separator, true));
      if (this.isText(object)) return scalar(this.table.of('length', 'number', object.expr));
    }
    return this.refuse(`.${name} of ${nameOf(object)}`, node);
  }

  private elementAt(object: Value, index: Node, node: Node, scope: Scope): Value {
    return this.element(
      object,
      constantNumber(this.table, this.value(index, scope)) ?? this.refuse('an index that is no constant', node),
      node,
    );
  }

  private element(object: Value, index: number, node: Node): Value {
    if (!Number.isInteger(index) || index < 0) this.refuse('this index', node);
    if (object.kind === 'tuple') return object.items[index] ?? { kind: 'nothing', value: undefined };
    if (object.kind === 'parts') {
      const { text, separator } = object;
      return scalar(this.table.add({ op: 'part', type: 'text', args: [text], separator, index }));
    }
    if (object.kind === 'separated') {
      const { text, separator } = object;
      const place = Math.floor(index / 2);
      return scalar(this.table.add({ op: index % 2 === 0 ? 'part' : 'separator', type: 'text', args: [text], separator, index: place }));
    }
    if (object.kind === 'captured') return this.captured(object, String(index), node);
    return this.refuse(`an element of ${nameOf(object)}`, node);
  }

  private captured(object: Value & { readonly kind: 'captured' }, key: string, node: Node): Value {
    return capturedProperty(this.table, object, key) ?? this.refuse(`.${key} of ${nameOf(object)}`, node);
  }

  /** The elements of a list from the one at `first` on. */
  private from(list: Value, first: number, node: Node): Value {
    if (list.kind === 'tuple') return { kind: 'tuple', items: list.items.slice(first) };
    return isList(list) ? listFrom(this.table, list, first) : this.refuse(`the rest of ${nameOf(list)}`, node);
  }

  private callExpression(node: CallExpression, scope: Scope): Value {
    if (('optional' in node && node.optional) || node.callee.type === 'Super') this.refuse('?.', node);
    if (node.callee.type === 'MemberExpression' && !node.callee.computed && node.callee.property.type === 'Identifier') {
      if (node.callee.object.type === 'Super') this.refuse('super', node);
      const object = this.value(node.callee.object, scope);
      const { name } = node.callee.property;
      if (node.callee.optional && object.kind !== 'scalar') this.refuse('?.', node);
      if (object.kind === 'scalar') return this.method(object.expr, name, node, scope);
      if (isList(object) && LIST_METHODS.has(name)) return this.listMethod(object, name, node, scope);
      if (name === 'at' && isList(object) && node.arguments.length === 1) return this.elementAt(object, node.arguments[0]!, node, scope);
      if (object.kind === 'regex' && name === 'test' && node.arguments.length === 1) {
        const text = this.value(node.arguments[0]!, scope);
        return this.isText(text)
          ? this.at(node, () => scalar(tested(this.table, object, text.expr)))
          : this.refuse('.test() of no text', node);
      }
      if (object.kind !== 'global') this.refuse(`.${name}() of ${nameOf(object)}`, node);
    }
    const callee = this.value(node.callee, scope);
    if (callee.kind === 'function') {
      const args = node.arguments.map(argument => this.value(argument, scope));
      return this.at(node, () => callee.call(args));
    }
    if (callee.kind !== 'global') this.refuse(`a call of ${nameOf(callee)}`, node);
    const args = node.arguments.map(argument => this.expr(this.value(argument, scope), argument));
    return scalar(globalCall(this.table, callee.name, args) ?? this.refuse(`${callee.name} of these arguments`, node));
  }

  /** What has no place of its own in this source has that of a node. */
  private at<T>(node: Node, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw error instanceof Unsupported && error.offset < 0 ? new Unsupported(error.what, startOf(node) - this.shift) : error;
    }
  }

  private listMethod(list: Value, name: string, node: CallExpression, scope: Scope): Value {
    const [argument, ...others] = node.arguments;
    if (argument === undefined || others.length > 0) this.refuse(`.${name}() of these arguments`, node);
    const f = this.value(argument, scope);
    if (name === 'slice') {
      const from = constantNumber(this.table, f) ?? -1;
      return Number.isInteger(from) && from >= 0 ? this.from(list, from, node) : this.refuse('.slice() of these arguments', node);
    }
    const made = listMethod(
      this.table,
      list,
      name,
      (element, place) => this.callback(f, element, place, argument),
      value => truthy(this.table, this.expr(value, argument)),
    );
    return made.kind === 'list' ? { kind: 'list', open: level => this.at(node, () => made.open(level)) } : made;
  }

  /** What a function of an element, and perhaps of its place, gives. */
  private callback(f: Value, element: Value, place: ExprId | undefined, node: Node): Value {
    if (f.kind === 'function') {
      if (f.parameters > (place === undefined ? 1 : 2)) this.refuse('the index of a list that was filtered, or the list itself', node);
      return f.call(place === undefined ? [element] : [element, scalar(place)]);
    }
    // Others would take the index for an argument of theirs, as parseInt does.
    if (f.kind === 'global' && FUNCTIONS_OF_ELEMENTS.has(f.name))
      return scalar(globalCall(this.table, f.name, [this.expr(element, node)]) ?? this.refuse(`${f.name} of these elements`, node));
    return this.refuse(`${nameOf(f)} for each element`, node);
  }

  private method(object: ExprId, name: string, node: CallExpression, scope: Scope): Value {
    const { table } = this;
    const type = table.type(object);
    if (name === 'toString' && node.arguments.length === 0) return scalar(concat(table, object));
    if (type !== 'text') this.refuse(`.${name}() of a ${type}`, node);
    const values = node.arguments.map(argument => this.value(argument, scope));
    if (PATTERN_METHODS.has(name)) return this.at(node, () => patternMethod(table, object, name, values));
    const known = TEXT_METHODS.get(name);
    if (known === undefined) return this.refuse(`.${name}()`, node);
    const args = values.map((value, i) => this.expr(value, node.arguments[i]!));
    const fits = args.length <= known.args.length && args.length >= known.args.length - known.optional;
    if (!fits || args.some((arg, i) => table.type(arg) !== known.args[i])) this.refuse(`.${name}() of these arguments`, node);
    return scalar(table.of(known.op, known.type, object, ...args));
  }

  private isText(value: Value): value is Value & { readonly kind: 'scalar' } {
    return value.kind === 'scalar' && this.table.type(value.expr) === 'text';
  }

  private condition(node: Node, scope: Scope): ExprId {
    return truthy(this.table, this.expr(this.value(node, scope), node));
  }

  private expr(value: Value, node: Node): ExprId {
    return value.kind === 'scalar' ? value.expr : this.refuse(`${nameOf(value)} as an operand`, node);
  }
}

interface FunctionLike {
  readonly params: readonly Pattern[];
  readonly body: Node;
  readonly generator?: boolean | null | undefined;
  readonly async?: boolean | null | undefined;
}

const startOf = (node: Node) => (node as unknown as { start: number }).start;
