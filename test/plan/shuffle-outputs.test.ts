import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecutorId, LOCAL_EXECUTOR, type ShuffleId } from '../../lib/core/ids.js';
import { ShuffleOutputs } from '../../lib/plan/shuffle-outputs.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';
import type { TaskResult, TaskSpec } from '../../lib/task/spec.js';

const A = 'a' as ExecutorId;
const B = 'b' as ExecutorId;

function books(): { store: ShuffleStore; outputs: ShuffleOutputs; ref: ShuffleRef } {
  const store = new ShuffleStore(Heap.format(reserveHeap(64 * 2 ** 20), { threads: 1 }));
  return { store, outputs: new ShuffleOutputs(store), ref: store.create(7 as ShuffleId, 4, 2) };
}

const NOTHING: TaskResult = { columns: [], rowsIn: 0, rowsOut: 0, bytesIn: 0, bytesOut: 0, bytesSpilled: 0, seconds: 0 };

/** What the books read of a specification. */
const spec = (output: ShuffleRef | null, partition: number, token = partition) => ({ stage: 3, partition, token, output }) as TaskSpec;

test('what executors wrote is booked by map partition, and gone with them', () => {
  const { outputs, ref } = books();
  outputs.accepted(spec(ref, 0, 10), A, NOTHING);
  outputs.accepted(spec(ref, 1, 11), B, NOTHING);
  outputs.accepted(spec(ref, 2, 12), A, NOTHING);
  outputs.accepted(spec(null, 3), A, NOTHING);
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
  for (const map of [0, 1, 2]) outputs.accepted(spec(ref, map), A, NOTHING);
  outputs.accepted(spec(ref, 1, 20), B, NOTHING);
  const fetch = { shuffle: ref.id, executor: A };
  assert.deepEqual(outputs.fetchFailed({ ...fetch, maps: [0, 1] }), [{ stage: 3, partitions: [0] }], '1 has moved');
  assert.deepEqual(outputs.fetchFailed({ ...fetch, maps: [0] }), []);
  assert.deepEqual(outputs.fetchFailed(fetch), [{ stage: 3, partitions: [2] }]);
  assert.deepEqual(outputs.fetchFailed({ ...fetch, executor: LOCAL_EXECUTOR }), []);
  assert.equal(outputs.isDone(ref, 1), true);
});

test('what is in the heap of this process is done when the heap says so, and cannot be lost', () => {
  const { store, outputs, ref } = books();
  outputs.accepted(spec(ref, 0), LOCAL_EXECUTOR, NOTHING);
  assert.equal(outputs.isDone(ref, 0), false);
  assert.ok(store.claim(ref, 0, 1));
  store.finish(ref, 0, 1);
  assert.equal(outputs.isDone(ref, 0), true);
  assert.equal(outputs.canBeLost(ref), false);
  assert.deepEqual(outputs.executorLost(LOCAL_EXECUTOR), []);
});

test('a shuffle that is freed is forgotten', () => {
  const { outputs, ref } = books();
  outputs.accepted(spec(ref, 0), A, NOTHING);
  outputs.free(ref);
  assert.equal(outputs.canBeLost(ref), false);
  assert.deepEqual(outputs.executorLost(A), []);
});

test('where another attempt was first on the same executor, its output counts', () => {
  const { outputs, ref } = books();
  outputs.accepted(spec(ref, 0, 9), A, { ...NOTHING, winner: 5 });
  assert.deepEqual(outputs.locations(ref.id).get(0), { executor: A, token: 5 });
});

test('the version tells of every change, and whoever frees is told', () => {
  const freed: ShuffleId[] = [];
  const { store } = books();
  const outputs = new ShuffleOutputs(store, shuffle => freed.push(shuffle));
  const ref = store.create(8 as ShuffleId, 4, 2);
  const seen = new Set([outputs.version(ref.id)]);
  const changed = (): void => {
    assert.ok(!seen.has(outputs.version(ref.id)));
    seen.add(outputs.version(ref.id));
  };
  outputs.accepted(spec(ref, 0), A, NOTHING);
  changed();
  outputs.accepted(spec(ref, 1), B, NOTHING);
  changed();
  outputs.fetchFailed({ shuffle: ref.id, executor: B, maps: [1] });
  changed();
  outputs.executorLost(A);
  changed();
  outputs.free(ref);
  assert.deepEqual(freed, [ref.id]);
});
