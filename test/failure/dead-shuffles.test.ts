import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Context, type RDD } from '../../lib/index.js';

/** Leaves a shuffle of some megabytes behind that nobody can reach. */
async function leaveShuffle(sc: Context): Promise<void> {
  const groups = await sc
    .range(200_000)
    .map(n => [n, n])
    .groupByKey()
    .count();
  assert.equal(groups, 200_000);
}

test('shuffles that nobody can reach make room for others', async () => {
  await using sc = await Context.create({ threads: 2, memory: '64mb', progress: false });
  // Each leaves about 2 MB behind, and none of it on the main thread's own heap.
  for (let round = 0; round < 60; round++) {
    await leaveShuffle(sc);
  }
});

test('a lineage that is still in use keeps its shuffle', async () => {
  await using sc = await Context.create({ threads: 2, memory: '64mb', progress: false });
  const stages: number[] = [];
  sc.on('stageEnded', event => stages.push(event.stage));
  const kept = sc
    .range(1000)
    .map(n => [n % 10, n])
    .reduceByKey((a, b) => a + b);
  const first = await kept.collect();
  for (let round = 0; round < 30; round++) {
    await leaveShuffle(sc);
  }
  stages.length = 0;
  assert.deepEqual(await kept.collect(), first);
  assert.equal(stages.length, 1);
});

test('shuffles that nobody can reach make room in executors, too', async () => {
  await using sc = await Context.create({ threads: 2, memory: '128mb', isolation: 'process', progress: false });
  const { transport } = sc as unknown as { transport: { heapUse: number } };
  const uses: number[] = [];
  // About 3 MB in all, and half of that in each of two heaps of 64 MB: without an end to it the heaps are full half way.
  for (let round = 0; round < 45; round++) {
    await leaveShuffle(sc);
    uses.push(transport.heapUse);
  }
  assert.ok(Math.max(...uses) < 0.75, `${uses}`);
  // A heap that fills up goes on rising; one that is seen to goes down, and up again.
  assert.ok(
    uses.some((use, i) => i > 0 && use < uses[i - 1]! - 0.1),
    `${uses}`,
  );
});

test('small shuffles that are still in use leave room for what later tasks need at once', async () => {
  await using sc = await Context.create({ threads: 2, memory: '64mb', progress: false });
  const byWord = (lines: RDD<string>) => lines.map(line => [line.split(' ')[0]!, line]);
  const kept: { joined: RDD<unknown>; rows: number }[] = [];
  // A task over text works in more than a megabyte, and each job leaves some blocks of 4 KiB.
  for (let round = 0; round < 150; round++) {
    const joined = byWord(sc.textFile('README.md')).join(byWord(sc.parallelize(['A first', 'It last'], 2)), 3);
    kept.push({ joined, rows: (await joined.collect()).length });
  }
  assert.ok(kept[0]!.rows > 0);
  assert.ok(kept.every(({ rows }) => rows === kept[0]!.rows));
});
