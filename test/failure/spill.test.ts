// Shuffles past memory when threads, files and disks fail: no partial answer, and nothing left behind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../lib/context.js';
import { drainedHeap, failure, SpillFolder } from './support.js';

const folder = new SpillFolder();

/** True for the first who asks, in whatever thread. */
const once = (file: string) => {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
};

const ROWS = 240_000;
const PARTITIONS = 4;
/** About 200 bytes a row: 48 MB of them. */
const texts = (sc: Context) =>
  sc.range(0, ROWS, 1, PARTITIONS).map((i): [number, string] => [i % 1000, `${'the warp and the weft of it '.repeat(6)}${i}`]);

test('a thread that is lost in the middle of a task that spills: its file goes, and the next attempt counts', async () => {
  const sc = await folder.open();
  const file = folder.fresh();
  const lost = texts(sc).map((row): [number, string] => {
    // Near the end of a partition of 12 MB, of which a task stages 8.
    if (row[1].endsWith(' 119990') && once(file)) process.exit(1);
    return row;
  });
  const errors: string[] = [];
  sc.on('taskEnded', ({ error }) => void (error !== undefined && errors.push(error.code!)));
  const grouped = lost.groupByKey(2).mapValues(values => values.length);
  assert.deepEqual(
    (await grouped.collect()).map(([, n]) => n),
    new Array(1000).fill(ROWS / 1000),
  );
  assert.deepEqual(errors, ['HEDDLE_THREAD_LOST']);
  assert.equal(folder.files().length, PARTITIONS, 'a file for each attempt that counts, and no other');
});

test('a task that throws, and a job that is called off, take their files along', async () => {
  const sc = await folder.open();
  const thrown = texts(sc).map((row): [number, string] => {
    if (row[1].endsWith(' 119990')) throw new Error('no more');
    return row;
  });
  await failure(thrown.partitionBy(3).count(), 'HEDDLE_TASK_FAILED');
  const controller = new AbortController();
  const file = folder.fresh();
  const waiting = texts(sc).map((row): [number, string] => {
    if (row[1].endsWith(' 119990')) once(file);
    return row;
  });
  const job = failure(waiting.partitionBy(3).count({ signal: controller.signal }), 'HEDDLE_CANCELLED');
  await folder.appears(file.slice(folder.path.length + 1));
  controller.abort();
  await job;
  await sc.stop();
  assert.deepEqual(folder.directories(), []);
});

test('files that are gone, or cut short: HEDDLE_SPILL, which names the directory and the option', async () => {
  for (const harm of [
    () => folder.directories().forEach(name => void rmSync(join(folder.path, name), { recursive: true })),
    () => folder.files().forEach(file => void truncateSync(file, 1000)),
  ]) {
    const sc = await folder.open();
    const moved = texts(sc).partitionBy(3);
    assert.equal(await moved.count(), ROWS);
    const expected = await moved.count();
    const [directory] = folder.directories();
    harm();
    for (const action of [
      () => moved.count(),
      () => moved.map(([key]) => key).sum(),
      () =>
        moved
          .map(([key, text]): [string, number] => [text, key])
          .sortByKey()
          .collect(),
    ]) {
      const error = await failure(action(), 'HEDDLE_SPILL');
      assert.equal(error.data.directory, join(folder.path, directory!));
      assert.ok(error.message.includes(directory!) && error.message.includes('spillDirectory'), error.message);
    }
    assert.equal(expected, ROWS);
    // Another shuffle has a directory again.
    assert.equal(await texts(sc).partitionBy(2).count(), ROWS);
    await sc.stop();
  }
});

test('no directory to spill to: HEDDLE_SPILL', async () => {
  const root = join(folder.path, 'root');
  mkdirSync(root);
  const sc = await folder.open({ spillDirectory: root });
  rmSync(root, { recursive: true });
  const error = await failure(texts(sc).partitionBy(3).count(), 'HEDDLE_SPILL');
  assert.match(error.message, /no such file or directory/);
  assert.equal((await drainedHeap(sc)).blocks, 0);
});

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

test('a full disk: HEDDLE_SPILL, and nothing left on it', { skip: mayMount ? false : 'only root may mount a small disk' }, async t => {
  const root = join(folder.path, 'disk');
  mkdirSync(root);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', root], { stdio: 'pipe' });
  } catch {
    t.skip('this system does not let root mount a disk');
    return;
  }
  try {
    const sc = await folder.open({ spillDirectory: root });
    const error = await failure(texts(sc).partitionBy(3).count(), 'HEDDLE_SPILL');
    assert.match(error.message, /no space is left/);
    assert.equal(error.data.option, 'spillDirectory');
    // What other tasks had written goes with their shuffle.
    assert.equal((await drainedHeap(sc)).blocks, 0);
    for (const name of folder.directories(root)) assert.deepEqual(readdirSync(join(root, name)), []);
    // What fits still works.
    assert.equal(
      await sc
        .range(100_000)
        .map((i): [number, number] => [i % 7, i])
        .groupByKey()
        .count(),
      7,
    );
    await sc.stop();
    assert.deepEqual(readdirSync(root), []);
  } finally {
    execFileSync('umount', ['-l', root]);
  }
});
