// The compiled loop against plain JavaScript: chains of operators, of which one call throws, and folds of any values.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeValue } from '../../lib/codec/column.js';
import type { Batch } from '../../lib/task/batch.js';
import { compileLoop, loopSource } from '../../lib/task/compile.js';
import type { AnyFunction } from '../../lib/task/functions.js';
import { AggregateSink, ReduceSink, SumSink } from '../../lib/task/sinks/fold.js';
import { PairsSink } from '../../lib/task/sinks/pairs.js';
import { RowsSink } from '../../lib/task/sinks/rows.js';
import type { Sink } from '../../lib/task/sinks/sink.js';
import type { OperatorSpec } from '../../lib/task/spec.js';

const KINDS = ['map', 'mapToPair', 'filter', 'keyBy', 'mapValues', 'flatMap', 'flatMap of an iterable', 'flatMapValues'] as const;
type Kind = (typeof KINDS)[number];

interface Told {
  readonly operator: number;
  readonly record: unknown;
}

/** Functions of a chain, which count their calls and throw at one of them. */
class Calls {
  private calls = 0;
  constructor(private readonly throwsAt: number) {}

  of(kind: Kind): (x: unknown) => unknown {
    const numberOf = (x: unknown): number => (Array.isArray(x) ? numberOf(x[0]) + 3 * numberOf(x[1]) : (x as number)) % 1000;
    const made: Record<Kind, (x: unknown) => unknown> = {
      map: x => numberOf(x) * 1.5 + 1,
      mapToPair: x => [numberOf(x) % 5, numberOf(x) * 0.5],
      filter: x => numberOf(x) % 3 < 2,
      keyBy: x => numberOf(x) % 4,
      mapValues: x => numberOf(x) * 2,
      flatMap: x => [x, numberOf(x) + 1].slice(0, numberOf(x) % 3),
      'flatMap of an iterable': x => new Set([numberOf(x), numberOf(x) + 0.5]),
      flatMapValues: x => [x, numberOf(x)],
    };
    return x => {
      if (this.calls++ === this.throwsAt) throw new Error('thrown');
      return made[kind](x);
    };
  }
}

const isOnPairs = (kind: Kind) => kind === 'mapValues' || kind === 'flatMapValues';

/** A chain in which operators on pairs have pairs. */
function wellFormed(kinds: readonly Kind[]): Kind[] {
  return kinds.flatMap((kind): Kind[] => (isOnPairs(kind) ? ['keyBy', kind] : [kind]));
}

const KIND_OF: Partial<Record<Kind, OperatorSpec['kind']>> = { mapToPair: 'map', 'flatMap of an iterable': 'flatMap' };
const specOf = (kind: Kind): OperatorSpec => ({ kind: KIND_OF[kind] ?? kind, f: { closure: 0 }, label: kind }) as unknown as OperatorSpec;

/** What the chain means. */
function interpret(kinds: readonly Kind[], calls: Calls, inputs: readonly unknown[]): { rows: unknown[]; told: Told | undefined } {
  const functions = kinds.map(kind => calls.of(kind));
  const rows: unknown[] = [];
  const walk = (j: number, row: unknown): void => {
    const kind = kinds[j];
    if (kind === undefined) {
      rows.push(row);
      return;
    }
    const call = (x: unknown): unknown => {
      try {
        return functions[j]!(x);
      } catch {
        throw { operator: j, record: row } satisfies Told;
      }
    };
    const [key, value] = Array.isArray(row) ? row : [];
    switch (kind) {
      case 'filter':
        if (call(row)) walk(j + 1, row);
        return;
      case 'keyBy':
        walk(j + 1, [call(row), row]);
        return;
      case 'mapValues':
        walk(j + 1, [key, call(value)]);
        return;
      case 'flatMapValues':
        for (const item of call(value) as unknown[]) walk(j + 1, [key, item]);
        return;
      case 'flatMap':
      case 'flatMap of an iterable':
        for (const item of [...(call(row) as Iterable<unknown>)]) walk(j + 1, item);
        return;
      default:
        walk(j + 1, call(row));
    }
  };
  try {
    for (const input of inputs) walk(0, input);
  } catch (told) {
    return { rows, told: told as Told };
  }
  return { rows, told: undefined };
}

function run(source: string, functions: readonly AnyFunction[], sink: Sink, batches: readonly Batch[]): Told | undefined {
  let told: Told | undefined;
  sink.failed = (error, operator, record) => {
    told = { operator, record };
    return error as Error;
  };
  const loop = compileLoop(source, functions, new Float64Array(), 'test');
  try {
    for (const batch of batches) loop(batch, sink, []);
  } catch (error) {
    if (told === undefined) throw error;
  }
  return told;
}

const N = 12;
const SOURCES: Record<'range' | 'rows' | 'pairs', { readonly batch: Batch; readonly inputs: readonly unknown[] }> = {
  range: {
    batch: { kind: 'range', first: 3, from: 2, step: 0.5, n: N, block: 0 },
    inputs: Array.from({ length: N }, (_, i) => 3 + (2 + i) * 0.5),
  },
  rows: {
    batch: { kind: 'rows', rows: Float64Array.from({ length: N }, (_, i) => i * 1.25), n: N, block: 0 },
    inputs: Array.from({ length: N }, (_, i) => i * 1.25),
  },
  pairs: {
    batch: {
      kind: 'pairs',
      keys: Array.from({ length: N }, (_, i) => i % 5),
      values: Float64Array.from({ length: N }, (_, i) => i),
      n: N,
      block: 0,
    },
    inputs: Array.from({ length: N }, (_, i) => [i % 5, i]),
  },
};

