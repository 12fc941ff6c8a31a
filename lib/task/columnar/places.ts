// Combining functions that take tuples, or objects, of numbers place by place: a sum, an extreme, the first or the last at each
// place. Read from their source as columns are (closure.ts), so that destructuring, constants and functions of the user's are
// seen through; and only operations that agree with the kernels on every number (codec/closure/combiner.ts).

import type { Expression, Node } from 'estree';
import { parseFunction, type ShippedClosure } from '../../codec/closure/index.js';
import { decodeValue } from '../../codec/column.js';
import { MOST_POSITIONS } from '../../codec/column-tuple.js';
import { AggregateOp } from '../../shuffle/kernels.js';
import { readClosure } from './closure.js';
import { type ExprId, ExprTable } from './plan.js';
import { scalar, Unsupported, type Value } from './value.js';

/** What becomes of the numbers at each place. */
export interface Places {
  readonly ops: readonly AggregateOp[];
  /** Of objects, their keys in order. */
  readonly names: readonly string[] | null;
}

/** The places that a function of two combiners combines; null where it does something else. */
export function placesOf(closure: ShippedClosure): Places | null {
  const names = literalOf(closure);
  if (names === undefined) return null;
  const table = new ExprTable();
  const keys = typeof names === 'number' ? null : names;
  const k = typeof names === 'number' ? names : names.length;
  const [a, b] = [probes(table, k, -1), probes(table, k, -2)];
  const value = quietly(() => readClosure(closure, [made(a, keys), made(b, keys)], table));
  const items = value === undefined ? undefined : itemsOf(value, keys, k);
  const ops = items?.map((item, i) => {
    const read = operationOf(table, item, a[i]!, new Set([...a, ...b]), b[i]!);
    return read !== undefined && (read.x === undefined || read.x === b[i]) ? read.op : undefined;
  });
  return ops?.every(op => op !== undefined) === true ? { ops: ops as AggregateOp[], names: keys } : null;
}

/** How an aggregation begins a combiner: as its function says, or by merging a value into a zero. */
export type Beginning = { readonly closure: ShippedClosure } | { readonly zero: Uint8Array };

/**
 * What the kernels combine at each place, for values of columns: expressions of the value, of which the first one of a key is
 * its combiner. undefined where `merge` does not do with a value what `places` do with two combiners.
 */
export function combinersOf(
  table: ExprTable,
  value: Value,
  { ops, names }: Places,
  begin: Beginning,
  merge: ShippedClosure,
): readonly ExprId[] | undefined {
  const k = ops.length;
  const a = probes(table, k, -1);
  const merged = quietly(() => readClosure(merge, [made(a, names), value], table));
  const items = merged === undefined ? undefined : itemsOf(merged, names, k);
  const zeros = 'zero' in begin ? numbersOf(decodeValue(begin.zero), names, k) : undefined;
  const first = 'closure' in begin ? quietly(() => readClosure(begin.closure, [value], table)) : undefined;
  const begun = first === undefined ? undefined : itemsOf(first, names, k);
  if (items === undefined || (zeros === undefined && begun === undefined)) return undefined;
  const own: ExprId[] = [];
  for (const [i, op] of ops.entries()) {
    const read = operationOf(table, items[i]!, a[i]!, new Set(a));
    if (read?.op !== op || (read.x !== undefined && table.type(read.x) !== 'number')) return undefined;
    const expr = zeros === undefined ? begun![i]! : fromZero(table, op, zeros[i]!, read.x);
    // The kernels give a key's first row no other value than those that follow.
    if (expr === undefined || table.type(expr) !== 'number') return undefined;
    if (zeros === undefined && read.x !== undefined && read.x !== expr) return undefined;
    own.push(expr);
  }
  return own;
}

/** The numbers that a value has at each place. */
export function numbersAt(table: ExprTable, value: Value, { ops, names }: Places): readonly ExprId[] | undefined {
  const items = itemsOf(value, names, ops.length);
  return items?.every(item => table.type(item) === 'number') === true ? items : undefined;
}

/** A zero with a value: a sum may begin with 0 at each row, for nothing changes by adding one; an extreme is the same twice over. */
function fromZero(table: ExprTable, op: AggregateOp, zero: number, x: ExprId | undefined): ExprId | undefined {
  const constant = table.constant(zero);
  if (op === AggregateOp.First || x === undefined) return constant;
  if (op === AggregateOp.Last) return x;
  if (op === AggregateOp.Sum) return zero === 0 ? table.of('binary +', 'number', constant, x) : undefined;
  return table.of(op === AggregateOp.Min ? 'Math.min' : 'Math.max', 'number', constant, x);
}

