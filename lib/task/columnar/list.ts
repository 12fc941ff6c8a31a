// Lists inside closures: the parts of a text, array literals, choices of these, and what map, filter, flatMap and slice make
// of them. A list is never made. When its elements become rows it is opened: as steps from the rows of one level to those of a
// higher one. Expressions of lower levels stay what they are until the whole plan is known (lower.ts).

import { type Emit, type ExprId, type ExprTable, PART, PLACE, type Step } from './plan.js';
import { type Opened, scalar, Unsupported, type Value } from './value.js';

/** The list's elements as rows, from rows of a level on. Throws Unsupported. */
export function openList(table: ExprTable, list: Value, level: number): Opened {
  switch (list.kind) {
    case 'parts': {
      const step = { tests: [], emits: [{ tests: [], outputs: [list.text] }], split: list.separator };
      const element = scalar(table.column(level + 1, PART, 'text'));
      return { steps: [step], level: level + 1, tests: [], element, place: table.column(level + 1, PLACE, 'number') };
    }
    case 'list':
      return list.open(level);
    case 'tuple':
      return emitted(table, alternatives(table, list, [])!, level);
    case 'choice': {
      const known = alternatives(table, list, []);
      if (known !== undefined) return emitted(table, known, level);
      const not = table.of('not', 'boolean', list.test);
      if (isEmpty(list.otherwise)) return guarded(openList(table, list.chosen, level), list.test);
      if (isEmpty(list.chosen)) return guarded(openList(table, list.otherwise, level), not);
      throw new Unsupported('a choice between lists', -1);
    }
    default:
      throw new Unsupported('what is no list', -1);
  }
}

export const isList = ({ kind }: Value): boolean => kind === 'parts' || kind === 'list' || kind === 'tuple' || kind === 'choice';

export const isEmpty = (value: Value): boolean => value.kind === 'tuple' && value.items.length === 0;

/** A list's methods that make another list. */
export const LIST_METHODS: ReadonlySet<string> = new Set(['map', 'filter', 'flatMap', 'slice']);

/** What a method of a list gives; `callback` what a function gives for an element and its place, if that is known. */
export function listMethod(
  table: ExprTable,
  list: Value,
  name: string,
  callback: (element: Value, place: ExprId | undefined) => Value,
  condition: (value: Value) => ExprId,
): Value {
  return {
    kind: 'list',
    open(level) {
      const opened = openList(table, list, level);
      const value = callback(opened.element, opened.place);
      switch (name) {
        case 'map':
          return { ...opened, element: value };
        case 'filter':
          return { ...opened, tests: [...opened.tests, condition(value)], place: undefined };
        default: {
          if (!isList(value)) return { ...opened, element: value };
          const inner = openList(table, value, opened.level);
          const { steps, tests } = following(opened.tests, inner);
          return { ...inner, steps: [...opened.steps, ...steps], tests, place: undefined };
        }
      }
    },
  };
}

/** Its elements from the one at `first` on. */
export function listFrom(table: ExprTable, list: Value, first: number): Value {
  return {
    kind: 'list',
    open(level) {
      const opened = openList(table, list, level);
      if (first === 0) return opened;
      const { place } = opened;
      if (place === undefined) throw new Unsupported('slice() of a list that was filtered', -1);
      const start = table.constant(first);
      const tests = [...opened.tests, table.of('binary >=', 'boolean', place, start)];
      return { ...opened, tests, place: table.of('binary -', 'number', place, start) };
    },
  };
}

/** What comes after rows that passed tests: they belong to its first step, if it has one. */
export function following(
  tests: readonly ExprId[],
  opened: Opened,
): { readonly steps: readonly Step[]; readonly tests: readonly ExprId[] } {
  const [first, ...rest] = opened.steps;
  if (first === undefined) return { steps: [], tests: [...tests, ...opened.tests] };
  return { steps: [{ ...first, tests: [...tests, ...first.tests] }, ...rest], tests: opened.tests };
}

function guarded(opened: Opened, test: ExprId): Opened {
  return { ...opened, ...following([test], opened) };
}

interface Alternative {
  readonly tests: readonly ExprId[];
  readonly value: Value;
}

/** The elements that a list may have, in order, each with its tests; undefined for a list of any length. */
function alternatives(table: ExprTable, list: Value, tests: readonly ExprId[]): readonly Alternative[] | undefined {
  if (list.kind === 'tuple') return list.items.map(value => ({ tests, value }));
  if (list.kind !== 'choice') return undefined;
  const chosen = alternatives(table, list.chosen, [...tests, list.test]);
  const otherwise = alternatives(table, list.otherwise, [...tests, table.of('not', 'boolean', list.test)]);
  return chosen && otherwise && [...chosen, ...otherwise];
}

/** Elements as rows of the next level; as those of this one where there is one element at most. */
function emitted(table: ExprTable, elements: readonly Alternative[], level: number): Opened {
  const [first] = elements;
  if (first === undefined) throw new Unsupported('an empty array', -1);
  if (elements.length === 1) return { steps: [], level, tests: first.tests, element: first.value, place: undefined };
  const outputs: ExprId[][] = elements.map(() => []);
  const element = common(
    table,
    elements.map(({ value }) => value),
    outputs,
    level + 1,
  );
  const emits = elements.map(({ tests }, i): Emit => ({ tests, outputs: outputs[i]! }));
  return { steps: [{ tests: [], emits }], level: level + 1, tests: [], element, place: undefined };
}

/** What values have in common, as columns of a level: adds what each has of its own to its outputs. */
function common(table: ExprTable, values: readonly Value[], outputs: readonly ExprId[][], level: number): Value {
  const [first] = values as [Value];
  const items = (of: (value: Value) => readonly Value[], count: number) =>
    Array.from({ length: count }, (_, k) =>
      common(
        table,
        values.map(value => of(value)[k]!),
        outputs,
        level,
      ),
    );
  switch (first.kind) {
    case 'scalar': {
      const type = table.type(first.expr);
      if (!values.every(value => value.kind === 'scalar' && table.type(value.expr) === type)) break;
      const exprs = values.map(value => (value as { readonly expr: ExprId }).expr);
      if (table.nodes[first.expr]!.op === 'constant' && exprs.every(expr => expr === first.expr)) return first;
      const column = outputs[0]!.length;
      for (const [i, expr] of exprs.entries()) outputs[i]!.push(expr);
      return scalar(table.column(level, column, type));
    }
    case 'nothing':
      if (values.every(value => value.kind === 'nothing' && value.value === first.value)) return first;
      break;
    case 'tuple': {
      const count = first.items.length;
      if (!values.every(value => value.kind === 'tuple' && value.items.length === count)) break;
      return { kind: 'tuple', items: items(value => (value as typeof first).items, count) };
    }
    case 'struct': {
      const names = first.fields.map(([name]) => name);
      const same = (value: Value) => value.kind === 'struct' && value.fields.map(([name]) => name).join('\n') === names.join('\n');
      if (!values.every(same)) break;
      const fields = items(value => (value as typeof first).fields.map(([, field]) => field), names.length);
      return { kind: 'struct', fields: names.map((name, k) => [name, fields[k]!] as const) };
    }
    default:
      break;
  }
  throw new Unsupported('elements of different types', -1);
}
