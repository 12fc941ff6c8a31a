// A step of a columnar plan as the source of one loop over its rows. Numbers and booleans are local variables, a text is
// two: where it starts and where it ends. An expression is computed once a row, where it is first needed: behind a test
// that the row did not pass, or in the branch that was not taken, it never is.

import type { ColumnType, Emit, ExprId, ExprNode, Separator, Step } from './plan.js';
import type { TextOps } from './text-ops.js';

/** Columns that a loop reads and writes. */
export type Vector =
  | { readonly type: 'text'; readonly starts: Int32Array; readonly ends: Int32Array }
  | { readonly type: 'number'; readonly values: Float64Array }
  | { readonly type: 'boolean'; readonly values: Uint8Array };

/** Rows [0, n) of the inputs to the outputs; returns how many came out. */
export type StepLoop = (n: number, inputs: readonly Vector[], outputs: readonly Vector[], ops: TextOps) => number;

/** Where constants lie in the workspace. */
export interface Constants {
  text(text: string): readonly [from: number, to: number];
  set(separator: Separator & { readonly kind: 'set' }): number;
}

export function compileStep(step: Step, exprs: readonly ExprNode[], constants: Constants, name: string): StepLoop {
  const source = stepSource(step, exprs, constants);
  return new Function(`'use strict'; return ${source}\n//# sourceURL=heddle-stage:${name}`)() as StepLoop;
}

export function stepSource(step: Step, exprs: readonly ExprNode[], constants: Constants): string {
  const writer = new StepWriter(exprs, constants);
  for (const test of step.tests) writer.line(`if (!${writer.scalar(test)}) continue;`);
  for (const emit of step.emits) writer.emit(emit);
  const types = typesOf(step, exprs);
  const declared = types.map((type, k) => declare(k, type, 'outputs', ['S', 'E', 'V']));
  const read = [...writer.columns].map(([column, type]) => declare(column, type, 'inputs', ['s', 'e', 'v']));
  return `function step(n, inputs, outputs, ops) {
  ${[...read, ...declared].join(' ')}
  let m = 0;
  for (let i = 0; i < n; i++) {
    ${writer.body}
  }
  return m;
}`;
}

/** The types of a step's outputs. */
export function typesOf({ emits }: Step, exprs: readonly ExprNode[]): ColumnType[] {
  return emits[0]!.outputs.map(output => exprs[output]!.type);
}

function declare(k: number, type: ColumnType, from: string, [s, e, v]: readonly [string, string, string]): string {
  return type === 'text'
    ? `const ${s}${k} = ${from}[${k}].starts, ${e}${k} = ${from}[${k}].ends;`
    : `const ${v}${k} = ${from}[${k}].values;`;
}

/** What an expression is known as: an expression of JavaScript, or two. */
type Known = { readonly scalar: string } | { readonly s: string; readonly e: string };

class StepWriter {
  body = '';
  readonly columns = new Map<number, ColumnType>();
  /** What is known in the block being written, and in those around it. */
  private scopes: Map<ExprId, Known>[] = [new Map()];
  private names = 0;

  constructor(
    private readonly exprs: readonly ExprNode[],
    private readonly constants: Constants,
  ) {}

  line(text: string): void {
    this.body += `${text}\n    `;
  }

  /** One row that may come out. */
  emit({ tests, outputs }: Emit): void {
    this.line('passed: {');
    this.inside(() => {
      for (const test of tests) this.line(`if (!${this.scalar(test)}) break passed;`);
      outputs.forEach((output, k) => {
        const type = this.exprs[output]!.type;
        if (type === 'text') {
          const [s, e] = this.text(output);
          this.line(`S${k}[m] = ${s}; E${k}[m] = ${e};`);
        } else this.line(`V${k}[m] = ${this.scalar(output)}${type === 'boolean' ? ' ? 1 : 0' : ''};`);
      });
      this.line('m++;');
    });
    this.line('}');
  }

  scalar(id: ExprId): string {
    const known = this.known(id);
    if (!('scalar' in known)) throw new TypeError('a text where a value was due');
    return known.scalar;
  }

  text(id: ExprId): readonly [string, string] {
    const known = this.known(id);
    if ('scalar' in known) throw new TypeError('a value where a text was due');
    return [known.s, known.e];
  }

