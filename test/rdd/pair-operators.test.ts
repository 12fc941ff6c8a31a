// Pair operators and actions that stand on others: folds with a zero, outer joins, cogroups, look-ups.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open, sorted, workOf } from './open.js';

const sc = await open();
const rows = Array.from({ length: 500 }, (_, i): [string, number] => [`k${(i * 7) % 13}`, i]);
const pairs = () => sc.parallelize(rows, 5);
const valuesOf = (key: string) => rows.filter(([k]) => k === key).map(([, v]) => v);
const keys = [...new Set(rows.map(([k]) => k))];

const left: [string, number][] = [
  ['a', 1],
  ['b', 2],
  ['a', 3],
];
const right: [string, string][] = [
  ['a', 'x'],
  ['c', 'y'],
  ['a', 'z'],
];

test('keys and values take pairs apart', async () => {
  assert.deepStrictEqual(
    await pairs().keys().collect(),
    rows.map(([k]) => k),
  );
  assert.deepStrictEqual(
    await pairs().values().collect(),
    rows.map(([, v]) => v),
  );
});

test('groupBy gathers rows in their order', async () => {
  const groups = await sc
    .range(0, 100, 1, 7)
    .groupBy(n => n % 3, 2)
    .collect();
  assert.deepStrictEqual(
    sorted(groups),
    [0, 1, 2].map(r => [r, Array.from({ length: 100 }, (_, n) => n).filter(n => n % 3 === r)]),
  );
  assert.throws(() => sc.range(3).groupBy(5 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /groupBy\(f\)/ });
});

describe('foldByKey', () => {
  test('takes its zero once a key, whatever the partitions', async () => {
    for (const partitions of [1, 5]) {
      const folded = await sc
        .parallelize(rows, partitions)
        .foldByKey(1000, (a, b) => a + b)
        .collectAsMap();
      assert.deepStrictEqual(folded, new Map(keys.map(key => [key, valuesOf(key).reduce((a, b) => a + b, 1000)])));
    }
    const in_place = pairs()
      .partitionBy(3)
      .foldByKey(1000, (a, b) => a + b);
    assert.equal(
      (await in_place.lookup('k5'))[0],
      valuesOf('k5').reduce((a, b) => a + b, 1000),
    );
  });

  test('gives each key a zero of its own, as it was at the call', async () => {
    const zero: number[] = [-1];
    const folded = pairs()
      .mapValues((v): number[] => [v])
      .foldByKey(
        zero,
        (a, b) => {
          for (const x of b) a.push(x);
          return a;
        },
        2,
      );
    zero.push(-2);
    assert.deepStrictEqual(await folded.collectAsMap(), new Map((await folded.keys().collect()).map(key => [key, [-1, ...valuesOf(key)]])));
  });

  test('refuses what cannot be a record', () => {
    const f = (a: unknown) => a as never;
    assert.throws(() => pairs().foldByKey((() => 1) as never, f), { code: 'HEDDLE_VALUE' });
    assert.throws(() => pairs().foldByKey(0, 1 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /foldByKey\(f\)/ });
    assert.throws(() => pairs().foldByKey(0, (a, b) => a + b, 0), { code: 'HEDDLE_BAD_ARGUMENT', message: /partitions/ });
  });
});

describe('aggregateByKey', () => {
  test('folds values into copies of zero and merges them', async () => {
    const means = await pairs()
      .aggregateByKey(
        { sum: 0, n: 0 },
        (c, v) => {
          c.sum += v;
          c.n++;
          return c;
        },
        (a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n }),
        3,
      )
      .collectAsMap();
    for (const key of keys) assert.deepStrictEqual(means.get(key), { sum: valuesOf(key).reduce((a, b) => a + b), n: valuesOf(key).length });
    assert.equal(means.size, keys.length);
  });

  test('names the function that is none', () => {
    const f = (a: number) => a;
    assert.throws(() => pairs().aggregateByKey(0, 1 as never, f), { code: 'HEDDLE_BAD_ARGUMENT', message: /aggregateByKey\(seq\)/ });
    assert.throws(() => pairs().aggregateByKey(0, f, 1 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /aggregateByKey\(comb\)/ });
    assert.throws(() => pairs().aggregateByKey(Symbol('s') as never, f, f), { code: 'HEDDLE_VALUE' });
  });

  test('tells of what its functions threw', async () => {
    const broken = pairs().aggregateByKey(
      0,
      (): number => {
        throw new RangeError('seq');
      },
      a => a,
    );
    await assert.rejects(broken.collect(), { code: 'HEDDLE_TASK_FAILED', message: /aggregateByKey at .*RangeError: seq/ });
  });
});

