import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeddleError } from '../../lib/core/errors.js';
import { type Machine, thisMachine } from '../../lib/core/machine.js';
import { nearest } from '../../lib/core/nearest.js';
import { type ContextOptions, checkCount, checkOptions, checkPartitions, OPTION_NAMES, resolveOptions } from '../../lib/core/options.js';

const GIB = 2 ** 30;
const machine: Machine = { parallelism: 6, memory: 3 * GIB, stderrIsTerminal: true, script: '/home/ada/count.words.ts' };

function refused(run: () => unknown, code: string, ...parts: string[]): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof HeddleError);
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(error.message.includes(part), `${JSON.stringify(error.message)} lacks ${JSON.stringify(part)}`);
    return true;
  });
}

const resolve = (given?: object, environment: Record<string, string> = {}, on = machine) =>
  resolveOptions(given as ContextOptions | undefined, environment, on);

describe('resolveOptions', () => {
  test('defaults come from the machine', () => {
    assert.deepEqual(resolve(), {
      threads: 6,
      isolation: 'thread',
      memory: 1.5 * GIB,
      partitions: 24,
      seed: 0,
      name: 'count.words',
      progress: true,
      kernels: 'on',
      maxFailures: 4,
      waitForExecutors: Number.POSITIVE_INFINITY,
      speculation: false,
      speculationQuantile: 0.75,
      speculationMultiplier: 1.5,
      quarantineAfter: 3,
      quarantineTime: 30_000,
      smallJobs: 'inline',
      storageFraction: 0.5,
      spillDirectory: tmpdir(),
      listen: '',
      executors: [],
      secret: '',
      secretFile: '',
    });
    assert.equal(resolve({}, {}, { ...machine, memory: 64 * GIB }).memory, 4 * GIB);
    assert.equal(resolve({}, {}, { ...machine, memory: GIB / 16 }).memory, 64 * 2 ** 20);
    assert.equal(resolve({}, {}, { ...machine, script: undefined }).name, 'heddle');
    assert.equal(resolve({}, {}, { ...machine, parallelism: 0 }).threads, 1);
  });

  test('the call wins over the environment, and the environment over the default', () => {
    const environment = { HEDDLE_THREADS: '3', HEDDLE_MEMORY: '1gb', HEDDLE_KERNELS: 'OFF', HEDDLE_PROGRESS: '0', HEDDLE_NAME: 'nightly' };
    const resolved = resolve({ memory: '512mb', threads: undefined }, environment);
    assert.equal(resolved.threads, 3);
    assert.equal(resolved.partitions, 12);
    assert.equal(resolved.memory, GIB / 2);
    assert.equal(resolved.kernels, 'off');
    assert.equal(resolved.progress, false);
    assert.equal(resolved.name, 'nightly');
    assert.equal(resolve({ threads: 2 }, environment).threads, 2);
    assert.equal(resolve({}, { HEDDLE_THREADS: ' ' }).threads, 6);
    assert.equal(resolve({}, { HEDDLE_PARTITIONS: '7', HEDDLE_MAX_FAILURES: '1' }).partitions, 7);
  });

  test('memory is bytes or text', () => {
    const memory = (value: unknown) => resolve({ memory: value }).memory;
    assert.equal(memory('4gb'), 4 * GIB);
    assert.equal(memory('4GiB'), 4 * GIB);
    assert.equal(memory(' 1.5 g '), 1.5 * GIB);
    assert.equal(memory('65536 kb'), 2 ** 26);
    assert.equal(memory('67108864'), 2 ** 26);
    assert.equal(memory(2 ** 26), 2 ** 26);
    for (const wrong of ['lots', '', '4xb', '-1gb', '63mb', '5gb', '1e9', 2 ** 26 - 1, 4 * GIB + 1, 1e8 + 0.5, Number.NaN, null, 4n]) {
      refused(() => memory(wrong), 'HEDDLE_BAD_OPTION', 'memory: expected bytes', "'512mb'");
    }
    refused(() => resolve({}, { HEDDLE_MEMORY: 'lots' }), 'HEDDLE_BAD_OPTION', 'HEDDLE_MEMORY: expected', '"lots"');
  });

  test('a seed is any number, bigint or text, and an integer in the environment is a number', () => {
    for (const seed of [1, -1.5, 2 ** 70, 12n, 'tuesday', '']) assert.equal(resolve({ seed }).seed, seed);
    assert.equal(resolve({}, { HEDDLE_SEED: '42' }).seed, 42);
    assert.equal(resolve({}, { HEDDLE_SEED: '-42' }).seed, -42);
    assert.equal(resolve({}, { HEDDLE_SEED: '+123456789012345678901' }).seed, 123456789012345678901n);
    assert.equal(resolve({}, { HEDDLE_SEED: 'tuesday' }).seed, 'tuesday');
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, null, true, {}])
      refused(() => resolve({ seed: wrong }), 'HEDDLE_BAD_OPTION', 'seed');
  });

  test('a wrong value is refused with the option, the value and what is expected', () => {
    refused(() => resolve({ threads: 0 }), 'HEDDLE_BAD_OPTION', 'threads: expected an integer from 1', 'got 0');
    refused(() => resolve({ threads: 1.5 }), 'HEDDLE_BAD_OPTION', 'threads', 'got 1.5');
    refused(() => resolve({ threads: '2' }), 'HEDDLE_BAD_OPTION', 'threads', 'got "2"');
    refused(() => resolve({ threads: null }), 'HEDDLE_BAD_OPTION', 'threads', 'got null');
    refused(() => resolve({}, { HEDDLE_THREADS: 'two' }), 'HEDDLE_BAD_OPTION', 'HEDDLE_THREADS: expected an integer', 'got "two"');
    refused(() => resolve({}, { HEDDLE_THREADS: '0' }), 'HEDDLE_BAD_OPTION', 'HEDDLE_THREADS');
    refused(() => resolve({ partitions: 2 ** 20 + 1 }), 'HEDDLE_BAD_OPTION', 'partitions');
    refused(() => resolve({ kernels: true }), 'HEDDLE_BAD_OPTION', "kernels: expected 'on' or 'off'", 'got true');
    refused(() => resolve({ progress: 'yes' }), 'HEDDLE_BAD_OPTION', 'progress: expected true or false');
    refused(() => resolve({}, { HEDDLE_PROGRESS: 'perhaps' }), 'HEDDLE_BAD_OPTION', 'HEDDLE_PROGRESS');
    refused(() => resolve({ name: ' ' }), 'HEDDLE_BAD_OPTION', 'name');
    refused(() => resolve({ maxFailures: 0 }), 'HEDDLE_BAD_OPTION', 'maxFailures');
    refused(() => resolveOptions(4 as never, {}, machine), 'HEDDLE_BAD_OPTION', 'options: expected an object', 'got 4');
  });

  test('what is to be done about faults', () => {
    assert.equal(resolve({ isolation: 'process' }).waitForExecutors, 60_000);
    assert.equal(resolve({}, { HEDDLE_ISOLATION: ' Process ' }).isolation, 'process');
    assert.equal(resolve({ isolation: 'thread' }, { HEDDLE_ISOLATION: 'process' }).waitForExecutors, Number.POSITIVE_INFINITY);
    assert.equal(resolve({ isolation: 'process' }, { HEDDLE_WAIT_FOR_EXECUTORS: 'Infinity' }).waitForExecutors, Number.POSITIVE_INFINITY);
    assert.equal(resolve({ waitForExecutors: 0 }, { HEDDLE_WAIT_FOR_EXECUTORS: '5000' }).waitForExecutors, 0);
    const environment = {
      HEDDLE_WAIT_FOR_EXECUTORS: '5000',
      HEDDLE_SPECULATION: 'on',
      HEDDLE_SPECULATION_QUANTILE: '.5',
      HEDDLE_SPECULATION_MULTIPLIER: '3',
      HEDDLE_QUARANTINE_AFTER: '2',
      HEDDLE_QUARANTINE_TIME: '60000',
    };
    const { waitForExecutors, speculation, speculationQuantile, speculationMultiplier, quarantineAfter, quarantineTime } = resolve(
      {},
      environment,
    );
    assert.deepEqual([waitForExecutors, speculation, speculationQuantile, speculationMultiplier], [5000, true, 0.5, 3]);
    assert.deepEqual([quarantineAfter, quarantineTime], [2, 60_000]);
    const wrong: Record<string, unknown[]> = {
      isolation: ['processes', true, null],
      waitForExecutors: [-1, Number.NaN, '5000', null],
      speculation: ['on', 1, null],
      speculationQuantile: [-0.1, 1.1, Number.NaN, '0.5'],
      speculationMultiplier: [0.9, 1001, Number.NaN, '2'],
      quarantineAfter: [0, 1.5, 1001, '3'],
      quarantineTime: [0, -1, 0.5, Number.POSITIVE_INFINITY, '1000'],
    };
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) refused(() => resolve({ [option]: value }), 'HEDDLE_BAD_OPTION', `${option}: expected`);
    }
    for (const variable of Object.keys(environment))
      refused(() => resolve({}, { [variable]: 'much' }), 'HEDDLE_BAD_OPTION', variable, '"much"');
    refused(() => resolve({}, { HEDDLE_ISOLATION: 'fork' }), 'HEDDLE_BAD_OPTION', "HEDDLE_ISOLATION: expected 'thread' or 'process'");
  });

  test('an unknown option is refused with the one that was probably meant', () => {
    refused(() => resolve({ thread: 2 }), 'HEDDLE_BAD_OPTION', '"thread"', 'did you mean threads?');
    refused(() => resolve({ maxfailures: 2 }), 'HEDDLE_BAD_OPTION', 'did you mean maxFailures?');
    refused(() => resolve({ colour: 'blue' }), 'HEDDLE_BAD_OPTION', '"colour"', 'the options are threads, isolation');
  });

  test('on any machine the defaults pass their own checks', () => {
    const machines = fc.record({
      parallelism: fc.integer({ min: 0, max: 5000 }),
      memory: fc.integer({ min: 1, max: 2 ** 45 }),
      stderrIsTerminal: fc.boolean(),
      script: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(machines, on => {
        const resolved = resolve({}, {}, on);
        assert.deepEqual(resolve({ ...resolved, name: resolved.name.trim() || 'x' }, {}, machine), {
          ...resolved,
          name: resolved.name.trim() || 'x',
        });
      }),
    );
    resolveOptions(undefined, {}, thisMachine());
  });

  test('addresses are given as a list, or in a variable with commas', () => {
    assert.deepEqual(resolve({}, { HEDDLE_EXECUTORS: 'a:1, b:2' }).executors, ['a:1', 'b:2']);
    assert.deepEqual(resolve({ executors: [] }, { HEDDLE_EXECUTORS: 'a:1' }).executors, []);
    refused(() => resolve({ executors: 'a:1' }), 'HEDDLE_BAD_OPTION', 'executors');
    refused(() => resolve({ executors: ['a'] }), 'HEDDLE_BAD_OPTION', 'executors');
    refused(() => resolve({}, { HEDDLE_LISTEN: '7077' }), 'HEDDLE_BAD_OPTION', 'HEDDLE_LISTEN');
    refused(() => resolve({ listen: 'a:65536' }), 'HEDDLE_BAD_OPTION', 'listen');
  });

  test('every option has a value', () => {
    assert.deepEqual(Object.keys(resolve()).sort(), [...OPTION_NAMES].sort());
  });
});

