// Where rows come from: every source gives its rows in order, however it is cut.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryAsync } from '../storage/temporary.js';
import { open, workOf } from './open.js';

const sc = await open();
const cuts = [1, 2, 3, 4, 7, 64];

describe('parallelize', () => {
  test('keeps the rows in order in any number of partitions', async () => {
    for (const n of [0, 1, 3, 100, 5000]) {
      const rows = Array.from({ length: n }, (_, i) => `row ${i}`);
      for (const partitions of cuts) {
        const rdd = sc.parallelize(rows, partitions);
        assert.equal(rdd.getNumPartitions(), partitions);
        const parts = await rdd.glom().collect();
        assert.equal(parts.length, partitions);
        assert.deepStrictEqual(parts.flat(), rows);
      }
    }
  });

  test('spreads rows evenly', async () => {
    const sizes = (
      await sc
        .parallelize(
          Array.from({ length: 100 }, (_, i) => i),
          7,
        )
        .glom()
        .collect()
    ).map(part => part.length);
    assert.deepStrictEqual(new Set(sizes), new Set([14, 15]));
  });

  test('has no more partitions than rows unless asked to', async () => {
    assert.equal(sc.parallelize([1, 2]).getNumPartitions(), 2);
    assert.equal(sc.parallelize([]).getNumPartitions(), 1);
    assert.equal(sc.parallelize([1, 2, 3, 4, 5, 6]).getNumPartitions(), sc.defaultParallelism);
    assert.deepStrictEqual(await sc.parallelize([]).collect(), []);
  });

  test('takes typed arrays, and makeRDD is the same', async () => {
    assert.deepStrictEqual(await sc.parallelize(Float64Array.of(1.5, -0, Number.NaN), 2).collect(), [1.5, -0, Number.NaN]);
    assert.deepStrictEqual(await sc.parallelize(Uint8Array.of(1, 255)).collect(), [1, 255]);
    assert.deepStrictEqual(await sc.makeRDD(['a', 'b'], 3).collect(), ['a', 'b']);
  });

  test('copies the rows at once', async () => {
    const rows = [{ n: 1 }, { n: 2 }];
    const rdd = sc.parallelize(rows);
    rows[0]!.n = 9;
    rows.push({ n: 3 });
    assert.deepStrictEqual(await rdd.collect(), [{ n: 1 }, { n: 2 }]);
  });

  test('keeps every kind of value', async () => {
    const rows = [undefined, null, -0, Number.NaN, 2 ** 53, '\ud800', '', '__proto__', 2n ** 80n, new Date(7), [[]], { a: { b: [1] } }];
    rows.push(new Map([[1, { k: new Set(['x']) }]]) as never, new Uint8Array([1, 2]) as never, /x/g as never);
    assert.deepStrictEqual(await sc.parallelize(rows, 3).collect(), rows);
    assert.deepStrictEqual(
      await sc
        .parallelize(rows, 3)
        .map(row => row ?? null)
        .collect(),
      rows.map(row => row ?? null),
    );
    const [invalid] = await sc.parallelize([new Date(Number.NaN)]).collect();
    assert(invalid instanceof Date && Number.isNaN(invalid.getTime()));
  });

  test('gives each job rows of its own', async () => {
    const rdd = sc.parallelize([{ n: 1 }], 1).map(row => {
      row.n++;
      return row;
    });
    assert.deepStrictEqual(await rdd.collect(), [{ n: 2 }]);
    assert.deepStrictEqual(await rdd.collect(), [{ n: 2 }]);
  });

  test('refuses what is no array, and partitions that make no sense', () => {
    assert.throws(() => sc.parallelize('text' as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /parallelize\(array\)/ });
    for (const partitions of [0, -1, 1.5, Number.NaN, '2']) {
      assert.throws(() => sc.parallelize([1], partitions as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /partitions/ });
    }
    assert.throws(() => sc.parallelize([() => 1] as never), { code: 'HEDDLE_VALUE' });
  });
});

