// Short runs of numbers: rows that wait for their commit, their way into the open blocks, and how they are read as if they were one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeValue } from '../../lib/codec/column.js';
import { hashKey } from '../../lib/codec/key-hash.js';
import { NumericKind, numericBytes } from '../../lib/shuffle/kernels.js';
import { numericKinds } from '../../lib/shuffle/kinds.js';
import { readNumbers } from '../../lib/shuffle/number-columns.js';
import { NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { PairWriter } from '../../lib/shuffle/pair-writer.js';
import { type HashPartitioner, placing, type RangePartitioner, reduceIdOf } from '../../lib/shuffle/partitioner.js';
import { loadedRuns, readRows } from '../../lib/shuffle/reader.js';
import { BLOCK_HEADER, blockWord, numericPayload, RUN_HEADER, type Run, writeBlock } from '../../lib/shuffle/run.js';
import { Arena, bases, doubleBits, doubleOf, implementations, int32, memory } from './arena.js';
import { type Fixture, fill, type KernelName, kernelNames, kernelsOn, newHeap, newShuffle, outputOf } from './fixture.js';

const kinds = [NumericKind.Int32, NumericKind.Float64] as const;
const anyKind = fc.constantFrom(...kinds);
const double = doubleBits.map(doubleOf);
const u32 = new Uint32Array(memory.buffer);

describe('counting by reduce id', () => {
  for (const kind of kinds) {
    test(`kind ${kind}: each row where the partitioner sends it`, () => {
      const keys = fc.array(kind === NumericKind.Int32 ? int32 : double, { maxLength: 60 });
      const bounds = fc.uniqueArray(fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -20, max: 20 })), { maxLength: 8 });
      fc.assert(
        fc.property(
          keys,
          bounds,
          fc.boolean(),
          fc.integer({ min: 1, max: 9 }),
          fc.constantFrom(...bases),
          (rows, cuts, ascending, n, base) => {
            const sorted = cuts.sort((a, b) => (ascending ? a - b : b - a));
            const byRange = placing({ kind: 'range', partitions: sorted.length + 1, ascending, bounds: encodeValue(sorted) });
            for (const [, kernels] of implementations) {
              const arena = new Arena(base);
              const keysAt = arena.take(rows.length * 8);
              if (kind === NumericKind.Int32) new Int32Array(memory.buffer, keysAt, rows.length).set(rows);
              else new Float64Array(memory.buffer, keysAt, rows.length).set(rows);
              const boundsAt = arena.take(sorted.length * 8);
              new Float64Array(memory.buffer, boundsAt, sorted.length).set(sorted);
              const check = (partitions: number, place: (key: number) => number, count: (counts: number) => void) => {
                const counts = arena.take(partitions * 4);
                count(counts);
                const expected = new Array<number>(partitions).fill(0);
                for (const key of rows) expected[place(key)]!++;
                assert.deepEqual([...u32.subarray(counts >>> 2, (counts >>> 2) + partitions)], expected);
              };
              check(
                n,
                key => reduceIdOf(hashKey(key), n),
                counts => kernels.countPairs(kind, keysAt, rows.length, n, counts),
              );
              check(sorted.length + 1, byRange, counts =>
                kernels.countByRange(kind, keysAt, rows.length, boundsAt, sorted.length, Number(ascending), counts),
              );
              assert.ok(arena.intact());
            }
          },
        ),
      );
    });
  }
});

