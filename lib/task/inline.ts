// Closures that are plain arithmetic over random numbers, a Monte Carlo trial's usual body, become part of the compiled
// loop itself: the place in the stream of random numbers is then a local variable, and not a field that every draw has
// to read and write. (Measured on Pi, one thread: 8 ns a trial through the closure, 4 ns in the loop.)
//
// Only what cannot throw and cannot be told from a call is taken: numbers, arithmetic, comparisons, Math's functions, local
// variables, if, for, while, one return at the end, captured numbers, and `rng.uniform()`. All else is called as ever.
import type { CallExpression, Expression, Node, Pattern, Program as ProgramNode, Statement } from 'estree';
import { parseFunction } from '../codec/closure/index.js';
import type { ShippedClosure } from '../codec/closure/types.js';
import { MATH_CONSTANTS, MATH as MATH_FUNCTIONS, VARIADIC } from './columnar/methods.js';

/** A closure's body as text for the compiled loop. It holds no `$` but that of DRAW. */
export interface InlineBody {
  /** The name by which the body knows the row's index; undefined when it does not ask. */
  readonly index: string | undefined;
  readonly constants: readonly { readonly name: string; readonly text: string }[];
  readonly statements: string;
  readonly result: string;
  /** How many draws it takes, in the order of its text; undefined when that depends on what was drawn. */
  readonly draws: number | undefined;
}

/** Stands for a draw in an inline body. */
export const DRAW = '$draw';

const GLOBALS = new Set(['Math', 'NaN', 'Infinity', 'undefined']);
const MATH = new Set([...MATH_FUNCTIONS.keys(), ...VARIADIC, ...MATH_CONSTANTS]);
const ARITHMETIC = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '**',
  '<',
  '>',
  '<=',
  '>=',
  '===',
  '!==',
  '==',
  '!=',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
]);
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=']);

/** The body of a trial's closure `(rng, i) => ...`, or undefined when it has to be called. */
export function inlineTrial(closure: ShippedClosure): InlineBody | undefined {
  const node = closure.nodes[closure.entry];
  if (node?.kind !== 'function' || node.form !== 'expression' || node.source.includes('$')) return undefined;
  const constants: { name: string; text: string }[] = [];
  for (const { name, node: at } of node.captures) {
    const captured = closure.nodes[at];
    if (captured?.kind !== 'value' || typeof captured.value !== 'number') return undefined;
    constants.push({ name, text: Object.is(captured.value, -0) ? '-0' : String(captured.value) });
  }
  const parsed = parseFunction(node.source);
  const fn = parsed?.node;
  if (parsed === undefined || fn?.type !== 'ArrowFunctionExpression' || fn.async || fn.params.length > 2) return undefined;
  const [rng, index] = fn.params.map(nameOf);
  if (rng === undefined || (fn.params.length === 2 && index === undefined)) return undefined;
  const text = new BodyText(parsed.program as unknown as ProgramNode, node.source, parsed.shift, rng);
  const names = constants.map(({ name }) => name);
  return text.body(fn.body, index, index === undefined ? names : [...names, index], constants);
}

function nameOf(pattern: Pattern): string | undefined {
  return pattern.type === 'Identifier' ? pattern.name : undefined;
}

/** Checks a body and takes its text; `refused` as soon as there is anything outside the subset. */
class BodyText {
  private readonly draws: { from: number; to: number }[] = [];
  /** What may not be reached, or more than once, is under way; and whether there are draws in such. */
  private maybe = 0;
  private hasMaybeDraws = false;
  /** Names that are somewhere declared const: assigning one throws, so that is left to the closure. */
  private readonly fixed = new Set<string>();
  private refused = false;
  private scopes: Set<string>[] = [];

  constructor(
    readonly program: ProgramNode,
    private readonly source: string,
    private readonly shift: number,
    private readonly rng: string,
  ) {}

  body(body: Node, index: string | undefined, names: readonly string[], constants: InlineBody['constants']): InlineBody | undefined {
    this.scopes = [new Set(names)];
    if (body.type !== 'BlockStatement') {
      this.expression(body as Expression);
      return this.refused ? undefined : { index, constants, statements: '', result: this.text(body), draws: this.drawsOfEach() };
    }
    const last = body.body[body.body.length - 1];
    if (last?.type !== 'ReturnStatement' || !last.argument) return undefined;
    this.scopes.push(new Set());
    for (const statement of body.body.slice(0, -1)) this.statement(statement, 0);
    this.expression(last.argument);
    if (this.refused) return undefined;
    const statements = body.body.slice(0, -1).map(statement => this.text(statement));
    return { index, constants, statements: statements.join(';\n'), result: this.text(last.argument), draws: this.drawsOfEach() };
  }

  private drawsOfEach(): number | undefined {
    return this.hasMaybeDraws ? undefined : this.draws.length;
  }

