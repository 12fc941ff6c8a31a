// mapAsync and forEachAsync: promises that are waited for in the threads.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Context, type HeddleError, type RDD } from '../../lib/index.js';
import { Hearing, say } from './hearing.js';
import { eventsOf, open } from './open.js';

const sc = await open({ threads: 2 });
const twins = await open({ threads: 2, kernels: 'off' });

const wait = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

async function failure(action: Promise<unknown>): Promise<HeddleError> {
  return (await assert.rejects(action).then(() => action.catch((error: unknown) => error))) as HeddleError;
}

describe('mapAsync', () => {
  test('keeps the order, and has no more calls under way than it may', async () => {
    for (const concurrency of [1, 3, 8]) {
      // The thread's own: there is one task.
      const calls = { now: 0, most: 0 };
      const rows = sc.range(0, 300, 1, 1).mapAsync(
        async n => {
          calls.most = Math.max(calls.most, ++calls.now);
          // Some at once, some after a turn, some later than those that come after them.
          if (n % 3 > 0) await new Promise<void>(resolve => (n % 3 === 1 ? setImmediate(resolve) : setTimeout(resolve, n % 5)));
          calls.now--;
          return [n, calls.most] as const;
        },
        { concurrency },
      );
      const made = await rows.collect();
      assert.deepStrictEqual(
        made.map(([n]) => n),
        [...Array(300).keys()],
      );
      assert.equal(made.at(-1)![1], concurrency);
    }
  });

  test('takes any function, and values that are no promises', async () => {
    assert.deepStrictEqual(
      await sc
        .range(4)
        .mapAsync(n => (n % 2 === 0 ? n : Promise.resolve(-n)))
        .collect(),
      [0, -1, 2, -3],
    );
    assert.deepStrictEqual(
      await sc
        .emptyRDD<number>()
        .mapAsync(async n => n)
        .collect(),
      [],
    );
    assert.deepStrictEqual(
      await sc
        .range(3)
        .mapAsync(async () => undefined)
        .collect(),
      [undefined, undefined, undefined],
    );
  });

  test('stands wherever map does, and gives the same', async () => {
    for (const context of [sc, twins]) {
      const plain = context.range(0, 1000, 1, 3).map(n => n * 3);
      const waited = context.range(0, 1000, 1, 3).mapAsync(async n => n * 3);
      const shapes: ((rdd: RDD<number>) => RDD<unknown>)[] = [
        rdd => rdd,
        rdd => rdd.filter(n => n % 2 === 0).map(n => [n, n]),
        rdd => rdd.union(rdd.map(n => -n)),
        rdd => rdd.union(context.range(5)),
        rdd => rdd.mapPartitions(rows => [...rows].reverse()),
        rdd => rdd.glom(),
        rdd => rdd.zip(rdd.map(n => n + 1)),
        rdd => rdd.zipPartitions(rdd, (a, b) => [...a, ...b]),
        rdd => rdd.zipWithIndex(),
        rdd => rdd.coalesce(2),
        rdd => rdd.filter(n => n < 30).cartesian(rdd.filter(n => n < 12)),
        rdd => rdd.map(n => [n % 7, n / 3] as const).reduceByKey((a, b) => a + b),
        rdd =>
          rdd
            .map(n => [n % 7, n] as const)
            .groupByKey()
            .mapValues(all => all.length),
        rdd => {
          const pairs = rdd.map(n => [n % 100, n] as const);
          return pairs.join(pairs.mapValues(n => -n));
        },
        // On the reduce side, over an RDD that is already where it has to be.
        rdd =>
          rdd
            .map(n => [n % 9, n] as const)
            .groupByKey()
            .mapPartitions(rows => rows)
            .map(([k, all]) => [k, all.length]),
        rdd => rdd.sortBy(n => -n),
        rdd => rdd.mapWithRng((n, rng) => n + rng.uniform()),
        rdd => rdd.sample(false, 0.3),
      ];
      for (const [i, shape] of shapes.entries()) {
        assert.deepStrictEqual(await shape(waited).collect(), await shape(plain).collect(), `shape ${i}`);
      }
      const grouped = (rdd: RDD<number>) => rdd.map(n => [n % 9, n] as const).groupByKey(4);
      assert.deepStrictEqual(
        await grouped(plain)
          .mapAsync(async ([key, all]) => [key, all.length] as const)
          .collect(),
        await grouped(plain)
          .map(([key, all]) => [key, all.length] as const)
          .collect(),
      );
    }
  });

  test('has the blocks of map: sums and random numbers are the same to the last bit, however it is cut', async () => {
    const sizes = fc.record({
      n: fc.integer({ min: 1, max: 5000 }),
      partitions: fc.integer({ min: 1, max: 7 }),
      c: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ n, partitions, c }) => {
        const plain = sc.range(0, n, 1, 3).map(i => 1 / (i + 0.1));
        const waited = sc.range(0, n, 1, partitions).mapAsync(async i => 1 / (i + 0.1), { concurrency: c });
        assert.equal(await waited.sum(), await plain.sum());
        assert.deepStrictEqual(await waited.stats(), await plain.stats());
        const noise = (rdd: RDD<number>) => rdd.mapWithRng((x, rng) => x * rng.normal());
        assert.equal(await noise(waited).sum(), await noise(plain).sum());
      }),
      { numRuns: 15 },
    );
  });

  test('chains', async () => {
    const rows = sc
      .range(0, 500, 1, 2)
      .mapAsync(async n => n + 1)
      .filter(n => n % 2 === 0)
      .mapAsync(async n => {
        if (n % 10 === 0) await new Promise<void>(resolve => setImmediate(resolve));
        return n;
      })
      .mapPartitions(all => [...all])
      .mapAsync(n => -n);
    assert.deepStrictEqual(
      await rows.collect(),
      Array.from({ length: 250 }, (_, i) => -2 * (i + 1)),
    );
  });

  test('makes no more calls than a take needs, and those ahead of it', async () => {
    const calls = sc.accumulator(0);
    const counted = sc.range(0, 1e6, 1, 2).mapAsync(
      async n => {
        calls.add(1);
        await new Promise<void>(resolve => setImmediate(resolve));
        return n;
      },
      { concurrency: 4 },
    );
    for (const [n, action] of [
      [1, () => counted.first()],
      [10, () => counted.take(10)],
      [5, () => counted.mapAsync(async x => x, { concurrency: 1 }).take(5)],
    ] as const) {
      const before = calls.value;
      await action();
      const made = calls.value - before;
      assert.ok(made >= n && made <= n + 8, `${made} calls for ${n} rows`);
    }
  });
});

