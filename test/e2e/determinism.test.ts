// The same answer, bit for bit: of trials and indexed sources whatever the threads and partitions, and through a shuffle, for
// one partitioning, whatever the threads and the order in which tasks run and end.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Context } from '../../lib/index.js';
import { RDD } from '../../lib/rdd/rdd.js';
import type { Session } from '../../lib/rdd/session.js';
import { arrayNode, rangeOf } from '../../lib/rdd/sources.js';
import { chooser, openReordered } from './orders.js';

const settings = [
  { threads: 1, kernels: 'on' },
  { threads: 2, kernels: 'on' },
  { threads: 3, kernels: 'on' },
  { threads: 2, kernels: 'off' },
] as const;
let contexts: Context[] = [];

before(async () => {
  contexts = await Promise.all(settings.map(setting => Context.create({ ...setting, partitions: 4, memory: '256mb', progress: false })));
});
after(() => Promise.all(contexts.map(sc => sc.stop())));

/** At the last one there are many blocks of many rows, and several batches, in each partition of each cut. */
const sizes = [0, 1, 7, 1000, 40_003];
const cuts = [1, 4, 7];

/** The same value in every context and for every number of partitions. */
async function alike(name: string, run: (sc: Context, partitions: number) => Promise<unknown>): Promise<unknown> {
  let first: { readonly value: unknown } | undefined;
  for (const [i, sc] of contexts.entries()) {
    for (const partitions of cuts) {
      const value = await run(sc, partitions);
      first ??= { value };
      assert.deepStrictEqual(value, first.value, `${name}: ${JSON.stringify(settings[i])}, ${partitions} partitions`);
    }
  }
  return first!.value;
}

describe('trials and indexed sources', () => {
  test('trials have the same values', async () => {
    for (const n of sizes) {
      const values = await alike(`${n} trials`, (sc, partitions) => sc.trials(n, rng => rng.normal(), { partitions }).collect());
      assert.equal((values as number[]).length, n);
    }
  });

  test('trials have the same sum, mean, statistics and reduction', async () => {
    for (const n of sizes) {
      await alike(`sum of ${n}`, (sc, partitions) => sc.trials(n, rng => rng.uniform() - 0.5, { partitions }).sum());
      await alike(`stats of ${n}`, (sc, partitions) => sc.trials(n, rng => rng.exponential(), { partitions }).stats());
      if (n === 0) continue;
      await alike(`mean of ${n}`, (sc, partitions) => sc.trials(n, rng => rng.uniform(), { partitions }).mean());
      await alike(`reduction of ${n}`, (sc, partitions) => sc.trials(n, rng => rng.normal(), { partitions }).reduce((a, b) => a + b));
    }
  });

  test('a closure may draw as often as it likes', async () => {
    const run = (sc: Context, partitions: number) => {
      const walk = sc.trials(
        5000,
        rng => {
          let x = 0;
          while (rng.uniform() > 0.1) x += rng.normal();
          return x;
        },
        { partitions },
      );
      return walk
        .filter(x => x !== 0)
        .flatMap(x => [x, x / 3])
        .aggregate(
          [0, 0],
          ([n, s], x) => [n! + 1, s! + x],
          (a, b) => [a[0]! + b[0]!, a[1]! + b[1]!],
        );
    };
    const [n] = (await alike('walks', run)) as number[];
    assert(n! > 8000 && n! < 10_000);
  });

  test('mapWithRng over ranges and arrays', async () => {
    for (const n of sizes) {
      const rows = Array.from({ length: n }, (_, i) => i / 3);
      const over = (sc: Context, partitions: number) => [sc.range(0, n, 1, partitions), sc.parallelize(rows, partitions)] as const;
      const draws = (sc: Context, partitions: number, i: 0 | 1) => over(sc, partitions)[i].mapWithRng((x, rng) => x + rng.uniform());
      for (const i of [0, 1] as const) {
        await alike(`values over ${n}`, (sc, partitions) => draws(sc, partitions, i).collect());
        await alike(`sum over ${n}`, (sc, partitions) =>
          draws(sc, partitions, i)
            .filter(x => x % 1 < 0.7)
            .sum(),
        );
      }
    }
  });

  test('unions of them', async () => {
    await alike('sum of a union', (sc, partitions) =>
      sc
        .union([sc.trials(1500, rng => rng.normal(), { partitions }), sc.range(0, 3, 0.001, 3 * partitions)])
        .mapWithRng((x, rng) => x * rng.uniform())
        .sum(),
    );
  });
});

const fractions = Array.from({ length: 6000 }, (_, i) => Math.sin(i) * 10 ** (i % 17));
const source = (session: Session) => new RDD<number>(session, arrayNode(session, 'parallelize', fractions, 9));

