// Operators that go by the place of a row, and names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure } from '../failure/support.js';
import { eventsOf, open, workOf } from './open.js';

const sc = await open();
const bad = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'HEDDLE_BAD_ARGUMENT', message });

describe('zip', () => {
  test('pairs the rows in the same place', async () => {
    const words = sc.range(0, 1000, 1, 3).map(n => `w${n}`);
    const zipped = sc.range(0, 1000, 1, 3).zip(words);
    assert.deepStrictEqual(
      await zipped.collect(),
      Array.from({ length: 1000 }, (_, n) => [n, `w${n}`]),
    );
    assert.deepStrictEqual(await zipped.take(2), [
      [0, 'w0'],
      [1, 'w1'],
    ]);
    assert.equal((await zipped.countByKey()).size, 1000);
    assert.deepStrictEqual(await sc.emptyRDD().zip(sc.emptyRDD()).collect(), []);
  });

  test('takes sides whose batches differ, unions and shuffles among them', async () => {
    const flat = sc
      .range(0, 50, 1, 2)
      .flatMap(n => [n, n, n])
      .union(sc.range(0, 10, 1, 1));
    const plain = sc.parallelize([...Array(75).fill('a'), ...Array(75).fill('b'), ...Array(10).fill('c')], 3);
    const counts = plain.zip(flat.mapPartitions(rows => rows));
    await assert.rejects(counts.collect(), { code: 'HEDDLE_UNEQUAL' });
    const grouped = sc
      .range(30)
      .map(n => [n % 6, n])
      .groupByKey(3);
    const back = await grouped.zip(grouped.mapValues(values => values.length)).collect();
    assert.deepStrictEqual(
      back,
      (await grouped.collect()).map(pair => [pair, [pair[0], pair[1].length]]),
    );
  });

  test('names the partition and the numbers of rows where they differ', async () => {
    const left = sc.range(0, 3000, 1, 3);
    for (const [right, numbers] of [
      [left.filter(n => n !== 2500), [1000, 999]],
      [left.flatMap(n => (n === 2500 ? [n, n] : [n])), [1000, 1001]],
      [left.filter(n => n < 2000), [1000, 0]],
    ] as const) {
      const sizes = (await left.glom().collect()).map(rows => rows.length);
      assert.equal(sizes[2], numbers[0]);
      const error = await failure(left.zip(right).count(), 'HEDDLE_UNEQUAL');
      assert.match(error.message, RegExp(`zip at zips.test.*partition 2 has ${numbers[0]} rows, that of the other one ${numbers[1]}`));
      assert.deepStrictEqual([error.data.left, error.data.right, error.data.partition], [...numbers, 2]);
    }
  });

  test('refuses another number of partitions at the call', () => {
    bad(() => sc.range(0, 9, 1, 3).zip(sc.range(0, 9, 1, 2)), /zip\(other\): expected as many partitions as this RDD has, 3.*got 2/);
    bad(() => sc.range(3).zip([1] as never), /zip\(other\)/);
  });
});

describe('zipPartitions', () => {
  test('gives the partitions of two to four RDDs to one function', async () => {
    const a = sc.range(0, 6, 1, 2);
    const b = sc.parallelize(['x', 'y', 'z'], 2);
    const two = a.zipPartitions(b, (numbers, texts) => [[...numbers].length, [...texts].join('')]);
    assert.deepStrictEqual(await two.collect(), [3, 'x', 3, 'yz']);
    const four = a.zipPartitions(b, a, b, function* (p, q, r, s) {
      yield [p, q, r, s].map(rows => [...(rows as Iterable<unknown>)].length);
    });
    assert.deepStrictEqual(await four.collect(), [
      [3, 1, 3, 1],
      [3, 2, 3, 2],
    ]);
  });

  test('pulls no more than the function asks for', async () => {
    const endless = sc.range(0, 1e12, 1, 2);
    const merged = endless.zipPartitions(endless, function* (left, right) {
      for (const a of left) {
        yield a + (right.next().value as number);
        if (a % 10 === 9) return;
      }
    });
    assert.equal((await merged.take(3)).length, 3);
  });

  test('refuses what makes no sense, and tells what f threw', async () => {
    const a = sc.range(0, 6, 1, 2);
    bad(() => (a.zipPartitions as (f: unknown) => unknown)(() => []), /zipPartitions\(\.\.\.others, f\).*got 0/);
    bad(() => (a.zipPartitions as (...all: unknown[]) => unknown)(a, a, a, a, () => []), /got 4/);
    bad(() => a.zipPartitions(sc.range(0, 6, 1, 3), () => []), /zipPartitions\(\.\.\.others\).*2.*got 3/);
    bad(() => a.zipPartitions(a, 5 as never), /zipPartitions\(f\)/);
    bad(() => a.zipPartitions(5 as never, () => []), /zipPartitions\(\.\.\.others\)/);
    const broken = a.zipPartitions(a, () => {
      throw new RangeError('no');
    });
    await assert.rejects(broken.collect(), { code: 'HEDDLE_TASK_FAILED', message: /zipPartitions at zips.test.*RangeError: no/ });
  });
});

