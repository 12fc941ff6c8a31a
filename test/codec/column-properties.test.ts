import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { preparePairs, readColumn, readPairs } from '../../lib/codec/column.js';
import { encode, lone, place, roundTrip } from './round-trip.js';

describe('columns, by property', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '__proto__', lone, `\udc00${lone}`, 'constructor'));
  const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, Number.NaN, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 + 2));
  const primitive = fc.oneof(text, number, fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined));
  // Two invalid dates are not equal to assert in every release of Node.js.
  const date = fc.date({ noInvalidDate: true });
  const plain = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      primitive,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  const anything = fc.anything({
    key: text,
    withBigInt: true,
    withBoxedValues: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: false,
  });
  const runs = { numRuns: 400 };

  test('a batch of one kind of plain values comes back', () => {
    const batches = fc.oneof(...[text, number, fc.boolean(), fc.bigInt(), primitive].map(kind => fc.array(kind)));
    fc.assert(
      fc.property(batches, values => assert.deepStrictEqual(roundTrip(values), values)),
      runs,
    );
  });
  test('a batch of nested plain data comes back', () => {
    fc.assert(
      fc.property(fc.array(plain), values => assert.deepStrictEqual(roundTrip(values), values)),
      runs,
    );
  });
  test('tuples, objects and lists of one shape come back', () => {
    const shaped = fc.oneof(
      fc.tuple(text, number),
      fc.record({ id: fc.integer(), name: text, at: fc.option(date), tags: fc.array(text) }),
      fc.array(number),
    );
    const batches = fc
      .oneof(shaped, plain)
      .chain(() => fc.oneof(fc.array(fc.tuple(text, shaped)), fc.array(fc.record({ a: shaped, b: number })), fc.array(shaped)));
    fc.assert(
      fc.property(batches, values => assert.deepStrictEqual(roundTrip(values), structuredClone(values))),
      runs,
    );
  });
  test('a batch of whatever can be cloned comes back as structured clone has it', () => {
    fc.assert(
      fc.property(fc.array(anything), values =>
        assert.deepStrictEqual(
          roundTrip(values),
          values.map(value => structuredClone(value)),
        ),
      ),
      runs,
    );
  });
  test('a part of a batch is that part', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, primitive)), fc.nat(), fc.nat(), (values, a, b) => {
        const from = Math.min(a % (values.length + 1), b % (values.length + 1));
        const to = Math.max(a % (values.length + 1), b % (values.length + 1));
        assert.deepStrictEqual(Array.from(readColumn(encode(values, from, to))), values.slice(from, to));
      }),
      runs,
    );
  });
  test('pairs come back, prepared either way', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, plain)), pairs => {
        const keys = pairs.map(pair => pair[0]);
        const values = pairs.map(pair => pair[1]);
        for (const bytes of [place(preparePairs(keys, values)), encode(pairs)]) {
          const back = readPairs(bytes);
          assert.equal(back.rows, pairs.length);
          assert.deepStrictEqual(Array.from(back.keys), keys);
          assert.deepStrictEqual(Array.from(back.values), values);
        }
      }),
      runs,
    );
  });
});
