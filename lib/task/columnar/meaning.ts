// What JavaScript's operators and functions mean on columns, by the types of their operands.

import { isWholeText } from '../../codec/whole-text.js';
import { ARITHMETIC, COMPARISONS, MATH } from './methods.js';
import type { ColumnType, ExprId, ExprTable, Separator } from './plan.js';
import { scalar, type Value } from './value.js';

/** Undefined wherever there is no such meaning. */
type Meaning = ExprId | undefined;

/** A constant that was captured or written; undefined for one that is no column's. */
export function constantOf(table: ExprTable, value: unknown): Value | undefined {
  if (value === undefined || value === null) return { kind: 'nothing', value };
  if (typeof value === 'number' || typeof value === 'boolean') return scalar(table.constant(value));
  return typeof value === 'string' && isWholeText(value) ? scalar(table.constant(value)) : undefined;
}

/** The number that a value is in every row. */
export function constantNumber(table: ExprTable, value: Value): number | undefined {
  const node = value.kind === 'scalar' ? table.nodes[value.expr]! : undefined;
  return node?.op === 'constant' && typeof node.value === 'number' ? node.value : undefined;
}

/** How many parts a text has, or with what separates them. */
export function partsOf(table: ExprTable, text: ExprId, separator: Separator, separated = false): ExprId {
  const parts = table.add({ op: 'parts', type: 'number', args: [text], separator });
  if (!separated) return parts;
  return table.of('binary -', 'number', table.of('binary *', 'number', parts, table.constant(2)), table.constant(1));
}

export function truthy(table: ExprTable, expr: ExprId): ExprId {
  return table.type(expr) === 'boolean' ? expr : table.of('truthy', 'boolean', expr);
}

export function toNumber(table: ExprTable, expr: ExprId): ExprId {
  const type: ColumnType = table.type(expr);
  if (type === 'number') return expr;
  return type === 'text' ? table.of('toNumber', 'number', expr) : table.of('numberOf', 'number', expr);
}

/** What a piece of text may be made of: text and numbers as they are, of a boolean its word. */
function printable(table: ExprTable, expr: ExprId): ExprId {
  if (table.type(expr) !== 'boolean') return expr;
  return table.of('select', 'text', expr, table.constant('true'), table.constant('false'));
}

/** Values one after the other as text. */
export function concat(table: ExprTable, ...pieces: readonly ExprId[]): ExprId {
  if (pieces.length === 0) return table.constant('');
  return table.of('concat', 'text', ...pieces.map(piece => printable(table, piece)));
}

export function binary(table: ExprTable, operator: string, a: ExprId, b: ExprId): Meaning {
  const [ta, tb] = [table.type(a), table.type(b)];
  if (operator === '+' && (ta === 'text' || tb === 'text')) return concat(table, a, b);
  if (operator === '+' || ARITHMETIC.has(operator)) {
    return table.of(`binary ${operator}`, 'number', toNumber(table, a), toNumber(table, b));
  }
  if (COMPARISONS.has(operator)) {
    if (ta !== 'text' || tb !== 'text') return table.of(`binary ${operator}`, 'boolean', toNumber(table, a), toNumber(table, b));
    const [x, y] = operator === '<' || operator === '>=' ? [a, b] : [b, a];
    const before = table.of('textBefore', 'boolean', x, y);
    return operator === '<' || operator === '>' ? before : table.of('not', 'boolean', before);
  }
  const negated = operator === '!==' || operator === '!=';
  if ((!negated && operator !== '===' && operator !== '==') || ta !== tb) return undefined;
  const equal = ta === 'text' ? table.of('textEquals', 'boolean', a, b) : table.of('binary ===', 'boolean', a, b);
  return negated ? table.of('not', 'boolean', equal) : equal;
}

/** a && b, a || b: of one type, for their value is one of the two. */
export function logical(table: ExprTable, operator: '&&' | '||', a: ExprId, b: ExprId): Meaning {
  const type = table.type(a);
  if (type !== table.type(b)) return undefined;
  if (type === 'boolean') return table.of(operator === '&&' ? 'and' : 'or', 'boolean', a, b);
  const test = truthy(table, a);
  return operator === '&&' ? table.of('select', type, test, b, a) : table.of('select', type, test, a, b);
}

/** A call of a global function, or of one of Math's, by its name. */
export function globalCall(table: ExprTable, name: string, args: readonly ExprId[]): Meaning {
  if (name.startsWith('Math.')) {
    const count = MATH.get(name.slice(5));
    if (count !== undefined && args.length !== count) return undefined;
    return table.of(name as `Math.${string}`, 'number', ...args.map(arg => toNumber(table, arg)));
  }
  const [first, radix] = args;
  if (first === undefined) return undefined;
  // Those of Number do not convert what they are given.
  if (/^Number\.is/.test(name) && table.type(first) !== 'number') return undefined;
  switch (name) {
    case 'Number':
      return toNumber(table, first);
    case 'String':
      return concat(table, first);
    case 'Boolean':
      return truthy(table, first);
    case 'parseFloat':
    case 'parseInt':
    case 'Number.parseFloat':
    case 'Number.parseInt': {
      const own = name.endsWith('Int') ? 'parseInt' : 'parseFloat';
      if (table.type(first) !== 'text' || (radix !== undefined && radix !== table.constant(10))) return undefined;
      return table.of(own, 'number', ...(own === 'parseInt' ? args.slice(0, 2) : [first]));
    }
    case 'Number.isInteger': {
      const whole = table.of('binary ===', 'boolean', table.of('Math.floor', 'number', first), first);
      return table.of('and', 'boolean', globalCall(table, 'isFinite', [first])!, whole);
    }
    case 'Number.isNaN':
    case 'isNaN': {
      const x = toNumber(table, first);
      return table.of('binary !==', 'boolean', x, x);
    }
    case 'Number.isFinite':
    case 'isFinite': {
      const x = toNumber(table, first);
      return table.of('binary ===', 'boolean', table.of('binary -', 'number', x, x), table.constant(0));
    }
    default:
      return undefined;
  }
}