/** Answers that show the order in which rows came together. */
const shuffles: readonly [string, (session: Session) => Promise<unknown>][] = [
  [
    'sums of numbers by number',
    s =>
      source(s)
        .map(x => [Math.abs(x) & 15, x])
        .reduceByKey((a, b) => a + b, 5)
        .collect(),
  ],
  [
    'sums of numbers by fraction',
    s =>
      source(s)
        .map(x => [(Math.abs(x) & 15) / 2, x])
        .reduceByKey((a, b) => a + b, 5)
        .collect(),
  ],
  [
    'sums of numbers by text',
    s =>
      source(s)
        .map(x => [`k${Math.abs(x) & 15}`, x])
        .reduceByKey((a, b) => a + b, 5)
        .collect(),
  ],
  [
    'sums of no kernel',
    s =>
      source(s)
        .map(x => [Math.abs(x) & 15, x])
        .reduceByKey((a, b) => a + b * 1, 5)
        .collect(),
  ],
  [
    'first and last',
    s =>
      source(s)
        .map(x => [Math.abs(x) & 15, x])
        .reduceByKey((_a, b) => b, 5)
        .union(
          source(s)
            .keyBy(x => Math.abs(x) & 7)
            .reduceByKey(a => a),
        )
        .collect(),
  ],
  [
    'groups',
    s =>
      source(s)
        .keyBy(x => `${Math.abs(x) & 31}`)
        .groupByKey(3)
        .collect(),
  ],
  [
    'groups of numbers',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 31)
        .groupByKey(3)
        .collect(),
  ],
  [
    'pairs',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 1023)
        .partitionBy(4)
        .collect(),
  ],
  [
    'distinct rows',
    s =>
      source(s)
        .map(x => (Math.abs(x) & 1 ? { a: 1, b: x & 7 } : { b: x & 7, a: 1 }))
        .distinct(3)
        .map(row => JSON.stringify(row))
        .collect(),
  ],
  [
    'a join',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 255)
        .join(
          source(s).map(x => [Math.abs(x) & 511, x * 2]),
          4,
        )
        .map(([, [a, b]]) => a + b)
        .sum(),
  ],
  [
    'a chain of shuffles',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 255)
        .groupByKey(6)
        .map(([k, xs]) => [k & 7, xs.reduce((a, b) => a + b)])
        .reduceByKey((a, b) => a + b, 2)
        .collect(),
  ],
  [
    'random numbers after a shuffle',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 31)
        .groupByKey(3)
        .mapWithRng(([k], rng) => k + rng.uniform())
        .collect(),
  ],
  [
    'a sort, and random numbers after it',
    s =>
      source(s)
        .sortBy(x => Math.abs(x) & 1023, false, 5)
        .mapWithRng((x, rng) => x + rng.uniform())
        .glom()
        .collect(),
  ],
  [
    'rows dealt out, numbered, side by side',
    s => {
      const dealt = source(s).repartition(5);
      return dealt
        .zipWithIndex()
        .zip(dealt.mapWithRng((x, rng) => x * rng.int(10)))
        .collect();
    },
  ],
  [
    'partitions joined and multiplied',
    s => {
      const few = source(s)
        .keyBy(x => Math.abs(x) & 63)
        .reduceByKey((a, b) => a + b, 6)
        .coalesce(3);
      return few.union(few).cartesian(few.keys()).coalesce(4).glom().collect();
    },
  ],
  [
    'counts by value',
    async s => [
      ...(await source(s)
        .map(x => Math.abs(x) & 31)
        .countByValue()),
    ],
  ],
  [
    'a sum after a shuffle',
    s =>
      source(s)
        .keyBy(x => Math.abs(x) & 1023)
        .partitionBy(7)
        .map(([, x]) => x)
        .sum(),
  ],
  [
    'a range in many parts',
    s =>
      new RDD<number>(s, rangeOf(s, [0, 5000, 0.1, 40]))
        .keyBy(x => Math.floor(x) % 100)
        .reduceByKey((a, b) => a + b, 3)
        .collect(),
  ],
];

describe('through a shuffle', () => {
  const expected = new Map<string, Promise<unknown>>();
  /** What a job gives on one thread, which is asked for once. */
  function answerOf([name, run]: (typeof shuffles)[0]): Promise<unknown> {
    if (!expected.has(name)) expected.set(name, run(sessionOf(contexts[0]!)));
    return expected.get(name)!;
  }

  test('the answer is the same on any number of threads, every time', async () => {
    for (const job of shuffles) {
      const [name, run] = job;
      const expected = await answerOf(job);
      for (let times = 0; times < 3; times++) {
        const answers = await Promise.all(contexts.map(sc => run(sessionOf(sc))));
        for (const [i, answer] of answers.entries()) assert.deepStrictEqual(answer, expected, `${name}: ${JSON.stringify(settings[i])}`);
      }
    }
  });

  for (const kernels of [true, false]) {
    test(`the order in which tasks run and end never shows, kernels ${kernels ? 'on' : 'off'}`, async () => {
      const orders = new Map<string, Set<string>>(shuffles.map(([name]) => [name, new Set()]));
      const seeds = [1, 2, 3, 4, 5];
      for (const seed of seeds) {
        const { session, ended, stop } = openReordered(chooser(seed), { threads: 1 + (seed % 3), kernels });
        try {
          for (const job of shuffles) {
            const [name, run] = job;
            ended.length = 0;
            assert.deepStrictEqual(await run(session), await answerOf(job), `${name}: order ${seed}`);
            assert(ended.length >= 9);
            orders.get(name)!.add(ended.join('\n'));
          }
        } finally {
          await stop();
        }
      }
      for (const [name, different] of orders)
        assert.equal(different.size, seeds.length, `${name}: tasks ended in as many orders as there are seeds`);
    });
  }
});

function sessionOf(sc: Context): Session {
  return sc.emptyRDD().session;
}