describe('outer joins', () => {
  const a = () => sc.parallelize(left, 2);
  const b = () => sc.parallelize(right, 3);

  test('have undefined for the missing side', async () => {
    const both = [
      ['a', [1, 'x']],
      ['a', [1, 'z']],
      ['a', [3, 'x']],
      ['a', [3, 'z']],
    ];
    const onlyLeft = ['b', [2, undefined]];
    const onlyRight = ['c', [undefined, 'y']];
    assert.deepStrictEqual(await a().leftOuterJoin(b(), 1).collect(), [...both, onlyLeft]);
    assert.deepStrictEqual(await a().rightOuterJoin(b(), 1).collect(), [...both, onlyRight]);
    assert.deepStrictEqual(await a().fullOuterJoin(b(), 1).collect(), [...both, onlyLeft, onlyRight]);
    const none = sc.emptyRDD<[string, string]>();
    assert.deepStrictEqual(await a().rightOuterJoin(none).collect(), []);
    assert.equal(await a().fullOuterJoin(none).count(), 3);
  });

  test('an undefined value is not a missing one', async () => {
    const values = sc.parallelize<[string, undefined]>([['a', undefined]]);
    assert.deepStrictEqual(await a().join(values).collect(), [
      ['a', [1, undefined]],
      ['a', [3, undefined]],
    ]);
  });

  test('move nothing that is partitioned alike', async () => {
    const [x, y] = [a().partitionBy(4), b().partitionBy(4)];
    const joined = x.fullOuterJoin(y).leftOuterJoin(y);
    assert.equal(joined.explain().match(/^stage /gm)!.length, 3);
    await joined.collect();
    assert.deepStrictEqual(await workOf(sc, () => joined.collect()), { stages: 1, tasks: 4 });
  });

  test('refuse what is no RDD', () => {
    for (const method of ['leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin'] as const) {
      assert.throws(() => a()[method](right as never), { code: 'HEDDLE_BAD_ARGUMENT', message: RegExp(`${method}\\(other\\)`) });
      assert.throws(() => a()[method](b() as never, -1), { code: 'HEDDLE_BAD_ARGUMENT', message: /partitions.*-1/ });
    }
  });
});

describe('cogroup', () => {
  test('has the values of each of two to four RDDs', async () => {
    const [a, b, c] = [sc.parallelize(left, 2), sc.parallelize(right, 2), pairs()];
    assert.deepStrictEqual(sorted(await a.cogroup(b, 2).collect()), [
      [
        'a',
        [
          [1, 3],
          ['x', 'z'],
        ],
      ],
      ['b', [[2], []]],
      ['c', [[], ['y']]],
    ]);
    const four = new Map(await a.groupWith(b, c, a).collect());
    assert.deepStrictEqual(four.get('a'), [[1, 3], ['x', 'z'], [], [1, 3]]);
    assert.deepStrictEqual(four.get('k5'), [[], [], valuesOf('k5'), []]);
    assert.equal(four.size, 3 + keys.length);
    assert.equal(a.cogroup(b, c, 6).getNumPartitions(), 6);
    assert.equal(a.cogroup(b, c).getNumPartitions(), sc.defaultParallelism);
    assert.equal(a.partitionBy(7).groupWith(b).getNumPartitions(), 7);
  });

  test('refuses too many, too few, and what is no RDD', () => {
    const a = sc.parallelize(left);
    const bad = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'HEDDLE_BAD_ARGUMENT', message });
    bad(() => (a.cogroup as never as () => void).call(a), /cogroup\(\.\.\.others\).*got 0/);
    bad(() => (a.groupWith as never as () => void).call(a), /groupWith\(\.\.\.others\).*got 0/);
    bad(() => a.cogroup(a, a, a, a as never), /cogroup\(\.\.\.others\).*got 4/);
    bad(() => a.cogroup(left as never), /cogroup\(\.\.\.others\)/);
    bad(() => a.groupWith(3 as never), /groupWith\(\.\.\.others\)/);
    bad(() => a.cogroup(a, 1.5), /partitions.*1\.5/);
  });
});

