import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ColumnKind, prepareColumn, preparePairs, readColumn, readPairs } from '../../lib/codec/column.js';
import { check, encode, lone, place, roundTrip } from './round-trip.js';

describe('kinds of columns', () => {
  test('nothing', () => {
    check('None', []);
    check('None', [undefined, undefined]);
    assert.deepStrictEqual(roundTrip(new Array(3)), [undefined, undefined, undefined]);
  });
  test('numbers', () => {
    check('Int32', [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]);
    check('Float64', [0, -0]);
    check('Float64', [2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 53 + 2, Number.NaN, Infinity, -Infinity, 5e-324, 0.1]);
  });
  test('numbers are views of the bytes, without a copy', () => {
    const ints = encode([1, 2, 3]);
    const view = readColumn(ints) as Int32Array;
    assert.ok(view instanceof Int32Array);
    assert.equal(view.buffer, ints.buffer);
    assert.ok(readColumn(encode([1.5])) instanceof Float64Array);
  });
  test('typed arrays are taken for what they hold', () => {
    const ints = prepareColumn(Int32Array.of(5, 6, 7), 1, 3);
    assert.equal(ints.kind, ColumnKind.Int32);
    assert.deepEqual(Array.from(readColumn(place(ints))), [6, 7]);
    assert.deepEqual(Array.from(readColumn(place(prepareColumn(Float64Array.of(0.5, -0))))), [0.5, -0]);
  });
  test('booleans, big integers, dates', () => {
    check('Boolean', [true, false, true]);
    check('BigInt64', [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]);
    check('Any', [2n ** 63n, -(2n ** 100n)]);
    check('Date', [new Date(0), new Date(8.64e15), new Date(-1)]);
    const invalid = roundTrip([new Date(Number.NaN), new Date(5)]) as Date[];
    assert.deepEqual(
      invalid.map(date => date.getTime()),
      [Number.NaN, 5],
    );
  });
  test('text', () => {
    check('Latin1', ['', 'a', '\0', 'caf\xe9', '\xff', '__proto__']);
    check('Utf16', ['', 'a', '\u0100', lone, '\udc00', `${lone}x`, '\u{1f600}', '\udc00\ud800']);
    check('Latin1', ['']);
  });
  test('text longer than a window, at every place', () => {
    const long = 'ab'.repeat(600_000);
    check('Latin1', ['x', long, '', long, 'y', 'z'.repeat(70_000)]);
    check('Utf16', ['x', `${long}\u0100`, 'y']);
    const words = Array.from({ length: 30_000 }, (_, i) => `word${i % 777}`);
    check('Latin1', words);
  });
  test('several classes in one batch', () => {
    check('Mixed', ['a', null, undefined, 'b']);
    check('Mixed', [1, null, 2.5]);
    check('Mixed', [1, 'a', true, null, undefined, 10n, { a: 1 }, [1], new Map([[1, 2]]), -0]);
    check('Mixed', [null, undefined]);
    check('Mixed', [null, null].concat([undefined as unknown as null]));
    check('None', [undefined]);
  });
  test('null alone', () => {
    assert.deepStrictEqual(roundTrip([null, null]), [null, null]);
  });
  test('tuples', () => {
    check('Tuple', [
      ['a', 1],
      ['b', 2],
    ]);
    check('Tuple', [
      [1, [2, ['x', true]]],
      [3, [4, ['y', null]]],
    ]);
    for (let width = 1; width <= 8; width++) check('Tuple', [Array.from({ length: width }, (_, i) => i), new Array(width).fill('x')]);
  });
  test('lists', () => {
    check('List', [[], [1], [1, 2, 3]]);
    check('List', [[], []]);
    check('List', [['a', null], [], [{ x: [1, 2] }]]);
    check('Any', [new Array(5000).fill(0), [1]]);
  });
  test('objects of one shape, and of several', () => {
    check('Struct', [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ]);
    check('Struct', [{ '': 1, 'a b': 2, 'quote\'"': 3, 7: 4 }]);
    check('Struct', [JSON.parse('{"__proto__": 5, "x": 1}'), JSON.parse('{"__proto__": 6, "x": 2}')]);
    check('Any', [{ a: 1 }, { b: 1 }]);
    check('Any', [
      { a: 1, b: 1 },
      { b: 1, a: 1 },
    ]);
    check('Any', [{}, {}]);
    check('Struct', [{ [lone]: 1, é: 2 }]);
  });
  test('the order of keys comes back', () => {
    const [back] = roundTrip([{ z: 1, a: 2 }]) as [object];
    assert.deepEqual(Object.keys(back), ['z', 'a']);
  });
});