describe('range', () => {
  const expected = (start: number, end: number, step: number) => {
    const rows: number[] = [];
    for (let i = 0, x = start; step > 0 ? x < end : x > end; x = start + ++i * step) rows.push(x);
    return rows;
  };
  const ranges: [number, number, number][] = [
    [0, 10, 1],
    [5, 5, 1],
    [5, 4, 1],
    [10, 0, -1],
    [10, -11, -3],
    [0, 1, 0.1],
    [1, 1.3, 0.1],
    [0, 0.3, 0.1],
    [-0.7, 0.7, 0.07],
    [1, 0, -0.3],
    [2 ** 53 - 10, 2 ** 53, 1],
    [-(2 ** 53), -(2 ** 53) + 100, 10],
    [-1e308, 1e308, 3e307],
    [2 ** 31 - 3, 2 ** 31 + 3, 1],
    [0, 1e9, 12345678.9],
    [0, 5000, 1],
    [1e6, 0, -333],
  ];

  test('has the elements start + i * step before the end, however it is cut', async () => {
    for (const [start, end, step] of ranges) {
      for (const partitions of cuts) {
        const rdd = sc.range(start, end, step, partitions);
        assert.equal(rdd.getNumPartitions(), partitions);
        assert.deepStrictEqual(await rdd.collect(), expected(start, end, step), `range(${start}, ${end}, ${step}, ${partitions})`);
      }
    }
  });

  test('counts from 0, by 1', async () => {
    assert.deepStrictEqual(await sc.range(5).collect(), [0, 1, 2, 3, 4]);
    assert.deepStrictEqual(await sc.range(3, 6).collect(), [3, 4, 5]);
    assert.deepStrictEqual(await sc.range(0).collect(), []);
    assert.deepStrictEqual(await sc.range(-5).collect(), []);
  });

  test('stores nothing: a huge range counts what it is asked for', async () => {
    assert.equal(await sc.range(0, 2 ** 53 - 1, 1, 1000).first(), 0);
    assert.deepStrictEqual(await sc.range(2 ** 52, 2 ** 53, 1, 3).take(3), [2 ** 52, 2 ** 52 + 1, 2 ** 52 + 2]);
    assert.equal(await sc.range(3e6).count(), 3e6);
  });

  test('refuses steps and bounds that make no sense', () => {
    for (const args of [[0, 1, 0], [Number.NaN], [0, Number.POSITIVE_INFINITY], ['1'], [0, 2 ** 60, 1e-3], []]) {
      assert.throws(() => (sc.range as (...args: unknown[]) => unknown)(...args), { code: 'HEDDLE_BAD_ARGUMENT', message: /range/ });
    }
  });
});

describe('union and emptyRDD', () => {
  test('puts partitions of different sources one after the other', async () => {
    await inTemporaryAsync(async root => {
      writeFileSync(join(root, 'a.txt'), 'x\ny\n');
      const all = sc.union<unknown>([sc.range(3), sc.parallelize(['a', 'b'], 5), sc.textFile(join(root, 'a.txt')), sc.emptyRDD()]);
      assert.deepStrictEqual(await all.collect(), [0, 1, 2, 'a', 'b', 'x', 'y']);
      const twice = sc
        .range(3)
        .map(i => [i % 2, i])
        .reduceByKey((a, b) => a + b, 2);
      const mixed = twice.union(sc.range(2).map(i => [i, -1]));
      assert.deepStrictEqual(await mixed.collect(), [...(await twice.collect()), [0, -1], [1, -1]]);
      assert.equal(await all.union(all).count(), 14);
      assert.deepStrictEqual(
        await all
          .union(all, all)
          .filter(row => row === 'x')
          .collect(),
        ['x', 'x', 'x'],
      );
    });
  });

  test('of nothing is empty', async () => {
    const none = sc.union<number>([]);
    assert.equal(none.getNumPartitions(), 0);
    assert.deepStrictEqual(await none.collect(), []);
    assert.equal(await none.count(), 0);
    assert.deepStrictEqual(
      await none
        .map(i => [i, 1])
        .reduceByKey((a, b) => a + b)
        .collect(),
      [],
    );
    assert.deepStrictEqual(await none.distinct(3).collect(), []);
    assert.deepStrictEqual(await none.glom().collect(), []);
    assert.equal(await none.sum(), 0);
    assert.deepStrictEqual(await none.take(3), []);
    assert.throws(() => sc.union('rdds' as never), { code: 'HEDDLE_BAD_ARGUMENT' });
    assert.throws(() => sc.range(1).union([sc.range(1)] as never), { code: 'HEDDLE_BAD_ARGUMENT' });
  });

  test('keeps the partition indices and random numbers of its parts', async () => {
    const part = sc.parallelize(['a', 'b', 'c'], 3).mapPartitionsWithIndex((index, rows) => [...rows].map(row => [index, row]));
    assert.deepStrictEqual(
      await sc
        .range(9)
        .map(i => [i, ''])
        .union(part)
        .filter(([, row]) => row !== '')
        .collect(),
      await part.collect(),
    );
    const keyed = sc
      .range(100)
      .map(i => [i % 9, i])
      .groupByKey(3)
      .mapWithRng(([k], rng) => [k, rng.uniform()]);
    const whole = await keyed.collect();
    assert.deepStrictEqual(
      (
        await sc
          .range(1)
          .map(i => [i, -1])
          .union(keyed)
          .collect()
      ).slice(1),
      whole,
    );
  });

  test('gives its parts different random numbers', async () => {
    const rows = await sc
      .range(100)
      .union(sc.range(100))
      .mapWithRng((_, rng) => rng.uniform())
      .collect();
    assert.equal(new Set(rows).size, 200);
    assert.deepStrictEqual(
      rows.slice(0, 100),
      await sc
        .range(100)
        .mapWithRng((_, rng) => rng.uniform())
        .collect(),
    );
  });
});