test('subtractByKey keeps the pairs whose keys the other one lacks', async () => {
  const others = sc.parallelize(keys.slice(2).flatMap(key => [[key, 1] as const, [key, 2] as const]));
  const kept = await pairs().subtractByKey(others, 1).collect();
  assert.deepStrictEqual(
    kept,
    keys.slice(0, 2).flatMap(key => valuesOf(key).map(v => [key, v])),
  );
  const partitioned = pairs().partitionBy(3);
  await partitioned.count();
  const rest = partitioned.subtractByKey(others);
  assert.deepStrictEqual(sorted(await rest.collect()), sorted(kept));
  assert.equal(rest.getNumPartitions(), 3);
  assert.throws(() => pairs().subtractByKey(5 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /subtractByKey\(other\)/ });
});

describe('actions on pairs', () => {
  test('lookup runs one partition where the partitioner is known', async () => {
    const found: number[] = [];
    assert.deepStrictEqual(await workOf(sc, async () => found.push(...(await pairs().lookup('k7')))), { stages: 1, tasks: 5 });
    assert.deepStrictEqual(found, valuesOf('k7'));
    const placed = pairs().partitionBy(6);
    await placed.count();
    const again: number[] = [];
    assert.deepStrictEqual(await workOf(sc, async () => again.push(...(await placed.mapValues(v => v).lookup('k7')))), {
      stages: 1,
      tasks: 1,
    });
    assert.deepStrictEqual(again, found);
    assert.deepStrictEqual(await placed.lookup('none'), []);
    await assert.rejects(placed.lookup((() => 1) as never), { code: 'HEDDLE_VALUE' });
  });

  test('lookup finds structured keys by value', async () => {
    const keyed = sc.range(10).map(n => [{ m: n % 2, at: [Number.NaN, -0] }, n]);
    assert.deepStrictEqual(await keyed.lookup({ at: [Number.NaN, 0], m: 1 }), [1, 3, 5, 7, 9]);
  });

  test('collectAsMap has the last value of each key', async () => {
    const map = await pairs().collectAsMap();
    assert.deepStrictEqual(
      [...map],
      keys.map(key => [key, valuesOf(key).at(-1)]),
    );
    const structured = sc.parallelize<[number[], number]>([
      [[1], 1],
      [[1], 2],
    ]);
    assert.deepStrictEqual([...(await structured.collectAsMap())], [[[1], 2]]);
  });

  test('reduceByKeyLocally shuffles nothing', async () => {
    const both = pairs().union(pairs());
    let sums = new Map<string, number>();
    const work = await workOf(sc, async () => (sums = await both.reduceByKeyLocally((a, b) => a + b)));
    assert.deepStrictEqual(work, { stages: 1, tasks: 10 });
    assert.deepStrictEqual(
      [...sums],
      keys.map(key => [key, 2 * valuesOf(key).reduce((a, b) => a + b)]),
    );
    await assert.rejects(pairs().reduceByKeyLocally(5 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /reduceByKeyLocally\(f\)/ });
    assert.equal((await sc.emptyRDD<[string, number]>().reduceByKeyLocally((a, b) => a + b)).size, 0);
  });
});
