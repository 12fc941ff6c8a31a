import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Heap } from '../../lib/shuffle/heap/allocator.js';
import { AggregateOp, type Kernels, NumericKind } from '../../lib/shuffle/kernels.js';
import { NumericTable } from '../../lib/shuffle/numeric-table.js';
import { numericColumn } from '../../lib/shuffle/reader.js';
import { awkwardBits, doubleOf } from './arena.js';
import { highHeap, kernelNames, kernelsOn, MIB, merges, newHeap } from './fixture.js';

type Step =
  | { readonly kind: 'add'; readonly valueKind: 1 | 2; readonly rows: readonly (readonly [number, number])[] }
  | { readonly kind: 'groups' }
  | { readonly kind: 'clear' };

const doubles = fc.oneof(fc.double(), fc.integer({ min: -50, max: 50 }), fc.constantFrom(...awkwardBits.map(doubleOf)));
const int32s = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer());

const addStep = (keyKind: number): fc.Arbitrary<Step> => {
  const key = keyKind === NumericKind.Int32 ? int32s : doubles;
  return fc.oneof(
    fc.array(fc.tuple(key, int32s), { maxLength: 120 }).map(rows => ({ kind: 'add', valueKind: 1, rows }) as const),
    fc.array(fc.tuple(key, doubles), { maxLength: 120 }).map(rows => ({ kind: 'add', valueKind: 2, rows }) as const),
  );
};
const steps = (keyKind: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: addStep(keyKind) },
      { weight: 2, arbitrary: fc.constant<Step>({ kind: 'groups' }) },
      { weight: 1, arbitrary: fc.constant<Step>({ kind: 'clear' }) },
    ),
    { maxLength: 12 },
  );

/** One heap for the whole file: what a table forgets to give back shows. */
const heap = newHeap();
const high = highHeap();

class Bench {
  readonly progress: number;
  readonly keysAt: number;
  readonly valuesAt: number;
  readonly table: NumericTable;
  constructor(
    readonly heap: Heap,
    kernels: Kernels,
    op: number,
    readonly keyKind: number,
    slots: number,
  ) {
    this.progress = heap.allocate(64);
    this.keysAt = heap.allocate(1024 * 8);
    this.valuesAt = heap.allocate(1024 * 8);
    this.table = new NumericTable(heap, kernels, op, keyKind, this.progress, slots);
  }

  add(valueKind: number, rows: readonly (readonly [number, number])[]): void {
    const keys = numericColumn(this.heap, this.keyKind, this.keysAt, rows.length);
    const values = numericColumn(this.heap, valueKind, this.valuesAt, rows.length);
    rows.forEach(([key, value], i) => {
      keys[i] = key;
      values[i] = value;
    });
    this.table.add(this.keysAt, this.valuesAt, valueKind, rows.length);
  }

  groups(): [number, number][] {
    const { size, keysAt, valuesAt } = this.table.groups();
    const keys = numericColumn(this.heap, this.keyKind, keysAt, size);
    const values = numericColumn(this.heap, NumericKind.Float64, valuesAt, size);
    return Array.from(keys, (key, i) => [key, values[i]!]);
  }

  dispose(): void {
    this.table.dispose();
    for (const at of [this.progress, this.keysAt, this.valuesAt]) this.heap.free(at);
  }
}

describe('NumericTable', () => {
  for (const name of kernelNames) {
    for (const [opName, op] of Object.entries(AggregateOp)) {
      test(`${name}: ${opName}, step by step, is a Map that merges`, () => {
        const cases = fc
          .constantFrom(NumericKind.Int32, NumericKind.Float64)
          .chain(keyKind => fc.tuple(fc.constant(keyKind), steps(keyKind)));
        fc.assert(
          fc.property(cases, fc.constantFrom(1, 4, 64), fc.constantFrom(heap, high), ([keyKind, list], slots, on) => {
            const before = on.stats();
            const bench = new Bench(on, kernelsOn(on, name), op, keyKind, slots);
            const model = new Map<number, number>();
            for (const step of list) {
              if (step.kind === 'clear') {
                bench.table.clear();
                model.clear();
              } else if (step.kind === 'groups') {
                assert.deepEqual(bench.groups(), [...model]);
              } else {
                bench.add(step.valueKind, step.rows);
                for (const [key, value] of step.rows) {
                  const known = model.get(key);
                  model.set(key, known === undefined ? value : merges[op]!(known, value));
                }
              }
              assert.equal(bench.table.size, model.size);
            }
            assert.deepEqual(bench.groups(), [...model]);
            bench.dispose();
            assert.deepEqual(on.stats(), before);
          }),
          { numRuns: 40 },
        );
      });
    }

    test(`${name}: a hundred thousand keys, in order of first appearance`, () => {
      const before = heap.stats();
      const bench = new Bench(heap, kernelsOn(heap, name), AggregateOp.Sum, NumericKind.Int32, 1 << 12);
      const keys = 100_003; // prime: i * 7919 modulo it comes by every key
      for (let i = 0; i < 2 * keys; i += 1000) {
        const length = Math.min(1000, 2 * keys - i);
        bench.add(
          NumericKind.Int32,
          Array.from({ length }, (_, j) => [((i + j) * 7919) % keys, i + j]),
        );
      }
      const groups = bench.groups();
      assert.equal(groups.length, keys);
      groups.forEach(([key, sum], i) => {
        if (key !== (i * 7919) % keys || sum !== i + (i + keys)) assert.fail(`group ${i} is [${key}, ${sum}]`);
      });
      bench.dispose();
      assert.deepEqual(heap.stats(), before);
    });

    test(`${name}: a full heap is HEDDLE_HEAP_FULL, and what the table holds goes back`, () => {
      const small = newHeap(2 * MIB);
      const before = small.stats();
      const bench = new Bench(small, kernelsOn(small, name), AggregateOp.Sum, NumericKind.Float64, 1 << 12);
      let added = 0;
      assert.throws(
        () => {
          for (; ; added += 1000)
            bench.add(
              NumericKind.Float64,
              Array.from({ length: 1000 }, (_, j) => [added + j, 1]),
            );
        },
        { code: 'HEDDLE_HEAP_FULL' },
      );
      assert.ok(added > 0);
      bench.dispose();
      assert.deepEqual(small.stats(), before);
    });
  }
});
