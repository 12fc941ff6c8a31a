import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { types } from 'node:util';
import fc from 'fast-check';
import { ColumnKind, columnHeader, prepareColumn, preparePairs, readColumn, readPairs } from '../../lib/codec/column.js';
import { HeddleError } from '../../lib/core/errors.js';

/** Writes a column into shared memory between sentinels, and returns a view that is larger than the column. */
function encode(values: readonly unknown[], from?: number, to?: number): Uint8Array {
  return place(prepareColumn(values, from, to));
}

function place(column: ReturnType<typeof prepareColumn>): Uint8Array {
  assert.equal(column.byteLength % 8, 0);
  const memory = new Uint8Array(new SharedArrayBuffer(column.byteLength + 32)).fill(0xa5);
  column.write(memory.subarray(16, 16 + column.byteLength));
  for (let i = 0; i < 16; i++) {
    assert.equal(memory[i], 0xa5, 'nothing is written before the target');
    assert.equal(memory[16 + column.byteLength + i], 0xa5, 'nothing is written behind the column');
  }
  const bytes = memory.subarray(16);
  const { kind, rows, byteLength } = columnHeader(bytes);
  assert.deepEqual({ kind, rows, byteLength }, { kind: column.kind, rows: column.rows, byteLength: column.byteLength });
  return bytes;
}

function roundTrip(values: readonly unknown[]): unknown[] {
  return Array.from(readColumn(encode(values)));
}

function kindOf(values: readonly unknown[]): string {
  const { kind } = columnHeader(encode(values));
  return Object.entries(ColumnKind).find(([, value]) => value === kind)![0];
}

/** The batch comes back equal, as a column of the given kind. */
function check(kind: keyof typeof ColumnKind, values: readonly unknown[]): void {
  assert.equal(kindOf(values), kind);
  assert.deepStrictEqual(roundTrip(values), Array.from(values));
}

const lone = '\ud800';

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

describe('exactly as structured clone does it', () => {
  const records: Record<string, () => unknown> = {
    map: () => new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'x'])]]),
    'regular expression': () => /a(b)/giu,
    'typed array': () => Float32Array.of(1.5, -0, Number.NaN),
    'array buffer': () => Uint8Array.of(1, 2, 3).buffer,
    'data view': () => new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
    'boxed values': () => [Object(1), Object('x'), Object(true), Object(1n)],
    hole: () => Object.assign(new Array(5), { 1: 1, 3: undefined, 4: null }),
    'holes alone': () => new Array(3),
    'a long hole': () => Object.assign(new Array(100_000), { 5: 1 }),
    'negative zero': () => ({ a: [-0, { b: -0 }] }),
    'key __proto__': () => JSON.parse('{"a": {"__proto__": {"x": 1}}}'),
    'null prototype': () => Object.assign(Object.create(null), { a: 1 }),
    'an array with properties': () => Object.assign([1, 2], { extra: 'x' }),
    'a match': () => 'key=value'.match(/(?<key>\w+)=(\w+)/),
    'class instance': () =>
      new (class Point {
        x = 1;
        #y = 2;
        get y() {
          return this.#y;
        }
      })(),
    getter: () => ({
      get a() {
        return 5;
      },
    }),
    'symbol key': () => ({ [Symbol('s')]: 1, a: 2 }),
    'not enumerable': () => Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
    'subclass of Array': () => class List extends Array<number> {}.of(1, 2, 3),
    frozen: () => Object.freeze(['a', Object.freeze({ x: 1 })]),
  };
  for (const [name, make] of Object.entries(records)) {
    test(name, () => {
      const expected = structuredClone(make());
      for (const batch of [[make()], [make(), make()], [1, make(), 'x', null, make()]]) {
        const back = roundTrip(batch);
        for (let i = 0; i < batch.length; i++) {
          const record = batch[i];
          assert.deepStrictEqual(back[i], typeof record === 'object' && record !== null ? expected : record);
          if (Array.isArray(expected) && Array.isArray(back[i])) assert.deepEqual(Object.keys(back[i] as object), Object.keys(expected));
        }
      }
    });
  }
  test('errors keep their class, message, stack and cause', () => {
    const [back] = roundTrip([new RangeError('too far', { cause: { at: 5 } })]) as [RangeError];
    assert.ok(back instanceof RangeError);
    assert.equal(back.message, 'too far');
    assert.deepEqual(back.cause, { at: 5 });
  });
  test('a Buffer comes back as a Buffer of its own bytes', () => {
    const [back] = roundTrip([Buffer.from('abc')]) as [Buffer];
    assert.ok(Buffer.isBuffer(back));
    assert.equal(back.toString(), 'abc');
    assert.equal(back.buffer.byteLength, 3);
    assert.ok(types.isArrayBuffer(back.buffer));
  });
  test('a view of shared memory becomes a private copy', () => {
    const [back] = roundTrip([Int32Array.from([1, 2]), new Int32Array(new SharedArrayBuffer(8))]) as [Int32Array];
    assert.ok(types.isArrayBuffer(back.buffer));
  });
});