describe('an asynchronous function that fails', () => {
  const tests: [string, (rows: RDD<number>) => Promise<unknown>, RegExp][] = [
    [
      'by rejecting',
      rows => rows.mapAsync(async n => (n === 7 ? Promise.reject(new RangeError('seven')) : n)).count(),
      /^mapAsync at map-async/,
    ],
    [
      'by throwing',
      rows =>
        rows
          .mapAsync(n => {
            if (n === 7) throw new RangeError('seven');
            return Promise.resolve(n);
          })
          .sum(),
      /^mapAsync at map-async/,
    ],
    [
      'in the middle of a stage',
      rows =>
        rows
          .mapAsync(async n => {
            await wait(1);
            if (n === 7) throw new RangeError('seven');
            return n;
          })
          .glom()
          .collect(),
      /^mapAsync at map-async/,
    ],
    [
      'in forEachAsync',
      rows =>
        rows.forEachAsync(async n => {
          await wait(1);
          if (n === 7) throw new RangeError('seven');
        }),
      /^forEachAsync/,
    ],
  ];
  for (const [name, run, operator] of tests) {
    test(name, async () => {
      const events = await eventsOf(sc, async () => {
        const error = await failure(run(sc.range(0, 100, 1, 2)));
        assert.equal(error.code, 'HEDDLE_TASK_FAILED', error.message);
        assert.match(error.message, operator);
        assert.match(String(error.data.at), /map-async\.test\.ts:\d+:\d+$/);
        assert.equal(error.data.record, '7');
        assert.equal(error.data.partition, 0);
        assert.equal(String(error.cause), 'RangeError: seven');
      });
      const tried = events.filter(event => event.type === 'taskStarted' && event.partition === 0);
      assert.equal(tried.length, 1, 'it is not tried again');
      // Nothing that was left open harms the next job.
      assert.equal(
        await sc
          .range(10)
          .mapAsync(async n => n)
          .sum(),
        45,
      );
    });
  }

  test('signals the calls beside it, and does not wait for one that never ends', async () => {
    const told = new Hearing();
    const { name } = told;
    const rows = sc.range(0, 5, 1, 1).mapAsync(
      (n, { signal }) => {
        signal.addEventListener('abort', () => say(name, n));
        if (n < 4) return new Promise<never>((_, reject) => n > 1 && signal.addEventListener('abort', () => reject(signal.reason)));
        return Promise.reject(new Error('four'));
      },
      { concurrency: 5 },
    );
    const job = failure(rows.collect());
    assert.equal(String((await job).cause), 'Error: four');
    await told.times(5, new Promise(() => {}));
    assert.deepStrictEqual(told.heard.sort(), [0, 1, 2, 3, 4]);
  });

  test('before it, in what it reads', async () => {
    const rows = sc.range(0, 2000, 1, 1).map(n => {
      if (n === 1234) throw new Error('upstream');
      return n;
    });
    assert.match((await failure(rows.mapAsync(async n => n).count())).message, /^map at .*record 1234/s);
    assert.match(
      (
        await failure(
          rows
            .mapAsync(async n => n)
            .mapAsync(async n => n)
            .count(),
        )
      ).message,
      /^map at .*record 1234/s,
    );
  });
});

