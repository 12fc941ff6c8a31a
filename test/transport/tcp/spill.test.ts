// Executors whose heaps have no room for the shuffle: each has what it wrote on its own disk, and gives it to the others from there.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sessionOver } from '../../conformance/transport.js';
import { Cluster } from './cluster.js';

const root = mkdtempSync(join(tmpdir(), 'heddle-executors-'));
after(() => rmSync(root, { recursive: true }));

/** The directories of executors in which there is something. */
const filled = () => readdirSync(root).filter(name => readdirSync(join(root, name)).length > 0);

/** 150 MB of pairs: each executor maps half of them, into 64 MB. */
const ROWS = 700_000;

test('two executors spill what they map, and read each other’s', async () => {
  const cluster = await Cluster.open({ executors: [1, 1], spillDirectory: root });
  try {
    const { range, scheduler } = sessionOver(cluster.driver);
    const groups = range(ROWS, 12)
      .map((i): [number, string] => [i % 700, `${'the warp and the weft of it '.repeat(7)}${i}`])
      .groupByKey(24)
      .mapValues(texts => [texts.length, texts[0]!.split(' ').at(-1), texts.at(-1)!.split(' ').at(-1)]);
    const rows = (await groups.collect()).sort(([a], [b]) => a - b);
    assert.equal(rows.length, 700);
    for (const [key, group] of rows)
      assert.deepEqual(group, [ROWS / 700, `${key}`, `${ROWS - 700 + key}`], 'the first and the last in order');
    assert.equal(filled().length, 2, 'both have spilled');
    assert.equal(await groups.count(), 700, 'and what they wrote is read again');
    await scheduler.stop();
  } finally {
    await cluster.close();
  }
  assert.deepEqual(readdirSync(root), [], 'nothing is left when the session is over');
});

test('an executor that cannot write its disk leaves the task to another one', async () => {
  const roots = ['gone', 'there'].map(name => join(root, name));
  for (const each of roots) mkdirSync(each);
  const cluster = await Cluster.open({ executors: [] });
  try {
    const place = { connect: cluster.driver.transport.address! };
    for (const spillDirectory of roots) {
      const { length } = cluster.driver.transport.slots();
      await cluster.start(1, { spillDirectory }, place);
      await cluster.until(() => cluster.driver.transport.slots().length > length);
    }
    rmSync(roots[0]!, { recursive: true });
    const { range, scheduler } = sessionOver(cluster.driver);
    // Either map task writes 40 MB.
    const groups = range(ROWS / 2, 2)
      .map((i): [number, string] => [i % 700, `${'the warp and the weft of it '.repeat(7)}${i}`])
      .groupByKey(4)
      .mapValues(texts => texts.length);
    const sizes = (await groups.collect()).map(([, size]) => size);
    assert.deepEqual(sizes, new Array(700).fill(ROWS / 2 / 700));
    await scheduler.stop();
  } finally {
    await cluster.close();
    for (const each of roots) rmSync(each, { recursive: true, force: true });
  }
});
