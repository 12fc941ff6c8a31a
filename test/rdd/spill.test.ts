// Shuffles of several times the memory: the answers are those that a large memory gives, bit for bit, and nothing is left behind.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import type { ContextOptions } from '../../lib/core/options.js';
import type { RDD } from '../../lib/rdd/rdd.js';
import { drainedHeap, smallContext } from '../failure/support.js';
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

/** The files in the contexts' directories. */
const files = () => readdirSync(root).flatMap(name => readdirSync(join(root, name)));

/** For each partition the number of its rows, and a hash of them in their order. */
const digest = <T>(sc: Context, rdd: RDD<T>): Promise<[number, number][]> => sc.runJob(rdd, rows => digestOf(rows));

type Job = (sc: Context) => RDD<unknown>;

/** Pairs of numbers, about 12 bytes each. */
const numbers = (sc: Context, rows: number, keys: number) => sc.range(rows).map((i): [number, number] => [(i * 7919) % keys, i]);

/** Pairs of short keys and about 180 bytes of text. */
const texts = (sc: Context, rows: number, keys: number) =>
  sc.range(rows).map((i): [string, string] => [`key ${(i * 7919) % keys}`, `${'the warp and the weft of it '.repeat(6)}${i}`]);

const file = join(inputs, 'lines.txt');
writeFileSync(
  file,
  Array.from({ length: 250_000 }, (_, i) => `key ${(i * 7919) % 90_000},${i},${'the warp and the weft of it '.repeat(6)}${i}`).join('\n'),
);

/** The same, as columns of bytes. */
const columns = (sc: Context) =>
  sc
    .textFile(file)
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
    numbers(sc, 3_000_000, 2_500_000)
      .mapValues(n => n / 2)
      .reduceByKey((a, b) => a + b),
  'reduceByKey by any function': sc => texts(sc, 300_000, 200_000).reduceByKey((a, b) => (a > b ? a : b)),
  'groupByKey of numbers': sc =>
    numbers(sc, 4_000_000, 50_000)
      .groupByKey()
      .mapValues(values => [values.length, values[0], values.at(-1)]),
  'keys of groups of numbers': sc => numbers(sc, 4_000_000, 50_000).groupByKey().keys(),
  'keys of groups of text': sc => texts(sc, 300_000, 5_000).groupByKey().keys(),
  'groupByKey of text': sc =>
    texts(sc, 300_000, 5_000)
      .groupByKey()
      .mapValues(values => [values.length, values[0], values.at(-1)]),
  'sortByKey of numbers': sc => numbers(sc, 4_000_000, 1_000_003).sortByKey(),
  'sortByKey of text, descending': sc => texts(sc, 250_000, 150_000).sortByKey(false),
  'join of text': sc => texts(sc, 150_000, 100_000).join(texts(sc, 150_000, 120_000)),
  'cogroup of numbers and text': sc =>
    numbers(sc, 400_000, 50_000)
      .map(([key, i]): [string, number] => [`key ${key}`, i])
      .cogroup(texts(sc, 250_000, 60_000))
      .mapValues(([a, b]) => [a.length, b.length, a.at(-1), b.at(-1)]),
  partitionBy: sc => numbers(sc, 4_000_000, 977).partitionBy(7),
  'repartition of text': sc => texts(sc, 250_000, 5).repartition(5),
  distinct: sc =>
    texts(sc, 300_000, 250_000)
      .map(([key, text]) => key + text.slice(0, 150))
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

for (const [name, job] of Object.entries(jobs)) {
  test(`${name}: the same from 64 MB of memory as from 2 GB`, async () => {
    const large = await open({ memory: '2gb', smallJobs: 'pool' });
    const expected = await digest(large, job(large));
    assert.equal(large.lastJob!.spilled, 0, 'a large memory has room');
    await large.stop();
    for (const kernels of byKernels.has(name) ? (['on', 'off'] as const) : (['on'] as const)) {
      const sc = await open({ kernels });
      const spilled: number[] = [];
      sc.on('taskEnded', ({ bytesSpilled }) => void spilled.push(bytesSpilled));
      const rdd = job(sc);
      assert.deepEqual(await digest(sc, rdd), expected, `kernels ${kernels}`);
      assert.ok(sc.lastJob!.spilled > 0, 'all had room');
      assert.ok(spilled.reduce((a, b) => a + b) >= sc.lastJob!.spilled);
      assert.match(rdd.explain(), /spilled \d+\.\d MB past half of the memory \(32 MiB of 64\) to .*heddle-spill-/);
      await sc.stop();
    }
  });
}

describe('files of shuffles', () => {
  test('go when nobody can reach the shuffle any more, and are read again until then', async () => {
    const sc = await open();
    await (async () => {
      const rdd = texts(sc, 250_000, 1000).partitionBy(4);
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
    const sc = await open();
    const rdd = texts(sc, 250_000, 1000).groupByKey(2);
    await rdd.count();
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
    await texts(sc, 100_000, 1000).groupByKey().count();
    assert.deepEqual(readdirSync(root), []);
    assert.ok(existsSync(root));
  });
});

test('many map tasks with rows for many reduce ids have room', async () => {
  const sc = await open();
  const [maps, reducers] = [40, 1200];
  const rdd = sc.range(0, maps * reducers * 20, 1, maps).map((i): [number, string] => [i, 'x'.repeat(100)]);
  const rows = await sc.runJob(rdd.partitionBy(reducers), part => [...part].length);
  assert.equal(
    rows.reduce((a, b) => a + b),
    maps * reducers * 20,
  );
});
