import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { captureClosure } from '../../../lib/codec/closure/capture.js';
import { closurePlace, mapFrames, mapStack } from '../../../lib/codec/closure/locate.js';
import { callSite } from '../../../lib/core/callsite.js';
import { ClosureWorker, ship } from './ship.js';

const K = 3;

/** The first frame of an error thrown here and of the same error thrown in a worker. */
async function bothPlaces(fn: (...args: never[]) => unknown): Promise<[string, string]> {
  let here = '';
  try {
    fn();
  } catch (error) {
    const [frame] = mapFrames((error as Error).stack!);
    here = `${frame!.file}:${frame!.line}:${frame!.column}`;
  }
  const there = await ship(fn).then(
    () => '',
    (error: Error) => {
      const [frame] = mapFrames(error.stack!);
      assert.notEqual(frame!.closure, undefined);
      return `${frame!.file}:${frame!.line}:${frame!.column}`;
    },
  );
  assert.match(here, /locate\.test\.ts:\d+:\d+$/);
  return [here, there];
}

describe('an error in a worker has the line and column that it would have had here', () => {
  class Thrower {
    constructor(readonly x: number) {}
    go(): never {
      throw new Error(`from a class ${this.x}`);
    }
  }
  class Bare {
    go(): never {
      throw new Error('from a class without constructor');
    }
  }
  const object = {
    method() {
      throw new Error('method');
    },
    get value(): number {
      throw new Error('getter');
    },
  };
  const helper = (x: number): never => {
    throw new Error(`helper ${x + K}`);
  };
  const cases: Record<string, (...args: never[]) => unknown> = {
    'an arrow without captures': () => {
      throw new Error('plain');
    },
    'an arrow over lines': () => {
      if (K > 2) {
        throw new Error('deep');
      }
    },
    'a function': function thrower() {
      throw new Error(`${K}`);
    },
    'a helper': () => helper(1),
    'a method': () => object.method(),
    'a getter': () => object.value,
    'a class': () => new Thrower(1).go(),
    'a class without constructor': () => new Bare().go(),
    'a parameter default': (x = helper(1)) => x,
  };
  for (const [name, fn] of Object.entries(cases)) {
    test(name, async () => {
      const [here, there] = await bothPlaces(fn);
      assert.equal(there, here);
    });
  }
});

test('a stack trace keeps its other lines', async () => {
  const closure = captureClosure(() => {
    throw new TypeError('two\nlines');
  }, 'map');
  const worker = new ClosureWorker();
  const error = (await worker.call(closure).catch((caught: unknown) => caught)) as Error;
  const lines = mapStack(error.stack!).split('\n');
  assert.deepEqual(lines.slice(0, 2), ['TypeError: two', 'lines']);
  assert.match(lines[2]!, /^ {4}at .*locate\.test\.ts:\d+:\d+$/);
  assert.match(closurePlace(closure)!.file, /locate\.test\.ts$/);
});

test('frames of closures that are gone stay as they are', () => {
  const [frame] = mapFrames('Error: x\n    at f (heddle-closure:999999/0:3:4)');
  assert.deepEqual(frame, { functionName: 'f', closure: 999999, internal: false, file: 'heddle-closure:999999/0', line: 3, column: 4 });
});

test('a call site outside the library, mapped only when asked', () => {
  const before = Error.prepareStackTrace;
  const site = callSite()!;
  assert.equal(Error.prepareStackTrace, before);
  assert.match(site.file, /locate\.test\.js$/);
  const mapped = site.resolve();
  assert.match(mapped.file, /locate\.test\.ts$/);
  const [frame] = mapFrames(new Error('here').stack!);
  assert.equal(frame!.line - mapped.line, 5);
});
