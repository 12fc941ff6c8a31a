import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Digest, type DigestRecord, digestQuantile, EMPTY_DIGEST, mergeDigests } from '../../../lib/task/stats/digest.js';
import { draw, started } from '../rng/heap.js';

function digestOf(values: ArrayLike<number>): DigestRecord {
  const digest = new Digest();
  for (let i = 0; i < values.length; i++) digest.add(values[i]!);
  return digest.take();
}

/** The digest of many blocks, merged in pairs as a tree does. */
function inBlocks(values: Float64Array, length: number): DigestRecord {
  let nodes = Array.from({ length: Math.ceil(values.length / length) }, (_, i) => digestOf(values.subarray(i * length, (i + 1) * length)));
  while (nodes.length > 1) {
    nodes = Array.from({ length: Math.ceil(nodes.length / 2) }, (_, i) => {
      const [left, right] = [nodes[2 * i]!, nodes[2 * i + 1]];
      return right === undefined ? left : mergeDigests(left, right);
    });
  }
  return nodes[0] ?? EMPTY_DIGEST;
}

/** How many of sorted values hold, when the first so many do. */
function countBelow(sorted: Float64Array, holds: (x: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const total = (record: DigestRecord) => record.weights.reduce((a, b) => a + b, 0);

describe('a digest', () => {
  const N = 50_000;
  const rng = started('digest');
  const samples: [string, Float64Array][] = [
    ['uniform', draw(N, () => rng.uniform())],
    ['normal, far from 0', draw(N, () => rng.normal(1e6, 1e-3))],
    ['heavy tails', draw(N, () => Math.tan(Math.PI * (rng.uniform() - 0.5)))],
    ['few values', draw(N, () => rng.int(7))],
    [
      'rising',
      draw(
        N,
        (
          (x: number) => () =>
            x++
        )(0),
      ),
    ],
    [
      'falling',
      draw(
        N,
        (
          (x: number) => () =>
            x--
        )(0),
      ),
    ],
    [
      'blocks that have nothing in common',
      draw(
        N,
        (
          (i: number) => () =>
            (Math.floor(i++ / 4096) % 3) * 1e6 + rng.uniform()
        )(0),
      ),
    ],
  ];
  for (const [name, values] of samples) {
    for (const length of [N, 8192, 50]) {
      test(`of ${name} values in blocks of ${length} has ranks to a hundredth of the spread of a rank`, () => {
        const digest = inBlocks(values, length);
        assert.equal(total(digest), N);
        const sorted = values.slice().sort();
        assert.deepEqual([digestQuantile(digest, 0), digestQuantile(digest, 1)], [sorted[0], sorted[N - 1]]);
        assert.ok(digest.means.length <= 401, `${digest.means.length} centroids`);
        let last = -Infinity;
        for (const p of [1e-5, 1e-4, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 0.9999, 0.99999]) {
          const value = digestQuantile(digest, p);
          assert.ok(value >= last, `${p}: ${value} after ${last}`);
          last = value;
          // The ranks that the value has: several where it stands among equals or between two.
          const below = countBelow(sorted, x => x < value) / N;
          const upTo = countBelow(sorted, x => x <= value) / N;
          const off = Math.max(0, below - p, p - upTo);
          assert.ok(off <= 0.01 * Math.sqrt(p * (1 - p)) + 2 / N, `${p}: ranks ${below} to ${upTo}`);
        }
      });
    }
  }

  test('of a few values is exact', () => {
    const digest = digestOf([30, 10, 50, 20, 40]);
    const quantiles = [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1].map(p => digestQuantile(digest, p));
    assert.deepEqual(quantiles, [10, 10, 10, 15, 20, 30, 40, 50, 50]);
    assert.equal(digestQuantile(digestOf([7]), 0.3), 7);
    assert.ok(Number.isNaN(digestQuantile(EMPTY_DIGEST, 0.5)));
  });

  test('keeps infinities apart, and is spoilt by what is no number', () => {
    const digest = digestOf([Number.POSITIVE_INFINITY, 1, 2, 3, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    assert.deepEqual(
      [0, 0.25, 0.5, 0.75, 1].map(p => digestQuantile(digest, p)),
      [-Infinity, 1, 2.5, Infinity, Infinity],
    );
    const many = digestOf(Array.from({ length: 30_000 }, (_, i) => (i % 3 === 0 ? -Infinity : i % 3 === 1 ? i : Infinity)));
    assert.deepEqual([digestQuantile(many, 0.2), digestQuantile(many, 0.9)], [-Infinity, Infinity]);
    assert.ok(Math.abs(digestQuantile(many, 0.5) - 15_000) < 300);
    const spoilt = mergeDigests(digestOf([1, Number.NaN]), digestOf([2]));
    assert.ok(Number.isNaN(digestQuantile(spoilt, 0.5)));
    assert.deepEqual([...spoilt.means], [1, 2]);
  });

  test('merging changes neither, and loses no value, whatever they are', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(-0, Infinity, -Infinity, 5e-324, 1e308),
    );
    const list = fc.array(value, { maxLength: 900 });
    fc.assert(
      fc.property(list, list, fc.double({ min: 0, max: 1, noNaN: true }), (left, right, p) => {
        const [a, b] = [digestOf(left), digestOf(right)];
        const before = structuredClone([a, b]);
        const both = mergeDigests(a, b);
        assert.deepStrictEqual([a, b], before);
        assert.equal(total(both), left.length + right.length);
        assert.deepStrictEqual(mergeDigests(a, b), both);
        if (left.length + right.length === 0) return;
        const quantile = digestQuantile(both, p);
        assert.ok(quantile >= both.min && quantile <= both.max, `${quantile} is not in [${both.min}, ${both.max}]`);
      }),
      { numRuns: 200 },
    );
  });
});