describe('checks of a call', () => {
  test('checkOptions takes an object of allowed keys only', () => {
    const allowed = ['signal', 'deadline'];
    for (const fine of [undefined, {}, { signal: undefined }, { deadline: 5, signal: AbortSignal.abort() }])
      checkOptions('collect', fine, allowed);
    refused(() => checkOptions('collect', { signl: 1 }, allowed), 'HEDDLE_BAD_OPTION', 'collect', '"signl"', 'did you mean signal?');
    refused(() => checkOptions('collect', { __proto__x: 1 }, allowed), 'HEDDLE_BAD_OPTION', 'the options are signal, deadline');
    for (const wrong of [null, 4, 'signal', [], AbortSignal.abort()]) {
      refused(() => checkOptions('collect', wrong, allowed), 'HEDDLE_BAD_OPTION', 'collect: expected an object such as { signal }');
    }
  });

  test('checkPartitions takes an integer from 1 to 2^20', () => {
    for (const fine of [1, 200, 2 ** 20]) assert.equal(checkPartitions('partitions', fine), fine);
    for (const wrong of [0, -1, 1.5, 2 ** 20 + 1, Number.NaN, '4', null, undefined, 4n]) {
      refused(() => checkPartitions('partitions', wrong), 'HEDDLE_BAD_ARGUMENT', 'partitions: expected a number of partitions');
    }
  });

  test('checkCount takes an integer from 0', () => {
    for (const fine of [0, 1, 2 ** 53 - 1]) assert.equal(checkCount('take', fine), fine);
    assert.ok(Object.is(checkCount('take', -0), 0));
    for (const wrong of [-1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, '1', null]) {
      refused(() => checkCount('take', wrong), 'HEDDLE_BAD_ARGUMENT', 'take: expected a count');
    }
  });

  test('nearest finds slips of the finger and nothing far', () => {
    assert.equal(nearest('partitons', ['threads', 'partitions']), 'partitions');
    assert.equal(nearest('MEMORY', ['threads', 'memory']), 'memory');
    assert.equal(nearest('banana', ['threads', 'memory']), undefined);
    assert.equal(nearest('x', []), undefined);
  });
});
