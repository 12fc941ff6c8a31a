// A map task's way to disk and back, without an engine around it.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ShuffleId } from '../../lib/core/ids.js';
import { NumericKind } from '../../lib/shuffle/kernels.js';
import { CHUNK_ROWS, NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { PairWriter } from '../../lib/shuffle/pair-writer.js';
import { partitionOf } from '../../lib/shuffle/partitioner.js';
import { loadedRuns, readRows } from '../../lib/shuffle/reader.js';
import { roomFor, ShuffleStore } from '../../lib/shuffle/store.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { SpillFiles } from '../../lib/storage/spill-files.js';
import { appendMarks, type Fixture, fill, kernelNames, kernelsOn, MIB, newHeap, outputOf } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'heddle-spill-unit-'));
after(() => rmSync(root, { recursive: true }));
let shuffles = 0;

interface Spilling extends Fixture {
  readonly directory: string;
  files(): string[];
}

function spilling(maps: number, reducers: number, heap = newHeap(4 * MIB)): Spilling {
  const directory = join(root, `${shuffles}`);
  const store = new ShuffleStore(heap, new SpillFiles(localFileSystem, directory));
  const ref = store.create(++shuffles as ShuffleId, maps, reducers);
  return { heap, store, ref, open: new OpenBlocks(), directory, files: () => readdirSync(directory) };
}

/** All rows of a reduce id. */
function rowsOf({ store, ref, heap }: Fixture, reduce: number, place: 'heap' | 'own'): unknown[][] {
  const rows: unknown[][] = [];
  for (const run of loadedRuns(store, store.runs(ref, reduce), place)) {
    const { keys, values, rows: n } = readRows(heap, run);
    for (let i = 0; i < n; i++) rows.push([keys[i], values[i]]);
  }
  return rows;
}

/** The rows of marks, run after run: map, sequence, words, mark. */
function marksOf({ store, ref, heap }: Fixture, reduce: number, place: 'heap' | 'own'): number[][] {
  const marks: number[][] = [];
  for (const run of loadedRuns(store, store.runs(ref, reduce), place)) {
    const words = new Float64Array(run.own ?? heap.u8.buffer, run.payload, run.bytes / 8);
    assert.ok(words.every(word => word === words[0]));
    marks.push([run.map, run.sequence, words.length, words[0]!]);
  }
  return marks;
}

describe('encoded runs', () => {
  test('of several times the heap come back in the order of writing, among those that stayed', () => {
    const shuffle = spilling(3, 3);
    const expected: number[][][] = [[], [], []];
    for (const map of [2, 0, 1]) {
      const output = outputOf(shuffle, map, map);
      for (let i = 0; i < 600; i++) {
        const [reduce, words] = [i % 3, i % 7 === 0 ? 3 : 2000];
        appendMarks(output, reduce, 1, words, map * 1000 + i);
        expected[reduce]!.push([map, Math.floor(i / 3), words, map * 1000 + i]);
      }
      const { rows, bytesSpilled, committed } = output.commit();
      assert.deepEqual([rows, committed], [600, true]);
      assert.ok(bytesSpilled > 4 * MIB);
    }
    const { usedBytes } = shuffle.heap.stats();
    for (const place of ['heap', 'own'] as const) {
      for (let r = 0; r < 3; r++) {
        const sorted = expected[r]!.toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
        assert.deepEqual(marksOf(shuffle, r, place), sorted);
      }
    }
    assert.equal(shuffle.heap.stats().usedBytes, usedBytes, 'what was read is given back');
    assert.equal(shuffle.files().length, 3);
    shuffle.store.free(shuffle.ref);
    assert.deepEqual(shuffle.files(), []);
  });

  test('go to disk at a commit where half of the heap is in use, but for those that are tiny', () => {
    const shuffle = spilling(2, 2);
    const small = outputOf(shuffle, 0);
    appendMarks(small, 0, 1, 3000, 1);
    assert.equal(small.commit().bytesSpilled, 0);
    const taken = fill(shuffle.heap, MIB);
    const crowded = outputOf(shuffle, 1, 1);
    appendMarks(crowded, 0, 1, 3000, 2);
    appendMarks(crowded, 1, 1, 1, 3);
    assert.equal(crowded.commit().bytesSpilled, 24032);
    for (const at of taken) shuffle.heap.free(at);
    assert.deepEqual(
      marksOf(shuffle, 0, 'heap').map(([, , , mark]) => mark),
      [1, 2],
    );
    assert.deepEqual(
      shuffle.store.runs(shuffle.ref, 1).map(run => run.spilled),
      [undefined],
    );
  });
});

