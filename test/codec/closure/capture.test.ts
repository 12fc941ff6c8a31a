import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import os, { EOL } from 'node:os';
import * as path from 'node:path';
import { describe, mock, test } from 'node:test';
import { captureClosure, captureValue } from '../../../lib/codec/closure/capture.js';
import { reviveValue } from '../../../lib/codec/closure/revive.js';
import * as helpers from './fixtures/helpers.js';
import { counted, Money } from './fixtures/helpers.js';
import { ship } from './ship.js';

const K = 3;
const text = 'one';
const minusZero = -0;
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
function even(n: number): boolean {
  return n === 0 ? true : odd(n - 1);
}
function odd(n: number): boolean {
  return n === 0 ? false : even(n - 1);
}

class Shape {
  static readonly made: string[] = ['first'];
  static of(side: number): Shape {
    return new Shape(side);
  }
  constructor(readonly side: number) {}
  get area(): number {
    return this.side * this.side;
  }
  scaled(by: number): Shape {
    return new Shape(this.side * by + (K - 3));
  }
}

class Box extends Shape {
  override get area(): number {
    return super.area * 6;
  }
}

class Tally extends Map<string, number> {
  add(key: string): this {
    return this.set(key, (this.get(key) ?? 0) + 1);
  }
}

class Oops extends Error {
  constructor(
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super(`oops: ${why}`, options);
  }
  override name = 'Oops';
}

// A class that is used by a class it is the base of.
class Node_ {
  children: Node_[] = [];
  leaf(): Node_ {
    return new Leaf();
  }
}
class Leaf extends Node_ {
  readonly isLeaf = true;
}

describe('captured values', () => {
  test('nothing', async () => {
    assert.equal(await ship((x: number) => x + 1, 4), 5);
    assert.deepEqual(captureClosure((x: number) => x + 1, 'map').nodes.length, 1);
  });

  test('primitives of module and function scope', async () => {
    const inner = 10n;
    let missing: string | undefined;
    const nothing = null;
    const result = await ship(() => [K, text, inner, missing, nothing, Object.is(minusZero, -0), 0 === minusZero]);
    missing = 'too late';
    assert.deepEqual(result, [3, 'one', 10n, undefined, null, true, true]);
    assert.equal(missing, 'too late');
  });

  test('0 and -0 captured together stay apart', async () => {
    const zero = 0;
    const low = -0;
    assert.deepEqual(await ship(() => [1 / zero, 1 / low]), [Infinity, -Infinity]);
  });

  test('data that structured clone carries', async () => {
    const data = {
      // biome-ignore lint/suspicious/noSparseArray: a hole must stay a hole
      list: [1, , 3],
      map: new Map([['a', new Set([1])]]),
      date: new Date(5),
      pattern: /a+/gi,
      bytes: new Float64Array([1.5, NaN]),
      error: new RangeError('far'),
    };
    assert.deepEqual(await ship(() => data), data);
    assert.equal(await ship(() => 1 in data.list), false);
  });

  test('the values of the moment of capture', async () => {
    const list = [1];
    let n = 1;
    const shipped = captureClosure(() => [n, ...list], 'map');
    n = 2;
    list.push(2);
    const revived = (await reviveValue(shipped)) as () => number[];
    assert.deepEqual(revived(), [1, 1]);
    assert.equal(n, 2);
  });

  test('a null prototype, a Buffer, a URL, symbols that all threads share', async () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const buffer = Buffer.from('abc');
    const url = new URL('http://a.b/c?d');
    const shared = Symbol.for('heddle.test');
    const iterator: typeof Symbol.iterator = Symbol.iterator;
    const iterable = {
      *[Symbol.iterator]() {
        yield K;
      },
    };
    const result = await ship(() => [
      Object.getPrototypeOf(bare) === null,
      buffer.toString(),
      url.searchParams.has('d'),
      shared === Symbol.for('heddle.test'),
      ([] as unknown[])[iterator] === Array.prototype.values,
      [...iterable],
    ]);
    assert.deepEqual(result, [true, 'abc', true, true, true, [3]]);
  });

  test('shared memory stays shared', async () => {
    const memory = new Int32Array(new SharedArrayBuffer(4));
    await ship(() => {
      memory[0] = 7;
    });
    assert.equal(memory[0], 7);
  });

  test('globals are not shipped, shadowed globals are', async () => {
    assert.equal(captureClosure((x: number) => Math.max(x, Number('1')), 'map').nodes.length, 1);
    const Math_ = Math;
    {
      // biome-ignore lint/suspicious/noShadowRestrictedNames: on purpose
      const Map = (x: number) => x + K;
      assert.equal(await ship((x: number) => Map(x) + Math_.abs(-1), 1), 5);
    }
  });

  test('a variable that exists nowhere may be asked for with typeof', async () => {
    assert.equal(await ship(() => typeof (globalThis as { nowhere?: string }).nowhere), 'undefined');
    // @ts-expect-error: no such variable
    assert.equal(await ship(() => typeof nowhereAtAll), 'undefined');
  });

  test('a global that the user made', async () => {
    (globalThis as { mine?: number }).mine = 12;
    try {
      // @ts-expect-error: not declared
      assert.equal(await ship(() => mine), 12);
    } finally {
      delete (globalThis as { mine?: number }).mine;
    }
  });
});

