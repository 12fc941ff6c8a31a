import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addSizes, encodeSizes, Sizes } from '../../lib/shuffle/sizes.js';

test('a size is known to 12 %, and nothing is nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 50 }), sizes => {
      const total = new Float64Array(sizes.length);
      const encoded = encodeSizes(Float64Array.from(sizes));
      addSizes(total, encoded);
      addSizes(total, encoded);
      for (const [i, size] of sizes.entries()) {
        const known = total[i]! / 2;
        if (size === 0) assert.equal(known, 0);
        else assert.ok(Math.abs(known / size - 1) < 0.12, `${size} became ${known}`);
      }
    }),
  );
});

test('of too many reduce ids nobody is told', () => {
  assert.equal(new Sizes(4096).encoded()?.length, 4096);
  const tooMany = new Sizes(4097);
  tooMany.add(4096, 1);
  assert.equal(tooMany.encoded(), undefined);
});
