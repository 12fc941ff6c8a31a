// Operators of pairs against arrays, and what they move.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open, sorted, workOf } from './open.js';

const sc = await open();
const rows = Array.from({ length: 1000 }, (_, i): [string, number] => [`k${(i * 7) % 13}`, i]);
const hot: [unknown, number][] = Array.from({ length: 500 }, (_, i) => [i % 50 === 0 ? [i] : 'hot', i]);

function groups<K, V>(pairs: readonly (readonly [K, V])[]): [K, V[]][] {
  const map = new Map<string, [K, V[]]>();
  for (const [k, v] of pairs) {
    const text = `${typeof k} ${JSON.stringify(k)}`;
    if (!map.has(text)) map.set(text, [k === 0 ? (0 as K) : k, []]);
    map.get(text)![1].push(v);
  }
  return [...map.values()];
}
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b);

describe('reduceByKey', () => {
  test('combines the values of each key, in any number of partitions', async () => {
    const expected = sorted(groups(rows).map(([k, values]) => [k, sum(values)]));
    for (const [from, to] of [
      [1, 1],
      [4, 3],
      [7, 2],
      [1100, 5],
      [2, 64],
    ] as const) {
      const rdd = sc.parallelize(rows, from).reduceByKey((a, b) => a + b, to);
      assert.equal(rdd.getNumPartitions(), to);
      assert.deepStrictEqual(sorted(await rdd.collect()), expected);
    }
    assert.deepStrictEqual(
      await sc
        .parallelize([] as [string, number][])
        .reduceByKey((a, b) => a + b)
        .collect(),
      [],
    );
    assert.deepStrictEqual(
      await sc
        .parallelize([['a', 1]] as [string, number][], 5)
        .reduceByKey((a, b) => a + b, 7)
        .collect(),
      [['a', 1]],
    );
    assert.equal(
      sc
        .parallelize(rows, 2)
        .reduceByKey((a, b) => a + b)
        .getNumPartitions(),
      sc.defaultParallelism,
    );
  });

  test('of numbers by numbers: sums, extremes, first and last', async () => {
    const pairs = Array.from({ length: 20_000 }, (_, i): [number, number] => [(i * 31) % 997, ((i * 7919) % 1000) - 500]);
    const functions: [(a: number, b: number) => number, string][] = [
      [(a, b) => a + b, 'sum'],
      [(a, b) => Math.min(a, b), 'min'],
      [(a, b) => Math.max(a, b), 'max'],
      [(a, _b) => a, 'first'],
      [(_a, b) => b, 'last'],
      [(a, b) => (a * 3 + b) % 1009, 'of no kernel'],
    ];
    for (const [f, name] of functions.slice(0, 5)) {
      const expected = sorted(groups(pairs).map(([k, values]) => [k, values.reduce(f)]));
      assert.deepStrictEqual(sorted(await sc.parallelize(pairs, 3).reduceByKey(f, 4).collect()), expected, name);
      assert.deepStrictEqual(
        sorted(
          await sc
            .parallelize(pairs, 3)
            .groupByKey(2)
            .mapValues(values => values.length)
            .collect(),
        ).length,
        997,
      );
    }
    const one = sorted(await sc.parallelize(pairs, 1).reduceByKey(functions[5]![0], 4).collect());
    assert.deepStrictEqual(one, sorted(groups(pairs).map(([k, values]) => [k, values.reduce(functions[5]![0])])));
  });

  test('sums past 32 bits, fractions, infinities and NaN', async () => {
    const pairs: [number, number][] = [
      [1, 2 ** 31 - 1],
      [1, 2 ** 31 - 1],
      [2, -(2 ** 31)],
      [2, -1],
      [3, 0.1],
      [3, 0.2],
      [4, 1],
      [4, Number.NaN],
    ];
    pairs.push([5, -0], [6, 1e308], [6, 1e308], [7, 2 ** 53], [7, 1]);
    const expected = sorted(groups(pairs).map(([k, values]) => [k, String(sum(values))]));
    const summed = sc.parallelize(pairs, 1).reduceByKey((a, b) => a + b, 3);
    assert.deepStrictEqual(sorted(await summed.mapValues(String).collect()), expected);
    const five = await summed.filter(([k]) => k === 5).collect();
    assert(Object.is(five[0]![1], -0), 'a single -0 stays');
  });

  test('when keys or values change their kind in the middle of a task', async () => {
    const kinds = [(i: number) => i, (i: number) => i + 0.5, (i: number) => `${i}`, (i: number) => [i], (i: number) => BigInt(i), () => -0];
    for (const first of kinds) {
      for (const then of kinds) {
        const pairs = Array.from({ length: 1200 }, (_, i): [unknown, string] => [(i < 700 ? first : then)(i % 10), `${i},`]);
        const expected = sorted(
          groups(pairs.map(([k, v]): [unknown, string] => [typeof k === 'bigint' ? `${k}n` : k, v])).map(([k, v]) => [k, v.join('')]),
        );
        const joined = await sc
          .parallelize(pairs, 1)
          .reduceByKey((a, b) => a + b, 3)
          .collect();
        assert.deepStrictEqual(sorted(joined.map(([k, v]) => [typeof k === 'bigint' ? `${k}n` : k, v])), expected);
        const counts = await sc
          .parallelize(pairs, 1)
          .map(([k]) => [k, 1])
          .reduceByKey((a, b) => a + b, 2)
          .collect();
        assert.equal(sum(counts.map(([, n]) => n)), 1200);
        assert.equal(counts.length, expected.length);
      }
    }
    const values = Array.from({ length: 1000 }, (_, i): [number, unknown] => [i % 3, i < 500 ? i : `${i}`]);
    const last = sc.parallelize(values, 1).reduceByKey((_a, b) => b, 2);
    assert.deepStrictEqual(sorted(await last.collect()), [
      [0, '999'],
      [1, '997'],
      [2, '998'],
    ]);
  });

  test('of one row that becomes many', async () => {
    const many = sc.parallelize([0], 1).flatMap(function* () {
      for (let i = 0; i < 100_000; i++) yield i;
    });
    assert.deepStrictEqual(
      sorted(
        await many
          .map(i => [i % 3, 1])
          .reduceByKey((a, b) => a + b, 2)
          .collect(),
      ),
      [
        [0, 33334],
        [1, 33333],
        [2, 33333],
      ],
    );
    const mixed = many.map(i => [i < 1000 ? i % 3 : `${i % 3}`, i % 7 === 0 ? 0.5 : 1]).reduceByKey((a, b) => a + b, 2);
    assert.equal((await mixed.collect()).length, 6);
    assert.equal(
      await many
        .map(i => [`${i}`, i])
        .reduceByKey((a, b) => a + b, 3)
        .count(),
      100_000,
    );
  });

  test('in place where the keys already lie in their partitions', async () => {
    const partitioned = sc.parallelize(rows, 5).partitionBy(3);
    const counted = partitioned
      .mapValues(() => 1)
      .filter(([k]) => k !== 'k1')
      .reduceByKey((a, b) => a + b);
    assert.equal(counted.getNumPartitions(), 3);
    assert.match(counted.explain(), /reduceByKey at .*in place/);
    assert.equal(counted.explain().match(/^stage /gm)!.length, 2);
    const expected = sorted(
      groups(rows)
        .filter(([k]) => k !== 'k1')
        .map(([k, values]) => [k, values.length]),
    );
    assert.deepStrictEqual(await workOf(sc, async () => assert.deepStrictEqual(sorted(await counted.collect()), expected)), {
      stages: 2,
      tasks: 8,
    });
    // A second action reads what the shuffle holds.
    assert.deepStrictEqual(await workOf(sc, () => counted.groupByKey().count()), { stages: 1, tasks: 3 });
    // A map may change the keys.
    assert.equal(
      partitioned
        .map(pair => pair)
        .groupByKey(3)
        .explain()
        .match(/^stage /gm)!.length,
      3,
    );
  });
});

