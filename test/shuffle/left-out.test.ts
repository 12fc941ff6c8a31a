// Runs that leave something out: a value that all rows have, and int32 keys that ascend by little. Whatever way they are read, in the
// heap or in memory of their own, the rows are those that were written.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeValue } from '../../lib/codec/column.js';
import type { ShuffleId } from '../../lib/core/ids.js';
import type { Heap } from '../../lib/shuffle/heap/allocator.js';
import { NumericKind } from '../../lib/shuffle/kernels.js';
import { areSteps, isOne, isPlain, numericKinds } from '../../lib/shuffle/kinds.js';
import { readNumbers } from '../../lib/shuffle/number-columns.js';
import { CHUNK_ROWS, NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { type HashPartitioner, placing, type RangePartitioner } from '../../lib/shuffle/partitioner.js';
import { loadedRuns, readKeys, readRows } from '../../lib/shuffle/reader.js';
import { copiedBytes, copyRun, type Run, readRun, rowBytes } from '../../lib/shuffle/run.js';
import { mostStepBytes, readSteps, writeSteps } from '../../lib/shuffle/steps.js';
import { ShuffleStore } from '../../lib/shuffle/store.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { SpillFiles } from '../../lib/storage/spill-files.js';
import { awkwardBits, doubleOf } from './arena.js';
import { type Fixture, highHeap, type KernelName, kernelNames, kernelsOn, newHeap, newShuffle, outputOf } from './fixture.js';

const directory = mkdtempSync(join(tmpdir(), 'heddle-left-out-'));
after(() => rmSync(directory, { recursive: true, force: true }));

type Row = readonly [number, number];
type Partitioner = HashPartitioner | RangePartitioner;

const int32 = fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0));

describe('steps', () => {
  const column = fc
    .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) }, int32), fc.nat({ max: 900 })), { maxLength: 8 })
    .map(pieces =>
      pieces.flatMap(([step, n], p) => Array.from({ length: n }, (_, i) => (p * 7919 + i * (step % 300) + (step > 300 ? step : 0)) | 0)),
    );

  test('are the column again, and take no more than half of it and a little', () => {
    let written = 0;
    fc.assert(
      fc.property(column, numbers => {
        const own = Int32Array.from(numbers);
        const to = new Uint8Array(mostStepBytes(own.length)).fill(0xa5);
        const bytes = writeSteps(own, to);
        assert.ok(bytes <= mostStepBytes(own.length));
        if (bytes === 0) return;
        written++;
        const again = new Int32Array(own.length);
        readSteps(to.subarray(0, bytes), again);
        assert.deepEqual(again, own);
      }),
    );
    assert.ok(written > 20, `only ${written} of 100`);
  });

  test('are a byte a number where they are short, five where they are long, and none where most are long', () => {
    const to = new Uint8Array(mostStepBytes(1000));
    assert.equal(
      writeSteps(
        Int32Array.from({ length: 1000 }, (_, i) => i * 254),
        to,
      ),
      1000 + 4,
    );
    const wrapped = Int32Array.from({ length: 1000 }, (_, i) => (i * 3) % 1200);
    assert.equal(writeSteps(wrapped, to), 1000 + 3 * 4);
    assert.equal(
      writeSteps(
        Int32Array.from({ length: 1000 }, (_, i) => i * 255),
        to,
      ),
      0,
    );
    assert.equal(writeSteps(Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1), to), 11);
    const again = new Int32Array(3);
    readSteps(to.subarray(0, 11), again);
    assert.deepEqual([...again], [-(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1]);
  });
});

/** Rows in stretches: keys that ascend, or stay, or are anything; values that are one, or not. */
interface Stretch {
  readonly rows: number;
  readonly step: number | 'any';
  readonly value: number | 'each its own';
}

const awkward = fc.oneof(fc.constantFrom(0, 1, -0, Number.NaN, 0.5, 2 ** 40), fc.constantFrom(...awkwardBits.map(doubleOf)));
const stretch = (valueKind: number): fc.Arbitrary<Stretch> =>
  fc.record({
    rows: fc.integer({ min: 1, max: 3000 }),
    step: fc.oneof(fc.constantFrom<number | 'any'>(0, 1, 3, 100, 'any')),
    value: fc.oneof(
      { weight: 3, arbitrary: fc.constant<number | 'each its own'>(7) },
      { weight: 1, arbitrary: valueKind === NumericKind.Int32 ? int32 : awkward },
      { weight: 1, arbitrary: fc.constant<number | 'each its own'>('each its own') },
    ),
  });

