import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey64 } from '../../lib/codec/key-hash64.js';
import { sameKey } from '../../lib/codec/key-order.js';
import type { HeddleError } from '../../lib/core/errors.js';
import { assertFits, chiSquare } from '../task/rng/goodness.js';
import { twoKeys } from './arbitrary-keys.js';

const words = new Uint32Array(2);

function hash(key: unknown): bigint {
  hashKey64(key, words);
  return (BigInt(words[0]!) << 32n) | BigInt(words[1]!);
}

describe('the hash of 64 bits', () => {
  test('is that of the value: the same for keys that are the same, another for others', () => {
    // Of a few hundred thousand pairs, the chance that two keys have one hash by chance is 1e-14.
    fc.assert(
      fc.property(twoKeys, ([a, b]) => {
        assert.equal(hash(a) === hash(b), sameKey(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  test('keeps parts of a key apart that touch each other', () => {
    const keys = [
      ['ab'],
      ['a', 'b'],
      ['a', ['b']],
      [['a'], 'b'],
      'ab',
      ['a', 'b', ''],
      [1, 2],
      [12],
      [[1], 2],
      {},
      [],
      new Set(),
      new Map(),
      '',
      null,
    ];
    keys.push({ a: 1, b: 2 } as never, { a: 2, b: 1 } as never, { b: 1 } as never, new Set([1, 2]) as never, new Map([[1, 2]]) as never);
    keys.push(new Map([[2, 1]]) as never, 1 as never, 1n as never, '1', true as never, false as never, undefined as never);
    assert.equal(new Set(keys.map(hash)).size, keys.length);
    assert.equal(hash(new Set([1, 'x', [2]])), hash(new Set([[2], 1, 'x'])));
    assert.equal(hash([-0, Number.NaN]), hash([0, 0 / 0]));
  });

  const kinds: Readonly<Record<string, (i: number) => unknown>> = {
    integers: i => i,
    'multiples of 65,536': i => i * 65_536,
    fractions: i => i / 8 + 1 / 16,
    text: i => `key ${i}`,
    'text of two characters': i => String.fromCharCode(i & 511, i >> 9),
    pairs: i => [i & 255, i >> 8],
    bytes: i => Uint8Array.of(i, i >> 8, i >> 16),
    records: i => ({ id: i, of: 'x' }),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    test(`tells 2^17 ${kind} apart, and spreads them evenly by its first, middle and last bits`, () => {
      const n = 2 ** 17;
      const seen = new Set<bigint>();
      const counts = [0, 22, 54].map(shift => ({ shift: BigInt(54 - shift), of: new Float64Array(1024) }));
      for (let i = 0; i < n; i++) {
        const h = hash(make(i));
        seen.add(h);
        for (const { shift, of } of counts) of[Number((h >> shift) & 1023n)]!++;
      }
      assert.equal(seen.size, n);
      for (const { shift, of } of counts) {
        assertFits(chiSquare(of, new Float64Array(1024).fill(n / 1024)), `${kind}, bits from ${shift}`);
      }
    });
  }

  test('refuses what cannot be a key', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const key of [() => 1, Symbol('x'), [Promise.resolve()], cyclic]) {
      assert.throws(
        () => hash(key),
        (error: HeddleError) => error.code === 'HEDDLE_VALUE',
      );
    }
    assert.equal(hash(3), hash(3), 'and is none the worse for it');
  });
});
