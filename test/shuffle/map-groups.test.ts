// Sorted blocks of maps, and their merging by groups: what the kernel does, and that a reader finds each map's rows once and in order,
// in whatever order maps are committed, wherever an attempt ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey } from '../../lib/codec/key-hash.js';
import { type Kernels, NumericKind, numericBytes } from '../../lib/shuffle/kernels.js';
import { numericKinds } from '../../lib/shuffle/kinds.js';
import type { MapOutputSize } from '../../lib/shuffle/map-output.js';
import { NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { PairWriter } from '../../lib/shuffle/pair-writer.js';
import { reduceIdOf } from '../../lib/shuffle/partitioner.js';
import { loadedRuns, readRows } from '../../lib/shuffle/reader.js';
import type { Run } from '../../lib/shuffle/run.js';
import { sortedLayout, sortedRows, sortedRun, writeSorted } from '../../lib/shuffle/sorted-block.js';
import { Arena, bases, implementations, memory } from './arena.js';
import { type Fixture, fill, type KernelName, kernelNames, kernelsOn, newHeap, newShuffle, outputOf } from './fixture.js';

const { Int32, Float64 } = NumericKind;
const anyKind = fc.constantFrom(Int32, Float64);
const u32 = new Uint32Array(memory.buffer);

test('merging: kernel and twin write of each reduce id the rows of each block, block by block', () => {
  const counts = fc.integer({ min: 1, max: 6 }).chain(reducers => {
    const block = fc.array(fc.nat(4), { minLength: reducers, maxLength: reducers });
    return fc.array(block, { minLength: 1, maxLength: 6 });
  });
  fc.assert(
    fc.property(counts, anyKind, anyKind, fc.constantFrom(...bases), (blocks, keyKind, valueKind, base) => {
      const kinds = numericKinds(keyKind, valueKind);
      const reducers = blocks[0]!.length;
      const rowsOf = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);
      for (const [name, kernels] of implementations) {
        const arena = new Arena(base);
        const take = (rows: number, firstMap: number, maps: number) => {
          const at = Math.ceil(arena.take(sortedLayout(rows, kinds, reducers).bytes + 8) / 8) * 8;
          writeSorted(u32, at, { map: firstMap, attempt: 1, firstMap, maps }, rows, kinds, reducers);
          return at;
        };
        const sources = blocks.map((counts, map) => {
          const at = take(rowsOf(counts), map, 1);
          const layout = sortedLayout(rowsOf(counts), kinds, reducers);
          let first = 0;
          for (const [r, n] of [...counts, 0].entries()) {
            u32[((at + layout.offsets) >>> 2) + r] = first;
            first += n;
          }
          // Each word says where it is from, so that halves of a double cannot be mixed up.
          for (let word = layout.keys; word < layout.offsets; word += 4) u32[(at + word) >>> 2] = map * 1000 + word;
          return at;
        });
        const out = take(rowsOf(blocks.map(rowsOf)), 0, blocks.length);
        const scratch = arena.take(blocks.length * 16);
        u32.set(sources, scratch >>> 2);
        kernels.mergeSorted(scratch, blocks.length, reducers, out, scratch + blocks.length * 4);
        const words = (at: number, kind: number, rows: number) => [...u32.subarray(at >>> 2, (at + rows * numericBytes[kind]!) >>> 2)];
        for (let r = 0; r < reducers; r++) {
          const found = sortedRun(u32, out, r);
          const parts = sources.map(source => sortedRun(u32, source, r));
          assert.deepEqual(
            words(found.keysAt, keyKind, found.rows),
            parts.flatMap(({ keysAt, rows }) => words(keysAt, keyKind, rows)),
            name,
          );
          assert.deepEqual(
            words(found.valuesAt, valueKind, found.rows),
            parts.flatMap(({ valuesAt, rows }) => words(valuesAt, valueKind, rows)),
            name,
          );
          assert.equal(sortedRows(u32, out, r), rowsOf(blocks.map(counts => counts[r]!)));
        }
        assert.ok(arena.intact(), `${name} wrote too far`);
      }
    }),
  );
});

interface MapTask {
  readonly rows: readonly (readonly [number, number])[];
  readonly valueKind: number;
  /** A row that the numeric columns cannot hold: it comes after, and keeps its map out of sorted blocks. */
  readonly other: string | undefined;
}

