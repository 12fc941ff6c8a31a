// Heddle's own row functions, named in programs where a user's closure would stand.

import { sameKey } from '../codec/key-order.js';
import { addKey, estimateDistinct, mergeRegisters } from './stats/hyperloglog.js';

type Row = readonly [unknown, unknown];
type Groups = readonly [unknown, readonly unknown[][]];

const MISSING: readonly unknown[] = [undefined];
const orMissing = (values: readonly unknown[]) => (values.length === 0 ? MISSING : values);

const table = {
  /** distinct: the row becomes a key; the value is there for the numeric path's sake. */
  rowToKey: (row: unknown) => [row, 1],
  keyOf: (row: Row) => row[0],
  valueOf: (row: Row) => row[1],
  one: () => 1,
  first: (a: unknown) => a,
  add: (a: number, b: number) => a + b,
  hasKey: (key: unknown, row: Row) => sameKey(row[0], key),
  /** countApproxDistinctByKey: a value into a sketch, a sketch into another, what a sketch says. */
  addDistinct: addKey,
  mergeDistinct: mergeRegisters,
  estimateDistinct,
  glom: (rows: Iterable<unknown>) => [Array.from(rows)],
  /** join: every value of one side with every value of the other. */
  *joinGroups([key, [left, right]]: Groups): Iterable<unknown> {
    for (const a of left!) for (const b of right!) yield [key, [a, b]];
  },
  /** Outer joins: a side without values stands as one undefined. */
  *leftGroups([key, [left, right]]: Groups): Iterable<unknown> {
    for (const a of left!) for (const b of orMissing(right!)) yield [key, [a, b]];
  },
  *rightGroups([key, [left, right]]: Groups): Iterable<unknown> {
    for (const a of orMissing(left!)) for (const b of right!) yield [key, [a, b]];
  },
  *fullGroups([key, [left, right]]: Groups): Iterable<unknown> {
    for (const a of orMissing(left!)) for (const b of orMissing(right!)) yield [key, [a, b]];
  },
  /** intersection and subtract: the key is the row, on the left side as often as its one value says. */
  *inBoth([key, [left, right]]: Groups): Iterable<unknown> {
    if (left!.length > 0 && right!.length > 0) yield key;
  },
  *onlyLeft([key, [left, right]]: Groups): Iterable<unknown> {
    if (left!.length > 0 && right!.length === 0) for (let i = 0; i < (left![0] as number); i++) yield key;
  },
  *leftWithoutRight([key, [left, right]]: Groups): Iterable<unknown> {
    if (right!.length === 0) for (const a of left!) yield [key, a];
  },
} as const;

export type BuiltinName = keyof typeof table;

/** The function of a name. */
export function builtin(name: BuiltinName): (...args: never[]) => unknown {
  return table[name] as (...args: never[]) => unknown;
}
