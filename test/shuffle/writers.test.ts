// Rows through the writers and back: what simulated tasks wrote, in whatever order they committed, is read in map order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { COMBINE_LIMIT, COMBINE_PROBE } from '../../lib/shuffle/combine-policy.js';
import { AggregateOp, NumericKind } from '../../lib/shuffle/kernels.js';
import { CHUNK_ROWS, NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { PairWriter } from '../../lib/shuffle/pair-writer.js';
import { partitionOf } from '../../lib/shuffle/partitioner.js';
import { readRows } from '../../lib/shuffle/reader.js';
import { key as anyKey } from '../codec/arbitrary-keys.js';
import { awkwardBits, doubleOf } from './arena.js';
import {
  type Fixture,
  highHeap,
  type KernelName,
  kernelNames,
  kernelsOn,
  MIB,
  newHeap,
  newShuffle,
  outputOf,
  readPairsOf,
} from './fixture.js';

type Row = readonly [unknown, unknown];

/** Rows that a task hands to one writer before it goes on with another. */
type Part =
  | {
      readonly writer: 'numeric';
      readonly keyKind: number;
      readonly valueKind: number;
      readonly rows: readonly (readonly [number, number])[];
    }
  | { readonly writer: 'pairs'; readonly rows: readonly Row[] };

const hash = (partitions: number) => ({ kind: 'hash', partitions }) as const;

/** Hands rows to a numeric writer in chunks, as the compiled loop does. */
function writeNumbers(writer: NumericWriter, rows: Iterable<readonly [number, number]>, chunk = CHUNK_ROWS): void {
  let filled = 0;
  for (const [key, value] of rows) {
    writer.keys[filled] = key;
    writer.values[filled] = value;
    if (++filled < chunk) continue;
    writer.flush(filled);
    filled = 0;
  }
  writer.flush(filled);
}

/** Values in writing: tells -0 from 0, and finds an invalid date equal to another, as deepEqual() does not. */
const shown = (rows: readonly Row[]) => inspect(rows, { depth: null, maxArrayLength: null, maxStringLength: null });

interface TaskOptions {
  readonly op?: number;
  readonly kernels?: KernelName;
  readonly chunk?: number;
  readonly open?: OpenBlocks;
}

function runTask(shuffle: Fixture, map: number, parts: readonly Part[], { op, kernels, chunk, open }: TaskOptions = {}): void {
  const { heap, ref } = shuffle;
  const output = outputOf(shuffle, map, 0, open);
  const partitioner = hash(ref.reducers);
  for (const part of parts) {
    if (part.writer === 'pairs') {
      const writer = new PairWriter(output, partitioner);
      for (const [key, value] of part.rows) writer.put(key, value);
      writer.flush();
    } else {
      const writer = new NumericWriter(heap, kernelsOn(heap, kernels), output, partitioner, part.keyKind, part.valueKind, op ?? null);
      writeNumbers(writer, part.rows, chunk);
      writer.finish();
      writer.dispose();
    }
  }
  assert.equal(output.commit().committed, true);
}

const int32 = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer());
const double = fc.oneof(fc.double(), fc.constantFrom(...awkwardBits.map(doubleOf)));
const ofKind = (kind: number) => (kind === NumericKind.Int32 ? int32 : double);
const kinds = fc.constantFrom(NumericKind.Int32, NumericKind.Float64);

const part: fc.Arbitrary<Part> = fc.oneof(
  fc
    .tuple(kinds, kinds)
    .chain(([keyKind, valueKind]) =>
      fc
        .array(fc.tuple(ofKind(keyKind), ofKind(valueKind)), { maxLength: 40 })
        .map(rows => ({ writer: 'numeric', keyKind, valueKind, rows }) as const),
    ),
  fc.array(fc.tuple(anyKey, anyKey), { maxLength: 20 }).map(rows => ({ writer: 'pairs', rows }) as const),
);

