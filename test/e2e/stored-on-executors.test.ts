// Rows that executors keep: the same answers as anywhere, computed once, read where they are, and made again when they are lost.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Context, type ContextOptions, type EngineEvent, type RDD } from '../../lib/index.js';
import type { Heap } from '../../lib/shuffle/heap/allocator.js';
import { Executor } from '../../lib/transport/tcp/executor.js';
import { keepsAnswers, kinds } from '../rdd/kept-answers.js';
import { eventsOf, workOf } from '../rdd/open.js';

const SECRET = 'a secret for the tests of executors';
const MIB = 2 ** 20;

/** A context, and executors of one thread each in this process. */
class Stage {
  readonly executors: Executor[] = [];
  readonly root = mkdtempSync(join(tmpdir(), 'heddle-stored-test-'));

  static async open(t: TestContext, executors: number, options: ContextOptions = {}): Promise<Stage> {
    const sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, partitions: 4, progress: false, ...options });
    const stage = new Stage(sc);
    t.after(() => stage.close());
    for (let i = 0; i < executors; i++) await stage.add();
    return stage;
  }

  private constructor(readonly sc: Context) {}

  async add(): Promise<void> {
    const [host, port] = this.sc.address!.split(':') as [string, string];
    let begun!: () => void;
    const works = new Promise<void>(resolve => {
      begun = resolve;
    });
    const log = (message: string) => {
      if (message.startsWith('works for')) begun();
    };
    const place = { threads: 1, memory: 64 * MIB, kernels: 'on', secret: SECRET, spillDirectory: this.root, log } as const;
    this.executors.push(await Executor.start({ ...place, connect: { host, port: Number(port) } }));
    await works;
  }

  /** Files of all executors. */
  files(): string[] {
    return readdirSync(this.root).flatMap(name => readdirSync(join(this.root, name)));
  }

  /** Blocks in use in each executor's heap. */
  blocks(): number[] {
    return this.executors.map(executor => (executor as unknown as { session: { heap: Heap } }).session.heap.stats().blocks);
  }

  /** Runs a task in each executor, one after the other: what was sent before has come by then. */
  async settle(): Promise<void> {
    for (const _ of this.executors) await this.sc.range(0, 4, 1, 4).count();
  }

  async close(): Promise<void> {
    await this.sc.stop();
    await Promise.all(this.executors.map(executor => executor.close()));
    assert.deepEqual(this.files(), []);
    rmSync(this.root, { recursive: true });
  }
}

function counted(sc: Context, n: number, partitions: number) {
  const computed = sc.accumulator(0);
  const rdd = sc.range(0, n, 1, partitions).map(i => {
    computed.add(1);
    return i / 3;
  });
  return { rdd, computed };
}

const sumOf = (rdd: RDD<number>) => rdd.map(i => i + 1).sum();
const LEVELS = ['memory', 'memoryAndDisk', 'disk'] as const;

