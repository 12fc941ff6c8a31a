import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { analyseSource } from '../../../lib/codec/closure/analyse.js';

const shippedCode = (source: string) => analyseSource(source)?.code;

describe('selects without a branch', () => {
  test('a comparison that chooses between 1 and 0 loses its branch, and nothing moves', () => {
    const cases = [
      ['x => x < 1 ? 1 : 0', 'x => x < 1 |0#'],
      ['x => x === 1 ? 0 : 1', 'x => x === 1 ^1#'],
      ['x => { return x * x >= 2 ? 1:0; }', 'x => { return x * x >= 2 |0#; }'],
      ['x => [x, x != 2 ? 1 : 0]', 'x => [x, x != 2 |0#]'],
    ];
    for (const [source, code] of cases)
      assert.equal(shippedCode(source!), code!.replace('#', ' '.repeat(source!.length - code!.length + 1)));
  });

  test('everything else stays as it is', () => {
    const sources = [
      'x => x ? 1 : 0',
      'x => x < 1 ? 2 : 0',
      'x => x < 1 ? 1 : 1',
      'x => (x < 1) ? 1 : 0',
      'x => x < 1 ? 1 : 0.5',
      'x => x < 1 /* why */ ? 1 : 0',
      'x => x + 1 ? 1 : 0',
      'x => x < 1 && x > 0 ? 1 : 0',
      'x => x < 1 ? 1n : 0n',
    ];
    for (const source of sources) assert.equal(shippedCode(source), source);
  });

  test('the value is the same for all operands and around all operators', () => {
    const operand = fc.oneof(fc.constantFrom(0, -0, 1, Number.NaN, null, undefined, '', 'a', true, 2n, '1'), fc.double(), fc.string());
    const comparison = fc.constantFrom('<', '>', '<=', '>=', '==', '!=', '===', '!==');
    const numbers = fc.constantFrom(['1', '0'], ['0', '1']);
    const frame = fc.constantFrom('$', '($) * 4', '5 - ($)', 'a ? $ : 7', 'a ? 7 : $', '[$, $][1]', '(a, $)', '-($)', 'typeof ($)');
    fc.assert(
      fc.property(operand, operand, comparison, numbers, frame, (a, b, op, [yes, no], around) => {
        const source = `(a, b) => ${around.replaceAll('$', `a ${op} b ? ${yes} : ${no}`)}`;
        const code = shippedCode(source)!;
        assert.equal(code.length, source.length);
        assert.notEqual(code, source);
        const make = (text: string) => new Function(`return (${text})`)() as (a: unknown, b: unknown) => unknown;
        assert.deepEqual(make(code)(a, b), make(source)(a, b));
      }),
    );
  });
});
