// Shuffles of more than the memory has room for: the answers are those that a large memory gives, bit for bit, and nothing is left
// behind.
//
// What is written to files depends on shares of the memory, of which four threads have small ones: a map task of 6 MB is past its
// 4, and partitions of 9 MB are more than the 8 that a reduce task may hold. Most of the half of the memory past which no task
// commits into it is taken by a block of this test's own. So files of a few megabytes do what files of any size do.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import type { ContextOptions } from '../../lib/core/options.js';
import type { RDD } from '../../lib/rdd/rdd.js';
import { drainedHeap, heapOf, smallContext } from '../failure/support.js';
import { digestOf } from './digest.js';

const root = mkdtempSync(join(tmpdir(), 'heddle-spill-test-'));
const inputs = mkdtempSync(join(tmpdir(), 'heddle-spill-input-'));
after(() => {
  rmSync(root, { recursive: true });
  rmSync(inputs, { recursive: true });
});
const opened: Context[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(sc => sc.stop()));
  assert.deepEqual(readdirSync(root), [], 'a context that stopped left files behind');
});

async function open(options: ContextOptions = {}): Promise<Context> {
  const sc = await smallContext({ spillDirectory: root, ...options });
  opened.push(sc);
  return sc;
}

/** How many map tasks a shuffle has, unless it says so, and how many reduce tasks. */
const [MAPS, REDUCERS] = [3, 2];
/** Of 64 MB; others have taken so much of them. */
const FEW_SHARES = { threads: 4, partitions: REDUCERS };
const TAKEN = 26 * 2 ** 20;

/** The files in the contexts' directories. */
const files = () => readdirSync(root).flatMap(name => readdirSync(join(root, name)));

/** For each partition the number of its rows, and a hash of them in their order. */
const digest = <T>(sc: Context, rdd: RDD<T>): Promise<[number, number][]> => sc.runJob(rdd, rows => digestOf(rows));

type Job = (sc: Context) => RDD<unknown>;

/** Pairs of numbers, about 12 bytes each. */
const numbers = (sc: Context, rows: number, keys: number) =>
  sc.range(0, rows, 1, MAPS).map((i): [number, number] => [(i * 7919) % keys, i]);

/** Pairs of short keys and about 420 bytes of text. */
const texts = (sc: Context, rows: number, keys: number) =>
  sc.range(0, rows, 1, MAPS).map((i): [string, string] => [`key ${(i * 7919) % keys}`, `${'the warp and the weft of it '.repeat(15)}${i}`]);

const file = join(inputs, 'lines.txt');
writeFileSync(
  file,
  Array.from({ length: 43_000 }, (_, i) => `key ${(i * 7919) % 15_000},${i},${'the warp and the weft of it '.repeat(15)}${i}`).join('\n'),
);

/** The same, as columns of bytes. */
const columns = (sc: Context) =>
  sc
    .textFile(file, { partitions: MAPS })
    .map(line => line.split(','))
    .map(fields => [fields[0]!, [Number(fields[1]), fields[2]!]] as const);

const jobs: Record<string, Job> = {
  'partitionBy of columns of text': sc => columns(sc).partitionBy(5),
  'groupByKey of columns of text': sc =>
    columns(sc)
      .groupByKey()
      .mapValues(values => [values.length, values[0], values.at(-1)]),
  'sortByKey of columns of text': sc => columns(sc).sortByKey(),
  'reduceByKey of many keys': sc =>
    numbers(sc, 1_600_000, 1_400_000)
      .mapValues(n => n / 2)
      .reduceByKey((a, b) => a + b),
  'reduceByKey by any function': sc => texts(sc, 45_000, 30_000).reduceByKey((a, b) => (a > b ? a : b)),
  'groupByKey of numbers': sc =>
    numbers(sc, 1_600_000, 20_000)
      .groupByKey()
      .mapValues(values => [values.length, values[0], values.at(-1)]),
  'keys of groups of numbers': sc => numbers(sc, 1_600_000, 20_000).groupByKey().keys(),
  'keys of groups of text': sc => texts(sc, 45_000, 1_500).groupByKey().keys(),
  'groupByKey of text': sc =>
    texts(sc, 45_000, 1_500)
      .groupByKey()
      .mapValues(values => [values.length, values[0], values.at(-1)]),
  'sortByKey of numbers': sc => numbers(sc, 1_600_000, 400_009).sortByKey(),
  'sortByKey of text, descending': sc => texts(sc, 45_000, 27_000).sortByKey(false),
  'join of text': sc => texts(sc, 23_000, 15_000).join(texts(sc, 23_000, 18_000)),
  'cogroup of numbers and text': sc =>
    numbers(sc, 70_000, 9_000)
      .map(([key, i]): [string, number] => [`key ${key}`, i])
      .cogroup(texts(sc, 43_000, 10_000))
      .mapValues(([a, b]) => [a.length, b.length, a.at(-1), b.at(-1)]),
  partitionBy: sc => numbers(sc, 1_600_000, 977).partitionBy(7),
  'repartition of text': sc => texts(sc, 45_000, 5).repartition(5),
  distinct: sc =>
    texts(sc, 45_000, 40_000)
      .map(([key, text]) => key + text.slice(0, 400))
      .distinct(),
};