function rowsOf(stretches: readonly Stretch[], keyKind: number): Row[] {
  const rows: Row[] = [];
  for (const { rows: n, step, value } of stretches) {
    for (let i = 0; i < n; i++) {
      const key = step === 'any' ? Math.imul(rows.length + 1, 0x9e3779b1) : i * step;
      rows.push([keyKind === NumericKind.Int32 ? key : key / 2, value === 'each its own' ? rows.length : value]);
    }
  }
  return rows;
}

interface Kinds {
  readonly keyKind: number;
  readonly valueKind: number;
}

function writeTask(
  shuffle: Fixture,
  map: number,
  rows: readonly Row[],
  { keyKind, valueKind }: Kinds,
  to: Partitioner,
  name: KernelName,
  open: OpenBlocks,
) {
  const { heap } = shuffle;
  const output = outputOf(shuffle, map, 0, open, kernelsOn(heap, name));
  const writer = new NumericWriter(heap, kernelsOn(heap, name), output, to, keyKind, valueKind, null);
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const chunk = rows.slice(from, from + CHUNK_ROWS);
    chunk.forEach(([key, value], i) => {
      writer.keys[i] = key;
      writer.values[i] = value;
    });
    writer.flush(chunk.length);
  }
  writer.finish();
  writer.dispose();
  output.commit();
}

/** Bits, for -0 and NaN. */
const flat = (rows: readonly Row[]) => Float64Array.from(rows.flat());

function read(heap: Heap, runs: Iterable<Run>): Float64Array {
  const rows: Row[] = [];
  for (const run of runs) {
    const { keys, values, rows: n } = readRows(heap, run);
    assert.deepEqual(readKeys(heap, run), keys);
    for (let i = 0; i < n; i++) rows.push([keys[i] as number, values[i] as number]);
  }
  return flat(rows);
}

/** The runs as they are where they were copied to, behind each other: as in a file, or at another executor. */
function copied(heap: Heap, runs: readonly Run[]): Run[] {
  const memory = new Uint8Array(new ArrayBuffer(runs.reduce((bytes, run) => bytes + copiedBytes(run), 0)));
  let at = 0;
  return runs.map(run => {
    const address = at;
    at += copyRun(heap.u8, run, memory, at);
    assert.equal(at - address, copiedBytes(run));
    return { own: memory.buffer, ...readRun(new Uint32Array(memory.buffer), address) };
  });
}

