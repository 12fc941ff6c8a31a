import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { ShuffleId } from '../../lib/core/ids.js';
import type { MapOutputSize } from '../../lib/shuffle/map-output.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { TAIL } from '../../lib/shuffle/ring/layout.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';
import { appendMarks, highHeap, MIB, newHeap, newShuffle, outputOf, readMarks } from './fixture.js';
import type { RaceWork } from './race-worker.js';

/** A store on which attempts die at the last moment: everything is published, nothing finished. */
class DyingStore extends ShuffleStore {
  override finish(): void {}
}

describe('ShuffleStore', () => {
  test('create and free give back the heap as it was', () => {
    const heap = newHeap();
    const before = heap.stats();
    const store = new ShuffleStore(heap);
    const refs = [
      [1, 1],
      [1000, 1],
      [1, 1000],
      [0, 3],
      [200, 300],
    ].map(([maps, reducers], i) => store.create(i as ShuffleId, maps!, reducers!));
    for (const ref of refs) for (let r = 0; r < ref.reducers; r++) assert.deepEqual(store.runs(ref, r), []);
    for (const ref of refs) store.free(ref);
    assert.deepEqual(heap.stats(), before);
    heap.verify();
  });

  test('create in a full heap is HEDDLE_HEAP_FULL and takes nothing', () => {
    const heap = newHeap(2 * MIB);
    const before = heap.stats();
    assert.throws(() => new ShuffleStore(heap).create(1 as ShuffleId, 10, 100_000), { code: 'HEDDLE_HEAP_FULL' });
    assert.deepEqual(heap.stats(), before);
  });

  test('a map partition is claimed once; a claim can be taken back by its attempt only, and not once it is finished', () => {
    const { store, ref } = newShuffle(3, 1);
    assert.equal(store.claim(ref, 1, 4), true);
    assert.equal(store.claim(ref, 1, 5), false);
    assert.equal(store.claim(ref, 1, 4), false);
    assert.equal(store.isDone(ref, 1), false);
    store.retract(ref, 1, 5);
    assert.equal(store.claim(ref, 1, 5), false);
    store.retract(ref, 1, 4);
    assert.equal(store.awaitWinner(ref, 1), false);
    assert.equal(store.claim(ref, 1, 5), true);
    store.finish(ref, 1, 5);
    store.retract(ref, 1, 5);
    assert.equal(store.isDone(ref, 1), true);
    assert.equal(store.awaitWinner(ref, 1), true);
    assert.equal(store.claim(ref, 1, 6), false);
    for (const map of [0, 2]) assert.equal(store.isDone(ref, map), false);
  });

  test('attempt numbers use all of the bits they have', () => {
    const shuffle = newShuffle(2, 1);
    for (const [map, attempt] of [
      [0, 2 ** 30],
      [1, 2 ** 31 - 3],
    ] as const) {
      const output = outputOf(shuffle, map, attempt);
      appendMarks(output, 0, 1, 1, map + 7);
      assert.equal(output.commit().committed, true);
    }
    assert.deepEqual(
      readMarks(shuffle, 0).map(run => run[4]),
      [7, 8],
    );
  });

  test('what an attempt left that lost, died or gave up is never seen', () => {
    const shuffle = newShuffle(3, 2);
    const dying = { ...shuffle, store: new DyingStore(shuffle.heap) };
    for (const map of [0, 1]) {
      const dead = outputOf(dying, map, 0);
      appendMarks(dead, 0, 1, 1, 100 + map);
      appendMarks(dead, 1, 1, 4000, 100 + map); // large enough to be handed over as it is
      dead.commit();
    }
    assert.deepEqual(readMarks(shuffle, 0), []);
    assert.deepEqual(readMarks(shuffle, 1), []);
    for (const map of [0, 1]) shuffle.store.retract(shuffle.ref, map, 0);
    // Map 0 is run again, map 1 is not. Another attempt of map 0 loses, and one of map 2 gives up.
    const again = outputOf(shuffle, 0, 1);
    appendMarks(again, 0, 1, 1, 200);
    appendMarks(again, 1, 1, 4000, 200);
    const loser = outputOf(shuffle, 0, 2);
    appendMarks(loser, 0, 1, 1, 300);
    const lazy = outputOf(shuffle, 2, 3);
    appendMarks(lazy, 1, 1, 1, 400);
    assert.equal(again.commit().committed, true);
    const blocks = shuffle.heap.stats().blocks;
    assert.deepEqual(loser.commit(), { rows: 0, bytes: 0, bytesSpilled: 0, committed: false, winner: 1 });
    lazy.discard();
    assert.equal(shuffle.heap.stats().blocks, blocks - 2, 'the staging of a loser and of a quitter goes back');
    assert.deepEqual(readMarks(shuffle, 0), [[0, 0, 1, 1, 200]]);
    assert.deepEqual(readMarks(shuffle, 1), [[0, 0, 1, 4000, 200]]);
  });

  test('more blocks than a ring holds: all are there, in map order, however often they are read', () => {
    for (const heap of [newHeap(), highHeap()]) {
      const before = heap.stats();
      const maps = 100;
      const shuffle = newShuffle(maps, 2, heap);
      for (let i = 0; i < maps; i++) {
        const map = (i * 37) % maps; // committed in another order
        const output = outputOf(shuffle, map);
        for (let s = 0; s < 3; s++) appendMarks(output, 1, 1, 3000, map * 10 + s); // 24 kB: a block of its own
        output.commit();
        if (i === 50) assert.equal(readMarks(shuffle, 1).length, 51 * 3); // reading in between moves nothing
      }
      const expected = Array.from({ length: maps * 3 }, (_, i) => [Math.floor(i / 3), i % 3, 1, 3000, Math.floor(i / 3) * 10 + (i % 3)]);
      assert.ok(shuffle.store.blocks(shuffle.ref, 1).length >= 100);
      assert.deepEqual(readMarks(shuffle, 1), expected);
      assert.deepEqual(readMarks(shuffle, 1), expected);
      assert.deepEqual(readMarks(shuffle, 0), []);
      const other = { ...shuffle, store: new ShuffleStore(heap) }; // as another thread would see it
      assert.deepEqual(readMarks(other, 1), expected);
      other.store.free(shuffle.ref);
      assert.deepEqual(heap.stats(), before);
      heap.verify();
    }
  });

  test('a block that went with the thread that announced it is an error, not a silence', () => {
    const shuffle = newShuffle(2, 1);
    const commit = (map: number) => {
      const output = outputOf(shuffle, map, 0, new OpenBlocks());
      appendMarks(output, 0, 1, 1, map);
      output.commit();
    };
    commit(0);
    assert.equal(shuffle.store.blocks(shuffle.ref, 0, 0).length, 1);
    // What a thread leaves behind that is ended between claiming a place in the ring and filling it.
    const segment = shuffle.ref.address + 64 + 8;
    const ring = segment + 8;
    Atomics.add(shuffle.heap.i32, segment >>> 2, 1);
    Atomics.add(shuffle.heap.i32, (ring >>> 2) + TAIL, 4);
    commit(1);
    assert.throws(() => shuffle.store.blocks(shuffle.ref, 0, 0), { code: 'HEDDLE_CORRUPT', message: /blocks were lost/ });
    // It stops nobody: with the ring out of order, blocks go to the segment.
    for (let i = 0; i < 20; i++) shuffle.store.publish(shuffle.ref, 0, shuffle.heap.allocate(4096));
  });

  test('a block that is none is HEDDLE_CORRUPT', () => {
    const shuffle = newShuffle(1, 1);
    const output = outputOf(shuffle, 0);
    appendMarks(output, 0, 1, 1, 1);
    output.commit();
    const [block] = shuffle.store.blocks(shuffle.ref, 0);
    shuffle.heap.u32[block! >>> 2] = 0;
    assert.throws(() => shuffle.store.runs(shuffle.ref, 0), { code: 'HEDDLE_CORRUPT' });
  });
});

