import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { captureClosure } from '../../lib/codec/closure/index.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { twinKernels } from '../../lib/shuffle/kernels.js';
import type { Batch } from '../../lib/task/batch.js';
import { compileLoop, loopSource } from '../../lib/task/compile.js';
import type { TaskEnv } from '../../lib/task/env.js';
import type { ProgramFunctions } from '../../lib/task/functions.js';
import { type InlineBody, inlineTrial } from '../../lib/task/inline.js';
import { LoadedProgram } from '../../lib/task/pipeline.js';
import { DrawSource, type Rng } from '../../lib/task/rng/rng.js';
import { seedState } from '../../lib/task/rng/seed.js';
import { CollectSink } from '../../lib/task/sinks/rows.js';
import type { Program } from '../../lib/task/spec.js';
import { MIB } from '../shuffle/fixture.js';
import { memory, twinFill } from './rng/heap.js';

type Trial = (rng: Rng, i: number) => unknown;

const inlined = (f: Trial) => inlineTrial(captureClosure(f as never, 'f'));

/** What a loop gives for the rows of batches of a range, its body in the loop or called; and where its draws end. */
function run(
  f: Trial,
  inline: InlineBody | undefined,
  batches = [100, 100],
  room = Number.POSITIVE_INFINITY,
): { rows: unknown[]; next: number } {
  const draws = new DrawSource({ buffer: memory.buffer, address: 4096, fill: twinFill });
  draws.start(seedState(7), 1, 2);
  const sink = new CollectSink(room);
  sink.failed = error => error as Error;
  const operator = { kind: 'trial', f: { closure: 0 }, label: 'trials', salt: 0, ...(inline === undefined ? {} : { inline }) } as const;
  const loop = compileLoop(loopSource('range', [operator], sink.code()), [f], new Float64Array(memory.buffer), 'test');
  let from = 5;
  for (const n of batches) {
    loop({ kind: 'range', first: 0, from, step: 1, n, block: 2 }, sink, [draws]);
    from += n;
    // As many draws as the block before it took are made at once.
    if (from % 3 === 0) draws.start(seedState(7), 1, from);
  }
  return { rows: sink.rows, next: draws.cursor };
}

const strike = 1.25;
const none = -0;
const flag = true;
const helper = (x: number) => x + 1;

