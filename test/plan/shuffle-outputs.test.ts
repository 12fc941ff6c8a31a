import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecutorId, LOCAL_EXECUTOR, type ShuffleId } from '../../lib/core/ids.js';
import { ShuffleOutputs } from '../../lib/plan/shuffle-outputs.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';
import type { TaskSpec } from '../../lib/task/spec.js';

const A = 'a' as ExecutorId;
const B = 'b' as ExecutorId;

function books(): { store: ShuffleStore; outputs: ShuffleOutputs; ref: ShuffleRef } {
  const store = new ShuffleStore(Heap.format(reserveHeap(64 * 2 ** 20), { threads: 1 }));
  return { store, outputs: new ShuffleOutputs(store), ref: store.create(7 as ShuffleId, 4, 2) };
}

/** What the books read of a specification. */
const spec = (output: ShuffleRef | null, partition: number, token = partition) => ({ stage: 3, partition, token, output }) as TaskSpec;

test('what executors wrote is booked by map partition, and gone with them', () => {
  const { outputs, ref } = books();
  outputs.accepted(spec(ref, 0, 10), A);
  outputs.accepted(spec(ref, 1, 11), B);
  outputs.accepted(spec(ref, 2, 12), A);
  outputs.accepted(spec(null, 3), A);
  assert.deepEqual(
    [0, 1, 2, 3].map(map => outputs.isDone(ref, map)),
    [true, true, true, false],
  );
  assert.deepEqual(outputs.locations(ref.id).get(1), { executor: B, token: 11 });
  assert.ok(outputs.canBeLost(ref));
  assert.deepEqual(outputs.executorLost(A), [{ stage: 3, partitions: [0, 2] }]);
  assert.deepEqual(outputs.executorLost(A), []);
  assert.equal(outputs.isDone(ref, 0), false);
  assert.equal(outputs.isDone(ref, 1), true);
});

test('a fetch that failed costs the partitions it names, as far as they are still there', () => {
  const { outputs, ref } = books();
  for (const map of [0, 1, 2]) outputs.accepted(spec(ref, map), A);
  outputs.accepted(spec(ref, 1, 20), B);
  const fetch = { shuffle: ref.id, executor: A };
  assert.deepEqual(outputs.fetchFailed({ ...fetch, maps: [0, 1] }), [{ stage: 3, partitions: [0] }], '1 has moved');
  assert.deepEqual(outputs.fetchFailed({ ...fetch, maps: [0] }), []);
  assert.deepEqual(outputs.fetchFailed(fetch), [{ stage: 3, partitions: [2] }]);
  assert.deepEqual(outputs.fetchFailed({ ...fetch, executor: LOCAL_EXECUTOR }), []);
  assert.equal(outputs.isDone(ref, 1), true);
});

test('what is in the heap of this process is done when the heap says so, and cannot be lost', () => {
  const { store, outputs, ref } = books();
  outputs.accepted(spec(ref, 0), LOCAL_EXECUTOR);
  assert.equal(outputs.isDone(ref, 0), false);
  assert.ok(store.claim(ref, 0, 1));
  store.finish(ref, 0, 1);
  assert.equal(outputs.isDone(ref, 0), true);
  assert.equal(outputs.canBeLost(ref), false);
  assert.deepEqual(outputs.executorLost(LOCAL_EXECUTOR), []);
});

test('a shuffle that is freed is forgotten', () => {
  const { outputs, ref } = books();
  outputs.accepted(spec(ref, 0), A);
  outputs.free(ref);
  assert.equal(outputs.canBeLost(ref), false);
  assert.deepEqual(outputs.executorLost(A), []);
});
