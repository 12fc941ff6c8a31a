// Broadcast values: one copy a thread, whatever captures them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import { eventsOf, open } from './open.js';

const sc = await open({ threads: 2 });
const alone = await open({ threads: 1 });

class Table {
  constructor(private readonly rows: Map<string, number>) {}
  find(word: string): number {
    return this.rows.get(word) ?? -1;
  }
}

/** How many copies the thread of a context with one has. */
async function copiesIn(context: Context): Promise<unknown> {
  const probe = context.broadcast('probe');
  const reader = (handle: unknown) => (handle as { values: { copies: Map<unknown, unknown> } }).values.copies.size;
  const [copies] = await context
    .range(0, 1, 1, 1)
    .map(() => reader(probe))
    .collect();
  probe.destroy();
  return copies! - 1;
}

describe('a broadcast value', () => {
  test('is there inside closures of every kind, with its classes and functions', async () => {
    const table = sc.broadcast(
      new Table(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    );
    const words = sc.parallelize(['b', 'c', 'a'], 3);
    assert.deepStrictEqual(await words.map(word => table.value.find(word)).collect(), [2, -1, 1]);
    assert.deepStrictEqual(await words.filter(word => table.value.find(word) > 0).collect(), ['b', 'a']);
    assert.deepStrictEqual(await sc.runJob(words, rows => [...rows].map(word => table.value.find(word))), [[2], [-1], [1]]);
    // On the map side, on the reduce side, and where the main thread merges.
    const factor = sc.broadcast({ by: 2, apply: (n: number) => n * 2 });
    const sums = sc
      .range(0, 10, 1, 4)
      .map(i => [i % 2, i])
      .reduceByKey((a, b) => a + b + 0 * factor.value.by, 2);
    assert.deepStrictEqual((await sums.map(([, n]) => factor.value.apply(n)).collect()).sort(), [40, 50]);
    assert.equal(await sc.range(0, 5, 1, 5).reduce((a, b) => Math.max(factor.value.by, a, b)), 4);
    assert.equal(
      await sc.range(0, 5, 1, 5).aggregate(
        0,
        (n, i) => n + i * factor.value.by,
        (a, b) => a + b,
      ),
      20,
    );
    assert.equal(table.value.find('b'), 2, 'and here');
    assert.equal(await sc.trials(4, () => factor.value.by).sum(), 8);
  });

  test('is that of the moment', async () => {
    const list = [1];
    const shared = sc.broadcast(list);
    list.push(2);
    assert.deepStrictEqual(
      await sc
        .range(0, 2, 1, 2)
        .map(() => shared.value)
        .collect(),
      [[1], [1]],
    );
  });

  test('may hold another, be held by a captured object, and be handed on by a function', async () => {
    const inner = sc.broadcast([5, 6]);
    const outer = sc.broadcast({ inner, pick: (i: number) => inner.value[i]! });
    const holder = { outer };
    const pick = (i: number) => holder.outer.value.pick(i) + holder.outer.value.inner.value[0]!;
    assert.deepStrictEqual(await sc.range(2).map(pick).collect(), [10, 11]);
  });

  test('is one in a thread, for all closures, tasks and jobs, and goes with unpersist', async () => {
    const bag = alone.broadcast<number[]>([]);
    const add = (i: number) => bag.value.push(i);
    assert.deepStrictEqual(await alone.range(0, 3, 1, 3).map(add).collect(), [1, 2, 3]);
    assert.deepStrictEqual(
      await alone
        .range(0, 1, 1, 1)
        .map(() => bag.value.length)
        .collect(),
      [3],
    );
    bag.unpersist();
    assert.equal(await copiesIn(alone), 0);
    // Used again, it is what was broadcast.
    assert.deepStrictEqual(
      await alone
        .range(0, 1, 1, 1)
        .map(() => bag.value.length)
        .collect(),
      [0],
    );
    assert.equal(await copiesIn(alone), 1);
    bag.destroy();
    assert.equal(await copiesIn(alone), 0);
  });

  test('is not copied into closures', async () => {
    const big = 'x'.repeat(3 << 20);
    const warnings = async (run: () => unknown) =>
      (await eventsOf(sc, async () => void (await run()))).filter(event => event.type === 'warning').length;
    assert.equal(
      await warnings(() =>
        sc
          .range(1)
          .map(() => big.length)
          .collect(),
      ),
      1,
    );
    const shared = sc.broadcast(big);
    assert.equal(
      await warnings(() =>
        sc
          .range(1)
          .map(() => shared.value.length)
          .collect(),
      ),
      0,
    );
  });

  test('that was destroyed fails what still uses it', async () => {
    const shared = sc.broadcast([1]);
    const rdd = sc.range(3).map(() => shared.value[0]!);
    assert.equal(await rdd.sum(), 3);
    shared.destroy();
    shared.destroy();
    await assert.rejects(rdd.sum(), { code: 'HEDDLE_DESTROYED', message: /was destroyed/ });
    assert.throws(() => shared.value, { code: 'HEDDLE_DESTROYED' });
    assert.throws(() => shared.unpersist(), { code: 'HEDDLE_DESTROYED' });
    assert.equal(await sc.range(3).sum(), 3);
  });

  test('refuses what no closure may capture, and is the main thread’s to end', async () => {
    assert.throws(() => sc.broadcast(Promise.resolve(1)), { code: 'HEDDLE_CLOSURE', message: /broadcast\(value\)/ });
    assert.throws(() => sc.broadcast(sc), { code: 'HEDDLE_CLOSURE' });
    assert.throws(() => sc.broadcast({ rdd: sc.range(3) }), { code: 'HEDDLE_CLOSURE' });
    const shared = sc.broadcast(1);
    await assert.rejects(
      sc
        .range(1)
        .map(() => shared.destroy() ?? 0)
        .collect(),
      { code: 'HEDDLE_NESTED' },
    );
    await assert.rejects(
      sc
        .range(1)
        .map(() => shared.unpersist() ?? 0)
        .collect(),
      { code: 'HEDDLE_NESTED' },
    );
    const stopped = await open();
    await stopped.stop();
    assert.throws(() => stopped.broadcast(1), { code: 'HEDDLE_CONTEXT_STOPPED' });
  });
});
