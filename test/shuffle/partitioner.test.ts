// Which reduce id a key gets from each kind of partitioner.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeValue } from '../../lib/codec/column.js';
import { compareKeys } from '../../lib/codec/key-order.js';
import { type Partitioner, partitionOf, placing } from '../../lib/shuffle/partitioner.js';
import { key, number, twoKeys } from '../codec/arbitrary-keys.js';

function range(bounds: readonly unknown[], ascending: boolean): Partitioner {
  const encoded = encodeValue(bounds);
  // As in a program: not at a multiple of 8.
  const bytes = new Uint8Array(encoded.length + 3).subarray(3);
  bytes.set(encoded);
  return { kind: 'range', partitions: bounds.length + 1, ascending, bounds: bytes };
}

test('by range: as many bounds lie before a key as its partition says', () => {
  for (const kind of [number, key]) {
    const inputs = fc.tuple(fc.array(kind, { maxLength: 6 }), fc.array(kind, { minLength: 1, maxLength: 10 }), fc.boolean());
    fc.assert(
      fc.property(inputs, ([bounds, keys, ascending]) => {
        const order = (a: unknown, b: unknown) => (ascending ? compareKeys(a, b) : compareKeys(b, a));
        // In boxes: the method of an array would put undefined last whatever the order.
        const boxes = bounds.map(bound => ({ bound })).sort((a, b) => order(a.bound, b.bound));
        const sorted = boxes.map(({ bound }) => bound);
        const place = placing(range(sorted, ascending));
        for (const each of [...keys, ...sorted]) assert.equal(place(each), sorted.filter(bound => order(bound, each) < 0).length);
      }),
      { numRuns: 200 },
    );
  }
});

test('equal keys go together', () => {
  fc.assert(
    fc.property(twoKeys, fc.array(key, { maxLength: 4 }), ([a, b], bounds) => {
      if (compareKeys(a, b) !== 0) return;
      const sorted = bounds.sort(compareKeys);
      for (const partitioner of [range(sorted, true), { kind: 'hash', partitions: 5 } as const]) {
        assert.equal(partitionOf(partitioner, a), partitionOf(partitioner, b));
      }
    }),
    { numRuns: 200 },
  );
});

test('what is no key is refused, also where there are no bounds', () => {
  for (const bounds of [[], [1], ['a', 'b']]) {
    assert.throws(() => partitionOf(range(bounds, true), Symbol('s')), { code: 'HEDDLE_VALUE' });
  }
});

test('by an index, and by a function that must give one', () => {
  assert.equal(partitionOf({ kind: 'index', partitions: 4 }, 3), 3);
  const half = { kind: 'custom', partitions: 2, f: (n: unknown) => (n as number) / 2 } as const;
  assert.equal(partitionOf(half, 2), 1);
  for (const [at, shown] of [
    [3, '1.5'],
    [4, '2'],
    [-2, '-1'],
  ] as const) {
    assert.throws(() => partitionOf(half, at), {
      code: 'HEDDLE_PARTITION',
      message: RegExp(`gave ${shown} for the key ${at}, expected.* 0 to 1`),
    });
  }
});
