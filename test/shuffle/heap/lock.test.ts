import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeapLock } from '../../../lib/shuffle/heap/lock.js';

describe('heap lock', () => {
  test('names its holder', () => {
    const words = new Int32Array(new SharedArrayBuffer(16));
    const lock = new HeapLock(words, 2, 6);
    assert.equal(lock.holder(), -1);
    lock.acquire();
    assert.equal(lock.holder(), 6);
    lock.release();
    assert.equal(lock.holder(), -1);
    assert.deepEqual([...words], [0, 0, 0, 0]);
  });

  test('waits with a bound, and says who holds it', () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    new HeapLock(words, 0, 3).acquire();
    assert.throws(
      () => new HeapLock(words, 0, 1, 20).acquire(),
      (error: { code?: string; data?: { holder?: number } }) => error.code === 'HEDDLE_INTERNAL' && error.data?.holder === 3,
    );
  });

  test('is taken over from the thread that holds it, and from no other', () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const dead = new HeapLock(words, 0, 3);
    const living = new HeapLock(words, 0, 0);
    assert.equal(living.takeOver(3), false);
    dead.acquire();
    assert.equal(living.takeOver(2), false);
    assert.equal(living.takeOver(3), true);
    assert.equal(living.holder(), 0);
    living.release();
    assert.equal(living.holder(), -1);
  });
});
