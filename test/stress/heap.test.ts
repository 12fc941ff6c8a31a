import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import type { HeapWork } from './heap-worker.js';

const MIB = 1 << 20;

function start(work: HeapWork): Worker {
  return new Worker(new URL('./heap-worker.js', import.meta.url), { workerData: work });
}

async function answer(worker: Worker): Promise<unknown> {
  const [message] = (await once(worker, 'message')) as [unknown]; // rejects on 'error'
  return message;
}

describe('heap: threads', () => {
  for (const [title, platform, bytes] of [
    ['a heap with room', 'linux', 64 * MIB],
    ['a heap that is often full', 'linux', 4 * MIB],
    ['a heap that grows', 'win32', 160 * MIB],
  ] as const) {
    test(`${title}: nobody writes into another's block, and all comes back`, async () => {
      const memory = reserveHeap(bytes, { platform });
      const heap = Heap.format(memory, { threads: 5 });
      const before = heap.stats();
      const grows = platform === 'win32';
      const work = { memory, kind: 'churn', rounds: grows ? 300 : 6000, mostBytes: grows ? 3 * MIB : 90_000 } as const;
      const blocks = await Promise.all([1, 2, 3, 4].map(thread => answer(start({ ...work, thread }))));
      for (const count of blocks) assert.ok((count as number) > 0);
      heap.verify();
      const after = heap.stats();
      assert.equal(after.usedBytes, 0);
      assert.equal(after.blocks, 0);
      assert.equal(after.freeBytes, before.freeBytes);
      if (grows) assert.ok(memory.buffer.byteLength > 64 * MIB);
      else assert.deepEqual(after, before);
    });
  }
});

describe('heap: a thread that ends', () => {
  test('holding the lock: breakLock frees it, and the sweep its blocks', async () => {
    const memory = reserveHeap(4 * MIB);
    const heap = Heap.format(memory, { threads: 2 });
    const before = heap.stats();
    await once(start({ memory, thread: 1, kind: 'hold the lock', rounds: 0, mostBytes: 0 }), 'exit');
    assert.equal(heap.breakLock(0), false);
    assert.equal(heap.breakLock(1), true);
    assert.equal(heap.breakLock(1), false);
    assert.equal(heap.stats().blocks, 1);
    assert.equal(heap.releaseStaging(1), 1);
    assert.deepEqual(heap.stats(), before);
    heap.verify();
  });

  test('terminated at any moment while others go on: nothing is lost', async () => {
    const memory = reserveHeap(64 * MIB);
    const heap = Heap.format(memory, { threads: 3 });
    const before = heap.stats();
    const work = { memory, rounds: 400, mostBytes: 40_000 } as const;
    const survivor = start({ ...work, thread: 2, kind: 'churn for ever' });
    await answer(survivor);
    for (let round = 0; round < 12; round++) {
      const victim = start({ ...work, thread: 1, kind: 'churn for ever' });
      await answer(victim);
      await victim.terminate();
      heap.breakLock(1);
      heap.releaseStaging(1);
    }
    await survivor.terminate();
    heap.breakLock(2);
    heap.releaseStaging(2);
    heap.verify();
    assert.deepEqual(heap.stats(), before);
  });
});
