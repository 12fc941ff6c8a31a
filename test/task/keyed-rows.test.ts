import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openPairs } from '../../lib/codec/column.js';
import { KeyedRows, PlacedValues } from '../../lib/task/keyed-rows.js';
import { encode } from '../codec/round-trip.js';

const value = fc.oneof({ weight: 9, arbitrary: fc.double() }, { weight: 1, arbitrary: fc.constantFrom(null, undefined, 'x', [1]) });
/** What a pipeline gives: rows one by one, a batch of columns, or lists that are not made. */
const piece = fc.oneof(
  fc.array(fc.tuple(fc.integer(), value), { maxLength: 200 }),
  fc.array(fc.tuple(fc.integer(), fc.double()), { minLength: 1, maxLength: 20 }).map(rows => ({ columns: rows })),
  fc
    .array(fc.tuple(fc.integer(), fc.array(fc.integer(), { minLength: 9, maxLength: 12 })), { minLength: 1, maxLength: 20 })
    .map(rows => ({ lists: rows as [number, number[]][] })),
);

describe('rows that are kept by numbers', () => {
  test('come back in their order, whatever they came as', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), pieces => {
        const kept = new KeyedRows();
        const expected: [number, unknown][] = [];
        for (const given of pieces) {
          const rows: readonly [number, unknown][] = 'columns' in given ? given.columns : 'lists' in given ? given.lists : given;
          expected.push(...rows);
          const keys = Int32Array.from(rows, ([key]) => key);
          if ('columns' in given)
            kept.addBatch({ keys, values: Float64Array.from(rows, ([, number]) => number as number), rows: rows.length });
          else if ('lists' in given) kept.addBatch({ keys, values: [], unmade: unmadeOf(given.lists), rows: rows.length });
          else for (const [key, own] of rows) kept.add(key, own);
        }
        kept.next();
        const keys = kept.batches.flatMap(batch => [...batch.keys]);
        const placed = new PlacedValues(kept.batches);
        assert.deepStrictEqual(
          keys.map((key, i) => [key, placed.at(i)]),
          expected,
        );
        for (let i = expected.length - 1; i >= 0; i -= 3) assert.deepStrictEqual(placed.at(i), expected[i]![1]);
      }),
    );
  });
});

function unmadeOf(rows: readonly [number, number[]][]) {
  // Two lengths at least: lists of one would be tuples.
  const lists = openPairs(encode([...rows, [0, [1]]]));
  assert.ok(lists !== null);
  return lists.values.between(0, rows.length);
}