describe('a trial that is plain arithmetic', () => {
  const taken: Record<string, Trial> = {
    'an expression': rng => rng.uniform(),
    pi: rng => {
      const x = rng.uniform() * 2 - 1;
      const y = rng.uniform() * 2 - 1;
      return x * x + y * y < 1 ? 1 : 0;
    },
    'the index': (rng, i) => rng.uniform() + i,
    'names of the loop': (rng, i) => {
      const n = rng.uniform();
      let sum = i;
      let count = 0;
      for (let at = 0; at < 3; at++) {
        sum += n * at;
        count++;
      }
      return sum / count;
    },
    'the index under a name of the loop': (rng, r) => rng.uniform() * r,
    'captured numbers': rng => Math.max(rng.uniform() * 2 - strike, none),
    'a walk': rng => {
      let at = 0;
      let steps = 0;
      while (at > -3 && at < 3) {
        if (rng.uniform() < 0.5) at--;
        else {
          at++;
          if (steps > 50) break;
        }
        steps++;
      }
      return steps;
    },
    'no draw at all': () => 42,
    'draws in an order that shows': rng => rng.uniform() - rng.uniform() * 10 + (rng.uniform() < 0.5 ? rng.uniform() : 100),
    'a shadowed name': rng => {
      const x = rng.uniform();
      let y = 0;
      {
        const x = rng.uniform();
        y = x;
      }
      return x - y;
    },
    'no semicolons': new Function('return rng => { let a = rng.uniform()\nlet b = a * 2\na = -b\nreturn a }')() as Trial,
  };
  for (const [name, f] of Object.entries(taken)) {
    test(`${name} goes into the loop and gives the same`, () => {
      const inline = inlined(f);
      if (f.length === 0) return assert.equal(inline, undefined);
      assert.notEqual(inline, undefined);
      assert.deepEqual(run(f, inline), run(f, undefined));
    });
  }

  const inARow = (draws: number) =>
    new Function(`return rng => ${Array.from({ length: draws }, () => 'rng.uniform()').join(' - ')}`)() as Trial;

  test('knows how many numbers it takes, where they are always as many', () => {
    const counts = Object.fromEntries(Object.entries(taken).map(([name, f]) => [name, inlined(f)?.draws]));
    assert.deepEqual(counts, {
      'an expression': 1,
      pi: 2,
      'the index': 1,
      'names of the loop': 1,
      'the index under a name of the loop': 1,
      'captured numbers': 1,
      'a walk': undefined,
      'no draw at all': undefined, // called
      'draws in an order that shows': undefined,
      'a shadowed name': 2,
      'no semicolons': 1,
    });
    const perhaps = ['i && rng.uniform()', 'i ? rng.uniform() : 1', 'i ?? rng.uniform()'];
    for (const text of perhaps) assert.equal(inlined(new Function(`return (rng, i) => ${text}`)() as Trial)!.draws, undefined, text);
    assert.equal(inlined(new Function('return (rng, i) => rng.uniform() ? i : 0')() as Trial)!.draws, 1);
  });

  for (const draws of [1, 2, 3, 7, 63, 64, 65]) {
    test(`${draws} numbers a row are the same wherever batches of numbers, batches of rows and blocks end`, () => {
      const f = inARow(draws);
      const inline = inlined(f);
      assert.equal(inline!.draws, draws);
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 8 }), batches => {
          assert.deepEqual(run(f, inline, batches), run(f, undefined, batches));
        }),
        { numRuns: 50 },
      );
    });
  }

  test('stops where the sink has enough', () => {
    const f = inARow(3);
    for (const room of [1, 85, 86, 150]) assert.deepEqual(run(f, inlined(f), [200], room), run(f, undefined, [200], room));
  });

  test('random expressions give the same bits', () => {
    const leaf = fc.constantFrom('rng.uniform()', 'i', 'x', '0.5', '3', 'Math.PI', '(-0)', 'NaN', '1e300');
    const { expression } = fc.letrec<{ expression: string }>(tie => ({
      expression: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/', '%', '<', '===', '|', '>>>'), tie('expression'))
          .map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
        fc.tuple(fc.constantFrom('Math.sqrt', 'Math.floor', 'Math.abs', '-', '!'), tie('expression')).map(([f, a]) => `${f}(${a})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `Math.min(${a}, ${b})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a} && ${b})`),
      ),
    }));
    fc.assert(
      fc.property(expression, expression, (first, last) => {
        const f = new Function(`return (rng, i) => { const x = 0.25; let y = ${first}; y += ${last}; return y; }`)() as Trial;
        const inline = inlined(f);
        assert.notEqual(inline, undefined);
        assert.deepEqual(run(f, inline), run(f, undefined));
      }),
      { numRuns: 300 },
    );
  });
});

test('the numbers are found in a heap that has grown since the loop was compiled', () => {
  const f: Trial = rng => rng.uniform() - rng.uniform();
  const closure = captureClosure(f as never, 'f');
  const operator = { kind: 'trial', f: { closure: 0 }, label: 'trials', salt: 0, inline: inlineTrial(closure)! } as const;
  const pipeline = { source: { kind: 'leaf', input: 0 }, operators: [operator] } as const;
  const program: Program = { branches: [pipeline], sink: { kind: 'collect' }, closures: [closure], seed: 1 };
  const loaded = new LoadedProgram(program, { get: () => f } as unknown as ProgramFunctions, 'test');
  const heap = Heap.format(reserveHeap(256 * MIB, { platform: 'win32' }), { threads: 1 });
  const kernels = twinKernels(heap.memory);
  const rowsAt = (address: number) => {
    const draws = new DrawSource({ buffer: heap.u8.buffer, address, fill: (state, out, n) => kernels.fillUniform(state, out, n) });
    draws.start(seedState(7), 1, 2);
    const sink = new CollectSink();
    const batch: Batch = { kind: 'range', first: 0, from: 0, step: 1, n: 500, block: 2 };
    loaded.loop(pipeline, batch, sink, { heap } as TaskEnv)(batch, sink, [draws]);
    return sink.rows;
  };
  const before = heap.u8.length;
  const rows = rowsAt(heap.allocate(DrawSource.bytes));
  assert.equal(new Set(rows).size, 500);
  assert.ok(heap.allocate(before) >= before);
  const address = heap.allocate(before);
  assert.ok(address >= before);
  assert.deepEqual(rowsAt(address), rows);
});

describe('anything else is called', () => {
  const called: Record<string, Trial> = {
    'another method of rng': rng => rng.normal(),
    'rng handed on': rng => helper(rng as never),
    'rng kept': rng => {
      const other = rng;
      return other.uniform();
    },
    'a captured function': rng => helper(rng.uniform()),
    'a captured value that is no number': rng => (flag ? rng.uniform() : 0),
    text: rng => `${rng.uniform()}`,
    'an array': rng => [rng.uniform()],
    'two returns': rng => {
      if (rng.uniform() < 0.5) return 1;
      return 0;
    },
    'a function expression': new Function('return function (rng) { return rng.uniform(); }')() as Trial,
    'an assigned constant': new Function('return rng => { const a = 1; a = rng.uniform(); return a; }')() as Trial,
    'var, which would leak': new Function('return rng => { var a = rng.uniform(); return a; }')() as Trial,
    'a variable before its declaration': new Function('return rng => { const a = b; let b = rng.uniform(); return a; }')() as Trial,
    'a parameter with a default': (rng, i = 3) => rng.uniform() + i,
    'an argument that uniform does not take': rng => (rng.uniform as (x: number) => number)(3),
    'Math by another name': new Function('return rng => { const Math = { sqrt: 2 }; return rng.uniform() * Math.sqrt; }')() as Trial,
    'a computed member': rng => rng['uniform' as const]() + Math[('P' + 'I') as 'PI'],
    'a dollar, which the loop uses itself': rng => {
      const $c0 = rng.uniform();
      return $c0;
    },
    'a nested function': rng => (() => rng.uniform())(),
    'a bigint': rng => BigInt(3) + BigInt(rng.uniform() < 2 ? 1 : 0),
    'a global': rng => rng.uniform() + Number(globalThis.undefined ?? 1),
  };
  for (const [name, f] of Object.entries(called)) test(name, () => assert.equal(inlined(f), undefined));
});