test('placing runs: kernel and twin write the same blocks, stop at the same ones, and go on', () => {
  const reduce = fc.record({ rows: fc.nat(9), room: fc.nat(300), open: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(reduce, { minLength: 1, maxLength: 8 }),
      anyKind,
      anyKind,
      fc.constantFrom(...bases),
      (list, keyKind, valueKind, base) => {
        const written = implementations.map(([, kernels]) => {
          const arena = new Arena(base);
          const all = list.reduce((sum, { rows }) => sum + rows, 0);
          const column = (kind: number, first: number) => {
            const at = arena.take(all * numericBytes[kind]!);
            for (let i = 0; i < (all * numericBytes[kind]!) / 4; i++) u32[(at >>> 2) + i] = first + i;
            return at;
          };
          const [keys, values] = [column(keyKind, 1000), column(valueKind, 2000)];
          const columnOf = () => arena.take(list.length * 4);
          const [state, counts, open, used, capacities] = [arena.take(16), columnOf(), columnOf(), columnOf(), columnOf()];
          u32.set([0, keys, values, 0], state >>> 2);
          const blocks: number[] = [];
          const block = (r: number, room: number) => {
            const at = arena.take(BLOCK_HEADER + room);
            writeBlock(u32, at, BLOCK_HEADER + room, BLOCK_HEADER, 1, r);
            blocks.push(at);
            for (const [column, word] of [
              [open, at],
              [used, BLOCK_HEADER],
              [capacities, BLOCK_HEADER + room],
            ] as const)
              u32[(column >>> 2) + r] = word;
          };
          for (const [r, { rows, room, open: isOpen }] of list.entries()) {
            u32[(counts >>> 2) + r] = rows;
            if (isOpen) block(r, room & ~7);
          }
          const stops: number[] = [];
          for (;;) {
            const kindsWord = numericKinds(keyKind, valueKind);
            const r = kernels.placeRuns(state, counts, list.length, open, used, capacities, 7, 9, kindsWord) >>> 0;
            if (r === list.length) break;
            stops.push(r);
            block(r, RUN_HEADER + numericPayload(list[r]!.rows, keyKind, valueKind));
          }
          assert.ok(arena.intact(), 'something was written behind a block');
          const bytes = list.map(({ rows }) => (rows === 0 ? 0 : RUN_HEADER + numericPayload(rows, keyKind, valueKind)));
          assert.equal(
            u32[(state >>> 2) + 3],
            bytes.reduce((sum, n) => sum + n),
          );
          const words = blocks.map(at => [...u32.subarray(at >>> 2, (at + u32[(at + blockWord.capacity) >>> 2]!) >>> 2)]);
          return { words, stops, used: [...u32.subarray(used >>> 2, (used >>> 2) + list.length)] };
        });
        const [kernel, twin] = written;
        assert.deepEqual(kernel, twin);
        const filled = list.flatMap(({ rows, room, open }, r) =>
          rows > 0 && (!open || RUN_HEADER + numericPayload(rows, keyKind, valueKind) > (room & ~7)) ? [r] : [],
        );
        assert.deepEqual(kernel!.stops, filled);
      },
    ),
  );
});

interface Task {
  readonly rows: readonly (readonly [number, number])[];
  readonly keyKind: number;
  readonly valueKind: number;
  /** Rows that the numeric columns cannot hold: they come after. */
  readonly others: readonly string[];
  /** Whether another attempt has done its work already. */
  readonly late: boolean;
}

type Numeric = HashPartitioner | RangePartitioner;

function runTask({ heap, ...shuffle }: Fixture, map: number, task: Task, partitioner: Numeric, open: OpenBlocks, name: KernelName): void {
  for (const attempt of task.late ? [2 * map, 2 * map + 1] : [2 * map]) {
    const output = outputOf({ heap, ...shuffle }, map, attempt, open);
    const writer = new NumericWriter(heap, kernelsOn(heap, name), output, partitioner, task.keyKind, task.valueKind, null);
    let filled = 0;
    for (const [key, value] of task.rows) {
      writer.keys[filled] = key;
      writer.values[filled] = value;
      if (++filled === 7) {
        writer.flush(filled);
        filled = 0;
      }
    }
    writer.flush(filled);
    writer.finish();
    writer.dispose();
    const pairs = new PairWriter(output, partitioner);
    for (const other of task.others) pairs.put(other.length, other);
    pairs.flush();
    assert.equal(output.commit().committed, attempt === 2 * map);
  }
}

const task = fc.tuple(anyKind, anyKind).chain(([keyKind, valueKind]) => {
  const of = (kind: number) =>
    kind === NumericKind.Int32 ? fc.integer({ min: -9, max: 9 }) : fc.oneof(double, fc.integer({ min: -9, max: 9 }));
  const rows = fc.array(fc.tuple(of(keyKind), of(valueKind)), { maxLength: 40 });
  const others = fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }));
  return fc.record({ rows, keyKind: fc.constant(keyKind), valueKind: fc.constant(valueKind), others, late: fc.boolean() });
});

const partitioners: readonly Numeric[] = [
  { kind: 'hash', partitions: 1 },
  { kind: 'hash', partitions: 5 },
  { kind: 'range', partitions: 4, ascending: true, bounds: encodeValue([-3, 0, 2.5]) },
  { kind: 'range', partitions: 3, ascending: false, bounds: encodeValue([5, -5]) },
];