describe('runs that leave something out', () => {
  const heaps = { low: newHeap(), high: highHeap() };
  const partitioners: Partitioner[] = [
    { kind: 'hash', partitions: 1 },
    { kind: 'hash', partitions: 3 },
    { kind: 'range', partitions: 3, ascending: true, bounds: encodeValue([50, 20_000]) },
    { kind: 'range', partitions: 2, ascending: false, bounds: encodeValue([900]) },
  ];
  const cases = fc
    .record({
      keyKind: fc.constantFrom(NumericKind.Int32, NumericKind.Int32, NumericKind.Float64),
      valueKind: fc.constantFrom(NumericKind.Int32, NumericKind.Float64),
    })
    .chain(kinds =>
      fc.record({
        kinds: fc.constant(kinds),
        tasks: fc.array(fc.array(stretch(kinds.valueKind), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        to: fc.constantFrom(...partitioners),
        name: fc.constantFrom(...kernelNames),
        where: fc.constantFrom('low' as const, 'high' as const),
      }),
    );

  test('have the rows that were written, in order, wherever they are', () => {
    const seen = { steps: 0, one: 0, plain: 0 };
    fc.assert(
      fc.property(cases, ({ kinds, tasks, to, name, where }) => {
        const heap = heaps[where];
        const before = heap.stats();
        const shuffle = newShuffle(tasks.length, to.partitions, heap);
        const { store, ref } = shuffle;
        const open = new OpenBlocks();
        const written = tasks.map(stretches => rowsOf(stretches, kinds.keyKind));
        for (const [map, rows] of written.entries()) writeTask(shuffle, map, rows, kinds, to, name, open);
        const place = placing(to);
        for (let r = 0; r < to.partitions; r++) {
          const expected = flat(written.flat().filter(([key]) => place(key) === r));
          const runs = store.runs(ref, r);
          for (const { keyKind, valueKind, rows } of runs) {
            if (areSteps(keyKind)) seen.steps += rows;
            if (isOne(valueKind)) seen.one += rows;
            if (isPlain(numericKinds(keyKind, valueKind))) seen.plain += rows;
          }
          assert.equal(runs.reduce((bytes, run) => bytes + rowBytes(run), 0) >= (expected.length / 2) * 8, true);
          assert.deepEqual(read(heap, runs), expected);
          assert.deepEqual(read(heap, copied(heap, runs)), expected);
          const joined = store.joinedRuns(ref, r);
          for (const memory of ['heap', 'own'] as const) assert.deepEqual(read(heap, loadedRuns(store, joined, memory)), expected);
          const numbers = readNumbers(heap, kernelsOn(heap, name), joined)!;
          assert.equal(numbers.rows, expected.length / 2);
          for (let time = 0; time < 2; time++) {
            const rows: Row[] = [];
            for (const { keys, values, rows: n } of numbers.batches) for (let i = 0; i < n; i++) rows.push([keys[i]!, values[i]!]);
            assert.deepEqual(flat(rows), expected);
            if (numbers.one !== undefined) assert.ok(rows.every(row => Object.is(row[1], numbers.one!.value)));
          }
          numbers.dispose();
        }
        store.free(ref);
        assert.deepEqual(heap.stats(), before);
      }),
      { numRuns: 60 },
    );
    for (const [kind, rows] of Object.entries(seen)) assert.ok(rows > 10_000, `only ${rows} rows of ${kind}`);
  });

  for (const name of kernelNames) {
    test(`ascending keys with one value take a byte a row and a little, in the heap and on disk (${name})`, () => {
      const rows: Row[] = Array.from({ length: 400_000 }, (_, i) => [i % 300_000, 1]);
      for (const spills of [false, true]) {
        const heap = newHeap(spills ? 4 << 20 : 64 << 20);
        const spilled = new ShuffleStore(heap, new SpillFiles(localFileSystem, join(directory, name)));
        const plain = newShuffle(1, 2, heap);
        const shuffle = spills ? { ...plain, store: spilled, ref: spilled.create(1_000_000 as ShuffleId, 1, 2) } : plain;
        writeTask(shuffle, 0, rows, { keyKind: 1, valueKind: 1 }, { kind: 'hash', partitions: 2 }, name, new OpenBlocks());
        const { store, ref } = shuffle;
        const place = placing({ kind: 'hash', partitions: 2 });
        for (const r of [0, 1]) {
          const expected = flat(rows.filter(([key]) => place(key) === r));
          const runs = store.runs(ref, r);
          assert.equal(
            runs.some(run => run.spilled !== undefined),
            spills,
          );
          const bytes = runs.reduce((sum, run) => sum + (run.spilled?.bytes ?? run.bytes), 0);
          assert.ok(bytes < (expected.length / 2) * 1.1, `${bytes} bytes for ${expected.length / 2} rows`);
          assert.ok(runs.reduce((sum, run) => sum + rowBytes(run), 0) >= (expected.length / 2) * 8);
          for (const memory of ['heap', 'own'] as const) assert.deepEqual(read(heap, loadedRuns(store, runs, memory)), expected);
        }
        store.free(ref);
      }
    });
  }

  test('without room in the heap for what they leave out, are not read as numbers there, and nothing is kept', () => {
    const heap = newHeap(8 << 20);
    const shuffle = newShuffle(1, 1, heap);
    const rows: Row[] = Array.from({ length: 100_000 }, (_, i) => [i, 1]);
    writeTask(shuffle, 0, rows, { keyKind: 1, valueKind: 1 }, { kind: 'hash', partitions: 1 }, 'kernel', new OpenBlocks());
    const taken: number[] = [];
    for (let at = heap.allocate(1 << 16); at !== 0; at = heap.allocate(1 << 16)) taken.push(at);
    for (let at = heap.allocate(4096); at !== 0; at = heap.allocate(4096)) taken.push(at);
    const before = heap.stats();
    const runs = shuffle.store.runs(shuffle.ref, 0);
    assert.equal(readNumbers(heap, kernelsOn(heap), runs), undefined);
    assert.deepEqual(heap.stats(), before);
    assert.deepEqual(read(heap, loadedRuns(shuffle.store, runs, 'heap')), flat(rows));
  });
});
