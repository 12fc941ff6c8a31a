import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { captureClosure } from '../../../lib/codec/closure/capture.js';
import { ClosureError } from '../../../lib/codec/closure/errors.js';
import { DRIVER_ONLY } from '../../../lib/codec/closure/objects.js';
import { HeddleError } from '../../../lib/core/errors.js';

// The source of this very test: refusals must name its lines, not those of the compiled file.
const SOURCE = fileURLToPath(new URL('../../../../test/codec/closure/refuse.test.ts', import.meta.url));
const LINES = readFileSync(SOURCE, 'utf8').split('\n');

interface Expected {
  variable: string;
  kind: string;
  /** A comment that ends the line where the closure uses the variable. */
  mark: string;
  hint: RegExp;
  message?: RegExp;
}

function refused(fn: (...args: never[]) => unknown, { variable, kind, mark, hint, message = /./ }: Expected): void {
  const line = LINES.findIndex(text => text.trimEnd().endsWith(`// ${mark}`)) + 1;
  assert.ok(line > 0, `the mark ${mark} is in the source`);
  assert.throws(
    () => captureClosure(fn, 'flatMap'),
    (error: unknown) => {
      assert.ok(error instanceof ClosureError && error instanceof HeddleError);
      const { argument, variable: named, kind: of, file, line: at } = error.data;
      assert.deepEqual(
        { argument, variable: named, kind: of, file, line: at },
        { argument: 'flatMap', variable, kind, file: SOURCE, line },
      );
      assert.equal(error.code, 'HEDDLE_CLOSURE');
      assert.match(error.message, /^flatMap: /);
      assert.ok(variable === '' || error.message.includes(variable));
      assert.ok(error.message.includes(`refuse.test.ts:${line}:`));
      assert.match(error.message, hint);
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('what the code does', () => {
  test('assigning a variable of the code around', () => {
    let count = 0;
    refused(
      () => {
        const before = count;
        count++; // assigned
        return before;
      },
      { variable: 'count', kind: 'assigned', mark: 'assigned', hint: /reduce or count/ },
    );
    const next = () => ++count; // assigned below
    refused(() => next(), {
      variable: 'count',
      kind: 'assigned',
      mark: 'assigned below',
      hint: /reduce or count/,
      message: /used by next/,
    });
  });

  test('this, arguments, super, new.target, import.meta, eval', () => {
    class Base {
      base() {
        return 1;
      }
    }
    class Outer extends Base {
      factor = 2;
      #hidden = 3;
      lexical() {
        return (x: number) => x * this.factor; // lexical this
      }
      hidden(other: Outer) {
        return () => other.#hidden; // hidden
      }
      method(x: number) {
        return x * this.factor; // own this
      }
      above() {
        return () => super.base(); // above
      }
      list() {
        // biome-ignore lint/complexity/noArguments: what is refused
        return () => arguments.length; // list
      }
    }
    function target(this: unknown) {
      return () => new.target; // target
    }
    const outer = new Outer();
    refused(outer.lexical(), { variable: '', kind: 'this', mark: 'lexical this', hint: /into a const/ });
    refused(outer.method, { variable: '', kind: 'this', mark: 'own this', hint: /into a const/ });
    refused(outer.above(), { variable: '', kind: 'super', mark: 'above', hint: /plain function/ });
    refused(target(), { variable: '', kind: 'new.target', mark: 'target', hint: /never called with new/ });
    refused(outer.list(), { variable: '', kind: 'arguments', mark: 'list', hint: /rest parameters/ });
    refused(outer.hidden(outer), { variable: '', kind: 'private member', mark: 'hidden', hint: /into a const/ });
    refused(
      () => import.meta.url, // meta
      { variable: '', kind: 'import.meta', mark: 'meta', hint: /into a const/ },
    );
    refused(
      // biome-ignore lint/security/noGlobalEval: what is refused
      () => eval('1'), // eval
      { variable: '', kind: 'eval', mark: 'eval', hint: /ordinary function/ },
    );
  });

  test('this of a helper that is called as a method is its own', () => {
    const helper = {
      n: 2,
      twice() {
        return this.n * 2;
      },
    };
    captureClosure(() => helper.twice(), 'map');
  });
});

describe('what variables hold', () => {
  const unique = Symbol('mine');
  const promise = Promise.resolve(1);
  const weak = new WeakMap();
  const socket = new Socket();
  class Secret {
    #n = 1;
    n() {
      return this.#n;
    }
  }
  const secret = new Secret();
  const proxy = new Proxy({}, {});
  const running = [1][Symbol.iterator]();
  const generator = (function* () {
    yield 1;
  })();
  const context = { [Symbol.for('heddle.driverOnly')]: true };
  class Rdd {
    readonly [DRIVER_ONLY] = true;
  }
  const rdd = new Rdd();
  const nested = { list: [1, { of: { promise } }] };
  const reader = () => nested.list; // nested

  const cases: [(...args: never[]) => unknown, Expected][] = [
    [
      () => unique, // symbol
      { variable: 'unique', kind: 'symbol', mark: 'symbol', hint: /Symbol\.for/ },
    ],
    [
      () => promise, // promise
      { variable: 'promise', kind: 'promise', mark: 'promise', hint: /await it first/ },
    ],
    [
      () => weak, // weak
      { variable: 'weak', kind: 'weak collection', mark: 'weak', hint: /a Map or a Set/ },
    ],
    [
      () => socket, // socket
      { variable: 'socket', kind: 'native object', mark: 'socket', hint: /inside the closure/, message: /a Socket/ },
    ],
    [
      () => secret.n(), // secret
      { variable: 'secret', kind: 'private fields', mark: 'secret', hint: /plain data/, message: /a Secret/ },
    ],
    [
      () => proxy, // proxy
      { variable: 'proxy', kind: 'proxy', mark: 'proxy', hint: /plain object behind/ },
    ],
    [
      () => generator, // generator
      { variable: 'generator', kind: 'generator', mark: 'generator', hint: /inside the closure/ },
    ],
    [
      () => running, // iterator
      { variable: 'running', kind: 'generator', mark: 'iterator', hint: /inside the closure/ },
    ],
    [
      () => context, // context
      { variable: 'context', kind: 'driver only', mark: 'context', hint: /collect first, or join/ },
    ],
    [
      () => rdd, // rdd
      { variable: 'rdd', kind: 'driver only', mark: 'rdd', hint: /collect first, or join/ },
    ],
    [reader, { variable: 'nested.list[1].of.promise', kind: 'promise', mark: 'nested', hint: /await it first/ }],
    [
      // @ts-expect-error: no such variable
      () => nowhere, // unreachable
      { variable: 'nowhere', kind: 'unreachable', mark: 'unreachable', hint: /declare it/ },
    ],
  ];
  for (const [fn, expected] of cases) test(expected.mark, () => refused(fn, expected));

  test('through a helper', () => {
    refused(() => reader(), {
      variable: 'nested.list[1].of.promise',
      kind: 'promise',
      mark: 'nested',
      hint: /await/,
      message: /used by reader/,
    });
  });
});

describe('variables that are not initialised yet', () => {
  test('const and class', () => {
    refused(
      () => limit, // const
      { variable: 'limit', kind: 'uninitialised', mark: 'const', hint: /above the call/ },
    );
    refused(
      () => Later, // class
      { variable: 'Later', kind: 'uninitialised', mark: 'class', hint: /above the call/ },
    );
    refused(
      () => answer, // answer
      { variable: 'answer', kind: 'uninitialised', mark: 'answer', hint: /above the call/ },
    );
    const limit = 3;
    class Later {}
    const answer = JSON.parse('1') as number;
    captureClosure(() => [limit, Later, answer], 'map');
  });

  test('undefined is a value', () => {
    const nothing = JSON.parse('[]')[0] as undefined;
    let later: number | undefined;
    captureClosure(() => [nothing, later], 'map');
    later = 1;
    assert.equal(later, 1);
  });
});

test('a library that is dragged in as a whole is refused', () => {
  const many = Array.from({ length: 3000 }, (_, i) => new Function(`return ${i}`) as () => number);
  assert.throws(() => captureClosure(() => many, 'map'), { code: 'HEDDLE_CLOSURE', message: /more than 2000 functions/ });
});
