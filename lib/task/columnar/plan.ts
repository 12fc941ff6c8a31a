// What the first operators of a stage over text are, as data: expressions over columns. Made on the driver from the closures'
// source (closure.ts, operators.ts), carried in the program, turned into loops over bytes in the threads (code.ts).

/** What a column holds. Text stays bytes: two offsets into the task's workspace. */
export type ColumnType = 'text' | 'number' | 'boolean';

/** What an expression does with its arguments; the type of each is fixed. */
export type Operation =
  // text -> text
  | 'trim'
  | 'trimStart'
  | 'trimEnd'
  | 'toLowerCase'
  | 'toUpperCase'
  | 'slice'
  | 'substring'
  | 'charAt'
  | 'concat'
  | 'part'
  | 'separator'
  | 'replaceSet'
  | 'replaceText'
  // text -> number
  | 'length'
  | 'charCodeAt'
  | 'indexOf'
  | 'lastIndexOf'
  | 'parts'
  | 'toNumber'
  | 'parseFloat'
  | 'parseInt'
  // text -> boolean
  | 'includes'
  | 'startsWith'
  | 'endsWith'
  | 'textEquals'
  | 'textBefore'
  // any
  | 'truthy'
  | 'not'
  | 'and'
  | 'or'
  | 'select'
  | 'numberOf'
  // numbers: a JavaScript operator or a function of Math, by its own name
  | `unary ${string}`
  | `binary ${string}`
  | `Math.${string}`;

/** An expression's place in the plan's table: equal expressions have one place. */
export type ExprId = number;

/** The columns of a part: itself, and its place among the parts of its text. */
export const PART = 0;
export const PLACE = 1;

export type ExprNode =
  | { readonly op: 'column'; readonly type: ColumnType; readonly level: number; readonly column: number }
  | { readonly op: 'constant'; readonly type: ColumnType; readonly value: string | number | boolean }
  | {
      readonly op: Operation;
      readonly type: ColumnType;
      readonly args: readonly ExprId[];
      /** What is looked for: of 'part', 'separator', 'parts' and 'replaceSet'. */
      readonly separator?: Separator;
      /** Which part, or which separator. */
      readonly index?: number;
    };

/** What split() cuts at: a string, or each byte (each run of bytes) that a set has. */
export type Separator =
  | { readonly kind: 'string'; readonly text: string }
  | {
      readonly kind: 'set';
      /** Byte values; those from 128 on stand for parts of characters beyond ASCII. */
      readonly bytes: readonly number[];
      readonly runs: boolean;
      /** It means something beyond ASCII that bytes do not tell. */
      readonly asciiOnly: boolean;
    };

/** Rows of some columns to rows of others: those that pass all tests. Its columns are of the level of its place among the steps. */
export interface Step {
  readonly tests: readonly ExprId[];
  /** The rows that each one becomes, most often one: outputs of the same types, of those that pass tests of their own. */
  readonly emits: readonly Emit[];
  /** The first output is text, and each of its parts is a row of the next level: its PART, its PLACE, and the other outputs. */
  readonly split?: Separator;
}

export interface Emit {
  readonly tests: readonly ExprId[];
  readonly outputs: readonly ExprId[];
}

/** How columns make a row. */
export type Shape =
  | { readonly kind: 'column'; readonly column: number; readonly type: ColumnType }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'tuple'; readonly items: readonly Shape[] }
  | { readonly kind: 'struct'; readonly names: readonly string[]; readonly items: readonly Shape[] };

export interface ColumnarPlan {
  /** How many of the pipeline's operators it stands for. */
  readonly covered: number;
  readonly exprs: readonly ExprNode[];
  /** Column 0 of level 0 is the line. */
  readonly steps: readonly Step[];
  readonly row: Shape;
  /** What kernels combine of a value whose key is text: numbers, for each of the places (places.ts) that the shuffle's aggregator has. */
  readonly combined?: readonly Shape[];
}

/** What kept an operator from being columnar. */
export interface Obstacle {
  /** Its place among the operators. */
  readonly operator: number;
  readonly what: string;
  /** Offset in the closure's source; -1 when it is not the closure. */
  readonly offset: number;
}

/** The expressions of a plan, each once. */
export class ExprTable {
  readonly nodes: ExprNode[] = [];
  private readonly places = new Map<string, ExprId>();

  add(node: ExprNode): ExprId {
    const key = JSON.stringify(node, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? '-0' : value,
    );
    let id = this.places.get(key);
    if (id === undefined) {
      id = this.nodes.push(node) - 1;
      this.places.set(key, id);
    }
    return id;
  }

  constant(value: string | number | boolean): ExprId {
    const type = typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'boolean';
    return this.add({ op: 'constant', type, value });
  }

  column(level: number, column: number, type: ColumnType): ExprId {
    return this.add({ op: 'column', type, level, column });
  }

  of(op: Operation, type: ColumnType, ...args: readonly ExprId[]): ExprId {
    return this.add({ op, type, args });
  }

  type(id: ExprId): ColumnType {
    return this.nodes[id]!.type;
  }
}
