import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { ShuffleId } from '../../lib/core/ids.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { readRows } from '../../lib/shuffle/reader.js';
import { ShuffleStore } from '../../lib/shuffle/store.js';
import type { Checksum, ShuffleWork } from './shuffle-worker.js';

const THREADS = 4;
const MAPS = 60;

const cases = [
  [1, false, 'some of them text'],
  [7, false, 'some of them text'],
  [100, false, 'some of them text'],
  [40, true, 'not all few enough to be merged'],
  [200, true, 'merged'],
] as const;

describe('shuffle: threads', () => {
  for (const [reducers, isPlain, rows] of cases) {
    test(`${THREADS} threads commit ${MAPS} map partitions, each twice, to ${reducers} reduce ids, rows ${rows}: what went in comes out once`, async () => {
      const heap = Heap.format(reserveHeap(256 << 20), { threads: THREADS + 1 });
      const before = heap.stats();
      const store = new ShuffleStore(heap, undefined, isPlain);
      const ref = store.create(1 as ShuffleId, MAPS, reducers);
      // Threads 1 and 2 run the same partitions, in the same order, and so do 3 and 4.
      const sums = await Promise.all(
        Array.from({ length: THREADS }, async (_, i) => {
          const maps = Array.from({ length: MAPS }, (_, map) => map).filter(map => map % 2 === i >> 1);
          const work: ShuffleWork = { memory: heap.memory, thread: i + 1, ref, maps, isPlain };
          const worker = new Worker(new URL('./shuffle-worker.js', import.meta.url), { workerData: work });
          const [sum] = (await once(worker, 'message')) as [Checksum];
          return sum;
        }),
      );
      const wanted: Checksum = { rows: 0, keys: 0, values: 0 };
      for (const sum of sums) for (const name of ['rows', 'keys', 'values'] as const) wanted[name] += sum[name];
      const found: Checksum = { rows: 0, keys: 0, values: 0 };
      const seen = new Set<number>();
      for (let reduce = 0; reduce < reducers; reduce++) {
        let last = -1;
        for (const run of store.runs(ref, reduce)) {
          assert.ok(run.map >= last, 'runs come in map order');
          last = run.map;
          seen.add(run.map);
          const { keys, values, rows } = readRows(heap, run);
          found.rows += rows;
          for (let i = 0; i < rows; i++) {
            if (typeof keys[i] === 'number') found.keys += keys[i] as number;
            found.values += values[i] as number;
          }
        }
      }
      assert.deepEqual(found, wanted);
      for (let map = 0; map < MAPS; map++) assert.ok(store.isDone(ref, map), `map ${map}`);
      // Rows of merged maps are those of the first.
      if (reducers === 200) assert.deepEqual([...seen], [0]);
      else assert.equal(seen.size, MAPS);
      store.free(ref);
      assert.deepEqual(heap.stats(), before);
      heap.verify();
    });
  }
});
