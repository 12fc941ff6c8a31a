import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeddleError } from '../../../lib/core/errors.js';
import { DrawSource, type Rng } from '../../../lib/task/rng/rng.js';
import { seedState, writeStreamState } from '../../../lib/task/rng/seed.js';
import { draw, kernel, memory, rngOn, started, twinFill } from './heap.js';

/** A call of every method, each with arguments that lead through all its ways. */
const CALLS: ((rng: Rng) => unknown)[] = [
  rng => rng.uniform(),
  rng => rng.int(6),
  rng => rng.int(-5, 1e6),
  rng => rng.int(3 * 2 ** 50),
  rng => rng.int(Number.MAX_SAFE_INTEGER),
  rng => rng.normal(),
  rng => rng.normal(10, 3),
  rng => rng.exponential(),
  rng => rng.exponential(4),
  rng => rng.poisson(0.5),
  rng => rng.poisson(5),
  rng => rng.poisson(30),
  rng => rng.poisson(1e6),
  rng => rng.bernoulli(0.3),
  rng => rng.binomial(20, 0.3),
  rng => rng.binomial(1000, 0.7),
  rng => rng.gamma(0.5),
  rng => rng.gamma(3, 2),
  rng => rng.pick(['a', 'b', 'c']),
  rng => rng.shuffle([1, 2, 3, 4, 5]),
];
const many = (rng: Rng, rounds = 2000) => Array.from({ length: rounds }, () => CALLS.map(call => call(rng)));

describe('an Rng', () => {
  test('gives the numbers of its state in order, whatever the sizes of batches', () => {
    const n = 20_000;
    const sizes: number[] = [];
    const rng = rngOn((state, out, count) => {
      sizes.push(count);
      kernel(state, out, count);
    });
    rng.start(seedState(5), 6, 7);
    assert.equal(sizes.length, 0, 'nothing is made before the first draw');
    const drawn = draw(n, () => rng.uniform());
    assert.deepEqual(sizes.slice(0, 6), [256, 512, 1024, 2048, 4096, 4096]);

    const buffer = new SharedArrayBuffer(64 + n * 8);
    writeStreamState(new Int32Array(buffer, 0, 16), seedState(5), 6, 7);
    const bytes = new Uint8Array(memory.buffer, 400_000, buffer.byteLength - n * 8);
    bytes.set(new Uint8Array(buffer, 0, 64));
    const whole = new Float64Array(n);
    for (let i = 0; i < n; i += 1000) {
      twinFill(400_000, 400_064, 1000);
      whole.set(new Float64Array(memory.buffer, 400_064, 1000), i);
    }
    assert.deepEqual(drawn, whole);
  });

  test('gives the same with the kernel and with the twin, in every distribution', () => {
    assert.deepEqual(many(started('same', 1, 2, kernel)), many(started('same', 1, 2, twinFill)));
  });

  test('does not remember what came before start', () => {
    const seed = seedState('again');
    const fresh = rngOn(kernel);
    fresh.start(seed, 1, 2);
    const expected = many(fresh, 50);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: CALLS.length - 1 }), { maxLength: 400 }), fc.nat(), (calls, block) => {
        const used = rngOn(kernel);
        used.start(seed, 9, block);
        for (const call of calls) CALLS[call]!(used);
        used.start(seed, 1, 2);
        assert.deepEqual(many(used, 50), expected);
      }),
      { numRuns: 30 },
    );
  });

  test('differs by seed, operator and block', () => {
    const seen = [started(1, 2, 3), started(2, 2, 3), started(1, 3, 3), started(1, 2, 4), started('1', 2, 3)];
    assert.equal(new Set(seen.map(rng => rng.uniform())).size, seen.length);
  });

  test('must be started', () => {
    assert.throws(() => rngOn(kernel).uniform(), /before its stream was started/);
  });

  test('needs an aligned region within the buffer', () => {
    for (const address of [8, -16, Number.NaN, memory.buffer.byteLength - DrawSource.bytes + 16]) {
      assert.throws(() => new DrawSource({ buffer: memory.buffer, address, fill: kernel }), /address: expected/);
    }
    new DrawSource({ buffer: memory.buffer, address: memory.buffer.byteLength - DrawSource.bytes, fill: kernel });
  });
});