describe('zipWithIndex', () => {
  const odd = sc.range(0, 5000, 1, 4).filter(n => n % 2 === 1);
  const expected = Array.from({ length: 2500 }, (_, i) => [2 * i + 1, i]);

  test('counts in a job of its own, once, and all but the last partition', async () => {
    const indexed = odd.zipWithIndex();
    assert.match(indexed.explain(), /zipWithIndex at zips\.test.*: rows numbered, after a job that counts them/);
    assert.deepStrictEqual(await workOf(sc, async () => assert.deepStrictEqual(await indexed.collect(), expected)), {
      stages: 2,
      tasks: 3 + 4,
    });
    assert.deepStrictEqual(await workOf(sc, () => indexed.mapValues(i => i).count()), { stages: 1, tasks: 4 });
  });

  test('needs no job for one partition, nor where the source tells the numbers', async () => {
    assert.deepStrictEqual(await workOf(sc, () => odd.coalesce(1).zipWithIndex().count()), { stages: 1, tasks: 1 });
    const told = sc
      .parallelize(['a', 'b', 'c', 'd'], 3)
      .map(text => text + text)
      .zipWithIndex();
    assert.deepStrictEqual(await workOf(sc, async () => assert.deepStrictEqual(await told.values().collect(), [0, 1, 2, 3])), {
      stages: 1,
      tasks: 3,
    });
  });

  test('in the middle of plans: under unions, shuffles, itself', async () => {
    const twice = odd
      .zipWithIndex()
      .filter(([, i]) => i % 2 === 0)
      .zipWithIndex()
      .map(([[n, i], j]) => [n, i, j]);
    assert.deepStrictEqual(await twice.take(3), [
      [1, 0, 0],
      [5, 2, 1],
      [9, 4, 2],
    ]);
    const both = odd.zipWithIndex().union(
      sc
        .range(0, 3, 1, 2)
        .filter(() => true)
        .zipWithIndex(),
    );
    assert.equal(
      (
        await both
          .reduceByKey((a, b) => a + b)
          .values()
          .collect()
      ).reduce((a, b) => a + b, 0),
      (2500 * 2499) / 2 + 3,
    );
    assert.deepStrictEqual(await sc.emptyRDD().zipWithIndex().collect(), []);
  });

  test('two actions at once have one answer', async () => {
    const indexed = odd.zipWithIndex();
    const [rows, count] = await Promise.all([indexed.collect(), indexed.count()]);
    assert.deepStrictEqual(rows, expected);
    assert.equal(count, 2500);
  });

  test('the job before is called off as the job is, and asked for again by the next', async () => {
    const indexed = odd.zipWithIndex();
    await assert.rejects(indexed.collect({ signal: AbortSignal.abort() }), { code: 'HEDDLE_CANCELLED' });
    await assert.rejects(indexed.collect({ deadline: 0 }), { code: 'HEDDLE_DEADLINE' });
    assert.equal(await indexed.count(), 2500);
  });
});

test('zipWithUniqueId numbers without a job', async () => {
  const numbered = sc
    .parallelize(['a', 'b', 'c', 'd', 'e'], 2)
    .filter(() => true)
    .zipWithUniqueId();
  const work = await workOf(sc, async () => {
    assert.deepStrictEqual(await numbered.collect(), [
      ['a', 0],
      ['b', 2],
      ['c', 1],
      ['d', 3],
      ['e', 5],
    ]);
  });
  assert.deepStrictEqual(work, { stages: 1, tasks: 2 });
});

describe('setName', () => {
  test('is in explain, in errors and in events', async () => {
    const broken = sc.range(3).map((n): number => {
      throw new Error(`${n}`);
    });
    assert.equal(broken.name, undefined);
    assert.equal(broken.setName('daily sums'), broken);
    assert.equal(broken.name, 'daily sums');
    assert.match(broken.explain(), /daily sums: map at zips\.test/);
    const events = await eventsOf(sc, async () => {
      await assert.rejects(broken.collect(), { code: 'HEDDLE_TASK_FAILED', message: /daily sums: map at zips\.test/ });
    });
    assert.ok(events.some(event => event.type === 'jobStarted' && /daily sums/.test(JSON.stringify(event))));
  });

  test('refuses what is no name', () => {
    for (const name of ['', 5, undefined]) bad(() => sc.range(3).setName(name as never), /setName\(name\)/);
  });
});
