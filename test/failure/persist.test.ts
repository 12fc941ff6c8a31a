// Rows that are kept, when memory is short, threads and files are lost, and lineages go: answers stay right, and nothing
// is left behind.
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import type { EngineEvent } from '../../lib/core/events.js';
import { drainedHeap, failure, heapOf, SpillFolder, smallContext } from './support.js';

const folder = new SpillFolder();

function listen<Type extends 'partitionStored' | 'partitionEvicted' | 'warning'>(sc: Context, type: Type) {
  const events: (EngineEvent & { readonly type: Type })[] = [];
  sc.on(type, event => void events.push(event as never));
  return events;
}

/** True for the first who asks, in whatever thread. */
const once = (file: string) => {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
};

/** About 800 kB a partition, in four of them. */
const large = (sc: Context) => sc.range(0, 400_000, 1, 4).map(i => i / 3);
const LARGE_SUM = Array.from({ length: 400_000 }, (_, i) => i / 3).reduce((a, b) => a + b);
const near = (sum: number) => assert.ok(Math.abs(sum - LARGE_SUM) < 1, `${sum}`);

describe('memory', () => {
  test('gives the least recently used partitions up first, and computes them again', async () => {
    const sc = await folder.open({ threads: 1, storageFraction: 0.06 }); // 3.8 MB
    const evicted = listen(sc, 'partitionEvicted');
    const [first, second] = [
      large(sc).cache(),
      large(sc)
        .map(i => i + 1)
        .cache(),
    ];
    const expected = await first.sum();
    near(expected);
    assert.equal(evicted.length, 0);
    await sc.runJob(first, () => 0, { partitions: [3] }); // reads nothing: still used later than the others, for a task pinned it
    await second.sum();
    assert.deepEqual(
      evicted.map(({ rdd, partition, to }) => [rdd === first.node.id, partition, to]),
      [0, 1, 2, 3].map(partition => [true, partition, 'nothing']),
    );
    assert.equal(await first.sum(), expected);
  });

  test('moves them to files where the level says so', async () => {
    const sc = await folder.open({ storageFraction: 0.03 }); // 1.9 MB: two partitions
    const evicted = listen(sc, 'partitionEvicted');
    const computed = sc.accumulator(0);
    const rdd = large(sc)
      .map(i => {
        computed.add(1);
        return i;
      })
      .persist('memoryAndDisk');
    const expected = await rdd.sum();
    assert.deepEqual(
      evicted.map(({ to }) => to),
      ['disk', 'disk'],
    );
    assert.equal(folder.files().length, 2);
    assert.equal(await rdd.sum(), expected);
    assert.equal(computed.value, 400_000);
    assert.match(rdd.explain(), /persisted \(memoryAndDisk\): 4 of 4 partitions stored, 2 in memory, 2 on disk/);
  });

  test('of a partition that is larger than all of it goes to a file, or is not kept', async () => {
    const sc = await folder.open({ storageFraction: 0.01 }); // 670 kB
    const stored = listen(sc, 'partitionStored');
    const [dropped, filed] = [large(sc).cache(), large(sc).persist('memoryAndDisk')];
    for (let turn = 0; turn < 2; turn++) {
      near(await dropped.sum());
      near(await filed.sum());
    }
    assert.deepEqual(
      stored.map(({ rdd, place }) => [rdd === filed.node.id, place]),
      Array(4).fill([true, 'disk']),
    );
  });

  test('leaves a shuffle that has no room beside it to the disk', async () => {
    const sc = await folder.open({ storageFraction: 0.9 });
    const evicted = listen(sc, 'partitionEvicted');
    const rdd = sc
      .range(0, 5_000_000, 1, 20)
      .map(i => i / 3)
      .cache(); // 40 MB of 64
    const expected = await rdd.sum();
    assert.equal(evicted.length, 0);
    const groups = await sc
      .range(0, 2_000_000, 1, 8)
      .map(i => [i / 2, i / 3])
      .partitionBy(8)
      .count(); // 32 MB
    assert.equal(groups, 2_000_000);
    assert.ok(sc.lastJob!.spilled > 0 || evicted.length > 0);
    assert.equal(await rdd.sum(), expected);
  });

  test('and files come back with unpersist, or when nobody can reach the rows any more', async () => {
    const sc = await folder.open();
    for (const level of ['memory', 'disk'] as const) {
      const rdd = large(sc).persist(level);
      await rdd.count();
      assert.ok(level === 'memory' ? heapOf(sc).stats().blocks > 0 : folder.files().length === 4);
      rdd.unpersist();
      assert.equal(heapOf(sc).stats().blocks, 0);
      assert.deepEqual(folder.files(), []);
    }
    await (async () => void (await large(sc).cache().count()))();
    assert.equal((await drainedHeap(sc)).blocks, 0);
  });
});

