// The methods of text that look for a string or a simple regular expression and do more than to tell where it is.

import { listMethod } from './list.js';
import { partsOf, truthy } from './meaning.js';
import type { ExprId, ExprTable, Separator } from './plan.js';
import { capturingSeparator, literalOf, matchSeparator, regexSeparator, replacedSet, stringSeparator } from './separator.js';
import { scalar, Unsupported, type Value } from './value.js';

export const PATTERN_METHODS: ReadonlySet<string> = new Set(['split', 'match', 'replace', 'replaceAll']);

/** What the method gives for its arguments. Throws Unsupported, without a place. */
export function patternMethod(table: ExprTable, text: ExprId, name: string, args: readonly Value[]): Value {
  switch (name) {
    case 'split':
      return split(table, text, args);
    case 'match':
      return { kind: 'matches', list: matches(table, text, args) };
    default:
      return scalar(replaced(table, text, name, args));
  }
}

function refuse(what: string): never {
  throw new Unsupported(what, -1);
}

function split(table: ExprTable, text: ExprId, [by, limit]: readonly Value[]): Value {
  if (by === undefined || limit !== undefined) return refuse('split() of these arguments');
  if (by.kind === 'regex') {
    const captured = capturingSeparator(by.pattern, by.flags);
    if (captured !== undefined) return { kind: 'separated', text, separator: captured };
    return { kind: 'parts', text, separator: separatorOf(by.pattern, by.flags) ?? refuse('this regular expression') };
  }
  const found = constantText(table, by);
  return { kind: 'parts', text, separator: (found === undefined ? undefined : stringSeparator(found)) ?? refuse('this separator') };
}

function separatorOf(pattern: string, flags: string): Separator | undefined {
  const set = regexSeparator(pattern, flags);
  if (set !== undefined) return set;
  const literal = literalOf(pattern, flags);
  return literal === undefined || literal.atStart || literal.atEnd ? undefined : stringSeparator(literal.text);
}

/** Whether a regular expression finds something in a text: a text, or a character of a class. */
export function tested(table: ExprTable, { pattern, flags }: Value & { readonly kind: 'regex' }, text: ExprId): ExprId {
  const set = flags.includes('g') ? undefined : regexSeparator(pattern, flags);
  if (set !== undefined) {
    return table.of('binary >', 'boolean', partsOf(table, text, set), table.constant(1));
  }
  const literal = flags.includes('g') ? undefined : literalOf(pattern, flags);
  if (literal === undefined) return refuse('this regular expression');
  const found = table.constant(literal.text);
  const { atStart, atEnd } = literal;
  return table.of(atStart && atEnd ? 'textEquals' : atStart ? 'startsWith' : atEnd ? 'endsWith' : 'includes', 'boolean', text, found);
}

/** Matches are the parts between what does not match, but for empty ones. */
function matches(table: ExprTable, text: ExprId, [by, more]: readonly Value[]): Value {
  const separator = by?.kind === 'regex' && more === undefined ? matchSeparator(by.pattern, by.flags) : undefined;
  if (separator === undefined) return refuse('match() of these arguments');
  const isFound = (part: Value) => truthy(table, (part as Value & { readonly kind: 'scalar' }).expr);
  return listMethod(table, { kind: 'parts', text, separator }, 'filter', part => part, isFound);
}

function replaced(table: ExprTable, text: ExprId, name: string, [by, to, more]: readonly Value[]): ExprId {
  const replacement = to === undefined ? undefined : constantText(table, to);
  // A $ may stand for what was found.
  if (by === undefined || replacement === undefined || replacement.includes('$') || more !== undefined)
    return refuse(`.${name}() of these arguments`);
  if (by.kind === 'regex') {
    const separator = replacedSet(by.pattern, by.flags, replacement) ?? refuse('this regular expression');
    return table.add({ op: 'replaceSet', type: 'text', args: [text, table.constant(replacement)], separator });
  }
  const found = constantText(table, by);
  if (name === 'replace' || found === undefined || found === '') return refuse(`.${name}() of these arguments`);
  return table.of('replaceText', 'text', text, table.constant(found), table.constant(replacement));
}

function constantText(table: ExprTable, value: Value): string | undefined {
  const node = value.kind === 'scalar' ? table.nodes[value.expr]! : undefined;
  return node?.op === 'constant' && typeof node.value === 'string' ? node.value : undefined;
}