describe('captured functions', () => {
  test('recursion, direct and mutual', async () => {
    assert.deepEqual(await ship((n: number) => [factorial(n), even(n), odd(n)], 10), [3628800, true, false]);
  });

  test('every form of function', async () => {
    const object = {
      factor: 2,
      method(x: number) {
        return x * this.factor;
      },
      ['computed' + K](x: number) {
        return x + K;
      },
      get double(): number {
        return this.factor * 2;
      },
      set half(value: number) {
        this.factor = value / 2;
      },
      arrow: (x: number) => x - K,
      *generator() {
        yield K;
      },
    };
    const expression = function named(x: number): number {
      return x > 0 ? named(x - 1) : K;
    };
    const result = await ship(() => {
      const before = [
        object.method(2),
        (object.computed3 as (x: number) => number)(1),
        object.double,
        object.arrow(4),
        ...object.generator(),
        expression(5),
      ];
      object.half = 20;
      return [...before, object.factor];
    });
    assert.deepEqual(result, [4, 4, 4, 1, 3, 3, 10]);
    assert.equal(object.factor, 2);
  });

  test('own properties, default parameters', async () => {
    const tagged = Object.assign((x = K) => x, { tag: 'mine', inner: () => K });
    assert.deepEqual(await ship(() => [tagged.name, tagged(), tagged.tag, tagged.inner()]), ['', 3, 'mine', 3]);
  });

  test('native and bound functions', async () => {
    const { max } = Math;
    const { slice } = Array.prototype;
    const add = (a: number, b: number) => a + b + K;
    const bound = add.bind(null, 10);
    assert.deepEqual(await ship(() => [max(1, 2), slice.call([1, 2, 3], 1), bound(1)]), [2, [2, 3], 14]);
  });

  test('one object for two functions', async () => {
    const shared = { hits: 0, log: (s: string) => s };
    const one = () => ++shared.hits;
    const two = () => ++shared.hits;
    assert.deepEqual(await ship(() => [one(), two(), shared.hits]), [1, 2, 2]);
    const pair = (await reviveValue(structuredClone(captureValue([one, two], 'pair')))) as (() => number)[];
    assert.deepEqual(
      pair.map(f => f()),
      [1, 2],
    );
  });

  test('cycles between objects and functions', async () => {
    interface Ring {
      self?: Ring;
      get: () => Ring;
    }
    const ring: Ring = { get: () => ring };
    ring.self = ring;
    assert.equal(await ship(() => ring.self === ring && ring.get().get() === ring), true);
  });

  test('a deep list of instances does not overflow the stack', async () => {
    let list: Shape | { next: unknown } = new Shape(1);
    for (let i = 0; i < 20_000; i++) list = { next: list };
    const head = list;
    const length = await ship(() => {
      let n = 0;
      for (let at: unknown = head; at !== null && typeof at === 'object' && 'next' in at; at = at.next) n++;
      return n;
    });
    assert.equal(length, 20_000);
  });
});

