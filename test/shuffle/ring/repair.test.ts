// Threads that end between the claim and the publication of a slot, made with the storage under the ring.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ring, WordRing } from '../../../lib/shuffle/ring/ring.js';
import { Slots } from '../../../lib/shuffle/ring/slots.js';
import { spinThenSleep } from '../../../lib/shuffle/ring/wait.js';

function dying(ring: { readonly buffer: SharedArrayBuffer; readonly offset: number }): Slots {
  return new Slots(ring.buffer, ring.offset, spinThenSleep());
}

describe('ring: repair', () => {
  for (const firstPosition of [0, 2 ** 30 - 2]) {
    test(`producers that died are stepped over, from position ${firstPosition}`, () => {
      const ring = WordRing.create({ capacity: 8, firstPosition });
      ring.push(1);
      assert.equal(dying(ring).claimPush(2), 2);
      ring.push(2);
      assert.equal(dying(ring).claimPush(1), 1);
      assert.equal(ring.tryPop(), 1);
      assert.equal(ring.tryPop(), undefined); // consumers stop in front of the first
      assert.equal(ring.size, 4);
      assert.deepEqual(ring.repair(-7), { published: 3, released: 0 });
      assert.deepEqual(ring.repair(-7), { published: 0, released: 0 });
      assert.deepEqual([ring.tryPop(), ring.tryPop(), ring.tryPop(), ring.tryPop()], [-7, -7, 2, -7]);
      assert.equal(ring.tryPop(), undefined);
      for (let i = 0; i < 8; i++) assert.equal(ring.tryPush(i), true);
      assert.equal(ring.tryPush(8), false);
    });

    test(`consumers that died give their slots back, from position ${firstPosition}`, () => {
      const ring = WordRing.create({ capacity: 4, firstPosition });
      for (let i = 0; i < 4; i++) ring.push(i);
      assert.equal(dying(ring).claimPop(2), 2);
      assert.equal(ring.tryPop(), 2);
      assert.equal(ring.tryPush(4), false); // producers stop in front of the first
      assert.deepEqual(ring.repair(-7), { published: 0, released: 2 });
      for (let i = 4; i < 7; i++) assert.equal(ring.tryPush(i), true);
      assert.equal(ring.tryPush(7), false);
      for (let i = 3; i < 7; i++) assert.equal(ring.tryPop(), i);
    });
  }

  test('a whole entry is filled, in a ring that is closed', () => {
    const ring = Ring.create({ capacity: 2, words: 3 });
    dying(ring).claimPush(1);
    ring.close();
    assert.equal(ring.drained, false);
    assert.deepEqual(ring.repair(0), { published: 1, released: 0 });
    const into = Int32Array.of(9, 9, 9, 9);
    assert.equal(ring.pop(into), true);
    assert.deepEqual([...into], [0, 0, 0, 9]);
    assert.equal(ring.pop(into), false);
    assert.equal(ring.drained, true);
  });
});