/** Where kernels have a part of their own. */
const byKernels = new Set([
  'reduceByKey of many keys',
  'groupByKey of numbers',
  'keys of groups of numbers',
  'partitionBy',
  'groupByKey of columns of text',
]);

/** Whose groups, or rows to sort, are more than a reduce task may hold. */
const pastShare = /^(?:groupByKey of (?:columns of )?text|sortByKey|join|cogroup)/;

let large: Context;
before(async () => {
  large = await smallContext({ memory: '2gb', spillDirectory: root, smallJobs: 'pool', partitions: REDUCERS });
});
after(() => large.stop());

for (const [name, job] of Object.entries(jobs)) {
  test(`${name}: the same from 64 MB of memory as from 2 GB`, async () => {
    const expected = await digest(large, job(large));
    assert.equal(large.lastJob!.spilled, 0, 'a large memory has room');
    for (const kernels of byKernels.has(name) ? (['on', 'off'] as const) : (['on'] as const)) {
      const sc = await open({ kernels, ...FEW_SHARES });
      heapOf(sc).allocate(TAKEN);
      const spilled = new Map<number, number>();
      sc.on('taskEnded', ({ stage, bytesSpilled }) => void spilled.set(stage, (spilled.get(stage) ?? 0) + bytesSpilled));
      const rdd = job(sc);
      assert.deepEqual(await digest(sc, rdd), expected, `kernels ${kernels}`);
      assert.ok(sc.lastJob!.spilled > 0, 'all had room');
      const stages = [...spilled.values()];
      assert.ok(stages.reduce((a, b) => a + b) >= sc.lastJob!.spilled);
      assert.equal(stages.at(-1)! > 0, pastShare.test(name), `the last stage spilled ${stages.at(-1)} bytes`);
      assert.match(rdd.explain(), /spilled \d+\.\d MB past half of the memory \(32 MiB of 64\) to .*heddle-spill-/);
      await sc.stop();
    }
  });
}

describe('files of shuffles', () => {
  test('go when nobody can reach the shuffle any more, and are read again until then', async () => {
    const sc = await open(FEW_SHARES);
    await (async () => {
      const rdd = texts(sc, 45_000, 1000).partitionBy(4);
      const first = await digest(sc, rdd);
      const written = files();
      assert.ok(written.length > 0 && written.every(name => /^shuffle-\d+-\d+\.blocks$/.test(name)), written.join());
      assert.deepEqual(await digest(sc, rdd), first);
      assert.deepEqual(files(), written, 'a second action wrote nothing');
      assert.equal(sc.lastJob!.spilled, 0);
    })();
    assert.equal((await drainedHeap(sc)).blocks, 0);
    assert.deepEqual(files(), []);
  });

  test('of a sort or of groups go with the task', async () => {
    const sc = await open(FEW_SHARES);
    const rdd = texts(sc, 45_000, 1000).groupByKey(2);
    assert.equal((await rdd.map(([, values]) => values.length).collect()).length, 1000);
    assert.deepEqual(
      files().filter(name => !name.startsWith('shuffle-')),
      [],
    );
    assert.equal((await rdd.take(1)).length, 1, 'a task that stops early');
    assert.deepEqual(
      files().filter(name => !name.startsWith('shuffle-')),
      [],
    );
  });

  test('are not made where there is room, nor is their directory', async () => {
    const sc = await open({ memory: '512mb' });
    await texts(sc, 45_000, 1000).groupByKey().collect();
    assert.deepEqual(readdirSync(root), []);
    assert.ok(existsSync(root));
  });
});

test('many map tasks with rows for many reduce ids have room', async () => {
  const sc = await open();
  const [maps, reducers] = [20, 1200];
  const rdd = sc.range(0, maps * reducers * 10, 1, maps).map((i): [number, string] => [i, 'x'.repeat(200)]);
  const rows = await sc.runJob(rdd.partitionBy(reducers), part => [...part].length);
  assert.equal(
    rows.reduce((a, b) => a + b),
    maps * reducers * 10,
  );
});
