// Samples of keys, and the bounds that are chosen from them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boundsOf, KeySample, sampleSize } from '../../lib/task/key-sample.js';

function sampleOf(n: number, size: number, partition = 0): KeySample {
  const sample = new KeySample(partition, size);
  for (let i = 0; i < n; i++) sample.add(i);
  return sample;
}

describe('a sample', () => {
  test('is all keys where they are few, in order', () => {
    for (const n of [0, 1, 7, 8]) {
      const { keys, rows } = sampleOf(n, 8);
      assert.deepStrictEqual(keys, [...Array(n).keys()]);
      assert.equal(rows, n);
    }
  });

  test('is as many distinct places as asked for, the same on every run, others for another partition', () => {
    const { keys, rows } = sampleOf(10_000, 50);
    assert.equal(new Set(keys).size, 50);
    assert.equal(rows, 10_000);
    assert.deepStrictEqual(sampleOf(10_000, 50).keys, keys);
    assert.notDeepStrictEqual(sampleOf(10_000, 50, 1).keys, keys);
  });

  test('takes every place with the same probability', () => {
    const [n, size, samples, bins] = [400, 20, 2000, 20];
    const counts = new Float64Array(bins);
    for (let partition = 0; partition < samples; partition++) {
      for (const place of sampleOf(n, size, partition).keys) counts[Math.floor(((place as number) * bins) / n)]!++;
    }
    const expected = (samples * size) / bins;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 19 degrees of freedom: 43.8 is passed once in a thousand times; the draws are fixed.
    assert.ok(chiSquare < 43.8, `${chiSquare} from ${counts}`);
  });
});

describe('bounds', () => {
  test('part the rows evenly, by the weight of each partition', () => {
    const samples = [sampleOf(1000, 1000), { keys: [2000, 2500], rows: 1000 }];
    assert.deepStrictEqual(boundsOf(samples, 4, true), [499, 999, 2000]);
    assert.deepStrictEqual(boundsOf([sampleOf(100, 100)], 4, false), [75, 50, 25]);
  });

  test('are distinct, however often a key comes', () => {
    const keys = [...Array(90).fill('hot'), ...Array(10).fill('z')];
    assert.deepStrictEqual(boundsOf([{ keys, rows: 100 }], 10, true), ['hot', 'z']);
    assert.deepStrictEqual(boundsOf([{ keys: [], rows: 0 }], 10, true), []);
    assert.deepStrictEqual(boundsOf([], 3, true), []);
    assert.deepStrictEqual(boundsOf([{ keys: [1, 2, 3], rows: 3 }], 1, true), []);
  });

  test('take some keys of each partition, more in all than there are partitions', () => {
    assert.equal(sampleSize(4, 2), 120);
    assert.equal(sampleSize(1, 1000), 1);
    assert.equal(sampleSize(2 ** 20, 1), 3e6);
  });
});
