// The memory of jobs that are over is found while another one runs, before its tasks write to disk for want of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RDD } from '../../lib/index.js';
import { open } from './open.js';

test('an iteration that runs again does not spill for what its last run has left', async () => {
  const sc = await open({ threads: 2, memory: '64mb' });
  // Eight shuffles of 2 MB: two runs are more than half of the memory, from which on tasks spill.
  const run = async () => {
    let rows: RDD<[number, number]> = sc.range(0, 170_000, 1, 4).map((i): [number, number] => [i, i / 2]);
    for (let round = 0; round < 8; round++) {
      rows = rows.map(([key, value]): [number, number] => [(key * 7 + 1) % 170_000, value + 1]).reduceByKey((a, b) => a + b, 4);
    }
    assert.equal(await rows.count(), 170_000);
    return sc.lastJob!.spilled;
  };
  assert.deepEqual([await run(), await run(), await run()], [0, 0, 0]);
});
