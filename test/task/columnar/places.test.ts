// Which combining functions are read as operations on the places of a tuple.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { captureClosure } from '../../../lib/codec/closure/index.js';
import { AggregateOp } from '../../../lib/shuffle/kernels.js';
import { placesOf } from '../../../lib/task/columnar/places.js';

const { Sum, Min, Max, First, Last } = AggregateOp;
const two = 2;
const larger = (a: number, b: number) => Math.max(a, b);

type Tuple = number[];
type Range = { min: number; max: number };

// biome-ignore lint/suspicious/noExplicitAny: functions of any two combiners
type Combining = (a: any, b: any) => unknown;

const read: Record<string, readonly [Combining, readonly AggregateOp[], (readonly string[] | null)?]> = {
  'sums by index': [(a: Tuple, b: Tuple) => [a[0]! + b[0]!, b[1]! + a[1]!], [Sum, Sum]],
  'one place': [(a: Tuple, b: Tuple) => [Math.min(b[0]!, a[0]!)], [Min]],
  destructured: [([a, b, c]: Tuple, [d, , f]: Tuple) => [a! + d!, b, Math.max(c!, f!)], [Sum, First, Max]],
  'the last': [(a: Tuple, b: Tuple) => [a[0]! + b[0]!, b[1]], [Sum, Last]],
  'with constants in a block': [
    (a: Tuple, b: Tuple) => {
      const sum = a[0]! + b[0]!;
      return [sum, larger(a[1]!, b[1]!)];
    },
    [Sum, Max],
  ],
  objects: [(a: Range, { min, max }: Range) => ({ min: Math.min(a.min, min), max: Math.max(max, a.max) }), [Min, Max], ['min', 'max']],
};

const refused: Record<string, Combining> = {
  'a sum of other places': (a: Tuple, b: Tuple) => [a[0]! + b[1]!, a[1]! + b[0]!],
  'more than the two': (a: Tuple, b: Tuple) => [a[0]! + b[0]! + 1, a[1]! + b[1]!],
  'a difference': (a: Tuple, b: Tuple) => [a[0]! - b[0]!],
  'a minimum that is none for NaN and -0': (a: Tuple, b: Tuple) => [a[0]! < b[0]! ? a[0] : b[0]],
  'a constant': (a: Tuple, b: Tuple) => [a[0]! + b[0]!, two],
  'one tuple as it is': (a: Tuple) => a,
  numbers: (a: number, b: number) => a + b,
  'an effect': (a: Tuple, b: Tuple) => {
    a[0]! += b[0]!;
    return [a[0], a[1]];
  },
  'a place twice': (a: Tuple, b: Tuple) => [a[0]! + b[0]!, a[0]! + b[0]!],
  'no place': () => [],
};

describe('places', () => {
  for (const [name, [f, ops, names = null]] of Object.entries(read)) {
    test(name, () => assert.deepEqual(placesOf(captureClosure(f, 'f')), { ops, names }));
  }
  for (const [name, f] of Object.entries(refused)) {
    test(`not ${name}`, () => assert.equal(placesOf(captureClosure(f, 'f')), null));
  }
});
