import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { captureClosure } from '../../../lib/codec/closure/capture.js';
import { reviveClosure } from '../../../lib/codec/closure/revive.js';

type Value = number | bigint | string | boolean | null | undefined | Value[] | { [key: string]: Value };

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
  ),
})).value;

/** Arithmetic over x and the captured names a, b, c. */
const arithmetic: fc.Arbitrary<string> = fc.letrec<{ term: string }>(tie => ({
  term: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('x', 'a', 'b', 'c', 'f(x)', 'o.n', 'o.m(a)'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => `(${n})`),
    fc
      .tuple(tie('term'), fc.constantFrom('+', '-', '*', '/', '%', '**', '<', '===', '|', '>>>'), tie('term'))
      .map(([l, op, r]) => `((${l}) ${op} (${r}))`),
    fc.tuple(tie('term'), tie('term'), tie('term')).map(([i, t, e]) => `((${i}) ? (${t}) : (${e}))`),
    tie('term').map(term => `Math.abs(${term})`),
  ),
})).term;

test('revived arithmetic equals the original, whatever it captures', async () => {
  await fc.assert(
    fc.asyncProperty(
      arithmetic,
      fc.double(),
      fc.double(),
      fc.double(),
      fc.array(fc.double(), { minLength: 1 }),
      async (body, a, b, c, inputs) => {
        const make = new Function(
          'a',
          'b',
          'c',
          `const f = y => y * a + b; const o = { n: c, m(z) { return this.n - z } }; return x => ${body};`,
        );
        const original = make(a, b, c) as (x: number) => unknown;
        const revived = (await reviveClosure(structuredClone(captureClosure(original as never, 'map')))) as typeof original;
        for (const x of inputs) assert.ok(Object.is(revived(x), original(x)), `${body} at ${x}`);
      },
    ),
    { numRuns: 200 },
  );
});

test('captured values arrive equal', async () => {
  await fc.assert(
    fc.asyncProperty(value, value, async (one, two) => {
      const both = () => [one, two, two];
      assert.deepEqual((await reviveClosure(structuredClone(captureClosure(both, 'map'))))(), both());
      // The same values beside a function are made again property by property.
      const held = { one, two, get: () => two };
      const parts = (await reviveClosure(structuredClone(captureClosure(() => [held.one, held.two, held.get()], 'map'))))();
      assert.deepEqual(parts, both());
    }),
    { numRuns: 200 },
  );
});

test('what a capture costs, for the record', async t => {
  const K = 3;
  const table = { list: [1, 2, 3] };
  const cases = { 'no free variable': (x: number) => x + 1, 'a constant': (x: number) => x + K, 'an object': () => table.list };
  for (const [name, fn] of Object.entries(cases)) {
    const runs = 300;
    for (let i = 0; i < runs; i++) captureClosure(fn, 'map');
    const start = process.cpuUsage();
    for (let i = 0; i < runs; i++) captureClosure(fn, 'map');
    const { user, system } = process.cpuUsage(start);
    t.diagnostic(`${name}: ${((user + system) / runs).toFixed(1)} microseconds of processor time a capture`);
  }
});
