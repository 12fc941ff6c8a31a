// Rows that a loop takes apart for a sink of pairs: what a throw is told with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLoop, loopSource, type SinkCode } from '../../lib/task/compile.js';

const MAP = { kind: 'map', f: { closure: 0 }, label: 'map' } as const;
const FLAT = { kind: 'flatMap', f: { closure: 0 }, label: 'flatMap' } as const;

/** Runs rows 0 to 9 through the function; the sink throws at the key 'bad'. */
function run(operator: typeof MAP | typeof FLAT, f: (x: number) => unknown) {
  const taken: unknown[] = [];
  const told: unknown[] = [];
  const sink = {
    take(key: unknown, value: unknown): void {
      if (key === 'bad') throw new Error('bad key');
      taken.push([key, value]);
    },
    failed(error: Error, operator: number, record: unknown): Error {
      told.push(operator, record);
      return error;
    },
  };
  const code: SinkCode = {
    functions: 0,
    before: '',
    after: '',
    pairs: true,
    row: row => ('single' in row ? '' : `sink.take(${row.key}, ${row.value});`),
  };
  const loop = compileLoop(loopSource('range', [operator], code), [f], new Float64Array(), 'test');
  let error: Error | undefined;
  try {
    loop({ kind: 'range', first: 0, from: 0, step: 1, n: 10, block: 0 }, sink, []);
  } catch (thrown) {
    error = thrown as Error;
  }
  return { taken, told, error };
}

test('pairs come apart', () => {
  assert.deepEqual(
    run(MAP, x => [x % 3, x]).taken,
    Array.from({ length: 10 }, (_, x) => [x % 3, x]),
  );
  assert.deepEqual(
    run(FLAT, x => [
      [x, 0],
      [x, 1],
    ]).taken,
    Array.from({ length: 20 }, (_, i) => [i >> 1, i & 1]),
  );
});

test('a throw of the sink is told with the pair', () => {
  const { taken, told, error } = run(MAP, x => [x === 2 ? 'bad' : x, x * 10]);
  assert.equal(error?.message, 'bad key');
  assert.deepEqual(taken, [
    [0, 0],
    [1, 10],
  ]);
  assert.ok((told[0] as number) >= 1, 'past the last operator');
  assert.deepEqual(told[1], ['bad', 20]);
});

test('a row that is no pair is told as it is', () => {
  for (const odd of [undefined, null, 7, 'ab', { 0: 1, 1: 2 }]) {
    const { taken, told, error } = run(MAP, x => (x === 3 ? odd : [x, x]));
    assert.match(error!.message, /its rows must be arrays \[key, value\]/);
    assert.equal(taken.length, 3);
    assert.ok((told[0] as number) >= 1, 'past the last operator');
    assert.equal(told[1], odd);
  }
});

test('a throw of an operator is told with its own input', () => {
  const { told } = run(FLAT, x => {
    if (x === 4) throw new Error('no');
    return [[x, x]];
  });
  assert.deepEqual(told, [0, 4]);
});
