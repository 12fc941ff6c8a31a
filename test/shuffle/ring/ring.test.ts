import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { busySpin, Ring, spinThenSleep, WordRing } from '../../../lib/shuffle/ring/ring.js';

/** Positions at which tickets (four a position, 32 bits) or their sign wrap. */
const STARTS = [0, 2 ** 29 - 3, 2 ** 30 - 3, 2 ** 32 - 3];
const CLOSED = { code: 'HEDDLE_QUEUE_CLOSED' };
const BAD = { code: 'HEDDLE_BAD_ARGUMENT' };

describe('word ring', () => {
  for (const firstPosition of STARTS) {
    for (const capacity of [1, 2, 8]) {
      test(`full, empty and around: capacity ${capacity} from position ${firstPosition}`, () => {
        const ring = WordRing.create({ capacity, firstPosition });
        let next = 0;
        for (let lap = 0; lap < 5; lap++) {
          assert.equal(ring.tryPop(), undefined);
          assert.equal(ring.size, 0);
          for (let i = 0; i < capacity; i++) assert.equal(ring.tryPush(next + i), true);
          assert.equal(ring.tryPush(99), false);
          assert.equal(ring.size, capacity);
          for (let i = 0; i < capacity; i++) assert.equal(ring.tryPop(), next + i);
          next += capacity;
          // So that a lap does not always start at the same slot.
          assert.equal(ring.tryPush(-1), true);
          assert.equal(ring.tryPop(), -1);
        }
      });
    }
  }

  test('words are 32 bits, signed when they come out', () => {
    const ring = WordRing.create({ capacity: 4 });
    for (const value of [0xfffff000, -1, 2 ** 31]) ring.tryPush(value);
    assert.equal(ring.tryPop()! >>> 0, 0xfffff000);
    assert.equal(ring.tryPop(), -1);
    assert.equal(ring.tryPop(), -(2 ** 31));
  });

  test('close: pushes throw, pops drain', () => {
    const ring = WordRing.create({ capacity: 2 });
    ring.push(1);
    ring.push(2);
    assert.equal(ring.closed, false);
    ring.close();
    ring.close();
    assert.equal(ring.closed, true);
    assert.equal(ring.drained, false);
    assert.throws(() => ring.tryPush(3), CLOSED); // it is full as well
    assert.throws(() => ring.push(3), CLOSED);
    assert.equal(ring.pop(), 1);
    assert.throws(() => ring.tryPush(3), CLOSED);
    assert.equal(ring.size, 1);
    assert.equal(ring.pop(), 2);
    assert.equal(ring.drained, true);
    assert.equal(ring.pop(), undefined);
    assert.equal(ring.tryPop(), undefined);
    assert.equal(ring.size, 0);
  });

  test('close at the wrap of the tickets', () => {
    const ring = WordRing.create({ capacity: 2, firstPosition: 2 ** 30 - 1 });
    ring.push(5);
    ring.close();
    assert.equal(ring.drained, false);
    assert.equal(ring.pop(), 5);
    assert.equal(ring.drained, true);
  });

  for (const [name, wait] of [
    ['asleep', spinThenSleep({ spins: 0, napMs: 1 })],
    ['spinning', busySpin()],
  ] as const) {
    test(`time is up, ${name}`, () => {
      const ring = WordRing.create({ capacity: 1, wait });
      const started = performance.now();
      assert.equal(ring.pop(5), undefined);
      assert.ok(performance.now() - started >= 5);
      assert.equal(ring.drained, false);
      ring.push(1);
      assert.equal(ring.push(2, 5), false);
      assert.equal(ring.push(2, 0), false);
      assert.ok(performance.now() - started >= 10);
      assert.equal(ring.pop(0), 1);
      assert.throws(() => ring.pop(-1), BAD);
      assert.throws(() => ring.pop(Number.NaN), BAD);
    });
  }
});