describe('a task that waits', () => {
  const never = () => sc.range(0, 8, 1, 2);

  test('ends at its deadline, and keeps its thread', async () => {
    const told = new Hearing();
    const { name } = told;
    const rows = never().mapAsync((_n, { signal }) => {
      signal.addEventListener('abort', () => say(name, 'aborted'));
      return new Promise<number>(() => {});
    });
    for (const shape of [rows, rows.glom(), rows.map(n => [n, n] as const).groupByKey(), rows.mapAsync(async n => n)]) {
      await assert.rejects(shape.collect({ deadline: 50 }), { code: 'HEDDLE_DEADLINE' });
    }
    assert.equal(await sc.range(10).sum(), 45);
    await told.times(4, new Promise(() => {}));
  });

  test('ends when its signal says so', async () => {
    const running = new Hearing();
    const { name } = running;
    const controller = new AbortController();
    const job = never().forEachAsync(
      () => {
        say(name, 'runs');
        return new Promise(() => {});
      },
      { signal: controller.signal, concurrency: 2 },
    );
    const ended = assert.rejects(job, { code: 'HEDDLE_CANCELLED' });
    await running.times(1, ended);
    controller.abort();
    await ended;
  });

  test('ends with its context', async () => {
    const own = await open({ threads: 1 });
    const running = new Hearing();
    const { name } = running;
    const job = own.range(3).mapAsync(() => {
      say(name, 'runs');
      return new Promise<number>(() => {});
    });
    const ended = assert.rejects(job.collect(), { code: 'HEDDLE_CONTEXT_STOPPED' });
    await running.times(1, ended);
    await own.stop();
    await ended;
  });

  test('loses its thread where user code does not come back', async () => {
    const rows = sc.range(0, 2, 1, 2).mapAsync(async () => {
      await new Promise<void>(resolve => setImmediate(resolve));
      for (;;);
    });
    await assert.rejects(rows.count({ deadline: 20 }), { code: 'HEDDLE_DEADLINE' });
    assert.equal(
      await sc
        .range(10)
        .mapAsync(async n => n)
        .sum(),
      45,
    );
  });
});

test('forEachAsync calls f for each row, and accumulators count', async () => {
  const seen = sc.accumulator(0);
  await sc.range(0, 100, 1, 3).forEachAsync(async n => {
    await new Promise<void>(resolve => setImmediate(resolve));
    seen.add(n);
  });
  assert.equal(seen.value, 4950);
});

test('what makes no sense is refused', async () => {
  const rows = sc.range(3);
  for (const concurrency of [0, -1, 1.5, Number.NaN, '3', null]) {
    const options = { concurrency } as never;
    assert.throws(() => rows.mapAsync(async n => n, options), { code: 'HEDDLE_BAD_ARGUMENT', message: /mapAsync\(concurrency\)/ });
    await assert.rejects(
      rows.forEachAsync(async () => {}, options),
      { code: 'HEDDLE_BAD_ARGUMENT', message: /forEachAsync\(concurrency\)/ },
    );
  }
  assert.throws(() => rows.mapAsync(3 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /mapAsync\(f\)/ });
  assert.throws(() => rows.mapAsync(async n => n, { concurency: 3 } as never), { code: 'HEDDLE_BAD_OPTION', message: /concurrency/ });
  assert.throws(() => rows.map(async n => n), { code: 'HEDDLE_CLOSURE', message: /mapAsync/ });
  await assert.rejects(rows.mapAsync(async () => () => 1).collect(), { code: 'HEDDLE_VALUE' });
  assert.match(rows.mapAsync(async n => n, { concurrency: 3 }).explain(), /mapAsync at .*: waits for promises, at most 3 at once/);
  assert.equal(
    rows
      .keyBy(n => n)
      .partitionBy(2)
      .mapAsync(async row => row).partitioner,
    undefined,
  );
});

test('what a call adds after its task has ended is not counted for another task', async () => {
  const one = await Context.create({ threads: 1, memory: '64mb', progress: false });
  const total = one.accumulator(0);
  const late = one.range(0, 2, 1, 1).mapAsync(async i => {
    if (i === 0) return i;
    // Deaf to its signal, and still under way when the task is over.
    await new Promise<void>(resolve => Object.assign(globalThis, { lateCall: resolve }));
    total.add(100);
    return i;
  });
  assert.deepEqual(await late.take(1), [0]);
  const next = one.range(0, 1, 1, 1).mapAsync(async i => {
    (globalThis as unknown as { lateCall(): void }).lateCall();
    await new Promise(resolve => setTimeout(resolve));
    total.add(1);
    return i;
  });
  assert.equal(await next.count(), 1);
  assert.equal(total.value, 1);
  await one.stop();
});