  private statement(node: Statement, loops: number): void {
    switch (node.type) {
      case 'VariableDeclaration':
        if (node.kind !== 'let' && node.kind !== 'const') this.refuse();
        for (const { id, init } of node.declarations) {
          if (init) this.expression(init);
          const name = nameOf(id);
          if (name === undefined || !init || name === this.rng || GLOBALS.has(name)) this.refuse();
          else {
            this.scopes[this.scopes.length - 1]!.add(name);
            if (node.kind === 'const') this.fixed.add(name);
          }
        }
        return;
      case 'ExpressionStatement':
        this.expression(node.expression);
        return;
      case 'BlockStatement':
        this.scoped(() => {
          for (const statement of node.body) this.statement(statement, loops);
        });
        return;
      case 'IfStatement':
        this.expression(node.test);
        this.perhaps(() => {
          this.scoped(() => this.statement(node.consequent, loops));
          if (node.alternate) this.scoped(() => this.statement(node.alternate!, loops));
        });
        return;
      case 'WhileStatement':
        this.perhaps(() => {
          this.expression(node.test);
          this.scoped(() => this.statement(node.body, loops + 1));
        });
        return;
      case 'ForStatement':
        this.perhaps(() => {
          this.scoped(() => {
            if (node.init?.type === 'VariableDeclaration') this.statement(node.init, loops);
            else if (node.init) this.expression(node.init);
            if (node.test) this.expression(node.test);
            if (node.update) this.expression(node.update);
            this.statement(node.body, loops + 1);
          });
        });
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
        if (node.label || loops === 0) this.refuse();
        return;
      case 'EmptyStatement':
        return;
      default:
        this.refuse();
    }
  }

  private expression(node: Node): void {
    switch (node.type) {
      case 'Literal':
        if (typeof node.value !== 'number' && typeof node.value !== 'boolean') this.refuse();
        return;
      case 'Identifier':
        if (!this.isLocal(node.name) && (node.name === 'Math' || !GLOBALS.has(node.name))) this.refuse();
        return;
      case 'BinaryExpression':
        if (!ARITHMETIC.has(node.operator)) this.refuse();
        this.expression(node.left);
        this.expression(node.right);
        return;
      case 'LogicalExpression':
        this.expression(node.left);
        this.perhaps(() => this.expression(node.right));
        return;
      case 'UnaryExpression':
        if (!['+', '-', '!', '~'].includes(node.operator)) this.refuse();
        this.expression(node.argument);
        return;
      case 'ConditionalExpression':
        this.expression(node.test);
        this.perhaps(() => {
          this.expression(node.consequent);
          this.expression(node.alternate);
        });
        return;
      case 'AssignmentExpression':
        if (!ASSIGNMENTS.has(node.operator)) this.refuse();
        this.target(node.left);
        this.expression(node.right);
        return;
      case 'UpdateExpression':
        this.target(node.argument);
        return;
      case 'MemberExpression':
        if (!this.isMath(node)) this.refuse();
        return;
      case 'CallExpression':
        this.call(node as CallExpression & Node);
        return;
      default:
        this.refuse();
    }
  }

  private call(node: CallExpression): void {
    const { callee } = node;
    if (callee.type !== 'MemberExpression' || callee.optional) {
      this.refuse();
      return;
    }
    const { object, property, computed } = callee;
    if (
      object.type === 'Identifier' &&
      object.name === this.rng &&
      !computed &&
      property.type === 'Identifier' &&
      property.name === 'uniform'
    ) {
      if (node.arguments.length > 0 || this.isLocal(this.rng)) this.refuse();
      this.draws.push({ from: place(node).start - this.shift, to: place(node).end - this.shift });
      if (this.maybe > 0) this.hasMaybeDraws = true;
      return;
    }
    if (!this.isMath(callee)) this.refuse();
    for (const argument of node.arguments) this.expression(argument);
  }

  private isMath(node: Node): boolean {
    return (
      node.type === 'MemberExpression' &&
      !node.computed &&
      !node.optional &&
      node.object.type === 'Identifier' &&
      node.object.name === 'Math' &&
      !this.isLocal('Math') &&
      node.property.type === 'Identifier' &&
      MATH.has(node.property.name)
    );
  }

  /** A captured number is a constant, and so is the index; assigning either is left to the closure itself. */
  private target(node: Node): void {
    if (node.type !== 'Identifier' || this.fixed.has(node.name) || !this.scopes.slice(1).some(scope => scope.has(node.name))) this.refuse();
  }

  private isLocal(name: string): boolean {
    return this.scopes.some(scope => scope.has(name));
  }

  private perhaps(body: () => void): void {
    this.maybe++;
    body();
    this.maybe--;
  }

  private scoped(body: () => void): void {
    this.scopes.push(new Set());
    body();
    this.scopes.pop();
  }

  private refuse(): void {
    this.refused = true;
  }

  /** The text of a node with its draws replaced. */
  private text(node: Node): string {
    const { start, end } = place(node);
    let text = '';
    let from = start - this.shift;
    for (const draw of this.draws
      .filter(({ from }) => from >= start - this.shift && from < end - this.shift)
      .sort((a, b) => a.from - b.from)) {
      text += this.source.slice(from, draw.from) + DRAW;
      from = draw.to;
    }
    return text + this.source.slice(from, end - this.shift);
  }
}

function place(node: Node): { start: number; end: number } {
  return node as unknown as { start: number; end: number };
}
