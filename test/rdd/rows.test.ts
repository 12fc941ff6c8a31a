// Operators from rows to rows, against arrays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open } from './open.js';

const sc = await open();
const numbers = Array.from({ length: 100 }, (_, i) => i);

test('map, filter, flatMap and keyBy, alone and together', async () => {
  for (const partitions of [1, 3, 130]) {
    const rdd = sc.parallelize(numbers, partitions);
    assert.deepStrictEqual(
      await rdd.map(i => i * 1.5).collect(),
      numbers.map(i => i * 1.5),
    );
    assert.deepStrictEqual(
      await rdd.filter(i => i % 3).collect(),
      numbers.filter(i => i % 3),
    );
    assert.deepStrictEqual(await rdd.filter(() => null).collect(), []);
    assert.deepStrictEqual(
      await rdd.flatMap(i => Array(i % 4).fill(i)).collect(),
      numbers.flatMap(i => Array(i % 4).fill(i)),
    );
    assert.deepStrictEqual(
      await rdd.keyBy(i => i % 2 === 0).collect(),
      numbers.map(i => [i % 2 === 0, i]),
    );
    const words = rdd
      .map(i => `${i} ${i % 5}`)
      .flatMap(text => text.split(' '))
      .filter(word => word.length === 1)
      .map(word => word + '!');
    const expected = numbers
      .flatMap(i => `${i} ${i % 5}`.split(' '))
      .filter(word => word.length === 1)
      .map(word => word + '!');
    assert.deepStrictEqual(await words.collect(), expected);
  }
});

test('flatMap nested in flatMap, with filters at every level', async () => {
  const rdd = sc
    .range(20)
    .flatMap(i => [i, i + 0.5])
    .filter(x => x !== 3)
    .flatMap(x => new Set([x, -x]))
    .filter(x => x !== -4);
  const expected = numbers
    .slice(0, 20)
    .flatMap(i => [i, i + 0.5])
    .filter(x => x !== 3)
    .flatMap(x => [...new Set([x, -x])])
    .filter(x => x !== -4);
  assert.deepStrictEqual(await rdd.collect(), expected);
});

describe('flatMap', () => {
  test('takes any iterable', async () => {
    const rdd = sc.range(3);
    assert.deepStrictEqual(await rdd.flatMap(() => 'aé😀').collect(), ['a', 'é', '😀', 'a', 'é', '😀', 'a', 'é', '😀']);
    assert.deepStrictEqual(await rdd.flatMap(i => new Map([[i, 'x']])).collect(), [
      [0, 'x'],
      [1, 'x'],
      [2, 'x'],
    ]);
    assert.deepStrictEqual(await rdd.flatMap(i => Float64Array.of(i, -0)).collect(), [0, -0, 1, -0, 2, -0]);
    const generated = rdd.flatMap(function* (i) {
      for (let k = 0; k < i * 300; k++) yield k;
    });
    assert.equal(await generated.count(), 900);
    assert.deepStrictEqual(await generated.take(302), [...numbers, ...Array.from({ length: 200 }, (_, i) => i + 100), 0, 1]);
  });

  test('takes an endless generator as far as it is asked', async () => {
    const endless = sc.range(3).flatMap(function* (i) {
      for (let k = 0; ; k++) yield [i, k];
    });
    assert.deepStrictEqual(await endless.take(2), [
      [0, 0],
      [0, 1],
    ]);
    assert.equal(
      (
        await endless
          .map(([, k]) => k)
          .filter(k => k % 1000 === 0)
          .take(5)
      ).at(-1),
      4000,
    );
  });

  test('ends an iterable that it does not take to its end', async () => {
    const rdd = sc.parallelize([0], 1).mapPartitions(function* () {
      let ended = false;
      function* endless() {
        try {
          for (;;) yield 'row';
        } finally {
          ended = true;
        }
      }
      for (const row of endless()) {
        yield row;
        break;
      }
      yield `ended: ${ended}`;
    });
    assert.deepStrictEqual(await rdd.collect(), ['row', 'ended: true']);
  });

  test('names what is no iterable', async () => {
    await assert.rejects(
      sc
        .range(3)
        .flatMap(i => i as never)
        .collect(),
      { code: 'HEDDLE_TASK_FAILED', message: /flatMap at rows\.test.*iterable.*number/s },
    );
    await assert.rejects(
      sc
        .range(3)
        .flatMap(() => null as never)
        .collect(),
      { message: /iterable.*null/ },
    );
  });
});