describe('writers', () => {
  const heaps = { low: newHeap(), high: highHeap() };

  test('rows of all kinds come back by reduce id: all of them, in map order, then in the order of writing', () => {
    const tasks = fc.array(fc.array(part, { maxLength: 3 }), { minLength: 1, maxLength: 5 });
    const cases = tasks.chain(list =>
      fc.record({
        list: fc.constant(list),
        order: fc.shuffledSubarray([...list.keys()], { minLength: list.length }),
        threads: fc.integer({ min: 1, max: 2 }),
        reducers: fc.integer({ min: 1, max: 6 }),
        chunk: fc.integer({ min: 1, max: 20 }),
        kernels: fc.constantFrom(...kernelNames),
        where: fc.constantFrom('low' as const, 'high' as const),
      }),
    );
    fc.assert(
      fc.property(cases, ({ list, order, threads, reducers, chunk, kernels, where }) => {
        const heap = heaps[where];
        const before = heap.stats();
        const shuffle = newShuffle(list.length, reducers, heap);
        const open = Array.from({ length: threads }, () => new OpenBlocks());
        for (const map of order) runTask(shuffle, map, list[map]!, { kernels, chunk, open: open[map % threads] });
        // A clone: what comes out are plain objects, whatever the prototype of what went in.
        const rows = structuredClone(list.flat().flatMap(({ rows }) => rows as readonly Row[]));
        for (let r = 0; r < reducers; r++) {
          const expected = rows.filter(([key]) => partitionOf(hash(reducers), key) === r);
          for (let time = 0; time < 2; time++) assert.equal(shown(readPairsOf(shuffle, r)), shown(expected));
        }
        shuffle.store.free(shuffle.ref);
        assert.deepEqual(heap.stats(), before);
      }),
      { numRuns: 150 },
    );
  });

  for (const kernels of kernelNames) {
    test(`${kernels}: many rows grow chains of blocks and keep their order`, () => {
      const heap = newHeap();
      const before = heap.stats();
      const shuffle = newShuffle(2, 3, heap);
      const rows = Array.from({ length: 200_000 }, (_, i) => [Math.imul(i, 0x9e3779b1) % 1000, i] as const);
      for (const map of [1, 0]) runTask(shuffle, map, [{ writer: 'numeric', keyKind: 1, valueKind: 2, rows }], { kernels });
      for (let r = 0; r < 3; r++) {
        const expected = rows.filter(([key]) => partitionOf(hash(3), key) === r);
        const found = readPairsOf(shuffle, r);
        assert.equal(found.length, expected.length * 2);
        found.forEach(([key, value], i) => {
          const wanted = expected[i % expected.length]!;
          if (key !== wanted[0] || value !== wanted[1]) assert.fail(`row ${i} of ${r} is [${key}, ${value}]`);
        });
      }
      // 12 bytes a row, and of a chain's blocks at most the last one is not full.
      assert.ok(heap.stats().usedBytes - before.usedBytes < 2 * (200_000 * 12 + 3 * 300_000));
      shuffle.store.free(shuffle.ref);
      assert.deepEqual(heap.stats(), before);
    });
  }

  test('a pair that cannot be encoded is HEDDLE_VALUE, and discard gives the task’s memory back', () => {
    const heap = newHeap();
    const shuffle = newShuffle(1, 2, heap);
    const before = heap.stats();
    const output = outputOf(shuffle, 0);
    const writer = new PairWriter(output, hash(2));
    assert.throws(() => writer.put(Symbol('key'), 1), { code: 'HEDDLE_VALUE' });
    for (let i = 0; i < 100; i++) writer.put(i, i);
    writer.flush();
    writer.put('f', () => 1);
    assert.throws(() => writer.flush(), { code: 'HEDDLE_VALUE' });
    output.discard();
    assert.deepEqual(heap.stats(), before);
  });

  test('a heap without room for a numeric writer is HEDDLE_HEAP_FULL, and nothing is kept', () => {
    // Room for the chunk's columns and none for the table; then room for neither.
    for (const bytes of [MIB + 256 * 1024, MIB + 32 * 1024]) {
      const heap = newHeap(bytes);
      const shuffle = newShuffle(1, 1, heap);
      const taken: number[] = [];
      while (heap.stats().freeBytes > 100 * 1024) taken.push(heap.allocate(4096));
      const before = heap.stats();
      const make = () => new NumericWriter(heap, kernelsOn(heap), outputOf(shuffle, 0), hash(1), 1, 1, AggregateOp.Sum);
      assert.throws(make, { code: 'HEDDLE_HEAP_FULL' });
      assert.deepEqual(heap.stats(), before);
    }
  });
});

/** Sums by key of everything in a shuffle, in doubles. */
function sumsOf(shuffle: Fixture): Map<unknown, number> {
  const sums = new Map<unknown, number>();
  for (let r = 0; r < shuffle.ref.reducers; r++)
    for (const [key, value] of readPairsOf(shuffle, r)) sums.set(key, (sums.get(key) ?? 0) + (value as number));
  return sums;
}

