// Jobs of independent actions run at once and share the threads: a short one ends in the middle of a long one.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryAsync } from '../storage/temporary.js';
import { open } from './open.js';

const sc = await open({ threads: 2 });

test('a short job ends while a long one that began before it goes on', async () => {
  await inTemporaryAsync(async folder => {
    const [submitted, done] = [join(folder, 'submitted'), join(folder, 'done')];
    // The first two tasks hold both threads until the short job is there; the others hold theirs until it has ended. Were
    // the tasks run in the order of their jobs, they would take both threads and wait for ever: until the deadline.
    const long = sc
      .range(0, 20, 1, 20)
      .map(i => {
        while (!existsSync(i < 2 ? submitted : done));
        return i;
      })
      .sum({ deadline: 60_000 });
    const short = sc.range(0, 6, 1, 6).sum({ deadline: 60_000 });
    writeFileSync(submitted, '');
    const first = await Promise.race([long.then(() => 'long'), short.then(() => 'short')]);
    writeFileSync(done, '');
    assert.equal(first, 'short');
    assert.deepStrictEqual([await short, await long], [15, 190]);
  });
});
