// Actions that hand on partitions and rows one after the other.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventsOf, open, workOf } from './open.js';

const sc = await open({ threads: 2 });

/** The partitions whose task has started, as they are told. */
async function startedIn(run: () => Promise<unknown>): Promise<number[]> {
  const events = await eventsOf(sc, run);
  return events.flatMap(event => (event.type === 'taskStarted' ? [event.partition] : []));
}

describe('toLocalIterator', () => {
  test('has all rows in order', async () => {
    const rdd = sc.range(0, 1000, 1, 7).union(sc.range(0), sc.range(5));
    for (const prefetch of [true, false]) {
      const rows: number[] = [];
      for await (const row of rdd.toLocalIterator({ prefetch })) rows.push(row);
      assert.deepStrictEqual(rows, await rdd.collect());
    }
    for await (const row of sc.emptyRDD().toLocalIterator()) assert.fail(`a row: ${row}`);
    const groups: unknown[] = [];
    for await (const row of sc
      .parallelize(['a', 'b', 'a'], 2)
      .map(word => [word, 1])
      .groupByKey(3)
      .toLocalIterator())
      groups.push(row);
    assert.equal(groups.length, 2);
  });

  test('runs a partition when its turn comes, and one ahead', async () => {
    const rdd = sc.range(0, 10, 1, 10);
    const iterator = rdd.toLocalIterator();
    const first = async () => {
      await iterator.next();
      // The next partition's job began before the row was given; there is none further ahead, however long this waits.
      await sc.range(10).count();
    };
    assert.deepStrictEqual((await startedIn(first)).slice(0, 2), [0, 1]);
    assert.deepStrictEqual(await workOf(sc, async () => void (await iterator.next())), { stages: 1, tasks: 1 });
    await iterator.return!();
    const lazy = rdd.toLocalIterator({ prefetch: false });
    assert.deepStrictEqual(await startedIn(async () => void (await lazy.next())), [0]);
    assert.deepStrictEqual(await startedIn(async () => void (await lazy.next())), [1]);
    await lazy.return!();
  });

  test('left early calls off what is ahead, and nothing else', async () => {
    const rdd = sc.range(0, 4, 1, 4).map(i => {
      // Partition 1 never comes back by itself; partition 0 does.
      for (let at = i; at === 1; ) at = Math.floor(at);
      return i;
    });
    const other = sc.range(1000).sum();
    const events = await eventsOf(sc, async () => {
      for await (const row of rdd.toLocalIterator()) {
        assert.equal(row, 0);
        break;
      }
    });
    // When the loop is left the job ahead has ended.
    const ended = events.flatMap(event => (event.type === 'jobEnded' && !event.ok ? [event.error?.code] : []));
    assert.deepStrictEqual(ended, ['HEDDLE_CANCELLED']);
    assert.equal(await other, 499_500);
    assert.equal(await sc.range(1000).count(), 1000);
  });

  test('fails at the row where a partition fails', async () => {
    const failing = sc.range(0, 4, 1, 4).map(i => {
      if (i === 2) throw new Error('two');
      return i;
    });
    const rows: number[] = [];
    const read = async () => {
      for await (const row of failing.toLocalIterator()) rows.push(row);
    };
    await assert.rejects(read(), { code: 'HEDDLE_TASK_FAILED', message: /two/ });
    assert.deepStrictEqual(rows, [0, 1]);
  });

  test('takes a signal, which keeps no listener, and a deadline', async () => {
    const rdd = sc.range(0, 10, 1, 5);
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as never;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as never;
    for await (const row of rdd.toLocalIterator({ signal })) if (row === 3) break;
    assert.equal(listeners, 0);
    const iterator = rdd.toLocalIterator({ signal });
    assert.deepStrictEqual(await iterator.next(), { done: false, value: 0 });
    stop.abort(new Error('enough'));
    // Also in the middle of a partition that is there.
    await assert.rejects(iterator.next(), { code: 'HEDDLE_CANCELLED', message: /enough/ });
    assert.deepStrictEqual(await iterator.next(), { done: true, value: undefined });
    assert.equal(listeners, 0);
    await assert.rejects(rdd.toLocalIterator({ signal }).next(), { code: 'HEDDLE_CANCELLED' });
    await assert.rejects(rdd.toLocalIterator({ deadline: 0 }).next(), { code: 'HEDDLE_DEADLINE' });
  });

  test('checks its arguments at the call, and runs nothing', () => {
    assert.throws(() => sc.range(3).toLocalIterator({ prefech: true } as never), { code: 'HEDDLE_BAD_OPTION' });
    assert.throws(() => sc.range(3).toLocalIterator({ signal: 3 } as never), { code: 'HEDDLE_BAD_ARGUMENT' });
    assert.throws(() => sc.range(3).toLocalIterator({ deadline: -1 }), { code: 'HEDDLE_BAD_ARGUMENT' });
  });
});