describe('identity', () => {
  test('an object met twice in a record is one object in the copy', () => {
    for (const inner of [() => ({ a: 1 }), () => [1, 2], () => new Date(5), () => new Map()]) {
      const x = inner();
      const [back, also] = roundTrip([
        [x, x],
        [inner(), inner()],
      ]) as [[unknown, unknown], [unknown, unknown]];
      assert.equal(back[0], back[1]);
      assert.notEqual(also[0], also[1]);
    }
    const p = [1, 2];
    const [list] = roundTrip([[p, [3, 4], p]]) as [unknown[][]];
    assert.equal(list[0], list[2]);
    const [object] = roundTrip([{ a: p, b: { c: p } }]) as [{ a: unknown; b: { c: unknown } }];
    assert.equal(object.a, object.b.c);
    const many = Array.from({ length: 50 }, (_, i) => [i]);
    const [back] = roundTrip([[...many, many[7]]]) as [unknown[]];
    assert.equal(back[50], back[7]);
  });
  test('cycles', () => {
    const array: unknown[] = [1];
    array.push(array);
    const [back] = roundTrip([array]) as [unknown[]];
    assert.equal(back[1], back);
    const one: unknown[] = [];
    one[0] = one;
    const [ring] = roundTrip([one]) as [unknown[]];
    assert.equal(ring[0], ring);
    const parent: Record<string, unknown> = { name: 'p' };
    parent.child = { parent };
    const [tree] = roundTrip([parent]) as [{ child: { parent: unknown } }];
    assert.equal(tree.child.parent, tree);
  });
  test('records share nothing after reading, and reading twice gives two copies', () => {
    const shared = { n: [1] };
    const map = new Map([['k', shared]]);
    for (const batch of [
      [shared, shared],
      [map, map],
      [
        ['a', shared],
        ['b', shared],
      ],
      [Buffer.from('ab'), Buffer.from('cd')],
    ]) {
      const bytes = encode(batch);
      const first = readColumn(bytes);
      const second = readColumn(bytes);
      assert.notEqual(first[0], first[1]);
      assert.notEqual(first[0], second[0]);
      assert.deepStrictEqual(first[0], second[0]);
    }
    const [a, b] = roundTrip([
      ['a', shared],
      ['b', shared],
    ]) as [[string, typeof shared], [string, typeof shared]];
    a[1].n.push(2);
    assert.deepEqual(b[1].n, [1]);
  });
  test('a typed array does not lie over the bytes of the column', () => {
    const bytes = encode([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
    const [view] = Array.from(readColumn(bytes)) as [Uint8Array];
    bytes.fill(0);
    assert.deepEqual(Array.from(view), [1, 2, 3]);
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

describe('what cannot be a record', () => {
  function refused(values: readonly unknown[]): HeddleError {
    try {
      prepareColumn(values);
    } catch (error) {
      assert.ok(error instanceof HeddleError);
      assert.equal(error.code, 'HEDDLE_VALUE');
      return error;
    }
    return assert.fail('it was taken');
  }
  test('the message names the record, the value, its kind and what to do', () => {
    const { message, data } = refused([{ a: 1 }, { a: 2, b: [{ handler() {} }] }]);
    assert.match(message, /record 1, \{ a: 2, b: \[\{ handler: function handler \}\] \}/);
    assert.match(message, /its value at \.b\[0\]\.handler is a function \(handler\); .*call it first/);
    assert.deepEqual({ row: data.row, path: data.path }, { row: 1, path: '.b[0].handler' });
  });
  test('the position is that in the batch, whatever the other values are', () => {
    assert.equal(refused(['a', 1, null, () => 1]).data.row, 3);
    assert.equal(
      refused([
        ['a', 1],
        ['b', Symbol('x')],
      ]).data.row,
      1,
    );
    assert.equal(refused([[1], [1, 2], [Promise.resolve()]]).data.row, 2);
  });
  const kinds: [string, () => unknown, RegExp][] = [
    ['function', () => () => 1, /a function/],
    ['symbol', () => Symbol('mark'), /a symbol \(Symbol\(mark\)\)/],
    ['promise', () => Promise.resolve(1), /a promise; .*await/],
    ['weak map', () => new WeakMap(), /a WeakMap/],
    ['weak set', () => new WeakSet(), /a WeakSet/],
    ['weak reference', () => new WeakRef({}), /a WeakRef/],
    ['shared memory', () => new SharedArrayBuffer(8), /a SharedArrayBuffer/],
    ['proxy', () => new Proxy({}, {}), /a Proxy/],
    ['proxy of an array', () => new Proxy([1], {}), /a Proxy/],
    ['generator', () => (function* () {})(), /a generator/],
    [
      'port',
      () => {
        const { port1 } = new MessageChannel();
        port1.close();
        return port1;
      },
      /a MessagePort/,
    ],
    ['blob', () => new Blob([]), /a Blob/],
    [
      'getter that throws',
      () => ({
        get a() {
          throw new Error('no a today');
        },
      }),
      /getter that throws \(no a today\)/,
    ],
  ];
  for (const [name, make, pattern] of kinds) {
    test(name, () => {
      assert.match(refused([make()]).message, pattern);
      assert.match(refused([1, { deep: new Map([['k', [make()]]]) }]).message, pattern);
      assert.match(refused([['key', make()]]).message, pattern);
      assert.match(refused([{ key: make() }]).message, pattern);
    });
  }
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

describe('properties', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '__proto__', lone, `\udc00${lone}`, 'constructor'));
  const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, Number.NaN, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 + 2));
  const primitive = fc.oneof(text, number, fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined));
  // Two invalid dates are not equal to assert in every release of Node.js.
  const date = fc.date({ noInvalidDate: true });
  const plain = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      primitive,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  const anything = fc.anything({
    key: text,
    withBigInt: true,
    withBoxedValues: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: false,
  });
  const runs = { numRuns: 400 };

  test('a batch of one kind of plain values comes back', () => {
    const batches = fc.oneof(...[text, number, fc.boolean(), fc.bigInt(), primitive].map(kind => fc.array(kind)));
    fc.assert(
      fc.property(batches, values => assert.deepStrictEqual(roundTrip(values), values)),
      runs,
    );
  });
  test('a batch of nested plain data comes back', () => {
    fc.assert(
      fc.property(fc.array(plain), values => assert.deepStrictEqual(roundTrip(values), values)),
      runs,
    );
  });
  test('tuples, objects and lists of one shape come back', () => {
    const shaped = fc.oneof(
      fc.tuple(text, number),
      fc.record({ id: fc.integer(), name: text, at: fc.option(date), tags: fc.array(text) }),
      fc.array(number),
    );
    const batches = fc
      .oneof(shaped, plain)
      .chain(() => fc.oneof(fc.array(fc.tuple(text, shaped)), fc.array(fc.record({ a: shaped, b: number })), fc.array(shaped)));
    fc.assert(
      fc.property(batches, values => assert.deepStrictEqual(roundTrip(values), structuredClone(values))),
      runs,
    );
  });
  test('a batch of whatever can be cloned comes back as structured clone has it', () => {
    fc.assert(
      fc.property(fc.array(anything), values =>
        assert.deepStrictEqual(
          roundTrip(values),
          values.map(value => structuredClone(value)),
        ),
      ),
      runs,
    );
  });
  test('a part of a batch is that part', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, primitive)), fc.nat(), fc.nat(), (values, a, b) => {
        const from = Math.min(a % (values.length + 1), b % (values.length + 1));
        const to = Math.max(a % (values.length + 1), b % (values.length + 1));
        assert.deepStrictEqual(Array.from(readColumn(encode(values, from, to))), values.slice(from, to));
      }),
      runs,
    );
  });
  test('pairs come back, prepared either way', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, plain)), pairs => {
        const keys = pairs.map(pair => pair[0]);
        const values = pairs.map(pair => pair[1]);
        for (const bytes of [place(preparePairs(keys, values)), encode(pairs)]) {
          const back = readPairs(bytes);
          assert.equal(back.rows, pairs.length);
          assert.deepStrictEqual(Array.from(back.keys), keys);
          assert.deepStrictEqual(Array.from(back.values), values);
        }
      }),
      runs,
    );
  });
});
