import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RunList } from '../../lib/shuffle/run-list.js';

type Entry = readonly [map: number, sequence: number];

/** Stretches in order, as threads write them, and entries in no order at all; with one run for each map, or several. */
const entries: fc.Arbitrary<readonly Entry[]> = fc.oneof(
  fc.shuffledSubarray(Array.from({ length: 60 }, (_, map) => [map, 0] as const)),
  fc
    .array(fc.uniqueArray(fc.nat(40)), { maxLength: 5 })
    .map(lists => lists.flatMap(maps => maps.sort((a, b) => a - b).map(map => [map, 0] as const))),
  fc.array(fc.tuple(fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 })), fc.nat(3)), { maxLength: 80 }),
);

test('runs are sorted by map and sequence, equal ones as they came; a list is used again', () => {
  const list = new RunList();
  fc.assert(
    fc.property(entries, runs => {
      list.clear();
      for (const [i, [map, sequence]] of runs.entries()) list.add(map, sequence, i + 1);
      list.sort();
      const sorted = runs.map((run, i) => ({ run, i })).sort((a, b) => a.run[0] - b.run[0] || a.run[1] - b.run[1] || a.i - b.i);
      assert.equal(list.length, runs.length);
      assert.deepEqual(
        runs.map((_, i) => list.address(i) - 1),
        sorted.map(({ i }) => i),
      );
    }),
    { numRuns: 500 },
  );
});