describe('textFile', () => {
  test('gives each line once and in order, in any number of partitions', async () => {
    await inTemporaryAsync(async root => {
      const lines = Array.from({ length: 2000 }, (_, i) => (i % 7 === 0 ? '' : `line ${i} ${'é😀'.repeat(i % 5)}`));
      writeFileSync(join(root, 'a.txt'), lines.join('\n'));
      writeFileSync(join(root, 'b.txt'), `${lines.join('\r\n')}\r\n`);
      writeFileSync(join(root, 'c.txt'), '');
      for (const partitions of cuts) {
        assert.deepStrictEqual(await sc.textFile(join(root, 'a.txt'), { partitions }).collect(), lines);
        assert.deepStrictEqual(await sc.textFile(root, { partitions }).collect(), [...lines, ...lines]);
        assert.deepStrictEqual(await sc.textFile([join(root, 'b.txt'), join(root, '[ac].txt')], { partitions }).collect(), [
          ...lines,
          ...lines,
        ]);
      }
      assert.deepStrictEqual(await sc.textFile(join(root, 'c.txt')).collect(), []);
    });
  });

  test('decodes latin1, refuses what is not there', async () => {
    await inTemporaryAsync(async root => {
      writeFileSync(join(root, 'a.txt'), Buffer.from([0xe9, 0x0a, 0x41]));
      assert.deepStrictEqual(await sc.textFile(join(root, 'a.txt'), { decoder: 'latin1' }).collect(), ['é', 'A']);
      assert.throws(() => sc.textFile(join(root, 'none.txt')), /none\.txt/);
      assert.throws(() => sc.textFile(join(root, 'a.txt'), { decoder: 'ebcdic' as never }), { code: 'HEDDLE_BAD_OPTION' });
    });
  });
});

describe('trials', () => {
  test('passes the index, and has partitions as asked', async () => {
    const rdd = sc.trials(5, (_rng, i) => i * 2, { partitions: 3 });
    assert.equal(rdd.getNumPartitions(), 3);
    assert.deepStrictEqual(await rdd.collect(), [0, 2, 4, 6, 8]);
    assert.deepStrictEqual(await sc.trials(0, rng => rng.uniform()).collect(), []);
    for (const n of [-1, 0.5, Number.NaN, '5']) assert.throws(() => sc.trials(n as never, () => 0), { code: 'HEDDLE_BAD_ARGUMENT' });
  });

  test('is the same for the same seed and another for another', async () => {
    const draws = (seed?: number | string) => sc.trials(50, rng => rng.uniform(), seed === undefined ? {} : { seed }).collect();
    assert.deepStrictEqual(await draws(7), await draws(7));
    assert.equal(new Set([...(await draws()), ...(await draws(7)), ...(await draws('7'))]).size, 150);
  });
});

test('a plan costs nothing until an action runs it', async () => {
  const work = await workOf(sc, async () => {
    sc.range(10)
      .map(i => [i, i])
      .groupByKey()
      .explain();
  });
  assert.deepStrictEqual(work, { stages: 0, tasks: 0 });
});
