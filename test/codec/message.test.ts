import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../lib/codec/message.js';
import { HeddleError } from '../../lib/core/errors.js';

const bytesOf = (value: unknown) => new Uint8Array(Buffer.concat(encodeMessage(value)));

describe('messages', () => {
  test('give back plain data with bytes of any length in it', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 1020, maxLength: 1040 }));
    const leaf = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.date(), bytes);
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(fc.property(value, sent => assert.deepEqual(structuredClone(decodeMessage(bytesOf(sent))), structuredClone(sent))));
  });

  test('hand out what is large without copying it, on either side', () => {
    const large = new Uint8Array(5000).fill(3);
    const parts = encodeMessage({ a: [large] });
    assert.ok(parts.includes(large));
    const message = new Uint8Array(Buffer.concat(parts));
    const { a } = decodeMessage(message) as { a: Uint8Array[] };
    assert.deepEqual(a[0], large);
    assert.equal(a[0]!.buffer, message.buffer);
    assert.equal(a[0]!.byteOffset % 8, 0);
  });

  test('in shared memory give views of it', () => {
    const bytes = bytesOf({ large: new Uint8Array(5000).fill(3), small: new Uint8Array([1]), name: 'x' });
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const { large, small, name } = decodeMessage(shared) as { large: Uint8Array; small: Uint8Array; name: string };
    assert.equal(large.buffer, shared.buffer);
    assert.deepEqual([large.length, large[4999], small, name], [5000, 3, new Uint8Array([1]), 'x']);
  });

  test('that are cut short or damaged are an error, and nothing else', () => {
    const bytes = bytesOf({ a: new Uint8Array(2000), b: [1, 2, 'three'] });
    for (let length = 0; length < bytes.length; length += length < 100 ? 1 : 97) {
      assert.throws(
        () => decodeMessage(bytes.subarray(0, length)),
        error => error instanceof HeddleError && error.code === 'HEDDLE_CORRUPT',
      );
    }
    fc.assert(
      fc.property(fc.nat(80), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        try {
          decodeMessage(damaged);
        } catch (error) {
          assert.ok(error instanceof HeddleError && error.code === 'HEDDLE_CORRUPT', String(error));
        }
      }),
    );
  });

  test('that hold what is no plain data are refused by their writer', () => {
    assert.throws(() => encodeMessage({ f: () => 1 }));
    assert.throws(() => encodeMessage({ n: new Uint32Array(4) }), /neither plain nor bytes/);
  });
});