describe('a task', () => {
  test('whose thread is lost in the middle leaves nothing behind, and is counted once', async () => {
    for (const level of ['memory', 'disk'] as const) {
      const sc = await folder.open();
      const stored = listen(sc, 'partitionStored');
      const file = folder.fresh();
      const rdd = sc
        .range(0, 40_000, 1, 4)
        .map(i => {
          if (i === 25_000 && once(file)) process.exit(1);
          return i;
        })
        .persist(level);
      assert.equal(await rdd.sum(), 799_980_000);
      assert.ok(existsSync(file));
      assert.equal(await rdd.sum(), 799_980_000);
      assert.deepEqual(stored.map(({ partition }) => partition).sort(), [0, 1, 2, 3]);
      if (level === 'disk') assert.equal(folder.files().length, 4);
      rdd.unpersist();
      assert.equal(heapOf(sc).stats().blocks, 0);
      await sc.stop();
    }
  });

  test('that fails gives back what it has stored', async () => {
    const sc = await folder.open();
    let running = 0;
    let onIdle = () => {};
    sc.on('taskStarted', () => void running++);
    sc.on('taskEnded', () => --running === 0 && onIdle());
    // Tasks of a job that has failed may be on their way out still.
    const idle = () => (running === 0 ? undefined : new Promise<void>(resolve => (onIdle = resolve)));
    for (const level of ['memory', 'disk'] as const) {
      const rdd = large(sc).persist(level);
      const failing = rdd.map((i): number => {
        if (i > 133_300) throw new Error('too large');
        return i;
      });
      await failure(failing.sum(), 'HEDDLE_TASK_FAILED');
      near(await rdd.sum());
      rdd.unpersist();
      await idle();
      assert.equal(heapOf(sc).stats().blocks, 0);
      assert.deepEqual(folder.files(), []);
    }
  });

  test('that reads what is unpersisted meanwhile reads it to its end', async () => {
    const sc = await folder.open({ threads: 1 });
    const rdd = sc
      .range(0, 40_960, 1, 2)
      .map(i => i % 1000)
      .cache();
    const expected = await rdd.collect();
    const file = folder.fresh();
    const gate = new Int32Array(new SharedArrayBuffer(4));
    sc.on('taskStarted', () => {
      rdd.unpersist();
      Atomics.store(gate, 0, 1);
    });
    const shared = sc.broadcast(file);
    const rows = await rdd.map(i => (shared.value === '' ? -1 : i)).collect();
    assert.deepEqual(rows, expected);
    assert.equal(Atomics.load(gate, 0), 1);
    assert.equal(heapOf(sc).stats().blocks, 0);
  });
});

describe('files', () => {
  test('that are gone or damaged: persisted rows are computed again', async () => {
    const sc = await folder.open();
    const narrow = large(sc).persist('disk');
    const wide = sc
      .range(0, 1000, 1, 3)
      .map(i => [i % 10, i] as [number, number])
      .reduceByKey((a, b) => a + b, 2)
      .persist('disk');
    const [sum, rows] = [await narrow.sum(), await wide.collect()];
    for (const file of folder.files()) rmSync(file);
    assert.equal(await narrow.sum(), sum);
    assert.deepEqual(await wide.collect(), rows);
    for (const file of folder.files()) writeFileSync(file, Buffer.alloc(2_000_000, 7));
    assert.equal(await narrow.sum(), sum);
    assert.deepEqual(await wide.collect(), rows);
    assert.equal(folder.files().length, 6);
  });

  test('that cannot be written: persisted rows are not kept, and a warning says so; a checkpoint fails', async () => {
    const sc = await folder.open();
    const warnings = listen(sc, 'warning');
    await large(sc).persist('disk').count();
    for (const name of folder.directories()) rmSync(join(folder.path, name), { recursive: true });
    const rdd = large(sc).persist('disk');
    near(await rdd.sum());
    near(await rdd.sum());
    assert.ok(warnings.some(({ message }) => message.includes('a partition was not stored: cannot create')));
    await failure(large(sc).checkpoint().count(), 'HEDDLE_PATH_NOT_FOUND');
  });

  test('of a checkpoint that are gone end the job with a coded error', async () => {
    const sc = await folder.open();
    const rdd = large(sc).checkpoint();
    near(await rdd.sum());
    for (const file of folder.files()) rmSync(file);
    await failure(rdd.sum(), 'HEDDLE_STORED_LOST');
  });
});

describe('a checkpoint', () => {
  test('cuts the lineage, which is collected, and its shuffles with it', async () => {
    const sc = await folder.open();
    const ran = sc.accumulator(0);
    const source = new (class {
      readonly rdd = sc.range(0, 1000, 1, 4).map(i => {
        ran.add(1);
        return [i % 9, i] as [number, number];
      });
    })();
    const gone = new WeakRef(source.rdd.node);
    const sums = (() => source.rdd.reduceByKey((a, b) => a + b, 3).mapValues(n => n / 7))();
    (source as { rdd: unknown }).rdd = undefined;
    const expected = await sums.collect();
    assert.equal(sums.checkpoint(), sums);
    const above = sums.map(([key, n]) => [n, key] as [number, number]).groupByKey(2);
    assert.equal(await above.count(), 9);
    assert.equal((await sums.collect()).length, 9);
    assert.equal(folder.files().length, 3);
    assert.deepEqual(await sums.collect(), expected);
    assert.equal(ran.value, 1000);
    assert.match(sums.explain(), /checkpoint: 3 of 3 partitions written/);
    assert.equal(sums.explain().includes('range'), false);
    // What is left in the heap is the shuffle above it.
    await drainedHeap(sc);
    assert.equal(gone.deref(), undefined);
    assert.equal(await above.count(), 9);
  });
});

test('a directory that is none is refused at once', async () => {
  await failure(smallContext({ spillDirectory: join(folder.path, 'nowhere') }), 'HEDDLE_PATH_NOT_FOUND');
  await failure(smallContext({ spillDirectory: 3 as never }), 'HEDDLE_BAD_OPTION');
  await failure(smallContext({ storageFraction: 2 }), 'HEDDLE_BAD_OPTION');
});