test('combineByKey makes, fills and merges combiners', async () => {
  const mean = {
    createCombiner: (v: number) => ({ n: 1, sum: v }),
    mergeValue: (c: { n: number; sum: number }, v: number) => {
      c.n++;
      c.sum += v;
      return c;
    },
    mergeCombiners: (a: { n: number; sum: number }, b: { n: number; sum: number }) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
  };
  const expected = sorted(groups(rows).map(([k, values]) => [k, { n: values.length, sum: sum(values) }]));
  for (const partitions of [1, 4, 7]) {
    assert.deepStrictEqual(sorted(await sc.parallelize(rows, partitions).combineByKey(mean, 3).collect()), expected);
    assert.deepStrictEqual(sorted(await sc.parallelize(rows, partitions).partitionBy(2).combineByKey(mean).collect()), expected);
  }
  assert.throws(() => sc.parallelize(rows).combineByKey({ ...mean, mergeValue: 1 } as never), { message: /combineByKey\.mergeValue/ });
  assert.throws(() => sc.parallelize(rows).combineByKey(null as never), { code: 'HEDDLE_BAD_ARGUMENT' });
});

describe('groupByKey', () => {
  test('has the values in the order of the rows', async () => {
    for (const data of [rows, hot, rows.map(([k, v]): [number, number] => [Number(k.slice(1)), v + 0.5])] as [unknown, number][][]) {
      for (const partitions of [1, 3, 8]) {
        assert.deepStrictEqual(sorted(await sc.parallelize(data, partitions).groupByKey(4).collect()), sorted(groups(data)));
        assert.deepStrictEqual(sorted(await sc.parallelize(data, partitions).partitionBy(4).groupByKey().collect()), sorted(groups(data)));
      }
    }
  });

  test('has the keys of a partition in order of first appearance', async () => {
    const keys = await sc
      .parallelize(rows, 7)
      .groupByKey(1)
      .map(([k]) => k)
      .collect();
    assert.deepStrictEqual(
      keys,
      groups(rows).map(([k]) => k),
    );
  });

  test('gives every group an array of its own', async () => {
    const grown = await sc
      .parallelize(rows, 3)
      .groupByKey(2)
      .mapValues(values => {
        values.push(-1);
        return values.length;
      })
      .collect();
    assert.deepStrictEqual(sorted(grown), sorted(groups(rows).map(([k, values]) => [k, values.length + 1])));
  });
});