test('forEachPartition hands each partition to the function, in the threads', async () => {
  const alone = await open({ threads: 1 });
  const thread = () => globalThis as unknown as { seen?: number[][] };
  await alone.range(0, 6, 1, 3).forEachPartition(rows => {
    const seen = (thread().seen ??= []);
    seen.push([...rows]);
  });
  assert.deepStrictEqual(
    await alone
      .range(0, 1, 1, 1)
      .flatMap(() => thread().seen!)
      .collect(),
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
  );
  assert.equal(thread().seen, undefined, 'nothing happens here');
  // What is not read is not made.
  await sc.range(0, 2 ** 50, 1, 2).forEachPartition(rows => void rows.next());
  await assert.rejects(
    sc.range(3).forEachPartition(() => {
      throw new RangeError('no');
    }),
    { code: 'HEDDLE_TASK_FAILED', message: /forEachPartition.* threw RangeError: no/s },
  );
  await assert.rejects(sc.range(3).forEachPartition(3 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /forEachPartition\(f\)/ });
  await assert.rejects(
    sc.range(3).forEachPartition(async () => {}),
    { code: 'HEDDLE_CLOSURE' },
  );
  await assert.rejects(
    sc.range(3).forEachPartition(() => {}, { deadline: 0 }),
    { code: 'HEDDLE_DEADLINE' },
  );
  await assert.rejects(
    sc.range(3).forEachPartition(() => {}, { signal: AbortSignal.abort() }),
    { code: 'HEDDLE_CANCELLED' },
  );
});

describe('treeReduce and treeAggregate', () => {
  test('are reduce and aggregate, bit for bit', async () => {
    for (const partitions of [1, 7, 300]) {
      const rdd = sc.range(0, 3000, 1, partitions).map(i => 1 / (i + 1));
      assert.equal(await rdd.treeReduce((a, b) => a + b, 3), await rdd.reduce((a, b) => a + b));
      const sum = await rdd.treeAggregate(
        [0, 0],
        ([n, sum], x) => [n! + 1, sum! + x],
        ([n, a], [m, b]) => [n! + m!, a! + b!],
      );
      assert.deepStrictEqual(sum, [3000, await rdd.sum()]);
    }
  });

  test('refuse what makes no sense', async () => {
    const sum = (a: number, b: number) => a + b;
    for (const depth of [0, -1, 1.5, '2']) {
      await assert.rejects(async () => sc.range(3).treeReduce(sum, depth as never), {
        code: 'HEDDLE_BAD_ARGUMENT',
        message: /treeReduce\(depth\)/,
      });
      await assert.rejects(async () => sc.range(3).treeAggregate(0, sum, sum, depth as never), { code: 'HEDDLE_BAD_ARGUMENT' });
    }
    await assert.rejects(sc.parallelize<number>([], 2).treeReduce(sum), { code: 'HEDDLE_EMPTY', message: /^treeReduce/ });
    await assert.rejects(sc.range(3).treeReduce(sum, 2, { deadline: 0 }), { code: 'HEDDLE_DEADLINE' });
    await assert.rejects(sc.range(3).treeAggregate(0, sum, sum, 2, { signal: AbortSignal.abort() }), { code: 'HEDDLE_CANCELLED' });
  });
});
