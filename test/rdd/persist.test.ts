// persist, unpersist and checkpoint: what is computed how often, where it is kept, and that nobody can tell it from the rows.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Context, EngineEvent, RDD } from '../../lib/index.js';
import { answersOf, keepsAnswers, kinds } from './kept-answers.js';
import { eventsOf, open, sorted, workOf } from './open.js';

/** A directory for the spill directories of one test's contexts. */
function spillRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'heddle-persist-test-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** The files that contexts have in it. */
const filesIn = (root: string) => readdirSync(root).flatMap(name => readdirSync(join(root, name)).map(file => join(root, name, file)));

/** Numbers that count how often they are computed. */
function counted(sc: Context, n: number, partitions: number) {
  const computed = sc.accumulator(0);
  const rdd = sc.range(0, n, 1, partitions).map(i => {
    computed.add(1);
    return i * 3;
  });
  return { rdd, computed };
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i * 3);
describe('rows are computed once', () => {
  for (const level of ['memory', 'memoryAndDisk', 'disk'] as const) {
    test(level, async () => {
      const root = spillRoot();
      const sc = await open({ spillDirectory: root });
      const { rdd, computed } = counted(sc, 1000, 5);
      assert.equal(rdd.storageLevel, undefined);
      assert.equal(rdd.persist(level), rdd);
      assert.equal(rdd.storageLevel, level);
      assert.equal(computed.value, 0);
      assert.deepEqual(await rdd.collect(), numbers(1000));
      assert.equal(computed.value, 1000);
      assert.deepEqual(await rdd.collect(), numbers(1000));
      assert.equal(
        await rdd
          .map(i => i + 1)
          .filter(i => i % 2 === 0)
          .count(),
        500,
      );
      assert.equal(computed.value, 1000);
      assert.equal(filesIn(root).length, level === 'disk' ? 5 : 0);
      if (level === 'disk') assert.equal(statSync(join(filesIn(root)[0]!, '..')).mode & 0o777, 0o700);
      rdd.unpersist();
      assert.equal(rdd.storageLevel, undefined);
      assert.deepEqual(filesIn(root), []);
      assert.deepEqual(await rdd.collect(), numbers(1000));
      assert.equal(computed.value, 2000);
      await sc.stop();
      assert.deepEqual(readdirSync(root), []);
    });
  }

  test('by a descendant first, whose shuffle is not planned again once its reader is kept', async () => {
    const sc = await open();
    const { rdd, computed } = counted(sc, 1000, 4);
    const sums = rdd
      .map(i => [i % 7, 1])
      .reduceByKey((a, b) => a + b, 3)
      .mapValues(n => n * 2)
      .cache();
    const first = await sums.map(([key]) => key).collect();
    assert.equal(computed.value, 1000);
    const work = await workOf(sc, async () => assert.deepEqual(await sums.keys().collect(), first));
    assert.deepEqual(work, { stages: 1, tasks: 3 });
  });

  test('a shuffle below rows that are kept is not run at all', async () => {
    const sc = await open();
    const ran = sc.accumulator(0);
    const below = sc.range(0, 100, 1, 4).map(i => {
      ran.add(1);
      return [i % 5, i] as [number, number];
    });
    const kept = below
      .groupByKey(2)
      .mapValues(values => values.length)
      .cache();
    await kept.collect();
    assert.equal(ran.value, 100);
    // Another shuffle of the same lineage above them: the one below is there, and is not read.
    const work = await workOf(sc, () =>
      kept
        .map(([key, n]) => [n, key])
        .groupByKey(2)
        .collect(),
    );
    assert.deepEqual(work, { stages: 2, tasks: 4 });
    assert.equal(ran.value, 100);
  });

  test('through asynchronous functions', async () => {
    const sc = await open();
    const calls = sc.accumulator(0);
    const rdd = sc.range(0, 500, 1, 3).mapAsync(async i => {
      calls.add(1);
      return i / 3;
    });
    rdd.cache();
    const plain = await sc
      .range(0, 500, 1, 3)
      .map(i => i / 3)
      .sum();
    assert.deepEqual([await rdd.sum(), await rdd.sum(), await rdd.coalesce(2).count()], [plain, plain, 500]);
    assert.equal(calls.value, 500);
    await sc.stop();
  });

  test('where one job reads them in several places', async () => {
    const sc = await open({ threads: 1 });
    const zipped = counted(sc, 400, 4);
    zipped.rdd.cache();
    const pairs = await zipped.rdd.zip(zipped.rdd.map(i => -i)).collect();
    assert.deepEqual(
      pairs,
      numbers(400).map(i => [i, -i]),
    );
    assert.equal(zipped.computed.value, 400);

    const crossed = counted(sc, 20, 4);
    crossed.rdd.cache();
    assert.equal(await crossed.rdd.cartesian(crossed.rdd).count(), 400);
    assert.equal(crossed.computed.value, 20);

    const joined = counted(sc, 60, 3);
    const keyed = joined.rdd.keyBy(i => i % 10).cache();
    assert.equal(await keyed.join(keyed.mapValues(i => i + 1)).count(), 360);
    assert.equal(joined.computed.value, 60);

    const placed = counted(sc, 60, 3);
    const byKey = placed.rdd
      .keyBy(i => i % 10)
      .partitionBy(3)
      .cache();
    assert.equal(await byKey.cogroup(byKey.mapValues(i => i + 1)).count(), 10);
    assert.equal(await byKey.join(byKey.mapValues(i => i + 1)).count(), 360);
    assert.equal(placed.computed.value, 60);

    const united = counted(sc, 60, 3);
    united.rdd.cache();
    assert.deepEqual(await united.rdd.union(united.rdd).coalesce(1).collect(), [...numbers(60), ...numbers(60)]);
    assert.equal(united.computed.value, 60);
  });

  test('partition by partition: of a take, nothing is kept that was not read to its end', async () => {
    const sc = await open();
    const { rdd, computed } = counted(sc, 40_960, 4);
    rdd.cache();
    const stored = (events: readonly EngineEvent[]) => events.filter(({ type }) => type === 'partitionStored').length;
    assert.equal(stored(await eventsOf(sc, () => rdd.take(3))), 0);
    assert.ok(computed.value < 10_240);
    assert.equal(stored(await eventsOf(sc, () => sc.runJob(rdd, rows => [...rows].length, { partitions: [2] }))), 1);
    const before = computed.value;
    assert.equal(stored(await eventsOf(sc, () => rdd.count())), 3);
    assert.equal(computed.value - before, 30_720);
  });
});

