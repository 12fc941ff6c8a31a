// Small jobs run on the main thread, all others in the pool; nothing but the count of the pool's tasks tells the two apart.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Context, HeddleError } from '../../lib/index.js';

let inline: Context;
let pool: Context;
before(async () => {
  const common = { threads: 2, memory: '64mb', progress: false } as const;
  [inline, pool] = await Promise.all([Context.create(common), Context.create({ ...common, smallJobs: 'pool' })]);
});
after(() => Promise.all([inline.stop(), pool.stop()]));

/** Tasks that the threads have run so far. */
const completed = (sc: Context) =>
  (sc as unknown as { transport: { threads: { pool: { piscina: { completed: number } } } } }).transport.threads.pool.piscina.completed;

/** What a job gives, and whether threads had a part in it. */
async function observe<T>(sc: Context, job: (sc: Context) => Promise<T>): Promise<{ readonly answer: T; readonly inThreads: boolean }> {
  const before = completed(sc);
  const answer = await job(sc);
  return { answer, inThreads: completed(sc) > before };
}

describe('a small job', () => {
  const jobs: Record<string, (sc: Context) => Promise<unknown>> = {
    'map and reduce': sc =>
      sc
        .range(1000)
        .map(x => x * 2)
        .reduce((a, b) => a + b),
    'a sum of floats': sc =>
      sc
        .range(0, 100, 0.1)
        .map(x => x / 3)
        .sum(),
    'a sum of floats, of some of the blocks': sc =>
      sc
        .range(0, 100, 0.1, 7)
        .filter(x => x % 3 < 2)
        .flatMap(x => (x % 2 < 1 ? [x / 3, x / 7] : []))
        .sum(),
    'what does not associate, of blocks of a row': sc =>
      sc
        .range(0, 1000, 1, 3)
        .map(x => x / 3)
        .reduce((a, b) => a * 0.7 - b),
    'and of blocks of two rows, an array': sc =>
      sc
        .parallelize(
          Array.from({ length: 2048 }, (_, i) => i / 3),
          3,
        )
        .reduce((a, b) => a * 0.7 - b),
    'an aggregate of a cached array': async sc => {
      const rows = sc
        .parallelize([5, 0.1, 0.2, 0.3, 7, 8], 2)
        .map(x => x * 3)
        .cache();
      const [first, again] = [
        await rows.sum(),
        await rows.aggregate(
          0,
          (a, b) => a - b,
          (a, b) => a * 2 + b,
        ),
      ];
      return [first, again, await rows.stats()];
    },
    'an array': sc =>
      sc
        .parallelize(['a b', 'c', ''])
        .flatMap(line => line.split(' '))
        .collect(),
    'a shuffle': sc =>
      sc
        .range(500)
        .map(x => [x % 7, 1])
        .reduceByKey((a, b) => a + b)
        .collect(),
    'text through a shuffle': sc =>
      sc
        .parallelize(['x', 'y', 'x', 'zé'])
        .map(w => [w, w.length])
        .groupByKey()
        .collect(),
    'a sort': sc =>
      sc
        .parallelize([3, 1, 2])
        .sortBy(x => -x)
        .collect(),
    'a union, zipped with its numbers': sc =>
      sc
        .union([sc.range(5), sc.parallelize([7, 8])])
        .zipWithIndex()
        .collect(),
    'a sample': sc => sc.range(1000).sample(false, 0.3).collect(),
    trials: sc => sc.trials(200, rng => rng.normal()).stats(),
    nothing: sc => sc.emptyRDD<number>().sum(),
    'the first rows': sc =>
      sc
        .range(1000)
        .filter(x => x % 3 === 1)
        .take(4),
    'rows counted by value': async sc => [...(await sc.parallelize(['a', 'b', 'a']).countByValue())],
  };
  for (const [name, job] of Object.entries(jobs)) {
    test(`${name}: on the main thread, and as in the pool`, async () => {
      const here = await observe(inline, job);
      const there = await observe(pool, job);
      assert.deepStrictEqual(here.answer, there.answer);
      assert.equal(here.inThreads, false);
      assert.equal(there.inThreads, name !== 'nothing');
    });
  }

  test('fails as it does in the pool', async () => {
    const failures = await Promise.all(
      [inline, pool].map(async sc => {
        const error = await sc
          .parallelize([{ a: { b: 1 } }, { a: null }])
          .map(row => row.a!.b)
          .collect()
          .catch((error: unknown) => error);
        assert(error instanceof HeddleError);
        const { stage: _, ...data } = error.data;
        return { code: error.code, data, cause: String(error.cause) };
      }),
    );
    assert.deepStrictEqual(failures[0], failures[1]);
    assert.equal(failures[0]!.code, 'HEDDLE_TASK_FAILED');
    assert.match(failures[0]!.cause, /TypeError/);
    assert.match(String(failures[0]!.data.at), /small-jobs\.test\.ts:\d+:\d+$/);
  });

  test('is told of as any other', async () => {
    const told: string[] = [];
    const listen = (event: { type: string }) => void told.push(event.type);
    inline.on('event', listen);
    await inline.range(0, 10, 1, 2).sum();
    inline.off('event', listen);
    assert.deepEqual(told, [
      'jobStarted',
      'stageStarted',
      'taskStarted',
      'taskStarted',
      'taskEnded',
      'taskEnded',
      'stageEnded',
      'jobEnded',
    ]);
    assert.equal(inline.lastJob!.rows, 10);
  });

  const tasksOf: readonly (readonly [string, number, (sc: Context) => Promise<unknown>])[] = [
    [
      'a range',
      1,
      sc =>
        sc
          .range(1000)
          .map(x => x / 3)
          .sum(),
    ],
    ['an array', 1, sc => sc.parallelize([3, 1, 2, 7]).collect()],
    ['trials', 1, sc => sc.trials(50, rng => rng.uniform()).stats()],
    [
      'a count',
      1,
      sc =>
        sc
          .parallelize(['a', 'b', 'c'])
          .filter(x => x > 'a')
          .count(),
    ],
    [
      'values that are counted',
      1,
      async sc => [
        ...(await sc
          .range(9)
          .map(x => x % 2)
          .countByValue()),
      ],
    ],
    ['a number of partitions that was asked for', 2, sc => sc.range(0, 1000, 1, 2).sum()],
    ['rows that are asked for by partition', 2, sc => sc.runJob(sc.range(5), rows => [...rows])],
    ['a union', 4, sc => sc.range(5).union(sc.range(3)).collect()],
    ['partitions that are seen', 2, sc => sc.range(5).glom().collect()],
    ['what is persisted', 2, sc => sc.range(5).cache().collect()],
    [
      'what closures keep from the main thread',
      2,
      sc =>
        sc
          .range(5)
          .map(x => {
            for (;;) return x;
          })
          .collect(),
    ],
  ];
  for (const [what, tasks, job] of tasksOf) {
    test(`as ${tasks} tasks: ${what}`, async () => {
      const [here, there] = [await job(inline), await job(pool)];
      assert.deepStrictEqual(here, there);
      assert.equal(inline.lastJob!.tasks, tasks);
    });
  }

  test('of one task tells of the partition whose row failed', async () => {
    const partitions = [];
    for (const at of [0, 499, 500, 999]) {
      const job = inline.range(1000).map(x => (x === at ? (null as unknown as { y: number }).y : x));
      partitions.push(((await job.sum().catch((error: HeddleError) => error)) as HeddleError).data.partition);
    }
    assert.deepEqual(partitions, [0, 0, 1, 1]);
  });
});

describe('not small', () => {
  const helper = (x: number) => x + 1;
  const cases: Record<string, (sc: Context) => Promise<unknown>> = {
    'many rows': sc =>
      sc
        .range(10_000)
        .map(x => x + 1)
        .sum(),
    'many tasks': sc => sc.range(0, 100, 1, 100).count(),
    'large rows': sc =>
      sc
        .parallelize(['x'.repeat(100_000)])
        .map(s => s.length)
        .sum(),
    'a closure that may not end': sc =>
      sc
        .range(10)
        .map(x => helper(x))
        .sum(),
    'every row with every row': sc => sc.range(10).cartesian(sc.range(10)).count(),
    'a join': sc =>
      sc
        .range(10)
        .keyBy(x => x)
        .join(sc.range(10).keyBy(x => x))
        .count(),
    'what is done to each row': sc => sc.range(10).forEach(x => void x),
    'rows that multiply': sc =>
      sc
        .range(2)
        .flatMap(x => [x, x])
        .flatMap(x => [x, x])
        .flatMap(x => [x, x])
        .count(),
  };
  for (const [name, job] of Object.entries(cases)) {
    test(name, async () => assert.equal((await observe(inline, job)).inThreads, true));
  }
});
