// What the jobs for Spark and for Heddle alike are given: the same rows.
//
// What is left out, because the two differ on purpose or by their languages:
// - NaN as a key: one key here, while in Python no NaN equals another. -0 as a key: 0 in both, but Python gives back the
//   first that it met. 1 and true: two keys here, one in Python. None has no second kind: undefined is null in these answers.
// - Python's integers are exact at any size; here they are doubles, and bigint is another type. So numbers stay below 2^53,
//   and 2 and 2.0 are the same answer.
// - Text is ordered by code points there and by code units here: no characters beyond U+FFFF in sorts.
// - A zero is taken once here, and there once a partition (fold) or once a key and partition (foldByKey): zeros are neutral.
// - Spark ends a line of text at a lone \r as well; here only at \n and \r\n.
// - How a list is cut into partitions, where it does not come out even: PySpark cuts batches of rows, Spark in Scala rows as
//   Heddle does. So the lists whose partitions show are multiples of their number.
// - Which partition a hash names: partitions are compared only where a function of the job's own decides.
import type { Context, RDD } from '../../lib/index.js';

type Key = string | number | null | readonly (string | number)[];

export const ROWS = {
  nums: [5, -3, 12, 0, 7, 7, -8, 100, 2, 41, -3, 5, 63, 1, 30],
  floats: [0.5, -1.25, 3.75, 8, 2.5, -0.5, 100.125, 64],
  words: ['to', 'be', 'or', 'not', 'to', 'be', '', 'Zürich', 'über', 'a b', 'B', 'or'],
  byText: [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['c', 4],
    ['', 5],
    ['b', 6],
    ['a', 7],
  ],
  otherText: [
    ['b', 20],
    ['a', 10],
    ['d', 40],
    ['b', 21],
    ['é', 50],
  ],
  byNumber: [
    [3, 'x'],
    [1, 'y'],
    [2, 'z'],
    [-4, 'w'],
    [2.5, 'v'],
    [1e15, 'u'],
    [0, 't'],
  ],
  byTuple: [
    [['a', 1], 1],
    [['a', 2], 2],
    [['a', 1], 3],
    [['b', 1], 4],
  ],
  byNull: [
    [null, 1],
    ['n', 2],
    [null, 3],
  ],
  edges: [
    [1, 2],
    [2, 3],
    [1, 3],
    [3, 1],
    [4, 4],
  ],
} as const;
export const PARTITIONS = 3;

/** The RDDs of ROWS, and the names of a text file and of a folder of them. */
export interface Given {
  readonly sc: Context;
  readonly nums: RDD<number>;
  readonly floats: RDD<number>;
  readonly words: RDD<string>;
  readonly byText: RDD<[string, number]>;
  readonly otherText: RDD<[string, number]>;
  readonly byNumber: RDD<[number, string]>;
  readonly byTuple: RDD<[readonly [string, number], number]>;
  readonly byNull: RDD<[Key, number]>;
  readonly edges: RDD<[number, number]>;
  readonly textFile: string;
  readonly textFolder: string;
}

/** `exact`: Spark promises the order. `rows`: in any order. `close`: numbers that may differ in their last digits. */
type Comparison = 'exact' | 'rows' | 'close';
export type Job = readonly [name: string, comparison: Comparison, spark: string, ours: (given: Given) => Promise<unknown>];