describe('captured classes', () => {
  test('statics, accessors, inheritance', async () => {
    const result = await ship(() => [new Box(2).area, Shape.of(3).area, Shape.made, new Box(1).scaled(4).side, Box.name]);
    assert.deepEqual(result, [24, 9, ['first'], 4, 'Box']);
  });

  test('a base class that uses its subclass', async () => {
    const start = new Node_();
    assert.equal(await ship(() => (start.leaf() as Leaf).isLeaf && start.leaf() instanceof Node_), true);
  });

  test('instances, alone and inside data', async () => {
    const box = new Box(2);
    const data = { boxes: [box, new Shape(1)], by: new Map([['box', box]]) };
    const result = await ship(() => [data.boxes.map(b => b.area), data.by.get('box') === data.boxes[0], box instanceof Shape]);
    assert.deepEqual(result, [[24, 1], true, true]);
  });

  test('instances of classes over built-in ones', async () => {
    const tally = new Tally([['a', 1]]);
    const oops = new Oops('rain', { cause: 'clouds' });
    const result = await ship(() => [
      tally.add('a').get('a'),
      tally instanceof Map,
      oops.why,
      oops.message,
      oops.name,
      oops instanceof Error,
      oops.cause,
    ]);
    assert.deepEqual(result, [2, true, 'rain', 'oops: rain', 'Oops', true, 'clouds']);
  });

  test('classes over classes that nothing else names, over expressions, over built-in ones', async () => {
    class Hidden {
      static make() {
        return new this();
      }
      hi() {
        return 'hi';
      }
    }
    class Over extends Hidden {}
    const mixin = (base: typeof Over) =>
      class extends base {
        mixed = true;
      };
    class Mixed extends mixin(Over) {}
    const one = new Mixed();
    const result = await ship(() => [(Over.make() as Over).hi(), new Mixed().hi(), new Mixed().mixed, one instanceof Over, one.mixed]);
    assert.deepEqual(result, ['hi', 'hi', true, true, true]);
  });

  test('static fields are not computed again', async () => {
    let runs = 0;
    const effect = () => ++runs;
    class Once {
      static first = effect();
      static second: number;
      static readonly #hidden = 5;
      static {
        Once.second = effect();
      }
      static hidden() {
        return Once.#hidden;
      }
    }
    assert.deepEqual(await ship(() => [Once.first, Once.second, Once.hidden()]), [1, 2, 5]);
  });

  test('functions as classes of old', async () => {
    function Old(this: { x: number }, x: number) {
      this.x = x;
    }
    Old.prototype.twice = function (this: { x: number }) {
      return this.x * 2 + K;
    };
    const Constructor = Old as unknown as new (x: number) => { twice(): number };
    assert.equal(await ship(() => new Constructor(4).twice()), 11);
  });

  test('a class with private fields of its own', async () => {
    class Counter {
      #n = K;
      next() {
        return this.#n++;
      }
    }
    assert.equal(
      await ship(() => {
        const counter = new Counter();
        counter.next();
        return counter.next();
      }),
      4,
    );
  });
});

describe('imports', () => {
  test('of built-in modules', async () => {
    const result = await ship(() => [path.basename('/a/b'), EOL.length, typeof os.cpus, typeof readFileSync]);
    assert.deepEqual(result, ['b', EOL.length, 'function', 'function']);
  });

  test("of the user's modules: their private state stays theirs", async () => {
    assert.deepEqual(await ship((x: number) => [counted(x), new Money(5).cents, helpers.counted(2)], 4), [8, 5, 4]);
    assert.ok(captureClosure((x: number) => counted(x), 'map').nodes.some(node => node.kind === 'import'));
  });

  test('dynamic, relative to the script', async () => {
    const load = async () => (await import('./fixtures/helpers.js')).counted(K);
    const revived = (await reviveValue(captureClosure(load, 'map'))) as () => Promise<number>;
    assert.equal(await revived(), 6);
  });
});

test('the size of captured values is known', () => {
  const big = new Float64Array(200_000);
  assert.ok(captureClosure(() => big, 'map').bytes > 1_600_000);
  assert.ok(captureClosure(() => K, 'map').bytes < 1000);
});

test('what is not a function is a bad argument', () => {
  assert.throws(() => captureClosure(7 as never, 'map'), { code: 'HEDDLE_BAD_ARGUMENT', message: /^map: expected a function, got 7/ });
});

test('a closure that takes nothing from outside does not ask the inspector, which takes longer than all else', () => {
  const post = mock.method(Session.prototype, 'post');
  try {
    captureClosure((x: number) => x * 2, 'map');
    assert.equal(post.mock.callCount(), 0);
    captureClosure((x: number) => x * K, 'map');
    assert.ok(post.mock.callCount() > 0);
  } finally {
    post.mock.restore();
  }
});