/** What an expression does with a place of the combiner: an operation, with what else; undefined for anything else. */
function operationOf(
  table: ExprTable,
  expr: ExprId,
  own: ExprId,
  probed: ReadonlySet<ExprId>,
  other?: ExprId,
): { readonly op: AggregateOp; readonly x: ExprId | undefined } | undefined {
  if (expr === own) return { op: AggregateOp.First, x: undefined };
  const isOther = (id: ExprId) => id === other || !mentions(table, id, probed);
  if (isOther(expr)) return { op: AggregateOp.Last, x: expr };
  const node = table.nodes[expr]!;
  if (!('args' in node) || node.args.length !== 2) return undefined;
  const op = OPERATIONS.get(node.op);
  const x = node.args[0] === own ? node.args[1]! : node.args[1] === own ? node.args[0]! : undefined;
  return op === undefined || x === undefined || x === own || !isOther(x) ? undefined : { op, x };
}

const OPERATIONS = new Map<string, AggregateOp>([
  ['binary +', AggregateOp.Sum],
  ['Math.min', AggregateOp.Min],
  ['Math.max', AggregateOp.Max],
]);

function mentions(table: ExprTable, id: ExprId, probed: ReadonlySet<ExprId>): boolean {
  if (probed.has(id)) return true;
  const node = table.nodes[id]!;
  return 'args' in node && node.args.some(arg => mentions(table, arg, probed));
}

/** Columns that stand for the places of a combiner: no row has any of that level. */
const probes = (table: ExprTable, k: number, level: number): readonly ExprId[] =>
  Array.from({ length: k }, (_, i) => table.column(level, i, 'number'));

function made(items: readonly ExprId[], names: readonly string[] | null): Value {
  if (names === null) return { kind: 'tuple', items: items.map(scalar) };
  return { kind: 'struct', fields: items.map((item, i) => [names[i]!, scalar(item)] as const) };
}

/** The expressions at the places of a tuple, or of an object with exactly these keys. */
function itemsOf(value: Value, names: readonly string[] | null, k: number): readonly ExprId[] | undefined {
  let items: readonly Value[];
  if (names === null) items = value.kind === 'tuple' ? value.items : [];
  else items = value.kind === 'struct' && value.fields.every(([name], i) => name === names[i]) ? value.fields.map(([, item]) => item) : [];
  if (items.length !== k) return undefined;
  const exprs: ExprId[] = [];
  for (const item of items) {
    if (item.kind !== 'scalar') return undefined;
    exprs.push(item.expr);
  }
  return exprs;
}

function numbersOf(zero: unknown, names: readonly string[] | null, k: number): readonly number[] | undefined {
  if (typeof zero !== 'object' || zero === null || Array.isArray(zero) !== (names === null)) return undefined;
  const keys = Object.keys(zero);
  if (names !== null && keys.some((key, i) => key !== names[i])) return undefined;
  const values = Object.values(zero) as unknown[];
  return values.length === k && values.every(value => typeof value === 'number') ? values : undefined;
}

/** How many places the literal has that a function returns, or the names of them. */
function literalOf(closure: ShippedClosure): number | readonly string[] | undefined {
  const node = closure.nodes[closure.entry];
  const literal = node?.kind === 'function' && node.form === 'expression' ? returned(parseFunction(node.source)?.node) : undefined;
  if (literal?.type === 'ArrayExpression') {
    const { length } = literal.elements;
    return length > 0 && length <= MOST_POSITIONS ? length : undefined;
  }
  if (literal?.type !== 'ObjectExpression') return undefined;
  const names = literal.properties.map(property =>
    property.type === 'Property' && !property.computed && property.key.type === 'Identifier' ? property.key.name : undefined,
  );
  const isKnown = names.length > 0 && names.length <= MOST_POSITIONS && names.every(name => name !== undefined);
  return isKnown ? (names as string[]) : undefined;
}

function returned(fn: Node | undefined): Expression | undefined {
  if (fn?.type !== 'ArrowFunctionExpression' && fn?.type !== 'FunctionExpression') return undefined;
  if (fn.body.type !== 'BlockStatement') return fn.body;
  const last = fn.body.body.at(-1);
  return last?.type === 'ReturnStatement' ? (last.argument ?? undefined) : undefined;
}

/** undefined for what columns cannot do. */
function quietly(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}
