// What an exception in a closure becomes: an error with the operator, the place and the record, and nothing else is harmed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import type { HeddleError } from '../../lib/core/errors.js';
import { drainedHeap, Folder, failure, heapOf, MAIN, Source, smallContext } from './support.js';

class Failure extends Error {
  override readonly name = 'Failure';
}

const own = new URL('../../../test/failure/errors.test.ts', import.meta.url);
const source = new Source(import.meta.url, readFileSync(own, 'utf8').split('\n'));
const folder = new Folder();
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => void unhandled.push(error);
let sc: Context;

before(async () => {
  process.on('unhandledRejection', onUnhandled);
  sc = await smallContext({ partitions: 4 });
});
after(async () => {
  await sc.stop();
  folder.remove();
  process.off('unhandledRejection', onUnhandled);
});

describe('what is thrown', () => {
  const thrown = async (f: (x: number) => never): Promise<HeddleError> =>
    failure(
      sc
        .range(0, 1, 1, 1)
        .map(x => f(x))
        .collect(),
      'HEDDLE_TASK_FAILED',
    );

  test('a text, undefined, null, an object', async () => {
    const text = await thrown(() => {
      throw 'text';
    });
    assert.match(text.message, /^map at errors\.test\.ts:\d+ threw .*"text" \(partition 0, attempt 0, record 0\)$/);
    assert.equal((text.cause as Error).message, '"text"');
    assert.doesNotMatch((text.cause as Error).stack!, /\n/, 'a stack of the driver would mislead');
    const nothing = await thrown(() => {
      throw undefined;
    });
    assert.match(nothing.message, /threw .*undefined \(partition 0/);
    const object = await thrown(() => {
      throw { code: 7 };
    });
    assert.match(object.message, /threw .*\{ code: 7 \} \(partition 0/);
  });

  test('an error with causes', async () => {
    const { cause } = await thrown(() => {
      throw new Error('outer', { cause: new RangeError('inner', { cause: 'root' }) });
    });
    const inner = (cause as Error).cause as Error;
    assert.deepEqual([(cause as Error).message, inner.name, inner.message], ['outer', 'RangeError', 'inner']);
    assert.equal((inner.cause as Error).message, '"root"');
  });

  test('an error that is its own cause', async () => {
    const { cause } = await thrown(() => {
      const error = new Error('ring');
      error.cause = error;
      throw error;
    });
    assert.equal(((cause as Error).cause as Error).message, 'ring');
  });

  test('an error whose properties are not what they should be', async () => {
    const error = await thrown(() => {
      const odd = new Error('odd');
      Object.defineProperty(odd, 'message', { value: { deep: () => 1 } });
      Object.defineProperty(odd, 'name', { value: 7 });
      Object.defineProperty(odd, 'stack', {
        get() {
          throw new Error('no stack');
        },
      });
      throw odd;
    });
    assert.match(error.message, /threw 7: \{ deep: function deep \} \(partition 0/);
  });

  test("an error's code is kept", async () => {
    const { cause } = await thrown(() => {
      throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    });
    assert.equal((cause as NodeJS.ErrnoException).code, 'EBUSY');
  });

  test('from a deep stack, and from one that overflows', async () => {
    const dig = (n: number): number => (n === 0 ? bottom() : dig(n - 1) + 1);
    const bottom = (): number => {
      throw new Failure('deep');
    };
    const deep = await failure(sc.range(0, 1, 1, 1).map(dig).map(bottom).collect(), 'HEDDLE_TASK_FAILED');
    assert.match(String(deep.data.at), new RegExp(`errors\\.test\\.ts:${source.lineOf("new Failure('deep')")}:`));
    const endless = (n: number): number => endless(n + 1) + 1;
    const error = await failure(sc.range(0, 1, 1, 1).map(endless).collect(), 'HEDDLE_TASK_FAILED');
    assert.match(error.message, /^map at .* threw RangeError: Maximum call stack size exceeded/);
  });

  test('a large record is cut', async () => {
    const error = await failure(
      sc
        .range(1)
        .map(() => 'x'.repeat(1e6))
        .map((text): number => {
          throw new Failure(`large ${text.length}`);
        })
        .collect(),
      'HEDDLE_TASK_FAILED',
    );
    assert.ok(error.message.length < 1000);
    assert.match(String(error.data.record), /^"x+…$/);
  });
});

describe('values that cannot be records', () => {
  const refused: [name: string, f: (x: number) => unknown, kind: RegExp][] = [
    ['a function', x => () => x, /a function/],
    ['a symbol', () => Symbol('s'), /a symbol/],
    ['a promise', x => Promise.resolve(x), /a promise/],
    ['a function inside', x => ({ deep: [() => x] }), /at \.deep\[0\] is a function/],
  ];
  for (const [name, f, kind] of refused) {
    test(`${name} from map, collected and as a value of a pair`, async () => {
      const collected = await failure(
        sc
          .range(10)
          .map(x => f(x) as never)
          .collect(),
        'HEDDLE_VALUE',
      );
      assert.match(collected.message, kind);
      assert.match(collected.message, /^collect: map at errors\.test\.ts:\d+: /);
      assert.equal(collected.data.attempt, 0);
      assert.ok(Number.isInteger(collected.data.partition));
      const shuffled = await failure(
        sc
          .range(10)
          .map(x => [x % 2, f(x) as never])
          .groupByKey()
          .collect(),
        'HEDDLE_VALUE',
      );
      assert.match(shuffled.message, kind);
      assert.match(shuffled.message, /^groupByKey: map at errors\.test\.ts:\d+: .*partition \d+, attempt 0/);
    });
  }

  test('a key that has no value to compare', async () => {
    const error = await failure(
      sc
        .range(10)
        .map(x => [() => x, x])
        .groupByKey()
        .collect(),
      'HEDDLE_VALUE',
    );
    assert.match(error.message, /cannot be a key/);
  });
});

describe('after failures', () => {
  test('jobs that run beside one that fails are unaffected', async () => {
    const good = Array.from({ length: 4 }, (_, i) =>
      sc
        .range(20_000)
        .map(x => [x % 7, i])
        .reduceByKey((a, b) => a + b + 0)
        .count(),
    );
    const bad = Array.from({ length: 4 }, () =>
      failure(
        sc
          .range(20_000)
          .map(x => {
            if (x === 19_999) throw new Failure('beside');
            return [x, x];
          })
          .groupByKey()
          .count(),
        'HEDDLE_TASK_FAILED',
      ),
    );
    assert.deepEqual(await Promise.all(good), [7, 7, 7, 7]);
    await Promise.all(bad);
  });

  test('the context is usable, the heap empty, and no rejection unhandled', async () => {
    const counts = await sc
      .range(1000)
      .map(x => [x % 3, 1])
      .reduceByKey((a, b) => a + b)
      .collect();
    assert.deepEqual(counts.sort(), [
      [0, 334],
      [1, 333],
      [2, 333],
    ]);
    assert.deepEqual(await drainedHeap(sc), { ...heapOf(sc).stats(), usedBytes: 0, blocks: 0 });
    assert.deepEqual(unhandled, []);
  });
});

describe("the user's own line", () => {
  folder.put(
    'helper.ts',
    `interface Row { readonly x: number }

export function strict(row: Row): number {
  if (row.x === 3) throw new TypeError('not 3');
  return row.x;
}
`,
  );
  const script = folder.put(
    'lines.ts',
    `import { Context } from 'heddle';
import { strict } from './helper.js';

interface Row { readonly x: number }
await using sc = await Context.create({ threads: 1, memory: '64mb' });
const print = (error: { message: string }) => console.log(JSON.stringify(error.message.split('\\n')));
await sc.range(5).map((x): Row => ({ x })).map((row: Row): number => {
  type Unused = string;
  if (row.x === 2) throw new RangeError('two');
  return row.x;
}).collect().catch(print);
await sc.range(5).map((x): Row => ({ x })).map(row => strict(row)).collect().catch(print);
`,
  );
  const ways: [name: string, flags: string[]][] = [
    ['heddle run', [MAIN, 'run']],
    ['tsx', ['--import', 'tsx']],
  ];
  for (const [name, flags] of ways) {
    test(`under ${name}, in the script and in a module that it imports`, async () => {
      const { code, out, err } = await folder.run([...flags, script]);
      assert.deepEqual({ code, err }, { code: 0, err: '' });
      const [first, second] = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as string[]);
      assert.match(first![0]!, /^map at lines\.ts:7 threw RangeError: two \(partition \d, attempt 0, record \{ x: 2 \}\)$/);
      assert.equal(first![1]!.trim().replace(/:\d+$/, ''), `at ${script}:9`);
      assert.match(second![0]!, /^map at lines\.ts:12 threw TypeError: not 3/);
      assert.equal(second![1]!.trim().replace(/:\d+$/, ''), `at ${join(folder.path, 'helper.ts')}:4`);
    });
  }
});
