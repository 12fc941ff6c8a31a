import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CURSOR_BYTES, NumericKind } from '../../lib/shuffle/kernels.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { encodeSizes } from '../../lib/shuffle/sizes.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';
import { appendMarks, type Fixture, fill, highHeap, MIB, newHeap, newShuffle, outputOf, readMarks, readPairsOf } from './fixture.js';

/** Cursors for a shuffle, as a writer has them. */
function cursorsOf({ heap, ref }: Fixture): number {
  const bytes = ref.reducers * CURSOR_BYTES;
  const at = heap.allocate(bytes);
  heap.u8.fill(0, at, at + bytes);
  return at;
}

/** Writes a row where a cursor points, as the scatter kernel would: int32 key, float64 value. */
function putRow({ heap }: Fixture, cursors: number, reduce: number, key: number, value: number): void {
  const word = (cursors + reduce * CURSOR_BYTES) / 4;
  const [keyAt, valueAt, room] = heap.u32.subarray(word, word + 3);
  assert.ok(room! > 0);
  heap.i32[keyAt! / 4] = key;
  heap.f64[valueAt! / 8] = value;
  heap.u32.set([keyAt! + 4, valueAt! + 8, room! - 1], word);
}

describe('MapOutput', () => {
  test('200 tasks with a row for each of 300 reduce ids take blocks by threads, not by tasks', () => {
    const heap = newHeap(32 * MIB); // 60,000 blocks would be 234 MiB
    const before = heap.stats();
    const [maps, reducers, threads] = [200, 300, 2];
    const shuffle = newShuffle(maps, reducers, heap);
    const open = Array.from({ length: threads }, () => new OpenBlocks());
    for (let map = 0; map < maps; map++) {
      const output = outputOf(shuffle, map, 0, open[map % threads]);
      for (let r = 0; r < reducers; r++) appendMarks(output, r, 1, 1, map * reducers + r);
      const { sizes, ...size } = output.commit();
      assert.deepEqual(size, { rows: reducers, bytes: reducers * 40, bytesSpilled: 0, committed: true });
      assert.deepEqual(sizes, encodeSizes(new Float64Array(reducers).fill(40)));
    }
    // 100 runs of 40 bytes are not more than the 4 KiB of a first block. And there is a table for each thread.
    const blocks = heap.stats().blocks - before.blocks - 1 - threads;
    assert.ok(blocks <= threads * reducers, `${blocks} blocks`);
    for (let r = 0; r < reducers; r++) {
      assert.deepEqual(
        readMarks(shuffle, r),
        Array.from({ length: maps }, (_, map) => [map, 0, 1, 1, map * reducers + r]),
      );
    }
    shuffle.store.free(shuffle.ref);
    assert.deepEqual(heap.stats(), before);
  });

  test('a well-filled block is handed over as it is, a small one is copied to the open block', () => {
    for (const heap of [newHeap(), highHeap()]) {
      const shuffle = newShuffle(4, 1, heap);
      const blocks = heap.stats().blocks;
      const large = outputOf(shuffle, 0);
      appendMarks(large, 0, 1, 3000, 1);
      const { usedBytes } = heap.stats();
      large.commit();
      assert.equal(heap.stats().usedBytes, usedBytes, 'nothing was taken, nothing given back');
      for (const map of [1, 2, 3]) {
        const small = outputOf(shuffle, map);
        appendMarks(small, 0, 1, 10, map + 1);
        small.commit();
      }
      assert.equal(heap.stats().blocks, blocks + 3, 'with the table of open blocks');
      assert.deepEqual(
        readMarks(shuffle, 0).map(run => run[4]),
        [1, 2, 3, 4],
      );
    }
  });

  test('numeric blocks count by their rows, not by the room for rows: nearly empty ones are not kept', () => {
    const shuffle = newShuffle(1, 1);
    const { heap } = shuffle;
    const cursors = cursorsOf(shuffle);
    const { usedBytes } = heap.stats();
    const output = outputOf(shuffle, 0);
    for (let run = 0; run < 12; run++) {
      output.openNumeric(0, NumericKind.Int32, NumericKind.Float64, cursors); // blocks from 4 KiB up to 256 KiB
      putRow(shuffle, cursors, 0, run, run / 2);
    }
    output.openNumeric(0, NumericKind.Int32, NumericKind.Float64, cursors); // and one without a row
    output.closeAllNumeric(cursors);
    assert.ok(heap.stats().usedBytes - usedBytes > MIB);
    const { sizes, ...size } = output.commit();
    assert.deepEqual(size, { rows: 12, bytes: 12 * 48, bytesSpilled: 0, committed: true });
    assert.deepEqual(sizes, encodeSizes(Float64Array.of(12 * 48)));
    assert.equal(heap.stats().usedBytes - usedBytes, 2 * 4096, 'with the table of open blocks');
    assert.deepEqual(
      readPairsOf(shuffle, 0),
      Array.from({ length: 12 }, (_, i) => [i, i / 2]),
    );
  });

  test('encoded and numeric runs of one task come out in the order of writing', () => {
    const shuffle = newShuffle(1, 2);
    const cursors = cursorsOf(shuffle);
    const output = outputOf(shuffle, 0);
    appendMarks(output, 0, 1, 5, 1);
    output.openNumeric(0, NumericKind.Int32, NumericKind.Float64, cursors);
    putRow(shuffle, cursors, 0, 7, 7);
    output.closeAllNumeric(cursors);
    appendMarks(output, 0, 1, 3000, 2);
    appendMarks(output, 1, 1, 5, 3);
    output.openNumeric(0, NumericKind.Int32, NumericKind.Float64, cursors);
    putRow(shuffle, cursors, 0, 8, 8);
    output.closeAllNumeric(cursors);
    appendMarks(output, 0, 1, 5, 4);
    assert.equal(output.commit().rows, 6);
    const runs = shuffle.store.runs(shuffle.ref, 0);
    assert.deepEqual(
      runs.map(run => [run.numeric, run.sequence]),
      [
        [false, 0],
        [true, 1],
        [false, 2],
        [true, 3],
        [false, 4],
      ],
    );
    assert.equal(readMarks(shuffle, 1).length, 1);
  });

  test('encoded runs and a commit are refused while a numeric run is open', () => {
    const shuffle = newShuffle(1, 1);
    const cursors = cursorsOf(shuffle);
    const { usedBytes } = shuffle.heap.stats();
    const output = outputOf(shuffle, 0);
    output.openNumeric(0, NumericKind.Int32, NumericKind.Float64, cursors);
    assert.throws(() => appendMarks(output, 0, 1, 1, 1), { code: 'HEDDLE_INTERNAL' });
    assert.throws(() => output.commit(), { code: 'HEDDLE_INTERNAL' });
    output.discard();
    assert.equal(shuffle.heap.stats().usedBytes, usedBytes);
  });

  test('a heap that is full is HEDDLE_HEAP_FULL; discard gives everything back, and the partition can be run again', () => {
    const heap = newHeap(4 * MIB);
    const shuffle = newShuffle(1, 3, heap);
    const before = heap.stats();
    const output = outputOf(shuffle, 0);
    assert.throws(
      () => {
        for (let i = 0; ; i++) appendMarks(output, i % 3, 1, 1000, i);
      },
      { code: 'HEDDLE_HEAP_FULL' },
    );
    output.discard();
    assert.deepEqual(heap.stats(), before);
    const again = outputOf(shuffle, 0, 1);
    appendMarks(again, 2, 1, 1, 5);
    assert.equal(again.commit().committed, true);
    assert.deepEqual(readMarks(shuffle, 2), [[0, 0, 1, 1, 5]]);
  });

  test('a commit needs no memory: in a full heap staging is handed over as it is', () => {
    const heap = newHeap(4 * MIB);
    const before = heap.stats();
    const shuffle = newShuffle(2, 5, heap);
    const output = outputOf(shuffle, 0);
    for (let r = 0; r < 5; r++) {
      appendMarks(output, r, 2, 3, r);
      appendMarks(output, r, 2, 700, r + 10);
    }
    const taken = fill(heap, 0);
    assert.equal(heap.allocate(1), 0);
    assert.equal(output.commit().committed, true);
    for (const at of taken) heap.free(at);
    for (let r = 0; r < 5; r++) {
      assert.deepEqual(readMarks(shuffle, r), [
        [0, 0, 2, 3, r],
        [0, 1, 2, 700, r + 10],
      ]);
    }
    shuffle.store.free(shuffle.ref);
    assert.deepEqual(heap.stats(), before);
  });

  test('a commit that fails leaves the claim to others, and nothing that is seen', () => {
    class FailingStore extends ShuffleStore {
      left = 3;
      override publish(ref: ShuffleRef, reduce: number, block: number): void {
        if (this.left-- === 0) throw new Error('no more');
        super.publish(ref, reduce, block);
      }
    }
    const shuffle = newShuffle(1, 6);
    const failing = new MapOutput(new FailingStore(shuffle.heap), shuffle.ref, 0, 0, new OpenBlocks());
    for (let r = 0; r < 6; r++) appendMarks(failing, r, 1, r % 2 === 0 ? 1 : 3000, 1);
    assert.throws(() => failing.commit(), /no more/);
    for (let r = 0; r < 6; r++) assert.deepEqual(readMarks(shuffle, r), []);
    const again = outputOf(shuffle, 0, 1);
    for (let r = 0; r < 6; r++) appendMarks(again, r, 1, 1, 2);
    assert.equal(again.commit().committed, true);
    for (let r = 0; r < 6; r++) assert.deepEqual(readMarks(shuffle, r), [[0, 0, 1, 1, 2]]);
  });

  test('a thread may forget its open blocks: of more shuffles than it remembers, all rows are there', () => {
    const heap = newHeap();
    const open = new OpenBlocks();
    const shuffles = Array.from({ length: 40 }, () => newShuffle(2, 1, heap));
    for (let map = 0; map < 2; map++) {
      for (const shuffle of shuffles) {
        const output = outputOf(shuffle, map, 0, open);
        appendMarks(output, 0, 1, 1, shuffle.ref.id);
        output.commit();
      }
    }
    for (const shuffle of shuffles) {
      assert.deepEqual(readMarks(shuffle, 0), [
        [0, 0, 1, 1, shuffle.ref.id],
        [1, 0, 1, 1, shuffle.ref.id],
      ]);
    }
  });
});
