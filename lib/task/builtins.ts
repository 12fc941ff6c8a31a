// Heddle's own row functions, named in programs where a user's closure would stand.

type Row = readonly [unknown, unknown];
type Groups = readonly [unknown, readonly unknown[][]];

const table = {
  /** distinct: the row becomes a key; the value is there for the numeric path's sake. */
  rowToKey: (row: unknown) => [row, 1],
  keyOf: (row: Row) => row[0],
  first: (a: unknown) => a,
  glom: (rows: Iterable<unknown>) => [Array.from(rows)],
  /** join: every value of one side with every value of the other. */
  *joinGroups([key, [left, right]]: Groups): Iterable<unknown> {
    for (const a of left!) for (const b of right!) yield [key, [a, b]];
  },
} as const;

export type BuiltinName = keyof typeof table;

/** The function of a name. */
export function builtin(name: BuiltinName): (...args: never[]) => unknown {
  return table[name] as (...args: never[]) => unknown;
}