for (const name of kernelNames) {
  test(`${name}: numbers and encoded rows in turn, past memory, keep their order`, () => {
    const shuffle = spilling(1, 4);
    const kernels = kernelsOn(shuffle.heap, name);
    const output = outputOf(shuffle, 0);
    const partitioner = { kind: 'hash', partitions: 4 } as const;
    const expected: unknown[][][] = [[], [], [], []];
    for (let turn = 0; turn < 3; turn++) {
      const kind = turn === 1 ? NumericKind.Float64 : NumericKind.Int32;
      const numeric = new NumericWriter(shuffle.heap, kernels, output, partitioner, kind, NumericKind.Int32, null);
      for (let chunk = 0; chunk < 20; chunk++) {
        for (let i = 0; i < CHUNK_ROWS; i++) {
          const key = (turn * 20 + chunk) * CHUNK_ROWS + i + (turn === 1 ? 0.5 : 0);
          numeric.keys[i] = key;
          numeric.values[i] = i;
          expected[partitionOf(partitioner, key)]!.push([key, i]);
        }
        numeric.flush(CHUNK_ROWS);
      }
      numeric.finish();
      numeric.dispose();
      const pairs = new PairWriter(output, partitioner);
      for (let i = 0; i < 1000; i++) {
        const key = `key ${i}`;
        pairs.put(key, turn);
        expected[partitionOf(partitioner, key)]!.push([key, turn]);
      }
      pairs.flush();
    }
    const { bytesSpilled, rows } = output.commit();
    assert.equal(rows, 3 * (20 * CHUNK_ROWS + 1000));
    assert.ok(bytesSpilled > MIB);
    for (let r = 0; r < 4; r++) {
      for (const place of ['heap', 'own'] as const) assert.equal(JSON.stringify(rowsOf(shuffle, r, place)), JSON.stringify(expected[r]));
    }
  });
}

describe('the file of an attempt', () => {
  const spill = (shuffle: Spilling, attempt: number) => {
    const output = outputOf(shuffle, 0, attempt);
    for (let i = 0; i < 400; i++) appendMarks(output, 0, 1, 2000, attempt);
    return output;
  };

  test('goes with one that loses, and with one that gives up', () => {
    const shuffle = spilling(1, 1);
    const winner = spill(shuffle, 1);
    const loser = spill(shuffle, 2);
    const third = spill(shuffle, 3);
    assert.equal(shuffle.files().length, 3);
    assert.equal(winner.commit().committed, true);
    assert.equal(loser.commit().committed, false);
    third.discard();
    winner.discard(); // as a task does in the end: what counts stays
    assert.deepEqual(shuffle.files(), [`shuffle-${shuffle.ref.id}-1.blocks`]);
    assert.equal(marksOf(shuffle, 0, 'own').length, 400);
  });

  test('of a thread that was lost is dropped, unless its output counts', () => {
    const shuffle = spilling(2, 1);
    spill(shuffle, 7);
    shuffle.store.dropSpilled(shuffle.ref, 0, 7);
    assert.deepEqual(shuffle.files(), []);
    spill(shuffle, 8).commit();
    shuffle.store.dropSpilled(shuffle.ref, 0, 8);
    assert.deepEqual(shuffle.files(), [`shuffle-${shuffle.ref.id}-8.blocks`]);
  });

  test('that is gone, or cannot be made: HEDDLE_SPILL, with the directory', () => {
    const shuffle = spilling(1, 1);
    spill(shuffle, 0).commit();
    rmSync(shuffle.directory, { recursive: true });
    assert.throws(() => marksOf(shuffle, 0, 'heap'), {
      code: 'HEDDLE_SPILL',
      data: { directory: shuffle.directory, option: 'spillDirectory' },
    });
    const store = new ShuffleStore(newHeap(4 * MIB), new SpillFiles(localFileSystem, join(root, 'nothing', 'here')));
    const lost = { ...shuffle, store, heap: store.heap, ref: store.create(99 as ShuffleId, 1, 1) };
    assert.throws(() => spill(lost, 0), { code: 'HEDDLE_SPILL' });
  });
});

test('what a task cannot do without is given room that its staging had', () => {
  const shuffle = spilling(1, 2, newHeap(4 * MIB, 2));
  const output = outputOf(shuffle, 0);
  for (let i = 0; i < 40; i++) appendMarks(output, i % 2, 1, 1000, i);
  const taken = fill(shuffle.heap, 0);
  assert.equal(shuffle.heap.allocate(4096), 0);
  const at = roomFor(shuffle.heap, 65536, 'a table');
  assert.ok(at !== 0);
  for (const address of [...taken, at]) shuffle.heap.free(address);
  output.commit();
  assert.throws(
    () => {
      fill(shuffle.heap, 0);
      roomFor(shuffle.heap, 65536, 'a table');
    },
    { code: 'HEDDLE_HEAP_FULL' },
  );
  assert.equal(marksOf(shuffle, 0, 'own').length, 20);
});
