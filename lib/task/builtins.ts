// Heddle's own row functions, named in programs where a user's closure would stand.

import { sameKey } from '../codec/key-order.js';
import { addKey, estimateDistinct, mergeRegisters } from './stats/hyperloglog.js';

type Row = readonly [unknown, unknown];
type Groups = readonly [unknown, readonly unknown[][]];

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
  /** intersection and subtract: the key is the row, on the left side as often as its one value says. */
  *inBoth([key, [left, right]]: Groups): Iterable<unknown> {
    if (left!.length > 0 && right!.length > 0) yield key;
  },
  *onlyLeft([key, [left, right]]: Groups): Iterable<unknown> {
    if (left!.length > 0 && right!.length === 0) for (let i = 0; i < (left![0] as number); i++) yield key;
  },
} as const;

export type BuiltinName = keyof typeof table;

/** The function of a name. */
export function builtin(name: BuiltinName): (...args: never[]) => unknown {
  return table[name] as (...args: never[]) => unknown;
}