  private known(id: ExprId): Known {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const known = this.scopes[i]!.get(id);
      if (known !== undefined) return known;
    }
    const made = this.make(this.exprs[id]!);
    this.scopes[this.scopes.length - 1]!.set(id, made);
    return made;
  }

  private make(node: ExprNode): Known {
    if (node.op === 'column') return this.column(node.column, node.type);
    if (node.op === 'constant') return this.constant(node.value);
    switch (node.op) {
      case 'select':
        return this.select(node.args, node.type);
      case 'and':
      case 'or':
        return this.logical(node.op, node.args);
      default:
        return node.type === 'text' ? this.makeText(node) : this.assign(this.makeScalar(node));
    }
  }

  private column(column: number, type: ColumnType): Known {
    this.columns.set(column, type);
    const name = this.name();
    if (type !== 'text') return this.assign(type === 'boolean' ? `v${column}[i] !== 0` : `v${column}[i]`);
    this.line(`const s${name} = s${column}[i], e${name} = e${column}[i];`);
    return { s: `s${name}`, e: `e${name}` };
  }

  private constant(value: string | number | boolean): Known {
    if (typeof value !== 'string') return { scalar: Object.is(value, -0) ? '(-0)' : `(${value})` };
    const [from, to] = this.constants.text(value);
    return { s: String(from), e: String(to) };
  }

  /** Only the branch that is taken is computed. */
  private select(args: readonly ExprId[], type: ColumnType): Known {
    const [test, a, b] = args as [ExprId, ExprId, ExprId];
    const name = this.name();
    const condition = this.scalar(test);
    if (type !== 'text') {
      this.line(`let t${name}; if (${condition}) {`);
      this.inside(() => this.line(`t${name} = ${this.scalar(a)};`));
      this.line('} else {');
      this.inside(() => this.line(`t${name} = ${this.scalar(b)};`));
      this.line('}');
      return { scalar: `t${name}` };
    }
    const set = (id: ExprId) => {
      const [s, e] = this.text(id);
      this.line(`s${name} = ${s}; e${name} = ${e};`);
    };
    this.line(`let s${name}, e${name}; if (${condition}) {`);
    this.inside(() => set(a));
    this.line('} else {');
    this.inside(() => set(b));
    this.line('}');
    return { s: `s${name}`, e: `e${name}` };
  }

  private logical(op: 'and' | 'or', args: readonly ExprId[]): Known {
    const [a, b] = args as [ExprId, ExprId];
    const name = this.name();
    this.line(`let t${name} = ${this.scalar(a)};`);
    this.line(`if (${op === 'and' ? '' : '!'}t${name}) {`);
    this.inside(() => this.line(`t${name} = ${this.scalar(b)};`));
    this.line('}');
    return { scalar: `t${name}` };
  }

  private inside(write: () => void): void {
    this.scopes.push(new Map());
    write();
    this.scopes.pop();
  }

  private makeScalar(node: Exclude<ExprNode, { op: 'column' | 'constant' }>): string {
    const { op, args } = node;
    const list = () => args.map(arg => (this.exprs[arg]!.type === 'text' ? this.text(arg).join(', ') : this.scalar(arg))).join(', ');
    switch (op) {
      case 'not':
        return `!${this.scalar(args[0]!)}`;
      case 'numberOf':
        return `+${this.scalar(args[0]!)}`;
      case 'truthy': {
        if (this.exprs[args[0]!]!.type !== 'text') return `!!${this.scalar(args[0]!)}`;
        const [s, e] = this.text(args[0]!);
        return `${e} > ${s}`;
      }
      case 'textEquals':
        return `ops.equals(${list()})`;
      case 'textBefore':
        return `ops.before(${list()})`;
      case 'toNumber':
        return `ops.number(${list()})`;
      case 'parts': {
        const [s, e] = this.text(args[0]!);
        return node.separator!.kind === 'set'
          ? `ops.setParts(${s}, ${e}, ${this.set(node.separator!, s, e)})`
          : `ops.parts(${s}, ${e}, ${this.constants.text(node.separator!.text).join(', ')})`;
      }
      default:
        if (op.startsWith('binary ')) return `${this.scalar(args[0]!)} ${op.slice(7)} ${this.scalar(args[1]!)}`;
        if (op.startsWith('unary ')) return `${op.slice(6)}(${this.scalar(args[0]!)})`;
        if (op.startsWith('Math.')) return `${op}(${list()})`;
        return `ops.${op}(${list()})`;
    }
  }

  /** A set's place and whether runs count as one; where it means something beyond ASCII, the text must be ASCII. */
  private set(separator: Separator & { readonly kind: 'set' }, s: string, e: string): string {
    if (separator.asciiOnly) this.line(`ops.needAscii(${s}, ${e});`);
    return `${this.constants.set(separator)}, ${separator.runs}`;
  }

  private makeText(node: Exclude<ExprNode, { op: 'column' | 'constant' }>): Known {
    const { op, args } = node;
    const name = this.name();
    const [s, e] = op === 'concat' ? ['', ''] : this.text(args[0]!);
    const rest = args.slice(1).map(arg => `, ${this.scalarOrText(arg)}`);
    const define = (start: string, end: string) => this.line(`const s${name} = ${start}, e${name} = ${end};`);
    switch (op) {
      case 'trim':
        define(`ops.trimStart(${s}, ${e})`, `ops.trimEnd(s${name}, ${e})`);
        break;
      case 'trimStart':
        define(`ops.trimStart(${s}, ${e})`, e);
        break;
      case 'trimEnd':
        define(s, `ops.trimEnd(${s}, ${e})`);
        break;
      case 'slice':
        define(`ops.sliceStart(${s}, ${e}${rest[0] ?? ''})`, `ops.sliceEnd(${s}, ${e}, s${name}${rest[1] ?? ''})`);
        break;
      case 'substring':
        define(`ops.substringStart(${s}, ${e}${rest.join('')})`, `ops.substringEnd(${s}, ${e}${rest.join('')})`);
        break;
      case 'charAt':
        define(`ops.charAtStart(${s}, ${e}${rest[0] ?? ''})`, `ops.charAtEnd(${e}, s${name})`);
        break;
      case 'toLowerCase':
      case 'toUpperCase':
        this.line(`ops.${op === 'toLowerCase' ? 'lower' : 'upper'}(${s}, ${e});`);
        define('ops.from', 'ops.top');
        break;
      case 'replaceSet': {
        const set = this.set(node.separator as Separator & { readonly kind: 'set' }, s, e);
        this.line(`ops.replaceSet(${s}, ${e}, ${set}${rest.join('')});`);
        define('ops.from', 'ops.top');
        break;
      }
      case 'replaceText':
        this.line(`ops.replaceText(${s}, ${e}${rest.join('')});`);
        define('ops.from', 'ops.top');
        break;
      case 'concat': {
        // All pieces before the first is written: a piece may be text that is made.
        const pieces = args.map(arg => ({ text: this.exprs[arg]!.type === 'text', code: this.scalarOrText(arg) }));
        this.line('ops.begin();');
        for (const { text, code } of pieces) this.line(`ops.${text ? 'append' : 'appendNumber'}(${code});`);
        define('ops.from', 'ops.top');
        break;
      }
      case 'separator': {
        const separator = node.separator as Separator & { readonly kind: 'set' };
        const set = this.set(separator, s, e);
        const at = `${this.constants.set(separator)}, ${separator.runs}`;
        define(`ops.separatorStart(${s}, ${e}, ${set}, ${node.index})`, `ops.behind(${e}, ${at}, s${name})`);
        break;
      }
      case 'part': {
        const { separator, index } = node;
        if (separator!.kind === 'set') {
          const set = this.set(separator!, s, e);
          define(`ops.setPartStart(${s}, ${e}, ${set}, ${index})`, `ops.setEnd(${e}, ${this.constants.set(separator!)}, s${name})`);
        } else {
          const at = this.constants.text(separator!.text).join(', ');
          define(`ops.partStart(${s}, ${e}, ${at}, ${index})`, `ops.partEnd(${e}, ${at}, s${name})`);
        }
        break;
      }
      default:
        throw new TypeError(`${op} makes no text`);
    }
    return { s: `s${name}`, e: `e${name}` };
  }

  private scalarOrText(id: ExprId): string {
    return this.exprs[id]!.type === 'text' ? this.text(id).join(', ') : this.scalar(id);
  }

  private assign(code: string): Known {
    const name = this.name();
    this.line(`const t${name} = ${code};`);
    return { scalar: `t${name}` };
  }

  /** Names of locals end in a letter and a number, those of columns in a number. */
  private name(): string {
    return `_${this.names++}`;
  }
}
