import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { prepareColumn, readColumn } from '../../lib/codec/column.js';
import { fmix32, hashKey } from '../../lib/codec/key-hash.js';
import { KeyIndex } from '../../lib/codec/key-index.js';
import { compareKeys, sameKey } from '../../lib/codec/key-order.js';
import { keyText } from '../../lib/codec/key-text.js';
import { key, number, reordered, twoKeys } from './arbitrary-keys.js';

const view = (...numbers: number[]) => Uint8Array.from(numbers);

/** Groups of keys: those of one group are the same, those of two groups are not. */
const groups: readonly (readonly unknown[])[] = [
  [0, -0],
  [Number.NaN, 0 / 0, -Number.NaN],
  [1, 1.0],
  [1n, BigInt(1)],
  [2 ** 31],
  [-(2 ** 31)],
  [2 ** 53, 2 ** 53 + 1],
  [2n ** 53n],
  [2n ** 53n + 1n],
  [Infinity],
  [-Infinity],
  [0.1],
  [''],
  ['0'],
  ['\ud800'],
  ['\udc00'],
  ['__proto__'],
  [true],
  [false],
  [null],
  [undefined],
  [new Date(5), new Date(5)],
  [new Date(Number.NaN), new Date('never')],
  [view(1, 2), Buffer.from([1, 2])],
  [Int8Array.of(1, 2)],
  [view()],
  [Uint8ClampedArray.of(1, 2)],
  [Float64Array.of(0, Number.NaN), Float64Array.of(-0, Number.NaN)],
  [Float32Array.of(0, Number.NaN), Float32Array.of(-0, Number.NaN)],
  [new DataView(view(1, 2).buffer), new DataView(view(0, 1, 2).buffer, 1)],
  [view(1, 2).buffer, view(1, 2).buffer],
  [/a/g, /a/g],
  [/a/i],
  [[], []],
  [[undefined], new Array(1)],
  [[null]],
  [[0], [-0]],
  [[[0]], [[-0]]],
  [['a', 'b']],
  [['ab']],
  [['a', ['b']]],
  [[1, 2]],
  [[1, 2, 3]],
  [{}, Object.create(null)],
  [{ a: undefined }],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    new (class Point {
      b = 2;
      a = 1;
    })(),
  ],
  [{ a: { b: 2 } }],
  [{ ab: 2 }],
  [JSON.parse('{"__proto__": 1}')],
  [{ 0: 'a' }],
  [['a']],
  [new Set([1, 2]), new Set([2, 1])],
  [new Set()],
  [new Set(['1', 2])],
  [
    new Map<unknown, unknown>([
      ['a', 1],
      [[1], 2],
    ]),
    new Map<unknown, unknown>([
      [[1], 2],
      ['a', 1],
    ]),
  ],
  [new Map()],
  [new Map([['a', 'b']])],
  [new Map([['b', 'a']])],
];

const cyclic: unknown[] = [1];
cyclic.push({ again: cyclic });
const refused: readonly [string, unknown][] = [
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a promise', Promise.resolve()],
  ['an error', new Error('x')],
  ['a weak map', new WeakMap()],
  ['a boxed number', Object(1)],
  ['shared memory', new SharedArrayBuffer(8)],
  ['a cycle', cyclic],
];

const runs = { numRuns: 1000 };

describe('same keys', () => {
  test('a table of keys: the same inside a group, different across', () => {
    const flat = groups.flatMap((group, index) => group.map(item => ({ item, index })));
    for (const a of flat) {
      for (const b of flat) {
        const expected = a.index === b.index;
        assert.equal(sameKey(a.item, b.item), expected, `${keyText(a.item)} and ${keyText(b.item)}`);
        assert.equal(keyText(a.item) === keyText(b.item), expected);
        if (expected) assert.equal(hashKey(a.item), hashKey(b.item));
      }
    }
    assert.equal(new Set(groups.map(group => hashKey(group[0]))).size, groups.length, 'no two of these collide');
  });
  test('text, hash and order agree on what is the same', () => {
    fc.assert(
      fc.property(twoKeys, ([a, b]) => {
        const same = sameKey(a, b);
        assert.equal(compareKeys(a, b) === 0, same);
        assert.equal(keyText(a) === keyText(b), same);
        if (same) assert.equal(hashKey(a), hashKey(b));
      }),
      runs,
    );
  });
  test('a key in another guise is the same', () => {
    fc.assert(
      fc.property(key, k => assert.ok(sameKey(k, reordered(k)))),
      runs,
    );
  });
  test('a key is the same after it went through a column', () => {
    fc.assert(
      fc.property(fc.array(key), keys => {
        const column = prepareColumn(keys);
        const bytes = new Uint8Array(column.byteLength);
        column.write(bytes);
        const back = readColumn(bytes);
        keys.forEach((k, i) => {
          assert.ok(sameKey(k, back[i]));
          assert.equal(hashKey(k), hashKey(back[i]));
        });
      }),
      runs,
    );
  });
});

describe('what cannot be a key', () => {
  for (const [name, value] of refused) {
    test(name, () => {
      for (const whole of [value, [1, value], { a: value }, new Set([value]), new Map([[1, value]])]) {
        const error = { code: 'HEDDLE_VALUE', message: /cannot be a key|a key contains itself/ };
        assert.throws(() => hashKey(whole), error);
        assert.throws(() => keyText(whole), error);
        assert.throws(() => sameKey(whole, whole), error);
        assert.throws(() => new KeyIndex().find(whole), error);
        assert.throws(() => new KeyIndex().findOrAdd(whole), error);
      }
    });
  }
  test('an error says what to use instead', () => {
    assert.throws(() => hashKey(new RangeError('far')), /RangeError: far cannot be a key.*use its message/);
  });
});

