// The methods of text that look for a string or a simple regular expression and do more than to tell where it is.

import { listMethod } from './list.js';
import { truthy } from './meaning.js';
import type { ExprId, ExprTable, Separator } from './plan.js';
import { matchSeparator, regexSeparator, replacedSet, stringSeparator } from './separator.js';
import { scalar, Unsupported, type Value } from './value.js';

export const PATTERN_METHODS: ReadonlySet<string> = new Set(['split', 'match', 'replace', 'replaceAll']);

/** What the method gives for its arguments. Throws Unsupported, without a place. */
export function patternMethod(table: ExprTable, text: ExprId, name: string, args: readonly Value[]): Value {
  switch (name) {
    case 'split':
      return { kind: 'parts', text, separator: separatorOf(table, args) };
    case 'match':
      return { kind: 'matches', list: matches(table, text, args) };
    default:
      return scalar(replaced(table, text, name, args));
  }
}

function refuse(what: string): never {
  throw new Unsupported(what, -1);
}

function separatorOf(table: ExprTable, [by, limit]: readonly Value[]): Separator {
  if (by === undefined || limit !== undefined) return refuse('split() of these arguments');
  if (by.kind === 'regex') return regexSeparator(by.pattern, by.flags) ?? refuse('this regular expression');
  const text = constantText(table, by);
  return (text === undefined ? undefined : stringSeparator(text)) ?? refuse('this separator');
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
