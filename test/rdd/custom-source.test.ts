// Sources of the user's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open, workOf } from './open.js';

const sc = await open({ threads: 2 });

describe('source', () => {
  test('has the rows of each split, a partition for each', async () => {
    const splits = Array.from({ length: 2500 }, (_, i) => ({ from: i * 2, to: i * 2 + 2 }));
    const rdd = sc.source({
      splits: splits.slice(0, 5),
      *read({ from, to }) {
        for (let i = from; i < to; i++) yield i;
      },
    });
    splits[0]!.to = 99;
    assert.equal(rdd.getNumPartitions(), 5);
    assert.deepStrictEqual(await rdd.glom().collect(), [
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ]);
    assert.equal(sc.source({ splits, read: () => [1] }).getNumPartitions(), 2500);
    const called = sc.source({ splits: () => ['a b', '', 'c'], read: text => text.split(' ').filter(word => word) });
    assert.deepStrictEqual(
      await called
        .map(word => [word, 1])
        .reduceByKey((a, b) => a + b, 1)
        .collect(),
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ],
    );
    assert.deepStrictEqual(await sc.source({ splits: [], read: () => [1] }).collect(), []);
  });

  test('is read as far as rows are wanted', async () => {
    const endless = sc.source({
      splits: [1, 2, 3],
      *read(step) {
        for (let i = 0; ; i += step) yield i;
      },
    });
    assert.deepStrictEqual(await workOf(sc, async () => assert.deepStrictEqual(await endless.take(3), [0, 1, 2])), { stages: 1, tasks: 1 });
  });

  test('tells the split whose reading fails, and refuses what makes no sense', async () => {
    const failing = sc.source({
      splits: ['x', 'y'],
      read: (split): string[] => {
        if (split === 'y') throw new RangeError('no y');
        return [split];
      },
    });
    await assert.rejects(failing.collect(), { code: 'HEDDLE_TASK_FAILED', message: /source.* threw RangeError: no y .*record "y"/s });
    const read = () => [1];
    for (const splits of [undefined, 3, 'ab', () => 3]) {
      assert.throws(() => sc.source({ splits, read } as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /source\(splits\)/ });
    }
    assert.throws(() => sc.source({ splits: [1], read: 3 } as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /source\(read\)/ });
    assert.throws(() => sc.source({ splits: [1], read: async () => [1] } as never), { code: 'HEDDLE_CLOSURE' });
    assert.throws(() => sc.source({ splits: [() => 1], read }), { code: 'HEDDLE_VALUE' });
    assert.throws(() => sc.source({ splits: [1], read, partitions: 3 } as never), { code: 'HEDDLE_BAD_OPTION' });
    assert.throws(() => sc.source(undefined as never), { code: 'HEDDLE_BAD_ARGUMENT' });
  });
});
