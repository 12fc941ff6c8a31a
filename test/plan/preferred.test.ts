// Where reduce tasks would run best.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutorId, ShuffleId } from '../../lib/core/ids.js';
import type { BuiltStage } from '../../lib/plan/build-stage.js';
import { PreferredExecutors } from '../../lib/plan/preferred.js';
import { ShuffleOutputs } from '../../lib/plan/shuffle-outputs.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { encodeSizes } from '../../lib/shuffle/sizes.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';
import type { TaskResult, TaskSpec } from '../../lib/task/spec.js';

const [A, B, C] = ['a', 'b', 'c'] as unknown as [ExecutorId, ExecutorId, ExecutorId];

function books() {
  const store = new ShuffleStore(Heap.format(reserveHeap(64 * 2 ** 20), { threads: 1 }));
  const outputs = new ShuffleOutputs(store);
  const wrote = (ref: ShuffleRef, map: number, executor: ExecutorId, sizes: number[]) => {
    const result = { sizes: encodeSizes(Float64Array.from(sizes)) } as TaskResult;
    outputs.accepted({ stage: 3, partition: map, token: map, output: ref } as TaskSpec, executor, result);
  };
  const create = (id: number) => store.create(id as ShuffleId, 4, 2);
  return { outputs, wrote, create, preferred: new PreferredExecutors(outputs) };
}

/** A stage whose partitions read the reduce ids of these shuffles that have their numbers. */
const reading = (...refs: ShuffleRef[]) =>
  ({
    locate: (local: number) => ({ branch: 0, local, leaves: refs.map(ref => ({ kind: 'shuffled', shuffle: { ref } })) }),
  }) as unknown as BuiltStage;

test('most of the bytes first, and nobody with less than a fifth of them', () => {
  const { wrote, create, preferred } = books();
  const ref = create(7);
  const stage = reading(ref);
  assert.deepEqual(preferred.of(stage, 0), []);
  wrote(ref, 0, A, [100, 5000]);
  wrote(ref, 1, B, [900, 0]);
  wrote(ref, 2, B, [0, 3000]);
  wrote(ref, 3, C, [80, 100]);
  assert.deepEqual(preferred.of(stage, 0), [B]);
  assert.deepEqual(preferred.of(stage, 1), [A, B]);
});

test('what was lost is wished for no longer, and what was made again is', () => {
  const { outputs, wrote, create, preferred } = books();
  const ref = create(7);
  const stage = reading(ref);
  for (const [map, executor] of [A, B, B].entries()) wrote(ref, map, executor, [1000, 0]);
  assert.deepEqual(preferred.of(stage, 0), [B, A]);
  outputs.executorLost(B);
  assert.deepEqual(preferred.of(stage, 0), [A]);
  wrote(ref, 1, C, [9000, 0]);
  assert.deepEqual(preferred.of(stage, 0), [C]);
  outputs.fetchFailed({ shuffle: ref.id, executor: C, maps: [1] });
  assert.deepEqual(preferred.of(stage, 0), [A]);
});

test('of several shuffles it is the sum that counts', () => {
  const { wrote, create, preferred } = books();
  const [left, right] = [create(7), create(8)];
  wrote(left, 0, A, [1000, 0]);
  wrote(right, 0, B, [3000, 0]);
  assert.deepEqual(preferred.of(reading(left, right), 0), [B, A]);
  assert.deepEqual(preferred.of(reading(left), 0), [A]);
});