test('keys of every kind find each other', async () => {
  const keys: unknown[] = [
    '',
    'a',
    '\ud800',
    '__proto__',
    0,
    1,
    -1.5,
    Number.NaN,
    2 ** 31,
    2 ** 53,
    Number.POSITIVE_INFINITY,
    1n,
    2n ** 70n,
  ];
  keys.push(true, false, null, undefined, new Date(0), new Uint8Array([1, 2]), [], [[1, 'a'], null], { a: 1 }, { a: { b: [Number.NaN] } });
  const pairs = [...keys, ...structuredClone(keys)].map((k, i): [unknown, number] => [k, i]);
  for (const partitions of [1, 3]) {
    const grouped = await sc.parallelize(pairs, 5).groupByKey(partitions).collect();
    assert.equal(grouped.length, keys.length);
    for (const [k, [first, second, ...more]] of grouped) {
      assert.deepStrictEqual(k, keys[first!]);
      assert.equal(second, first! + keys.length);
      assert.deepStrictEqual(more, []);
    }
    const joined = await sc
      .parallelize(pairs.slice(0, keys.length), 2)
      .join(sc.parallelize(pairs.slice(keys.length), 3), partitions)
      .collect();
    assert.equal(joined.length, keys.length);
    assert(joined.every(([, [a, b]]) => b === a + keys.length));
  }
  const zeros = await sc
    .parallelize(
      [
        [0, 'a'],
        [-0, 'b'],
        [Number.NaN, 'c'],
        [-Number.NaN, 'd'],
      ] as [number, string][],
      4,
    )
    .groupByKey(2)
    .collect();
  assert.deepStrictEqual(sorted(zeros.map(([, values]) => values)), [
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('a key that cannot be compared fails the job at once, naming it', async () => {
  const failing = sc
    .range(3)
    .map(i => [i === 2 ? new WeakRef({}) : i, 1] as [unknown, number])
    .groupByKey();
  await assert.rejects(failing.collect(), { code: 'HEDDLE_VALUE', message: /cannot be a key/ });
});

test('mapValues and flatMapValues keep the keys and the partitioner', async () => {
  const rdd = sc.parallelize(rows, 3);
  assert.deepStrictEqual(
    await rdd.mapValues(v => v * 2).collect(),
    rows.map(([k, v]) => [k, v * 2]),
  );
  assert.deepStrictEqual(
    await rdd.flatMapValues(v => (v % 2 === 0 ? [] : [v, 'x'])).collect(),
    rows.flatMap(([k, v]) =>
      v % 2 === 0
        ? []
        : [
            [k, v],
            [k, 'x'],
          ],
    ),
  );
  assert.deepStrictEqual(
    await rdd
      .flatMapValues(function* (v) {
        for (let i = 0; ; i++) yield v + i;
      })
      .take(3),
    [
      ['k0', 0],
      ['k0', 1],
      ['k0', 2],
    ],
  );
  const kept = rdd
    .groupByKey(3)
    .flatMapValues(values => values)
    .mapValues(v => v + 1)
    .reduceByKey((a, b) => a + b);
  assert.equal(kept.explain().match(/^stage /gm)!.length, 2);
});

test('explain tells the stages, the operators and their lines', () => {
  const text = sc
    .textFile('package.json', { partitions: 2 })
    .flatMap(line => line.split(' '))
    .map(word => [word, 1])
    .reduceByKey((a, b) => a + b, 3)
    .explain();
  const operators = ['textFile', 'flatMap', 'map'].map(name => `.*${name} at pairs\\.test\\.[jt]s:\\d+`);
  assert.match(text, new RegExp(`^stage 1: 2 tasks.*\\n${operators.join('.*\\n')}`));
  assert.match(text, /writes shuffle 1 for reduceByKey at .*to 3 partitions/);
  assert.match(text, /stage 2: 3 tasks/);
});