/** Starts threads that commit the same map partitions at the same moments. */
async function race(heap: ReturnType<typeof newHeap>, ref: ShuffleRef, threads: number): Promise<MapOutputSize[][]> {
  const gates = heap.allocateWords(ref.maps);
  const workers = Array.from({ length: threads }, (_, i) => {
    const work: RaceWork = { memory: heap.memory, thread: i + 1, threads, ref, gates };
    return new Worker(new URL('./race-worker.js', import.meta.url), { workerData: work });
  });
  return Promise.all(workers.map(async worker => ((await once(worker, 'message')) as [MapOutputSize[]])[0]));
}

describe('ShuffleStore: threads', () => {
  test('of attempts that commit one map partition at once, one wins, and a loser returns when the rows are there', async () => {
    const heap = newHeap();
    const before = heap.stats().blocks;
    const maps = 150;
    const shuffle = newShuffle(maps, 3, heap);
    const sizes = await race(heap, shuffle.ref, 3);
    const winners = Array.from({ length: maps }, (_, map) => sizes.map(list => list[map]!.committed).indexOf(true));
    for (let map = 0; map < maps; map++) assert.equal(sizes.filter(list => list[map]!.committed).length, 1, `winners of map ${map}`);
    for (let reduce = 0; reduce < 3; reduce++) {
      assert.deepEqual(
        readMarks(shuffle, reduce),
        winners.map((winner, map) => [map, 0, 1, 1 + (map % 7) * 400, winner + 1]),
      );
    }
    shuffle.store.free(shuffle.ref);
    assert.equal(heap.stats().blocks, before);
    heap.verify();
  });

  test('an attempt waits for the one that has the claim, and takes over when that one died', async () => {
    const heap = newHeap();
    const shuffle = newShuffle(1, 1, heap);
    const { store, ref } = shuffle;
    assert.equal(store.claim(ref, 0, 77), true);
    const gates = heap.allocateWords(1);
    const work: RaceWork = { memory: heap.memory, thread: 1, threads: 1, ref, gates };
    const worker = new Worker(new URL('./race-worker.js', import.meta.url), { workerData: work });
    const answer = once(worker, 'message') as Promise<[MapOutputSize[]]>;
    Atomics.wait(heap.i32, gates / 4, 0); // until the worker is about to commit
    assert.deepEqual(readMarks(shuffle, 0), []);
    store.retract(ref, 0, 77);
    const [[size]] = await answer;
    assert.equal(size!.committed, true);
    assert.deepEqual(readMarks(shuffle, 0), [[0, 0, 1, 1, 1]]);
  });
});