describe('mapPartitions', () => {
  test('sees each partition once, empty ones too', async () => {
    const rdd = sc.parallelize(numbers, 130);
    assert.equal((await rdd.mapPartitions(rows => [[...rows].length]).collect()).length, 130);
    assert.deepStrictEqual(
      await sc
        .parallelize(numbers, 3)
        .mapPartitions(rows => [[...rows]])
        .collect(),
      await sc.parallelize(numbers, 3).glom().collect(),
    );
    assert.deepStrictEqual(
      await sc
        .range(0, 9, 1, 3)
        .mapPartitionsWithIndex((index, rows) => [...rows].map(row => [index, row]))
        .collect(),
      [
        [0, 0],
        [0, 1],
        [0, 2],
        [1, 3],
        [1, 4],
        [1, 5],
        [2, 6],
        [2, 7],
        [2, 8],
      ],
    );
  });

  test('may leave rows, give other rows, and stand on itself', async () => {
    const firsts = sc.range(0, 100, 1, 4).mapPartitions(function* (rows) {
      for (const row of rows) {
        yield row;
        return;
      }
    });
    assert.deepStrictEqual(await firsts.collect(), [0, 25, 50, 75]);
    const twice = firsts.mapPartitions(rows => [...rows, 'end'] as unknown[]).mapPartitions(rows => [[...rows].length]);
    assert.deepStrictEqual(await twice.collect(), [2, 2, 2, 2]);
    assert.deepStrictEqual(
      await sc
        .range(5)
        .mapPartitions(() => [])
        .collect(),
      [],
    );
  });

  test('makes rows as they are asked for', async () => {
    // Counted in the global object of the thread, which all closures of the task share.
    const made = () => globalThis as unknown as { made: number };
    const rdd = sc.range(0, 1e6, 1, 1).map(i => {
      made().made = i + 1;
      return i;
    });
    const seen = await rdd
      .mapPartitions(function* (rows) {
        yield rows.next().value as number;
        yield made().made;
      })
      .take(2);
    assert.equal(seen[0], 0);
    assert(seen[1]! > 0 && seen[1]! <= 1024, `${seen[1]} rows were made for one`);
  });

  test('runs endless and huge partitions under take', async () => {
    const endless = sc.range(0, 2, 1, 2).mapPartitions(function* () {
      for (let i = 0; ; i++) yield i;
    });
    assert.deepStrictEqual(await endless.take(3), [0, 1, 2]);
    assert.deepStrictEqual(
      await sc
        .range(0, 2 ** 50, 1, 4)
        .mapPartitions(rows => rows)
        .take(2),
      [0, 1],
    );
  });

  test('names what is no iterable', async () => {
    await assert.rejects(
      sc
        .range(3)
        .mapPartitions((() => 5) as never)
        .collect(),
      { code: 'HEDDLE_TASK_FAILED', message: /mapPartitions.*iterable/ },
    );
  });
});

test('glom', async () => {
  assert.deepStrictEqual(await sc.range(0, 4, 1, 2).glom().collect(), [
    [0, 1],
    [2, 3],
  ]);
  assert.deepStrictEqual(await sc.parallelize([1], 3).glom().collect(), [[], [], [1]]);
});