describe('hashes', () => {
  test('known answers', () => {
    // Numbers and text were computed apart from this code. The rest pins the format: a change moves keys between partitions.
    const vectors: [unknown, number][] = [
      [0, 0x00000000],
      [-0, 0x00000000],
      [1, 0x514e28b7],
      [-1, 0x81f16f39],
      [2 ** 31 - 1, 0xf9cc0ea8],
      [-(2 ** 31), 0x6d3c65a0],
      [2 ** 31, 0xf9574101],
      [2 ** 53, 0x9198ac65],
      [0.5, 0xe7fd209d],
      [-1.5, 0xdb03dfcf],
      [Number.NaN, 0x6b29e8e7],
      [Infinity, 0x5e5b86cd],
      [-Infinity, 0x0c3e1773],
      [5e-324, 0x514e28b7],
      ['', 0xab3e7c0b],
      ['a', 0x1a80b1b3],
      ['heddle', 0x97f8da90],
      ['caf\xe9', 0x32d887f5],
      ['\ud800', 0x573eb6ee],
      ['\u{1f600}', 0x6a85a426],
      [true, 0x11fd02eb],
      [false, 0xbb2aafde],
      [null, 0xd6a3deec],
      [undefined, 0xf5ce2edf],
      [10n, 0x687b2745],
      [-(2n ** 70n), 0xb27fcc73],
      [new Date(5), 0x605212fb],
      [['a', 1], 0x0fbeb8a7],
      [[], 0xda058232],
      [{ a: 1, b: [2] }, 0x26394173],
      [view(1, 2), 0xa23ac0ab],
      [Float64Array.of(-0, Number.NaN), 0x10b25b19],
      [view(1, 2).buffer, 0x176fb971],
      [/a/g, 0xdb69d540],
      [new Set([1, 'a']), 0xe2402bfc],
      [new Map([['a', 1]]), 0x6963ef25],
    ];
    for (const [value, hash] of vectors) assert.equal(hashKey(value), hash, keyText(value));
    assert.equal(fmix32(0), 0);
    assert.equal(fmix32(1), 0x514e28b7);
    assert.equal(fmix32(0xffffffff), 0x81f16f39);
  });
  test('numbers hash by the formula', () => {
    const bits = new DataView(new ArrayBuffer(8));
    fc.assert(
      fc.property(number, x => {
        if (Number.isInteger(x) && x >= -(2 ** 31) && x < 2 ** 31) return assert.equal(hashKey(x), fmix32(x));
        bits.setFloat64(0, x);
        const [hi, lo] = Number.isNaN(x) ? [0x7ff80000, 0] : [bits.getUint32(0), bits.getUint32(4)];
        assert.equal(hashKey(x), fmix32(lo ^ Math.imul(fmix32(hi), 0x9e3779b1)));
      }),
    );
  });
  test('a text hashes by its units, whatever V8 keeps it as', () => {
    const wide = 'caf\xe9\u0100'.slice(0, 4);
    assert.equal(hashKey(wide), hashKey('caf\xe9'));
    const joined = ['ca', 'f\xe9'].join('');
    assert.equal(hashKey(joined), hashKey('caf\xe9'));
  });
  test('spread evenly over few and many partitions', () => {
    const sets = [
      Array.from({ length: 64_000 }, (_, i) => i),
      Array.from({ length: 64_000 }, (_, i) => i * 1024),
      Array.from({ length: 64_000 }, (_, i) => i / 7),
      Array.from({ length: 64_000 }, (_, i) => `key${i}`),
      Array.from({ length: 64_000 }, (_, i) => [i % 250, Math.floor(i / 250)]),
      Array.from({ length: 64_000 }, (_, i) => ({ id: i })),
    ];
    for (const keys of sets) {
      for (const parts of [3, 16, 64]) {
        const counts = new Array<number>(parts).fill(0);
        for (const k of keys) counts[hashKey(k) % parts]!++;
        const mean = keys.length / parts;
        const chi = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
        assert.ok(chi < parts + 6 * Math.sqrt(2 * parts), `${keyText(keys[1])} over ${parts}: ${chi}`);
      }
    }
  });
});

describe('order', () => {
  test('the table of types', () => {
    const sorted = [
      -Infinity,
      -1,
      0,
      1,
      1n,
      1.5,
      2n ** 53n,
      2 ** 53 + 2,
      Infinity,
      Number.NaN,
      '',
      'a',
      'ab',
      '\ud800',
      '\uffff',
      false,
      true,
      new Date(1),
      new Date(2),
      [],
      [1],
      [1, 2],
      [2],
      view(1),
      view(1, 0),
      view(2),
      { a: 1 },
      { a: 1, b: 0 },
      { a: 2 },
      { b: 0 },
      null,
      undefined,
    ];
    for (let i = 0; i < sorted.length; i++) {
      for (let j = 0; j < sorted.length; j++) {
        assert.equal(Math.sign(compareKeys(sorted[i], sorted[j])), Math.sign(i - j), `${keyText(sorted[i])} and ${keyText(sorted[j])}`);
      }
    }
  });
  test('total: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(twoKeys, key, ([a, b], c) => {
        assert.equal(Math.sign(compareKeys(a, b)), -Math.sign(compareKeys(b, a)) + 0);
        const [x, y, z] = [a, b, c].sort(compareKeys);
        assert.ok(compareKeys(x, y) <= 0 && compareKeys(y, z) <= 0 && compareKeys(x, z) <= 0);
        if (compareKeys(x, y) === 0) assert.equal(Math.sign(compareKeys(x, z)), Math.sign(compareKeys(y, z)));
      }),
      runs,
    );
  });
});