// Node.js has it, its types do not.
declare const WebAssembly: { Memory: new (options: { initial: number; maximum: number; shared: true }) => { buffer: SharedArrayBuffer } };

describe('large memory', () => {
  // Reserved, hardly ever touched; where it cannot be reserved there is no heap of that size to write to either.
  const reserve = () => {
    try {
      return new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true }).buffer;
    } catch {
      return null;
    }
  };
  const heap = reserve();
  const options = { skip: heap === null };
  test('columns lie at the very end of 4 GiB', options, () => {
    const batches = [
      [1, 2],
      [0.5],
      ['a', 'caf\xe9'],
      ['\u0100', lone],
      [
        ['a', 1],
        ['b', 2],
      ],
      [{ a: [true, null] }],
      [new Map([[1, Buffer.from('x')]])],
    ];
    for (const values of batches) {
      const column = prepareColumn(values);
      const bytes = new Uint8Array(heap!, heap!.byteLength - column.byteLength, column.byteLength);
      column.write(bytes);
      assert.deepStrictEqual(Array.from(readColumn(bytes)), values);
    }
  });
  test('a column larger than its size can say is refused, naming the size', options, () => {
    const error = { code: 'HEDDLE_VALUE', message: /536870912 records takes 4294967312 bytes, more than the 4294967288/ };
    assert.throws(() => prepareColumn(new Float64Array(heap!)), error);
  });
});

describe('pairs', () => {
  test('halves go in and come out without making pairs', () => {
    const bytes = place(preparePairs(['x', 'a', 'b', 'c'], Int32Array.of(0, 1, 2, 3), 1, 3));
    const { keys, values, rows } = readPairs(bytes);
    assert.equal(rows, 2);
    assert.deepEqual(Array.from(keys), ['a', 'b']);
    assert.ok(values instanceof Int32Array);
    assert.deepEqual(Array.from(values), [1, 2]);
    assert.deepEqual(Array.from(readColumn(bytes)), [
      ['a', 1],
      ['b', 2],
    ]);
  });
  test('halves of any kind', () => {
    const keys = [1, 'a', null, { a: [1] }];
    const values = [new Map([[1, 2]]), undefined, [1, 2], -0];
    const pairs = readPairs(place(preparePairs(keys, values)));
    assert.deepStrictEqual(Array.from(pairs.keys), keys);
    assert.deepStrictEqual(Array.from(pairs.values), values);
  });
  test('pairs prepared as records are read as pairs too', () => {
    for (const records of [
      [['a', 1]],
      [['a', new Map()]],
      [
        [{ a: 1 }, [1]],
        [{ b: 1 }, [2]],
      ],
    ] as [unknown, unknown][][]) {
      const pairs = readPairs(encode(records));
      assert.deepStrictEqual(
        Array.from(pairs.keys),
        records.map(record => record[0]),
      );
      assert.deepStrictEqual(
        Array.from(pairs.values),
        records.map(record => record[1]),
      );
    }
    assert.equal(readPairs(encode([])).rows, 0);
    assert.throws(() => readPairs(encode([1, 2])), { code: 'HEDDLE_CORRUPT' });
  });
});

describe('bytes that are no column', () => {
  test('are told from columns', () => {
    const good = () => Uint8Array.from(encode(['abc', 'def']).subarray(0, 40));
    const broken: Uint8Array[] = [new Uint8Array(8), new Uint8Array(16), good().subarray(0, 24)];
    for (const [at, value] of [
      [0, 200],
      [1, 9],
      [8, 0xff],
      [4, 200],
      [12, 200],
    ] as const) {
      const bytes = good();
      bytes[at] = value;
      broken.push(bytes);
    }
    for (const bytes of broken) assert.throws(() => readColumn(bytes), { code: 'HEDDLE_CORRUPT' });
  });
});