describe('combining before the shuffle', () => {
  test('sums of integers are exactly those of the rows as they are, with fewer rows in the shuffle', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer()), { maxLength: 300 }), { minLength: 1 }),
        tasks => {
          const raw = newShuffle(tasks.length, 3, newHeap(8 * MIB));
          const combined = newShuffle(tasks.length, 3, newHeap(8 * MIB));
          tasks.forEach((rows, map) => {
            const parts: Part[] = [{ writer: 'numeric', keyKind: 1, valueKind: 1, rows }];
            runTask(raw, map, parts);
            runTask(combined, map, parts, { op: AggregateOp.Sum });
          });
          assert.deepEqual(sumsOf(combined), sumsOf(raw));
          const rowsOf = (shuffle: Fixture) => [0, 1, 2].reduce((n, r) => n + readPairsOf(shuffle, r).length, 0);
          assert.equal(
            rowsOf(combined),
            tasks.reduce((n, rows) => n + new Set(rows.map(row => row[0])).size, 0),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  /** The runs of reduce id 0: value kind, rows, and the first and last row of each. */
  function outline(shuffle: Fixture): unknown[] {
    return shuffle.store.runs(shuffle.ref, 0).map(run => {
      const { keys, values, rows } = readRows(shuffle.heap, run);
      return [run.valueKind, rows, keys[0], values[0], keys[rows - 1], values[rows - 1]];
    });
  }

  function write(kernels: KernelName, chunk: number, rows: Iterable<readonly [number, number]>): Fixture {
    const heap = newHeap(256 * MIB);
    const shuffle = newShuffle(1, 1, heap);
    const output = outputOf(shuffle, 0);
    const writer = new NumericWriter(heap, kernelsOn(heap, kernels), output, hash(1), 1, 1, AggregateOp.Sum);
    writeNumbers(writer, rows, chunk);
    writer.finish();
    writer.dispose();
    output.commit();
    return shuffle;
  }

  for (const kernels of kernelNames) {
    test(`${kernels}: stops where every row brings a new key; later rows go as they are, behind those combined`, () => {
      const n = COMBINE_PROBE + 3 * CHUNK_ROWS;
      const large = 2 ** 31 - 1;
      // The first key comes twice, with a sum that is no int32: that shows which rows were combined.
      function* rows() {
        yield [0, large] as const;
        for (let i = 0; i < n - 1; i++) yield [i, i === 0 ? large : -i] as const;
      }
      const shuffle = write(kernels, CHUNK_ROWS, rows());
      const runs = outline(shuffle) as [number, number, number, number, number, number][];
      const firstRaw = runs.findIndex(([kind]) => kind === NumericKind.Int32);
      assert.ok(firstRaw > 0);
      assert.ok(runs.every(([kind], i) => kind === (i < firstRaw ? NumericKind.Float64 : NumericKind.Int32)));
      assert.equal(
        runs.slice(0, firstRaw).reduce((sum, run) => sum + run[1], 0),
        COMBINE_PROBE + CHUNK_ROWS - 1, // what comes with the chunk that has the last key of the probe
      );
      readPairsOf(shuffle, 0).forEach(([key, value], i) => {
        if (key !== i || value !== (i === 0 ? 2 * large : -i)) assert.fail(`row ${i} is [${key}, ${value}]`);
      });
    });

    test(`${kernels}: what integers come to stays int32 where it is, as the rows behind it are`, () => {
      for (const [last, kind] of [
        [2 ** 31 - 2, NumericKind.Int32],
        [2 ** 31 - 1, NumericKind.Float64],
      ] as const) {
        const shuffle = write(kernels, CHUNK_ROWS, [[3, 1] as const, [5, -7] as const, [3, last] as const]);
        assert.deepEqual(outline(shuffle), [[kind, 2, 3, last + 1, 5, -7]]);
      }
    });

    test(`${kernels}: flushes a table that has grown to its limit, and goes on combining`, () => {
      const n = 2 * COMBINE_LIMIT + 2 * CHUNK_ROWS;
      // Each key twice: half of the rows are saved. After the flush, keys that were there before.
      function* rows() {
        for (let i = 0; i < n; i++) yield [(i >>> 1) % COMBINE_LIMIT, i & 1] as const;
      }
      const shuffle = write(kernels, CHUNK_ROWS, rows());
      const found = shuffle.store.runs(shuffle.ref, 0).map(run => readRows(shuffle.heap, run));
      assert.equal(
        found.reduce((sum, batch) => sum + batch.rows, 0),
        COMBINE_LIMIT + CHUNK_ROWS,
      );
      let i = 0;
      for (const { keys, values, rows } of found) {
        for (let j = 0; j < rows; j++, i++) if (keys[j] !== i % COMBINE_LIMIT || values[j] !== 1) assert.fail(`row ${i} is ${keys[j]}`);
      }
    });
  }

  test('what is decided depends on the rows alone: kernel and twin leave the same runs, floating-point sums included', () => {
    const rows = Array.from(
      { length: 3 * COMBINE_PROBE },
      (_, i) => [Math.imul(i, 0x9e3779b1) >> (i < COMBINE_PROBE ? 20 : 8), i / 7] as const,
    );
    const [a, b] = kernelNames.map(kernels => {
      const shuffle = newShuffle(1, 2);
      runTask(shuffle, 0, [{ writer: 'numeric', keyKind: 1, valueKind: 2, rows }], { op: AggregateOp.Sum, kernels });
      return [outline(shuffle), readPairsOf(shuffle, 0), readPairsOf(shuffle, 1)];
    });
    assert.deepEqual(a, b);
  });
});