const UNIFORM_1 = [0.37328161617190236, 0.21801941288214066, 0.6069896052681507];
const UNIFORM_HEDDLE = [0.6409416113439577, 0.692987288002854, 0.0034136324623585956];
const DIGEST_UNIFORM = '89fbc88b4188afdf';
const KNOWN: [string, (rng: Rng) => number, string][] = [
  ['int', rng => rng.int(1000), 'ab1bd38285c8946d'],
  ['normal', rng => rng.normal(), '7e2ccf6815a58f5d'],
  ['exponential', rng => rng.exponential(), 'f38455d7abd30243'],
  ['poisson, small', rng => rng.poisson(4), 'fe8b82e0e0134255'],
  ['poisson, great', rng => rng.poisson(40), '07be518a49825b0b'],
  ['binomial, small', rng => rng.binomial(20, 0.3), 'a5cfe33aaf272229'],
  ['binomial, great', rng => rng.binomial(200, 0.6), '9a9efe9995b76174'],
  ['gamma', rng => rng.gamma(0.7, 2), 'e1a3ac3b5619c8b9'],
];

describe('known answers: a change here changes the results of every seeded job', () => {
  const digest = (values: Float64Array) => createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex').slice(0, 16);

  test('uniform', () => {
    const first = (rng: Rng) => [rng.uniform(), rng.uniform(), rng.uniform()];
    assert.deepEqual(first(started(1)), UNIFORM_1);
    assert.deepEqual(first(started('heddle', 3, 2 ** 40)), UNIFORM_HEDDLE);
    const rng = started(42n, 1, 1);
    assert.equal(digest(draw(50_000, () => rng.uniform())), DIGEST_UNIFORM);
  });

  for (const [name, next, expected] of KNOWN) {
    test(name, () => {
      const rng = started(42, 1, 1);
      assert.equal(digest(draw(20_000, () => next(rng))), expected);
    });
  }
});

describe('bad arguments', () => {
  const rng = started(1);
  const loose = rng as unknown as Record<string, (...args: unknown[]) => unknown>;
  const bad: [string, unknown[], string][] = [
    ['int', [0], 'n'],
    ['int', [], 'n'],
    ['int', [-1], 'n'],
    ['int', [1.5], 'n'],
    ['int', [Number.NaN], 'n'],
    ['int', [2 ** 53], 'n'],
    ['int', ['6'], 'n'],
    ['int', [0.5, 2], 'lo'],
    ['int', [5, 5], 'hi'],
    ['int', [5, Number.NaN], 'hi'],
    ['int', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], 'hi - lo'],
    ['normal', [Number.NaN], 'mean'],
    ['normal', [0, -1], 'sd'],
    ['normal', [0, Number.NaN], 'sd'],
    ['normal', [0, Infinity], 'sd'],
    ['exponential', [0], 'rate'],
    ['exponential', [Number.NaN], 'rate'],
    ['poisson', [-1], 'lambda'],
    ['poisson', [Number.NaN], 'lambda'],
    ['poisson', [], 'lambda'],
    ['poisson', [Infinity], 'lambda'],
    ['bernoulli', [1.1], 'p'],
    ['bernoulli', [Number.NaN], 'p'],
    ['binomial', [1.5, 0.5], 'n'],
    ['binomial', [-1, 0.5], 'n'],
    ['binomial', [10, -0.1], 'p'],
    ['binomial', [10, Number.NaN], 'p'],
    ['gamma', [0], 'shape'],
    ['gamma', [1, 0], 'scale'],
    ['gamma', [Number.NaN], 'shape'],
    ['pick', [[]], 'array'],
    ['pick', [undefined], 'array'],
    ['shuffle', ['abc'], 'array'],
    ['shuffle', [new DataView(new ArrayBuffer(8))], 'array'],
  ];
  for (const [method, args, argument] of bad) {
    test(`${method}(${args.map(String).join(', ')}) names ${argument}, twice in a row`, () => {
      // Twice, because arguments are remembered between calls.
      for (let time = 0; time < 2; time++) {
        assert.throws(
          () => loose[method]!.apply(rng, args),
          (error: unknown) => error instanceof HeddleError && error.code === 'HEDDLE_BAD_ARGUMENT' && error.data.argument === argument,
        );
      }
    });
  }
});