/** Sums and random numbers of which no bit may change, over RDDs of all the kinds that have blocks of their own. */
describe('nobody can tell it from the answers', async () => {
  for (const kernels of ['on', 'off'] as const) {
    const sc = await open({ kernels, seed: 7 });
    for (const [name, make] of Object.entries(kinds)) {
      test(`${name}, kernels ${kernels}`, async () => {
        const expected = await keepsAnswers(() => make(sc));
        const saved = make(sc);
        saved.checkpoint();
        assert.deepEqual(await answersOf(saved), expected);
        assert.deepEqual(await answersOf(saved), expected);
      });
    }
  }
});

test('a checkpoint of rows that are kept is written from them, and read once they have left', async () => {
  const sc = await open();
  const { rdd, computed } = counted(sc, 1000, 3);
  await rdd.cache().count();
  rdd.checkpoint();
  assert.deepEqual(await rdd.collect(), numbers(1000));
  assert.match(rdd.explain(), /checkpoint: 3 of 3 partitions written/);
  assert.deepEqual(await rdd.unpersist().collect(), numbers(1000));
  assert.deepEqual(await rdd.zipWithIndex().values().take(3), [0, 1, 2]);
  assert.equal(computed.value, 1000);
});

test('levels and contexts that make no sense are refused', async () => {
  const sc = await open();
  const rdd = sc.range(10).persist('disk');
  assert.equal(rdd.persist('disk'), rdd);
  assert.throws(() => rdd.cache(), { code: 'HEDDLE_BAD_ARGUMENT', message: /unpersist\(\) it before/ });
  assert.throws(() => rdd.persist('tape' as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /memory, memoryAndDisk, disk/ });
  assert.equal(rdd.unpersist().cache().storageLevel, 'memory');
  assert.equal(await sc.emptyRDD().cache().checkpoint().count(), 0);
  await sc.stop();
  assert.throws(() => rdd.cache(), { code: 'HEDDLE_CONTEXT_STOPPED' });
  assert.throws(() => rdd.checkpoint(), { code: 'HEDDLE_CONTEXT_STOPPED' });
});

test('lines of text are kept as rows', async () => {
  const sc = await open();
  const lines = sc.textFile('docs/data/letters.txt', { partitions: 2 });
  const words = (rdd: RDD<string>) =>
    rdd
      .flatMap(line => line.split(' '))
      .map(word => [word, 1])
      .reduceByKey((a, b) => a + b)
      .collect();
  const expected = await words(lines);
  const kept = lines.cache();
  for (let turn = 0; turn < 2; turn++) assert.deepEqual(sorted(await words(kept)), sorted(expected));
  assert.equal(sc.lastJob!.stored, 0);
});
