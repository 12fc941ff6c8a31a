import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { captureClosure } from '../../lib/codec/closure/index.js';
import { compileLoop, loopSource } from '../../lib/task/compile.js';
import { type InlineBody, inlineTrial } from '../../lib/task/inline.js';
import { DrawSource, type Rng } from '../../lib/task/rng/rng.js';
import { seedState } from '../../lib/task/rng/seed.js';
import { RowsSink } from '../../lib/task/sinks/rows.js';
import { memory, twinFill } from './rng/heap.js';

type Trial = (rng: Rng, i: number) => unknown;

const inlined = (f: Trial) => inlineTrial(captureClosure(f as never, 'f'));

/** What a loop gives for rows 5 to 205 of a range, its body in the loop or called; and where its draws end. */
function run(f: Trial, inline: InlineBody | undefined): { rows: unknown[]; next: number } {
  const draws = new DrawSource({ buffer: memory.buffer, address: 4096, fill: twinFill });
  draws.start(seedState(7), 1, 2);
  const sink = new RowsSink();
  sink.failed = error => error as Error;
  const operator = { kind: 'trial', f: { closure: 0 }, label: 'trials', salt: 0, ...(inline === undefined ? {} : { inline }) } as const;
  const loop = compileLoop(loopSource('range', [operator], sink.code()), [f], 'test');
  for (const from of [5, 105]) loop({ kind: 'range', first: 0, from, step: 1, n: 100, block: 2 }, sink, [draws]);
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