describe('a chain of operators', () => {
  for (const [name, { batch, inputs }] of Object.entries(SOURCES)) {
    test(`over ${name} gives what plain JavaScript does, up to the throw of a call, told with its operator and record`, () => {
      const chain = fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 5 }).map(wellFormed);
      fc.assert(
        fc.property(chain, fc.nat({ max: 60 }), (kinds, throwsAt) => {
          const wanted = interpret(kinds, new Calls(throwsAt), inputs);
          const calls = new Calls(throwsAt);
          const sink = new RowsSink();
          const source = loopSource(batch.kind as 'range', kinds.map(specOf), sink.code());
          const told = run(
            source,
            kinds.map(kind => calls.of(kind) as AnyFunction),
            sink,
            [batch],
          );
          assert.deepEqual({ rows: sink.take(), told }, wanted);
        }),
        { numRuns: 400 },
      );
    });
  }

  test('a throw of the sink is told as one behind the last operator', () => {
    const sum = new SumSink({ from: 0, to: 1 });
    const source = loopSource('range', [specOf('map')], sum.code());
    const { batch } = SOURCES.range;
    const text = ((x: number) => (x > 5 ? 'text' : x)) as AnyFunction;
    assert.deepEqual(run(source, [text], sum, [batch]), { operator: 1, record: 'text' });
    const pairs = new PairsSink();
    assert.deepEqual(run(loopSource('range', [specOf('map')], pairs.code()), [text], pairs, [batch]), { operator: 1, record: 4 });
  });

  test('a throw ends the iterations under way', () => {
    const sink = new RowsSink();
    let ended = 0;
    const many = function* () {
      try {
        for (let i = 0; i < 1000; i++) yield i;
      } finally {
        ended++;
      }
    };
    const kinds = [specOf('flatMap of an iterable'), specOf('flatMap of an iterable'), specOf('map')];
    const bad = (x: number) => {
      if (x === 300) throw new Error('bad');
      return x;
    };
    const f = [many, many, bad] as unknown as AnyFunction[];
    assert.deepEqual(run(loopSource('range', kinds, sink.code()), f, sink, [SOURCES.range.batch]), { operator: 2, record: 300 });
    assert.equal(ended, 2);
  });

  test('a throw of what comes out of an iterable is told with the record that it was made of', () => {
    const sink = new RowsSink();
    const endless = function* (x: unknown) {
      yield x;
      throw new Error('later');
    };
    const kinds = [specOf('flatMap of an iterable'), specOf('map')];
    const f = [endless as AnyFunction, ((x: number) => x * 10) as AnyFunction];
    assert.deepEqual(run(loopSource('range', kinds, sink.code()), f, sink, [SOURCES.range.batch]), { operator: 0, record: 4 });
  });

  test('a throw of reading a row is told without one', () => {
    const rows = new Proxy([1], {
      get() {
        throw new Error('unreadable');
      },
    });
    const sink = new RowsSink();
    const batch: Batch = { kind: 'rows', rows, n: 1, block: 0 };
    assert.deepEqual(run(loopSource('rows', [], sink.code()), [], sink, [batch]), { operator: -1, record: undefined });
  });
});

describe('folds of any values', () => {
  const value = fc.oneof(
    { weight: 5, arbitrary: fc.double() },
    { weight: 3, arbitrary: fc.integer() },
    fc.constantFrom<unknown>('text', '', -0, undefined, null, 12n, true),
  );
  /** Gives a number or something else, whatever it gets. */
  const mixing = (a: unknown, b: unknown): unknown => {
    if (typeof a === 'number' && typeof b === 'number') return a < b ? a - b : b;
    if (typeof b === 'number' && b > 0) return b;
    return `${String(a)} ${String(b)}`.slice(-8);
  };
  const batches = (rows: readonly unknown[], cut: number): Batch[] =>
    [rows.slice(0, cut), rows.slice(cut)].map(part => ({ kind: 'rows', rows: part, n: part.length, block: 0 }));
  const foldedBy = (sink: ReduceSink | AggregateSink, rows: readonly unknown[], cut: number): unknown => {
    const told = run(loopSource('rows', [], sink.code()), sink.functions(), sink, batches(rows, cut));
    assert.equal(told, undefined);
    return sink.value;
  };

  test('reduce as arrays do, wherever batches end', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), fc.nat({ max: 12 }), (rows, cut) => {
        const sink = new ReduceSink({ from: 0, to: 1 }, mixing as AnyFunction);
        const found = foldedBy(sink, rows, cut);
        assert.ok(Object.is(found, rows.reduce(mixing)), String(found));
      }),
      { numRuns: 1000 },
    );
  });

  test('aggregate as arrays do, from any zero', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 12 }),
        fc.nat({ max: 12 }),
        fc.constantFrom<unknown>(0, -0, 1.5, 'zero'),
        (rows, cut, zero) => {
          const sink = new AggregateSink({ from: 0, to: 1 }, encodeValue(zero), mixing as AnyFunction, mixing as AnyFunction);
          const found = foldedBy(sink, rows, cut);
          assert.ok(Object.is(found, rows.reduce(mixing, zero)), String(found));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
