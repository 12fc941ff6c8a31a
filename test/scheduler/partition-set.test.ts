// A set of partitions is one of numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartitionSet } from '../../lib/scheduler/partition-set.js';

test('it has what a Set has', () => {
  const step = fc.record({ partition: fc.nat(300), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), steps => {
      const [set, model] = [new PartitionSet(), new Set<number>()];
      for (const { partition, isAdded } of steps) {
        if (isAdded) {
          set.add(partition);
          model.add(partition);
        } else {
          set.delete(partition);
          model.delete(partition);
        }
        assert.equal(set.size, model.size);
      }
      for (let partition = 0; partition <= 1000; partition++) assert.equal(set.has(partition), model.has(partition));
    }),
  );
});
