import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { crc32, tableCrc32 } from '../../lib/codec/crc32.js';
import { FRAME_HEADER, FrameReader, frameHeader } from '../../lib/codec/frame.js';
import { type ErrorCode, HeddleError } from '../../lib/core/errors.js';

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

const bytesOf = (frames: readonly Seen[]) =>
  Buffer.concat(frames.flatMap(({ type, flags, payload }) => [frameHeader(type, flags, [payload]), payload]));

function reader(limit = 1000): { readonly frames: Seen[]; readonly reader: FrameReader } {
  const frames: Seen[] = [];
  const target = (_type: number, _flags: number, length: number) => new Uint8Array(length);
  const frame = (type: number, flags: number, payload: Uint8Array) => void frames.push({ type, flags, payload });
  return { frames, reader: new FrameReader({ target, frame }, limit) };
}

const coded = (code: ErrorCode) => (error: unknown) => error instanceof HeddleError && error.code === code;
const byte = fc.integer({ min: 0, max: 255 });
const frames = fc.array(fc.record({ type: byte, flags: byte, payload: fc.uint8Array({ maxLength: 100 }) }), { minLength: 1, maxLength: 8 });

describe('frames', () => {
  test('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const stream = bytesOf(sent);
        const { frames: seen, reader: under } = reader();
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          under.push(stream.subarray(at, end));
          at = end;
        }
        assert.deepEqual(
          seen,
          sent.map(({ type, flags, payload }) => ({ type, flags, payload: new Uint8Array(payload) })),
        );
      }),
    );
  });

  test('with any bit turned over are refused, and none that follows is handed out', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (sent, where) => {
        const stream = bytesOf(sent);
        const bit = where % (stream.length * 8);
        stream[bit >>> 3]! ^= 1 << (bit & 7);
        const { frames: seen, reader: under } = reader();
        try {
          under.push(stream);
          // Only a length that became greater can leave the reader waiting for more.
          assert.ok(seen.length < sent.length);
        } catch (error) {
          assert.ok(error instanceof HeddleError && /CORRUPT|FRAME_LIMIT/.test(error.code), String(error));
        }
        let good = 0;
        for (let end = 0; good < sent.length; good++) {
          end += FRAME_HEADER + sent[good]!.payload.length;
          if (bit >>> 3 < end) break;
        }
        assert.equal(seen.length, good);
      }),
    );
  });

  test('that are too long are refused by their header alone, before memory is taken for them', () => {
    let asked = 0;
    const under = new FrameReader({ target: (_t, _f, length) => new Uint8Array((asked = length)), frame: () => {} }, 10);
    under.push(bytesOf([{ type: 1, flags: 0, payload: new Uint8Array(10) }]));
    assert.equal(asked, 10);
    const header = frameHeader(1, 0, [new Uint8Array(11)]);
    assert.throws(() => under.push(header), coded('HEDDLE_FRAME_LIMIT'));
    assert.equal(asked, 10);
  });

  test('may have their payload in parts, and in shared memory', () => {
    const parts = [new Uint8Array([1, 2]), new Uint8Array(new SharedArrayBuffer(3)), new Uint8Array(0)];
    const { frames: seen, reader: under } = reader();
    under.push(Buffer.concat([frameHeader(7, 9, parts), ...parts]));
    assert.deepEqual(seen, [{ type: 7, flags: 9, payload: new Uint8Array([1, 2, 0, 0, 0]) }]);
  });
});

describe('the checksum', () => {
  test('is the CRC-32 of zlib', () => {
    // The check value of the catalogue of CRCs.
    assert.equal(tableCrc32(new TextEncoder().encode('123456789')), 0xcbf43926);
    assert.equal(tableCrc32(new Uint8Array(0)), 0);
  });

  test('is the same by tables and by Node, in one go and carried on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        const whole = tableCrc32(bytes);
        assert.equal(tableCrc32(bytes.subarray(cut), tableCrc32(bytes.subarray(0, cut))), whole);
        assert.equal(crc32(bytes), whole);
      }),
    );
  });
});
