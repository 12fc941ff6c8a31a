// Rows of numbers by key, against a Map of arrays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NumericKind } from '../../lib/shuffle/kernels.js';
import { NumericGrouper } from '../../lib/shuffle/numeric-grouper.js';
import { numericColumn } from '../../lib/shuffle/reader.js';
import { awkwardBits, doubleOf } from './arena.js';
import { highHeap, kernelNames, kernelsOn, newHeap } from './fixture.js';

const doubles = fc.oneof(fc.double(), fc.integer({ min: -9, max: 9 }), fc.constantFrom(...awkwardBits.map(doubleOf)));
const ints = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer());
const run = (keys: fc.Arbitrary<number>, keyKind: 1 | 2) =>
  fc.record({
    input: fc.integer({ min: 0, max: 2 }),
    keyKind: fc.constant(keyKind),
    rows: fc.oneof(
      fc.array(fc.tuple(keys, ints), { maxLength: 50 }).map(rows => ({ kind: 1 as const, rows })),
      fc.array(fc.tuple(keys, doubles), { maxLength: 50 }).map(rows => ({ kind: 2 as const, rows })),
    ),
  });

describe('groups of numbers', () => {
  const heaps = { low: newHeap(), high: highHeap() };
  for (const name of kernelNames) {
    for (const [place, heap] of Object.entries(heaps)) {
      test(`as a Map of arrays has them (${name}, ${place})`, () => {
        const cases = fc.oneof(
          fc.array(run(ints, 1), { maxLength: 6 }).map(runs => ({ kind: NumericKind.Int32, runs })),
          fc.array(fc.oneof(run(ints, 1), run(doubles, 2)), { maxLength: 6 }).map(runs => ({ kind: NumericKind.Float64, runs })),
        );
        fc.assert(
          fc.property(cases, ({ kind, runs }) => {
            const before = heap.stats().usedBytes;
            const grouper = new NumericGrouper(heap, kernelsOn(heap, name), kind, 3);
            const expected = new Map<number, number[][]>();
            const held: number[] = [];
            for (const { input, keyKind, rows } of runs) {
              const n = rows.rows.length;
              const at = heap.allocate(n * 16 + 16);
              held.push(at);
              const keys = numericColumn(heap, keyKind, at, n);
              const values = numericColumn(heap, rows.kind, at + n * 8, n);
              keys.set(rows.rows.map(([key]) => key));
              values.set(rows.rows.map(([, value]) => value));
              grouper.add(input, keys, values, n);
              for (const [key, value] of rows.rows) {
                const groups = expected.get(key) ?? [[], [], []];
                groups[input]!.push(value);
                expected.set(key, groups);
              }
            }
            const found = grouper.finish();
            assert.deepStrictEqual([...found.keys], [...expected.keys()]);
            const groups = Array.from({ length: found.size }, (_, g) =>
              found.inputs.map(({ offsets, values }) => [...values.subarray(offsets[g], offsets[g + 1])]),
            );
            assert.deepStrictEqual(groups, [...expected.values()]);
            grouper.dispose();
            for (const at of held) heap.free(at);
            assert.equal(heap.stats().usedBytes, before);
          }),
          { numRuns: 80 },
        );
      });

      test(`more keys than the first table has room for (${name}, ${place})`, () => {
        const grouper = new NumericGrouper(heap, kernelsOn(heap, name), NumericKind.Int32, 1);
        const rows = 50_000;
        const at = heap.allocate(rows * 8);
        const keys = numericColumn(heap, 1, at, rows);
        const values = numericColumn(heap, 1, at + rows * 4, rows);
        for (let i = 0; i < rows; i++) {
          keys[i] = (i * 7919) % 20_011;
          values[i] = i;
        }
        grouper.add(0, keys, values, rows);
        const { size, inputs } = grouper.finish();
        assert.equal(size, 20_011);
        const { offsets, values: own } = inputs[0]!;
        for (let g = 0; g < size; g++) {
          for (let i = offsets[g]!; i < offsets[g + 1]!; i++) assert.equal((own[i]! * 7919) % 20_011, (own[offsets[g]!]! * 7919) % 20_011);
        }
        grouper.dispose();
        heap.free(at);
      });
    }
  }
});
