import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { COMBINE_LIMIT, COMBINE_PROBE, judgeCombining } from '../../lib/shuffle/combine-policy.js';

describe('judgeCombining', () => {
  test('says nothing before it has seen enough keys, even if every row brings a new one', () => {
    assert.equal(judgeCombining(COMBINE_PROBE - 1, COMBINE_PROBE - 1), 'go on');
    assert.equal(judgeCombining(COMBINE_PROBE, COMBINE_PROBE), 'stop');
  });

  test('stops where more than half of the rows bring a new key, and not at half', () => {
    assert.equal(judgeCombining(2 * COMBINE_PROBE, COMBINE_PROBE), 'go on');
    assert.equal(judgeCombining(2 * COMBINE_PROBE - 1, COMBINE_PROBE), 'stop');
  });

  test('flushes a table that is as large as one may be, if it pays', () => {
    assert.equal(judgeCombining(10 * COMBINE_LIMIT, COMBINE_LIMIT - 1), 'go on');
    assert.equal(judgeCombining(10 * COMBINE_LIMIT, COMBINE_LIMIT), 'flush');
    assert.equal(judgeCombining(2 * COMBINE_LIMIT - 1, COMBINE_LIMIT), 'stop');
    assert.equal(judgeCombining(10 * COMBINE_PROBE, COMBINE_PROBE, COMBINE_PROBE), 'flush');
  });

  test('more rows of the same keys never turn a verdict into stop', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 22 }),
        fc.integer({ min: 0, max: 2 ** 24 }),
        fc.integer({ min: 0, max: 2 ** 24 }),
        (distinct, a, b) => {
          const rows = distinct + a;
          if (judgeCombining(rows, distinct) !== 'stop') assert.notEqual(judgeCombining(rows + b, distinct), 'stop');
        },
      ),
    );
  });
});
