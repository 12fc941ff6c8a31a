// Sorted places against a plain stable sort by the order of keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../lib/codec/key-order.js';
import { sortedOrder } from '../../lib/codec/key-sort.js';
import { key } from './arbitrary-keys.js';

function expected(keys: ArrayLike<unknown>, ascending: boolean): number[] {
  const order = (a: unknown, b: unknown) => (ascending ? compareKeys(a, b) : compareKeys(b, a));
  return Array.from({ length: keys.length }, (_, i) => i).sort((a, b) => order(keys[a], keys[b]));
}

function check(keys: ArrayLike<unknown>, ascending: boolean): void {
  assert.deepStrictEqual(Array.from(sortedOrder(keys, ascending)), expected(keys, ascending));
}

test('numbers of all sizes, in place and by digits', () => {
  const special = [Number.NaN, -0, 0, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** 53, -1, 1, 0.1];
  const number = fc.oneof(fc.constantFrom(...special), fc.integer({ min: -300, max: 300 }), fc.double());
  // Long enough for the digits, and short enough not to be.
  const rows = fc.oneof(fc.array(number, { maxLength: 20 }), fc.array(number, { minLength: 128, maxLength: 400 }));
  fc.assert(
    fc.property(rows, fc.boolean(), (keys, ascending) => check(keys, ascending)),
    { numRuns: 300 },
  );
});

test('NaN of any bits and -0 are level with their like, whatever stands beside them', () => {
  const bits = new BigUint64Array([0x7ff8000000000000n, 0xfff8000000000001n, 0x7ff0000000000001n, 0x8000000000000000n, 0n]);
  const odd = new Float64Array(bits.buffer);
  const keys = Float64Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? i - 250 : odd[i % odd.length]!));
  new BigUint64Array(keys.buffer).set(bits, 7);
  for (const ascending of [true, false]) check(keys, ascending);
});

test('typed columns', () => {
  fc.assert(
    fc.property(fc.int32Array({ minLength: 100, maxLength: 300 }), fc.boolean(), (keys, ascending) => check(keys, ascending)),
    { numRuns: 50 },
  );
});

test('keys of all kinds', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), fc.boolean(), (keys, ascending) => check(keys, ascending)),
    { numRuns: 100 },
  );
});

test('refuses what is no key, also when it is alone', () => {
  for (const keys of [[Symbol('a')], [1, () => 1], [new Map([[1, Promise.resolve()]])]]) {
    assert.throws(() => sortedOrder(keys), { code: 'HEDDLE_VALUE' });
  }
});