/** Writes what an attempt at a map has; what it returns commits that. */
function write(
  shuffle: Fixture,
  map: number,
  attempt: number,
  task: MapTask,
  open: OpenBlocks,
  kernels: Kernels,
): { commit(): MapOutputSize } {
  const { reducers } = shuffle.ref;
  const partitioner = { kind: 'hash', partitions: reducers } as const;
  const output = outputOf(shuffle, map, attempt, open, kernels);
  const writer = new NumericWriter(shuffle.heap, kernels, output, partitioner, Int32, task.valueKind, null);
  for (const [i, [key, value]] of task.rows.entries()) [writer.keys[i], writer.values[i]] = [key, value];
  writer.flush(task.rows.length);
  writer.finish();
  writer.dispose();
  const pairs = new PairWriter(output, partitioner);
  if (task.other !== undefined) pairs.put(task.other.length, task.other);
  pairs.flush();
  return { commit: () => output.commit() };
}

const rowsOf = ({ heap }: Fixture, runs: Iterable<Run>) => {
  const rows: unknown[] = [];
  for (const run of runs) {
    const { keys, values, rows: n } = readRows(heap, run);
    for (let i = 0; i < n; i++) rows.push(keys[i], values[i]);
  }
  return rows;
};

/** Holds what each reduce id has against the rows of all maps, in their order. */
function checkRows(shuffle: Fixture, tasks: readonly MapTask[]): void {
  const { store, ref } = shuffle;
  for (let r = 0; r < ref.reducers; r++) {
    const expected = tasks.flatMap(({ rows, other }) =>
      [...rows, ...(other === undefined ? [] : [[other.length, other] as const])]
        .filter(([key]) => reduceIdOf(hashKey(key), ref.reducers) === r)
        .flat(),
    );
    assert.deepEqual(rowsOf(shuffle, store.runs(ref, r)), expected);
    const joined = store.joinedRuns(ref, r);
    for (const place of ['heap', 'own'] as const) assert.deepEqual(rowsOf(shuffle, loadedRuns(store, joined, place)), expected);
  }
}

const numbers = (map: number): MapTask => ({
  rows: Array.from({ length: 30 }, (_, i): [number, number] => [i * 7, map * 100 + i]),
  valueKind: Int32,
  other: undefined,
});

const anyTask: fc.Arbitrary<MapTask> = fc.record({
  rows: fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -99, max: 99 })), { maxLength: 8 }),
  valueKind: fc.oneof({ weight: 30, arbitrary: fc.constant(Int32) }, { weight: 1, arbitrary: fc.constant(Float64) }),
  other: fc.oneof({ weight: 60, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.string({ maxLength: 4 }) }),
});

test('rows come in the order of maps, in whatever order these are committed; memory comes back', () => {
  const heap = newHeap();
  const cases = fc.record({
    list: fc.array(anyTask, { minLength: 1, maxLength: 150, size: 'max' }),
    isPlain: fc.boolean(),
    reducers: fc.constantFrom(1, 5, 12),
    stride: fc.constantFrom(1, 7, 149),
    threads: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom<KernelName>(...kernelNames),
  });
  let merges = 0;
  fc.assert(
    fc.property(cases, ({ list, isPlain, reducers, stride, threads, name }) => {
      const tasks = isPlain ? list.map(({ rows }) => ({ rows, valueKind: Int32, other: undefined })) : list;
      const before = heap.stats();
      const shuffle = newShuffle(tasks.length, reducers, heap, true);
      const open = Array.from({ length: threads }, () => new OpenBlocks());
      const real = kernelsOn(heap, name);
      const kernels: Kernels = {
        ...real,
        mergeSorted(...args) {
          merges++;
          real.mergeSorted(...args);
        },
      };
      // Each attempt twice: the second comes too late.
      for (let i = 0, map = 0; i < tasks.length; i++) {
        for (const attempt of [2 * map, 2 * map + 1]) {
          const output = write(shuffle, map, attempt, tasks[map]!, open[i % threads]!, kernels);
          assert.equal(output.commit().committed, attempt === 2 * map);
        }
        do map = (map + stride) % 150;
        while (i + 1 < tasks.length && (map >= tasks.length || shuffle.store.isDone(shuffle.ref, map)));
      }
      checkRows(shuffle, tasks);
      shuffle.store.free(shuffle.ref);
      assert.deepEqual(heap.stats(), before);
    }),
    { numRuns: 60 },
  );
  assert.ok(merges > 20, `only ${merges} merges`);
});

