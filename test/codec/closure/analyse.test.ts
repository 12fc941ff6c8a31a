import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { analyseFunction, analyseSource } from '../../../lib/codec/closure/analyse.js';
import { captureClosure } from '../../../lib/codec/closure/capture.js';
import { combinerOf, recogniseCombiner } from '../../../lib/codec/closure/combiner.js';

const free = (source: string) => (analyseSource(source)?.free ?? []).map(variable => variable.name).sort();

describe('free variables', () => {
  const cases: [string, string[]][] = [
    ['(a, b = c, { d: e = f, ...g }) => a + b + e + g + h', ['c', 'f', 'h']],
    ['function f(n) { return n ? f(n - 1) : arguments[0] + (() => arguments[1])() }', []],
    ['x => { for (const y of x) { let z = y; z++ } var w; return w + v }', ['v']],
    ['method(x) { label: for (;;) { break label } return { x, y, [z]: 1 }.x }', ['y', 'z']],
    ['class A extends B { static x = c; [d]() { return A + e } #p = f; static { g } }', ['B', 'd', 'e', 'f']],
    ['async *[k]() { yield* v; try { } catch (e) { e } }', ['k', 'v']],
    ['get size() { return this.n + m }', ['m']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ['x => `${x.y}${z?.w}`', ['z']],
    ['x => { function hoisted() { return inner } const inner = 1; return hoisted() }', []],
  ];
  for (const [source, names] of cases) test(source, () => assert.deepEqual(free(source), names));

  test('assignments, typeof, what a class needs at once', () => {
    const [a, b] = analyseSource('() => { a; b; [b] = [a]; }')!.free;
    assert.deepEqual([a?.assigned, b?.assigned], [-1, '() => { a; b; ['.length]);
    assert.deepEqual(analyseSource('() => typeof x')!.free[0]?.onlyTypeof, true);
    assert.deepEqual(analyseSource('() => typeof x && x')!.free[0]?.onlyTypeof, false);
    const eager = analyseSource('class A extends B { x = c; static #y = d; m() { return e } static f = g() }')!.free;
    assert.deepEqual(Object.fromEntries(eager.map(v => [v.name, v.eager])), { B: true, c: false, d: true, e: false });
  });
});

describe('shape', () => {
  test('parameters, async, generators, forms', () => {
    const analysis = analyseFunction(async (_a: number, _b = 1, ..._c: number[]) => 1)!;
    assert.equal(analysis.async, true);
    assert.deepEqual(analysis.parameters, [
      { name: '_a', rest: false, optional: false },
      { name: '_b', rest: false, optional: true },
      { name: '_c', rest: true, optional: false },
    ]);
    assert.equal(analyseSource('async function* f() {}')!.generator, true);
    assert.equal(analyseSource('set x(v) {}')!.form, 'setter');
    assert.equal(analyseSource('static() {}')!.form, 'method');
    assert.equal(analyseSource('function () { with (a) b }')!.strict, false);
    assert.equal(analyseSource('function () { [native code] }'), undefined);
  });
});

describe('combiners', () => {
  const cases: [string, ReturnType<typeof recogniseCombiner>][] = [
    ['(a, b) => a + b', 'sum'],
    ['(x, y) => y + x', 'sum'],
    ['function add(left, right) { return (left + right); }', 'sum'],
    ['add(a, b) { return a + b }', 'sum'],
    ['(a, b) => Math.min(a, b)', 'min'],
    ['(a, b) => { return Math.max(b, a) }', 'max'],
    ['(a) => a', null],
    ['(a, b) => a', 'first'],
    ['(a, b) => b', 'last'],
    ['(a, b) => a + b + 0', null],
    ['(a, b) => a + a', null],
    ['(a, b) => a - b', null],
    ['(a, b) => a < b ? a : b', null],
    ['(a, b) => Math.min(a, b, 0)', null],
    ['(a, b) => Math.hypot(a, b)', null],
    ['(a, b) => Math[min](a, b)', null],
    ['(a, b = 1) => a + b', null],
    ['(a, ...b) => a + b', null],
    ['async (a, b) => a + b', null],
    ['(a, b) => { a++; return a + b }', null],
    ['(a, Math) => Math.min(a, Math)', null],
    ['function Math(a, b) { return Math.min(a, b) }', null],
    ['(a, b, c) => a + b', null],
  ];
  for (const [source, expected] of cases) test(source, () => assert.equal(recogniseCombiner(source), expected));

  test('what is recognised means the same on every pair of numbers', () => {
    const meaning = {
      sum: (a: number, b: number) => a + b,
      min: Math.min,
      max: Math.max,
      first: (a: number) => a,
      last: (_: number, b: number) => b,
    };
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.double(), fc.double(), ([source, expected], a, b) => {
        if (expected === null || source.startsWith('add(')) return;
        assert.ok(Object.is((new Function(`return ${source}`)() as (a: number, b: number) => number)(a, b), meaning[expected](a, b)));
      }),
    );
  });

  test('a variable named Math is not the global', () => {
    assert.equal(combinerOf(captureClosure((a: number, b: number) => Math.min(a, b), 'f')), 'min');
    {
      // biome-ignore lint/suspicious/noShadowRestrictedNames: on purpose
      const Math = { min: (a: number, _b: number) => a };
      assert.equal(combinerOf(captureClosure((a: number, b: number) => Math.min(a, b), 'f')), null);
    }
  });
});