describe('executors keep rows', () => {
  for (const level of LEVELS) {
    test(`${level}: computed once, and given back`, async t => {
      const stage = await Stage.open(t, 2);
      const { sc } = stage;
      await stage.settle();
      const before = stage.blocks();
      const { rdd, computed } = counted(sc, 30_000, 5);
      const expected = await sumOf(rdd);
      rdd.persist(level);
      for (let turn = 0; turn < 3; turn++) assert.equal(await sumOf(rdd), expected);
      assert.equal(computed.value, 60_000);
      const events = await eventsOf(sc, () => rdd.map(i => i).count());
      assert.deepEqual(
        events.filter(({ type }) => type === 'partitionStored'),
        [],
      );
      assert.equal(stage.files().length, level === 'disk' ? 5 : 0);
      if (level !== 'disk') assert.ok(stage.blocks().reduce((sum, n) => sum + n) > before.reduce((sum, n) => sum + n));
      rdd.unpersist();
      await stage.settle();
      assert.deepEqual([stage.files(), stage.blocks()], [[], before]);
      assert.equal(await sumOf(rdd), expected);
      assert.equal(computed.value, 90_000);
    });
  }

  test('tasks run where their rows are, as long as there is a thread', async t => {
    const { sc } = await Stage.open(t, 2);
    const rdd = sc.range(0, 4000, 1, 2).cache();
    await rdd.count();
    const whereOf = (events: readonly EngineEvent[]) =>
      new Map(events.flatMap(event => (event.type === 'taskStarted' ? [[event.partition, event.executor] as const] : [])));
    const where = whereOf(await eventsOf(sc, () => rdd.count()));
    assert.equal(new Set(where.values()).size, 2);
    for (let turn = 0; turn < 3; turn++) {
      assert.deepEqual(whereOf(await eventsOf(sc, () => rdd.map(i => i + 1).count())), where);
      // A job of one task in between, so that it is the other executor's turn.
      await sc.range(1).count();
    }
  });

  test('rows of another executor are fetched', async t => {
    for (const level of LEVELS) {
      const stage = await Stage.open(t, 2);
      const { sc } = stage;
      const { rdd, computed } = counted(sc, 300_000, 4);
      rdd.persist(level);
      await rdd.count();
      const [all] = await rdd.coalesce(1).glom().collect();
      assert.deepEqual(
        all,
        Array.from({ length: 300_000 }, (_, i) => i / 3),
      );
      assert.equal(computed.value, 300_000);
      // What was fetched is not kept.
      rdd.unpersist();
      await stage.settle();
      assert.deepEqual(stage.files(), []);
    }
  });

  test('nobody can tell it from the answers', async t => {
    const { sc } = await Stage.open(t, 2, { seed: 7 });
    for (const [name, make] of Object.entries(kinds)) {
      await t.test(name, async () => void (await keepsAnswers(() => make(sc))));
    }
  });

  test('least recently used partitions make room, each in the executor that has them', async t => {
    const stage = await Stage.open(t, 2, { storageFraction: 0.05 }); // 3.2 MB of each
    const { sc } = stage;
    const [first, second] = [sc.range(0, 500_000, 1, 4).map(i => i / 3), sc.range(0, 500_000, 1, 4).map(i => i / 7)];
    first.persist('memoryAndDisk');
    second.cache();
    const expected = await first.sum();
    const evicted = (events: readonly EngineEvent[]) => events.flatMap(event => (event.type === 'partitionEvicted' ? [event.to] : []));
    const moved = evicted(await eventsOf(sc, () => second.sum()));
    assert.ok(moved.includes('disk'), `${moved}`);
    await stage.settle();
    assert.ok(stage.files().length > 0);
    assert.equal(await first.sum(), expected);
    const dropped = evicted(
      await eventsOf(sc, () =>
        sc
          .range(0, 500_000, 1, 4)
          .map(i => i / 11)
          .cache()
          .sum(),
      ),
    );
    assert.ok(dropped.includes('nothing'), `${dropped}`);
    assert.equal(await first.sum(), expected);
  });
});

describe('an executor that is lost', () => {
  test('takes its partitions with it, and no others', async t => {
    const stage = await Stage.open(t, 2);
    const { rdd, computed } = counted(stage.sc, 8000, 4);
    const expected = await sumOf(rdd.cache());
    await stage.executors.shift()!.close();
    const events = await eventsOf(stage.sc, async () => assert.equal(await sumOf(rdd), expected));
    const again = events.filter(({ type }) => type === 'partitionStored').length;
    assert.ok(again > 0 && again < 4, `${again}`);
    assert.ok(computed.value > 8000 && computed.value < 16_000, `${computed.value}`);
    assert.equal((await workOf(stage.sc, async () => assert.equal(await sumOf(rdd), expected))).tasks, 4);
  });

  for (const keep of ['cache', 'checkpoint'] as const) {
    test(`in the middle of a job that relied on what it had: ${keep} of a shuffle's rows`, async t => {
      const stage = await Stage.open(t, 2);
      const { sc } = stage;
      const sums = () =>
        sc
          .range(0, 5000, 1, 4)
          .map((i): [number, number] => [i % 97, 1 / (i + 1)])
          .reduceByKey((a, b) => a + b, 6)
          .mapValues(n => n * 2);
      const expected = await sums().collect();
      const kept = sums();
      if (keep === 'cache') kept.cache();
      else kept.checkpoint();
      assert.deepEqual(await kept.collect(), expected);
      // Its plan has no shuffle; with the executor go the kept rows, and the shuffle's output. No task ends before.
      const gone = join(stage.root, 'gone');
      let jobs = 0;
      sc.on('jobStarted', ({ stages }) => {
        if (jobs++ > 0) assert.equal(stages.length, 2);
        else void stage.executors.shift()!.close();
      });
      sc.on('executorLost', () => writeFileSync(gone, ''));
      const after = kept.map(row => {
        while (!existsSync(gone));
        return row;
      });
      assert.deepEqual(await after.collect(), expected);
      assert.equal(jobs, 2);
      assert.deepEqual(await kept.collect(), expected);
      rmSync(gone);
    });
  }

  test('and comes back has nothing; a file that is gone is made again', async t => {
    const stage = await Stage.open(t, 1);
    const { rdd, computed } = counted(stage.sc, 900, 3);
    const expected = await sumOf(rdd.persist('disk'));
    for (const name of readdirSync(stage.root)) {
      for (const file of readdirSync(join(stage.root, name))) rmSync(join(stage.root, name, file));
    }
    assert.equal(await sumOf(rdd), expected);
    assert.equal(computed.value, 1800);
    assert.equal(stage.files().length, 3);
    await stage.executors.shift()!.close();
    await stage.add();
    assert.equal(await sumOf(rdd), expected);
    assert.equal(computed.value, 2700);
  });
});