describe('distinct', () => {
  test('keeps one of each value of every kind', async () => {
    const kinds: [unknown[], number][] = [
      [[1, 1, 2, 0, -0], 3],
      [[1.5, Number.NaN, Number.NaN, -0, 0, 2 ** 53], 4],
      [['a', 'a', '', '\ud800', '\ud800', '\ud801', '__proto__'], 5],
      [[1, '1', 1n, true, 1, '1', 1n, true, null, undefined, null, undefined], 6],
      [[new Date(1), new Date(1), new Date(2)], 2],
      [[[1, [2]], [1, [2]], [[1], 2], [], []], 3],
      [[{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }, { a: 1, b: undefined }, {}], 4],
      [[new Uint8Array([1]), new Uint8Array([1]), new Int8Array([1]), new Uint8Array([])], 3],
      [[new Map([[1, 2]]), new Map([[1, 2]]), new Set([1]), new Set([1]), new Map()], 3],
      [[2n ** 70n, 2n ** 70n, -(2n ** 70n)], 2],
    ];
    for (const [rows, n] of kinds) {
      for (const partitions of [1, 3, undefined]) {
        const rdd = sc.parallelize(rows, 2).distinct(partitions);
        assert.equal((await rdd.collect()).length, n, String(rows));
        assert.equal(rdd.getNumPartitions(), partitions ?? sc.defaultParallelism);
      }
    }
  });

  test('keeps the first, and -0 comes out as 0 as from a Set', async () => {
    assert.deepStrictEqual(
      await sc
        .parallelize(
          [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
          ],
          2,
        )
        .distinct(1)
        .map(row => Object.keys(row))
        .collect(),
      [['a', 'b']],
    );
    assert.deepStrictEqual(await sc.parallelize([-0, 0]).distinct(1).collect(), [0]);
    assert.deepStrictEqual(
      await sc
        .parallelize([-0, 'x'] as unknown[])
        .distinct(1)
        .collect(),
      [0, 'x'],
    );
    assert.deepStrictEqual(await sc.parallelize([3, 1, 3, 2, 1], 3).distinct(1).collect(), [3, 1, 2]);
  });

  test('refuses rows that cannot be compared', async () => {
    await assert.rejects(
      sc
        .parallelize([new Error('x')] as unknown[])
        .distinct()
        .collect(),
      { code: 'HEDDLE_VALUE' },
    );
  });
});

describe('mapWithRng', () => {
  test('passes the row and numbers of its own to each', async () => {
    const rows = await sc
      .parallelize(numbers, 3)
      .mapWithRng((row, rng) => [row, rng.int(10), rng.uniform()])
      .collect();
    assert.deepStrictEqual(
      rows.map(([row]) => row),
      numbers,
    );
    assert(rows.every(([, n]) => Number.isInteger(n) && n! >= 0 && n! < 10));
    assert.equal(new Set(rows.map(([, , u]) => u)).size, 100);
  });

  test('two operators of one chain, and other seeds, have other numbers', async () => {
    const two = await sc
      .range(50)
      .mapWithRng((_, rng) => rng.uniform())
      .mapWithRng((u, rng) => [u, rng.uniform()])
      .collect();
    assert.equal(new Set(two.flat()).size, 100);
    const draws = (seed: number) =>
      sc
        .range(50)
        .mapWithRng((_, rng) => rng.uniform(), { seed })
        .collect();
    assert.deepStrictEqual(await draws(1), await draws(1));
    assert.equal(new Set([...(await draws(1)), ...(await draws(2))]).size, 100);
  });
});

test('an operator refuses what is no function, and async functions', () => {
  const rdd = sc.range(1);
  for (const method of ['map', 'filter', 'flatMap', 'mapPartitions', 'mapPartitionsWithIndex', 'keyBy', 'mapWithRng'] as const) {
    const call = (rdd[method] as (f: unknown) => unknown).bind(rdd);
    assert.throws(() => call('x'), { code: 'HEDDLE_BAD_ARGUMENT', message: new RegExp(`${method}\\(f\\)`) });
    assert.throws(() => call(async () => []), { code: 'HEDDLE_CLOSURE', message: /async/ });
  }
});

test('a throw names the operator, its line, the partition and the record', async () => {
  const failing = sc
    .parallelize(['a', 'b', 'bad'], 3)
    .map(row => row)
    .filter(row => {
      if (row === 'bad') throw new RangeError('no such row');
      return true;
    });
  await assert.rejects(failing.collect(), {
    code: 'HEDDLE_TASK_FAILED',
    message: /^filter at rows\.test\.[jt]s:\d+ threw RangeError: no such row \(partition 2, attempt 0, record 'bad'\)/,
  });
});
