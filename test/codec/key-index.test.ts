import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey } from '../../lib/codec/key-hash.js';
import { KeyIndex } from '../../lib/codec/key-index.js';
import { sameKey } from '../../lib/codec/key-order.js';
import { key } from './arbitrary-keys.js';

describe('index', () => {
  test('numbers keys as they come, and keeps the first of each', () => {
    for (const mostEntries of [undefined, 3]) {
      fc.assert(
        fc.property(fc.array(key, { maxLength: 40 }), keys => {
          const index = new KeyIndex(mostEntries);
          const model: unknown[] = [];
          for (const k of keys) {
            const known = model.findIndex(other => sameKey(k, other));
            assert.equal(index.find(k), known);
            if (known < 0) model.push(k);
            assert.equal(index.findOrAdd(k), known < 0 ? model.length - 1 : known);
            assert.equal(index.size, model.length);
          }
          // -0 is the key 0, as in a Map.
          assert.ok(model.every((k, i) => Object.is(index.keys[i], k === 0 ? 0 : k)));
          keys.forEach(k => {
            assert.equal(
              index.find(k),
              model.findIndex(other => sameKey(k, other)),
            );
          });
          // What a compiled loop does comes to the same.
          for (const k of keys) assert.equal(index.map.get(k) ?? index.findOrAdd(k), index.find(k));
        }),
      );
    }
  });
  test('starts anew after clear, in the same map', () => {
    const index = new KeyIndex(2);
    const { map } = index;
    for (const k of ['a', 'b', 'c', 'd', [1], [2], [3]]) index.findOrAdd(k);
    assert.equal(index.size, 7);
    index.clear();
    assert.equal(index.size, 0);
    assert.equal(index.find('d'), -1);
    assert.equal(index.find([3]), -1);
    assert.equal(index.findOrAdd('d'), 0);
    assert.equal(index.map, map);
    assert.equal(map.get('d'), 0);
    assert.deepEqual(index.keys, ['d']);
  });
  test('tells structured keys of one hash apart', () => {
    const byHash = new Map<number, unknown[][]>();
    for (let i = 0; i < 400_000; i++) {
      const hash = hashKey([`k${i}`]);
      const level = byHash.get(hash);
      if (level === undefined) byHash.set(hash, [[`k${i}`]]);
      else level.push([`k${i}`]);
    }
    const collisions = [...byHash.values()].filter(level => level.length > 1).flat();
    assert.ok(collisions.length >= 4, 'the birthday paradox makes about 19 pairs');
    for (const mostEntries of [undefined, 1]) {
      const index = new KeyIndex(mostEntries);
      for (const [i, k] of collisions.entries()) assert.equal(index.findOrAdd(k), i);
      for (const [i, k] of collisions.entries()) assert.equal(index.find([...k]), i);
      assert.equal(index.size, collisions.length);
    }
  });
  test('goes on where the maps are full', () => {
    const index = new KeyIndex(1000);
    for (let i = 0; i < 40_000; i++) assert.equal(index.findOrAdd(i * 3), i);
    for (let i = 0; i < 40_000; i++) assert.equal(index.find(i * 3), i);
    assert.equal(index.find(1), -1);
    assert.equal(index.map.size, 1000);
  });
});
