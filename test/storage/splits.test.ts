import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { defaultTargetBytes, planSplits, type TextPiece } from '../../lib/storage/splits.js';

const files = (...sizes: number[]) => sizes.map((size, i) => ({ path: `f${i}`, size }));
const size = (pieces: readonly TextPiece[]) => pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0);

describe('planSplits', () => {
  test('every byte once and in order, splits of even size, no empty piece', () => {
    const sizes = fc.array(fc.oneof(fc.nat(5), fc.nat(1000), fc.nat(2 ** 45)), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }), fc.nat(5000), (list, partitions, atMost) => {
        const total = list.reduce((sum, bytes) => sum + bytes, 0);
        const targetBytes = Math.max(1, Math.ceil(total / (atMost + 1)));
        const splits = planSplits(files(...list), { partitions, targetBytes });
        assert.equal(splits.length, partitions ?? Math.max(1, Math.ceil(total / targetBytes)));
        const covered = list.map(() => 0);
        let last = 0;
        for (const { pieces } of splits) {
          assert.ok(Math.abs(size(pieces) - total / splits.length) <= 1);
          for (const piece of pieces) {
            const index = Number(piece.path.slice(1));
            assert.ok(index >= last && piece.start === covered[index] && piece.end > piece.start);
            last = index;
            covered[index] = piece.end;
          }
        }
        assert.deepEqual(covered, list);
      }),
    );
  });

  test('one large file is shared, many small ones are packed', () => {
    assert.deepEqual(planSplits(files(10), { partitions: 2, targetBytes: 1 }), [
      { pieces: [{ path: 'f0', start: 0, end: 5 }] },
      { pieces: [{ path: 'f0', start: 5, end: 10 }] },
    ]);
    assert.deepEqual(planSplits(files(2, 0, 2, 2), { targetBytes: 100 }), [
      { pieces: [0, 2, 3].map(i => ({ path: `f${i}`, start: 0, end: 2 })) },
    ]);
  });

  test('without bytes there is one split, or as many as were asked for', () => {
    assert.deepEqual(planSplits(files(0, 0), { targetBytes: 1 }), [{ pieces: [] }]);
    assert.deepEqual(planSplits([], { targetBytes: 1 }), [{ pieces: [] }]);
    assert.deepEqual(planSplits(files(0), { partitions: 2, targetBytes: 1 }), [{ pieces: [] }, { pieces: [] }]);
    assert.equal(planSplits(files(1), { partitions: 3, targetBytes: 1 }).filter(split => split.pieces.length > 0).length, 1);
  });

  test('refuses counts that make no sense', () => {
    for (const partitions of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => planSplits(files(1), { partitions, targetBytes: 1 }), { code: 'HEDDLE_BAD_ARGUMENT' });
    }
    for (const targetBytes of [0, Number.NaN]) assert.throws(() => planSplits(files(1), { targetBytes }), { code: 'HEDDLE_BAD_ARGUMENT' });
  });

  test('the default target gives each thread work, within bounds', () => {
    assert.equal(defaultTargetBytes(0, 4), 65536);
    assert.equal(defaultTargetBytes(4_000_000, 4), 1_000_000);
    assert.equal(defaultTargetBytes(1e12, 4), 32 * 1024 * 1024);
  });
});