test('a group is one stretch of rows for a reduce id; the blocks of its maps are given back', () => {
  const shuffle = newShuffle(130, 3, newHeap(), true);
  const { heap, store, ref } = shuffle;
  const tasks = Array.from({ length: 130 }, (_, map) => numbers(map));
  for (const [map, task] of tasks.entries()) write(shuffle, map, map, task, shuffle.open, kernelsOn(heap)).commit();
  checkRows(shuffle, tasks);
  // Two groups of 64, and two maps that are too few to be merged.
  for (let r = 0; r < 3; r++) assert.deepEqual([...new Set(store.runs(ref, r).map(run => run.map))], [0, 64, 128, 129]);
  assert.equal(heap.stats().blocks, 1 + 4);
});

describe('a group of 20 maps, of which the last one', () => {
  const last = 19;
  const tasks = Array.from({ length: 20 }, (_, map) => numbers(map));

  function begin() {
    const shuffle = newShuffle(20, 3, newHeap(), true);
    const before = shuffle.heap.stats().blocks - 1;
    for (let map = 0; map < last; map++) write(shuffle, map, map, tasks[map]!, shuffle.open, kernelsOn(shuffle.heap)).commit();
    return { ...shuffle, before };
  }

  /** What the driver does when a thread has ended in an attempt, and another attempt that goes well. */
  function again({ heap, store, ref, ...shuffle }: Fixture): void {
    heap.releaseStaging(heap.thread);
    store.retract(ref, last, 100);
    write({ heap, store, ref, ...shuffle }, last, 101, tasks[last]!, new OpenBlocks(), kernelsOn(heap)).commit();
  }

  function end({ before, ...shuffle }: ReturnType<typeof begin>): void {
    checkRows(shuffle, tasks);
    shuffle.store.free(shuffle.ref);
    assert.equal(shuffle.heap.stats().blocks, before);
    shuffle.heap.verify();
  }

  test('ends in the middle of merging', () => {
    const shuffle = begin();
    const ending: Kernels = {
      ...kernelsOn(shuffle.heap),
      mergeSorted() {
        throw new Error('ended');
      },
    };
    assert.throws(() => write(shuffle, last, 100, tasks[last]!, shuffle.open, ending).commit(), /ended/);
    again(shuffle);
    end(shuffle);
  });

  for (const when of ['before', 'after'] as const) {
    test(`ends ${when} it is done: what it has merged ${when === 'before' ? 'never counts' : 'counts, and what it has not given back does not'}`, () => {
      const shuffle = begin();
      const { store, ref } = shuffle;
      const finish = store.finish.bind(store);
      store.finish = (...args) => {
        if (when === 'after') finish(...args);
        store.finish = finish;
        throw new Error('ended');
      };
      assert.throws(() => write(shuffle, last, 100, tasks[last]!, shuffle.open, kernelsOn(shuffle.heap)).commit(), /ended/);
      if (when === 'before') again(shuffle);
      else shuffle.heap.releaseStaging(shuffle.heap.thread);
      assert.equal(store.winner(ref, last), when === 'before' ? 101 : 100);
      end(shuffle);
    });
  }

  test('finds no room to merge: all stay as they are', () => {
    const shuffle = begin();
    const output = write(shuffle, last, 100, tasks[last]!, shuffle.open, kernelsOn(shuffle.heap));
    const taken = fill(shuffle.heap, 0);
    assert.equal(output.commit().committed, true);
    for (const block of taken) shuffle.heap.free(block);
    assert.deepEqual(
      shuffle.store.runs(shuffle.ref, 0).map(run => run.map),
      Array.from({ length: 20 }, (_, map) => map),
    );
    end(shuffle);
  });

  test('has no rows: the others are merged', () => {
    const shuffle = begin();
    write(shuffle, last, 100, { ...tasks[last]!, rows: [] }, shuffle.open, kernelsOn(shuffle.heap)).commit();
    checkRows(shuffle, tasks.slice(0, last));
    assert.equal(shuffle.store.runs(shuffle.ref, 0).length, 1);
  });

  test('has a row that is no number: all stay as they are', () => {
    const shuffle = begin();
    const mixed = { ...tasks[last]!, other: 'x' };
    write(shuffle, last, 100, mixed, shuffle.open, kernelsOn(shuffle.heap)).commit();
    checkRows(shuffle, [...tasks.slice(0, last), mixed]);
  });
});
