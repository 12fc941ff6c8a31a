// Rows of numbers by key, in few buckets and many, against a Map of arrays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Heap } from '../../lib/shuffle/heap/allocator.js';
import { NumericKind } from '../../lib/shuffle/kernels.js';
import { type NumberBatch, rowsOf } from '../../lib/shuffle/number-columns.js';
import { NumericBuckets } from '../../lib/shuffle/numeric-buckets.js';
import { gatherGroups } from '../../lib/shuffle/numeric-grouper.js';
import { numericColumn } from '../../lib/shuffle/reader.js';
import { awkwardBits, doubleOf } from './arena.js';
import { fill, highHeap, kernelNames, kernelsOn, MIB, newHeap } from './fixture.js';

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

/** Columns in a heap, and the blocks that they take. */
class Columns {
  readonly held: number[] = [];
  constructor(readonly heap: Heap) {}

  batch(keyKind: 1 | 2, valueKind: 1 | 2, rows: readonly (readonly [number, number])[]): NumberBatch {
    const at = this.heap.allocate(rows.length * 16 + 16);
    this.held.push(at);
    const keys = numericColumn(this.heap, keyKind, at, rows.length);
    const values = numericColumn(this.heap, valueKind, at + rows.length * 8, rows.length);
    rows.forEach(([key, value], i) => {
      keys[i] = key;
      values[i] = value;
    });
    return { keys, values, rows: rows.length };
  }

  free(): void {
    for (const at of this.held) this.heap.free(at);
  }
}

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
          fc.property(cases, fc.constantFrom(1, 7, 1000), fc.constantFrom(1, 20, 1e6), ({ kind, runs }, bucketRows, waveRows) => {
            const before = heap.stats().usedBytes;
            const columns = new Columns(heap);
            const inputs: NumberBatch[][] = [[], [], []];
            for (const { input, keyKind, rows } of runs) inputs[input]!.push(columns.batch(keyKind, rows.kind, rows.rows));
            // Order of first appearance: over all of the first input, then the second.
            const expected = new Map<number, number[][]>();
            for (let i = 0; i < 3; i++) {
              for (const { input, rows } of runs) {
                for (const [key, value] of input === i ? rows.rows : []) {
                  const groups = expected.get(key) ?? [[], [], []];
                  groups[i]!.push(value);
                  expected.set(key, groups);
                }
              }
            }
            const buckets = new NumericBuckets(heap, kernelsOn(heap, name), kind, inputs.map(rowsOf), () => {}, bucketRows, waveRows);
            const found = gatherGroups(heap, buckets);
            buckets.dispose();
            assert.deepStrictEqual([...found.keys], [...expected.keys()]);
            const groups = Array.from(found.places, at =>
              found.inputs.map(({ offsets, values }) => [...values.subarray(offsets[at], offsets[at + 1])]),
            );
            assert.deepStrictEqual(groups, [...expected.values()]);
            found.dispose();
            const alone = inputs.map(batches => ({ ...rowsOf(batches), valueKind: NumericKind.None }));
            const withoutValues = new NumericBuckets(heap, kernelsOn(heap, name), kind, alone, () => {}, bucketRows, waveRows);
            const order = withoutValues.group(() => {});
            withoutValues.dispose();
            assert.equal(order.size, expected.size);
            assert.deepStrictEqual([...order.groups().keys], [...expected.keys()]);
            order.dispose();
            columns.free();
            assert.equal(heap.stats().usedBytes, before);
          }),
          { numRuns: 80 },
        );
      });

      test(`more keys than the first table has room for (${name}, ${place})`, () => {
        const columns = new Columns(heap);
        const rows = Array.from({ length: 50_000 }, (_, i) => [(i * 7919) % 20_011, i] as const);
        const buckets = new NumericBuckets(
          heap,
          kernelsOn(heap, name),
          NumericKind.Int32,
          [rowsOf([columns.batch(1, 1, rows)])],
          () => {},
          25_000,
        );
        const found = gatherGroups(heap, buckets);
        buckets.dispose();
        assert.equal(found.size, 20_011);
        const { offsets, values } = found.inputs[0]!;
        found.places.forEach((at, g) => {
          assert.equal(found.keys[g], (g * 7919) % 20_011);
          const expected = [g, g + 20_011, g + 40_022].filter(i => i < rows.length);
          assert.deepStrictEqual([...values.subarray(offsets[at], offsets[at + 1])], expected);
        });
        found.dispose();
        columns.free();
      });
    }

    test(`a full heap is HEDDLE_HEAP_FULL, and what was taken goes back (${name})`, () => {
      const heap = newHeap(8 * MIB);
      const columns = new Columns(heap);
      const rows = Array.from({ length: 50_000 }, (_, i) => [i, i] as const);
      const batch = columns.batch(1, 1, rows);
      for (const leave of [0, 64 << 10, 256 << 10, 512 << 10]) {
        const taken = fill(heap, leave);
        const before = heap.stats();
        assert.throws(() => new NumericBuckets(heap, kernelsOn(heap, name), NumericKind.Int32, [rowsOf([batch])]), {
          code: 'HEDDLE_HEAP_FULL',
        });
        assert.deepStrictEqual(heap.stats(), before);
        for (const at of taken) heap.free(at);
      }
    });
  }
});
