// Executors whose heaps have no room for the shuffle: each has what it wrote on its own disk, and gives it to the others from there.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