test('joined runs have the rows of the runs, in order, wherever they are loaded; memory comes back', () => {
  const heap = newHeap();
  const cases = fc.record({
    list: fc.array(task, { minLength: 1, maxLength: 12 }),
    partitioner: fc.constantFrom(...partitioners),
    threads: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom(...kernelNames),
    isOnly: fc.boolean(),
  });
  let joined = 0;
  fc.assert(
    fc.property(cases, ({ list, partitioner, threads, name, isOnly }) => {
      const before = heap.stats();
      const shuffle = newShuffle(list.length, partitioner.partitions, heap, isOnly);
      const open = Array.from({ length: threads }, () => new OpenBlocks());
      for (const [map, each] of list.entries()) runTask(shuffle, map, each, partitioner, open[(map * 7) % threads]!, name);
      const { store, ref } = shuffle;
      const used = heap.stats();
      const rowsOf = (runs: Iterable<Run>) => {
        const rows: unknown[] = [];
        for (const run of runs) {
          const { keys, values, rows: n } = readRows(heap, run);
          for (let i = 0; i < n; i++) rows.push(keys[i], values[i]);
        }
        return rows;
      };
      const place = placing(partitioner);
      for (let r = 0; r < ref.reducers; r++) {
        const expected = list.flatMap(({ rows, others }) =>
          [...rows, ...others.map(other => [other.length, other] as const)].filter(([key]) => place(key) === r).flat(),
        );
        assert.deepEqual(rowsOf(store.runs(ref, r)), expected);
        const runs = store.joinedRuns(ref, r);
        joined += runs.filter(run => run.pieces !== undefined).length;
        for (const place of ['heap', 'own'] as const) assert.deepEqual(rowsOf(loadedRuns(store, runs, place)), expected);
        const numbers = readNumbers(heap, kernelsOn(heap, name), runs);
        assert.equal(
          numbers !== undefined,
          expected.every(value => typeof value === 'number'),
        );
        const flat =
          numbers &&
          [...numbers.batches].flatMap(({ keys, values, rows }) => Array.from({ length: rows }, (_, i) => [keys[i]!, values[i]!]).flat());
        if (flat !== undefined) assert.deepEqual(flat, expected);
        numbers?.dispose();
        assert.deepEqual(heap.stats(), used);
      }
      store.free(ref);
      assert.deepEqual(heap.stats(), before);
    }),
    { numRuns: 200 },
  );
  assert.ok(joined > 100, `only ${joined} joined runs`);
});

describe('where they are too many, or have no room', () => {
  const int = NumericKind.Int32;

  function write(shuffle: Fixture, attempt: number, rows: number, open: OpenBlocks) {
    const output = outputOf(shuffle, 0, attempt, open);
    const partitioner = { kind: 'hash', partitions: shuffle.ref.reducers } as const;
    const writer = new NumericWriter(shuffle.heap, kernelsOn(shuffle.heap), output, partitioner, int, int, null);
    for (let done = 0; done < rows; ) {
      let n = 0;
      for (; n < 4096 && done < rows; n++, done++) [writer.keys[n], writer.values[n]] = [done, done];
      writer.flush(n);
    }
    writer.finish();
    writer.dispose();
    return output;
  }

  test('a task with few rows for each reduce id takes no block for each; one with many does', () => {
    for (const [rows, many] of [
      [64 * 50, false],
      [64 * 50 + 1, true],
    ] as const) {
      const shuffle = newShuffle(1, 50);
      const before = shuffle.heap.stats().blocks;
      const output = write(shuffle, 0, rows, shuffle.open);
      assert.equal(shuffle.heap.stats().blocks - before >= 50, many, `${rows} rows: ${shuffle.heap.stats().blocks - before} blocks`);
      assert.equal(output.commit().rows, rows);
      const sum = Array.from({ length: 50 }, (_, r) => shuffle.store.runs(shuffle.ref, r))
        .flat()
        .reduce((sum, run) => sum + (readRows(shuffle.heap, run).values as Int32Array).reduce((a, b) => a + b, 0), 0);
      assert.equal(sum, (rows * (rows - 1)) / 2);
    }
  });

  test('a full heap fails the commit, and leaves the map to another attempt', () => {
    const shuffle = newShuffle(1, 200);
    const { heap, store, ref } = shuffle;
    const output = write(shuffle, 0, 1000, shuffle.open);
    const taken = fill(heap, 40 * 4096); // room for the open blocks of some reduce ids
    assert.throws(() => output.commit(), { code: 'HEDDLE_HEAP_FULL' });
    for (const block of taken) heap.free(block);
    assert.deepEqual(store.runs(ref, 0), []);
    const again = write(shuffle, 1, 1000, new OpenBlocks());
    assert.equal(again.commit().committed, true);
    const rows = Array.from({ length: 200 }, (_, r) => store.joinedRuns(ref, r))
      .flat()
      .reduce((sum, run) => sum + run.rows, 0);
    assert.equal(rows, 1000);
  });
});