describe('ring of entries', () => {
  test('entries of several words, at any place in an array and in a buffer', () => {
    const buffer = new SharedArrayBuffer(4096);
    const before = new Uint8Array(buffer).fill(170);
    const bytes = Ring.bytes(4, 3);
    const ring = Ring.format(buffer, 100, { capacity: 4, words: 3 });
    const other = Ring.open(buffer, 100);
    assert.equal(other.capacity, 4);
    assert.equal(other.words, 3);
    const entry = Int32Array.of(0, 1, 2, 3, 4);
    assert.equal(ring.tryPush(entry, 2), true);
    assert.equal(ring.push(entry), true);
    const into = new Int32Array(4);
    assert.equal(other.tryPop(into, 1), true);
    assert.deepEqual([...into], [0, 2, 3, 4]);
    assert.equal(other.pop(into), true);
    assert.deepEqual([...into], [0, 1, 2, 4]);
    assert.equal(other.tryPop(into), false);
    assert.equal(other.pop(into, 0, 0), false);
    assert.ok(before.subarray(0, 100).every(byte => byte === 170));
    assert.ok(before.subarray(100 + bytes).every(byte => byte === 170));
  });

  for (const firstPosition of STARTS) {
    test(`batches across the end of the slots, from position ${firstPosition}`, () => {
      const ring = Ring.create({ capacity: 8, words: 2, firstPosition });
      const from = Int32Array.from({ length: 40 }, (_, i) => i);
      const into = new Int32Array(40);
      assert.equal(ring.pushMany(from, 0, 5), 5);
      assert.equal(ring.popMany(into, 0, 3), 3);
      assert.equal(ring.pushMany(from, 10, 15), 6);
      assert.equal(ring.pushMany(from, 10, 1), 0);
      assert.equal(ring.size, 8);
      assert.equal(ring.popMany(into, 6, 17), 8);
      assert.equal(ring.popMany(into, 22, 1), 0);
      assert.deepEqual([...into.subarray(0, 22)], [...from.subarray(0, 10), ...from.subarray(10, 22)]);
      assert.equal(ring.pushMany(from, 0, 0), 0);
      assert.equal(ring.popMany(into, 0, 0, 1000), 0);
      ring.close();
      assert.throws(() => ring.pushMany(from, 0, 3), CLOSED);
      assert.equal(ring.popMany(into, 0, 3, 1000), 0);
    });
  }

  test('a word ring and a ring of one word are the same', () => {
    const words = WordRing.create({ capacity: 2 });
    const ring = Ring.open(words.buffer);
    words.push(7);
    const into = new Int32Array(1);
    assert.equal(ring.tryPop(into), true);
    assert.equal(into[0], 7);
    assert.throws(() => WordRing.open(Ring.create({ capacity: 2, words: 2 }).buffer), BAD);
  });

  test('arguments are checked before anything is claimed', () => {
    const ring = Ring.create({ capacity: 4, words: 2 });
    const array = new Int32Array(5);
    for (const at of [4, -1, 0.5, Number.NaN]) {
      assert.throws(() => ring.tryPush(array, at), BAD);
      assert.throws(() => ring.tryPop(array, at), BAD);
      assert.throws(() => ring.pushMany(array, at, 1), BAD);
    }
    for (const count of [3, -1, 1.5]) {
      assert.throws(() => ring.pushMany(array, 0, count), BAD);
      assert.throws(() => ring.popMany(array, 0, count), BAD);
    }
    assert.equal(ring.size, 0);
    for (const capacity of [0, 3, -2, 2 ** 29, 1.5]) assert.throws(() => Ring.create({ capacity, words: 1 }), BAD);
    for (const words of [0, 1.5, 2 ** 30]) assert.throws(() => Ring.create({ capacity: 4, words }), BAD);
    const buffer = new SharedArrayBuffer(1024);
    for (const offset of [2, -4, 1000]) assert.throws(() => Ring.format(buffer, offset, { capacity: 4, words: 1 }), BAD);
    assert.throws(() => Ring.open(buffer, 0), BAD);
    assert.throws(() => Ring.open(new ArrayBuffer(1024) as unknown as SharedArrayBuffer, 0), BAD);
  });
});

describe('ring: against an array', () => {
  type Step = { kind: 'push' | 'pop' | 'pushMany' | 'popMany'; count: number } | { kind: 'close' };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 30,
      arbitrary: fc.record({
        kind: fc.constantFrom('push' as const, 'pop' as const, 'pushMany' as const, 'popMany' as const),
        count: fc.nat(12),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
  );

  test('any sequence of operations gives what an array gives', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.nat(4),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...STARTS),
        (steps, power, words, firstPosition) => {
          const capacity = 2 ** power;
          const ring = Ring.create({ capacity, words, firstPosition });
          const model: number[] = [];
          let closed = false;
          let next = 0;
          const entries = (count: number): Int32Array => Int32Array.from({ length: count * words }, (_, i) => next * words + i);
          const popped = (into: Int32Array, count: number): void => {
            const expected = model.splice(0, count).flatMap(entry => Array.from({ length: words }, (_, i) => entry * words + i));
            assert.deepEqual([...into.subarray(0, count * words)], expected);
          };
          for (const each of steps) {
            if (each.kind === 'close') {
              ring.close();
              closed = true;
            } else if (each.kind === 'push' || each.kind === 'pushMany') {
              const count = each.kind === 'push' ? 1 : each.count;
              const push = (): number =>
                each.kind === 'push' ? Number(ring.tryPush(entries(1))) : ring.pushMany(entries(count), 0, count);
              if (closed && count > 0) {
                assert.throws(push, CLOSED);
                continue;
              }
              const fits = Math.min(count, capacity - model.length);
              assert.equal(push(), fits);
              for (let i = 0; i < fits; i++) model.push(next++);
            } else {
              const count = each.kind === 'pop' ? 1 : each.count;
              const into = new Int32Array(count * words);
              const expected = Math.min(count, model.length);
              assert.equal(each.kind === 'pop' ? Number(ring.tryPop(into)) : ring.popMany(into, 0, count), expected);
              popped(into, expected);
            }
            assert.equal(ring.size, model.length);
            assert.equal(ring.drained, closed && model.length === 0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
