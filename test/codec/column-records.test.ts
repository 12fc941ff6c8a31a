import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { types } from 'node:util';
import { prepareColumn, readColumn } from '../../lib/codec/column.js';
import { HeddleError } from '../../lib/core/errors.js';
import { check, encode, roundTrip } from './round-trip.js';

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

describe('records of kind Any, many at a time', () => {
  const count = 700;
  test('come back in order, however many there are', () => {
    const records = Array.from({ length: count }, (_, i) => new Map([[i, { text: `value ${i}`, list: [i, null, undefined] }]]));
    check('Any', records);
  });
  test('one that shares objects with others, or holds one twice, changes nothing', () => {
    const shared = { n: 1 };
    const records = Array.from({ length: count }, (_, i) => new Map<string, unknown>([['own', { i }]]));
    for (const at of [3, 256, 300, count - 1]) records[at]!.set('shared', shared);
    for (const at of [10, 300]) records[at]!.set('self', records[at]);
    const back = roundTrip(records) as typeof records;
    assert.equal(back[300]!.get('self'), back[300]);
    assert.equal(back[10]!.get('self'), back[10]);
    (back[3]!.get('shared') as typeof shared).n = 2;
    for (const at of [256, 300, count - 1]) assert.deepEqual(back[at]!.get('shared'), { n: 1 });
    assert.deepEqual(
      back.map(record => record.get('own')),
      records.map(record => record.get('own')),
    );
  });
  test('the same record twice comes back as two', () => {
    for (const record of [new Map([[1, 2]]), new Set(), Buffer.from('x'), /x/, new Error('x'), { e: new Error('x') }, Object('x')]) {
      const back = roundTrip([record, record, record]);
      assert.notEqual(back[0], back[1]);
      assert.notEqual(back[1], back[2]);
    }
    const cause = { deep: 1 };
    const [a, b] = roundTrip([new Error('a', { cause }), new Error('b', { cause })]) as [Error, Error];
    assert.notEqual(a.cause, b.cause);
    const buffer = new ArrayBuffer(8);
    const [x, y] = roundTrip([new Map([[1, buffer]]), new Map([[2, buffer]])]) as [Map<number, unknown>, Map<number, unknown>];
    assert.notEqual(x.get(1), y.get(2));
  });
  test('the one that is refused is named', () => {
    const records = Array.from({ length: count }, (_, i) => new Map<string, unknown>([['i', i]]));
    records[599]!.set('f', () => 1);
    assert.throws(() => prepareColumn(records), { code: 'HEDDLE_VALUE', message: /^record 599, .*a function/ });
    assert.throws(() => prepareColumn([1, null, ...records]), { code: 'HEDDLE_VALUE', message: /^record 601, / });
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
