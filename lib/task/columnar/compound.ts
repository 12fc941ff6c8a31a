// Values that are more than one column: what is chosen between two of them, what a captured object has, what globals have.

import { isList } from './list.js';
import { constantOf } from './meaning.js';
import { GLOBAL_FUNCTIONS, MATH, MATH_CONSTANTS, NUMBER_CONSTANTS, NUMBER_FUNCTIONS, VARIADIC } from './methods.js';
import type { ExprId, ExprTable } from './plan.js';
import { scalar, type Value } from './value.js';

/** One of two values, by a test; undefined where they are too different. */
export function choose(table: ExprTable, test: ExprId, a: Value, b: Value): Value | undefined {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    if (a.expr === b.expr) return a;
    const type = table.type(a.expr);
    return type === table.type(b.expr) ? scalar(table.of('select', type, test, a.expr, b.expr)) : undefined;
  }
  if (a.kind === 'nothing' && b.kind === 'nothing') return a.value === b.value ? a : undefined;
  if (a.kind === 'tuple' && b.kind === 'tuple' && a.items.length === b.items.length) {
    const items = a.items.map((item, i) => choose(table, test, item, b.items[i]!));
    if (items.every(item => item !== undefined)) return { kind: 'tuple', items };
  }
  return isList(a) && isList(b) ? { kind: 'choice', test, chosen: a, otherwise: b } : undefined;
}

/** What a captured object or array has of its own; undefined where it cannot be told. */
export function capturedProperty(table: ExprTable, { name, value }: Value & { readonly kind: 'captured' }, key: string): Value | undefined {
  const property = isPlain(value) ? Object.getOwnPropertyDescriptor(value, key) : undefined;
  if (property === undefined || !('value' in property)) return undefined;
  return constantOf(table, property.value) ?? { kind: 'captured', name: `${name}.${key}`, value: property.value };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === Array.prototype || proto === null;
}

export function globalValue(table: ExprTable, name: string): Value | undefined {
  switch (name) {
    case 'undefined':
      return { kind: 'nothing', value: undefined };
    case 'NaN':
      return scalar(table.constant(Number.NaN));
    case 'Infinity':
      return scalar(table.constant(Number.POSITIVE_INFINITY));
    default:
      return name === 'Math' || GLOBAL_FUNCTIONS.has(name) ? { kind: 'global', name } : undefined;
  }
}

/** A member of Math or of Number. */
export function globalMember(table: ExprTable, object: string, name: string): Value | undefined {
  if (object === 'Math') {
    if (MATH_CONSTANTS.has(name)) return scalar(table.constant(Math[name as 'PI']));
    return MATH.has(name) || VARIADIC.has(name) ? { kind: 'global', name: `Math.${name}` } : undefined;
  }
  if (object !== 'Number') return undefined;
  if (NUMBER_CONSTANTS.has(name)) return scalar(table.constant(Number[name as 'NaN']));
  return NUMBER_FUNCTIONS.has(name) ? { kind: 'global', name: `Number.${name}` } : undefined;
}
