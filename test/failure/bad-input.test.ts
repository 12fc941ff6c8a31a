// What makes no sense is refused at once, by one coded error that names the argument: no task runs for it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Context } from '../../lib/context.js';
import { type ErrorCode, HeddleError } from '../../lib/core/errors.js';
import type { RDD } from '../../lib/rdd/rdd.js';
import { drainedHeap, Folder, smallContext } from './support.js';

const folder = new Folder();
const text = folder.put('text.txt', 'one\ntwo\n');
let sc: Context;
let other: Context;
let numbers: RDD<number>;
let pairs: RDD<[number, number]>;
let tasks = 0;

before(async () => {
  sc = await smallContext();
  other = await smallContext({ threads: 1 });
  for (const context of [sc, other]) context.on('taskStarted', () => void tasks++);
  numbers = sc.range(10);
  pairs = numbers.map(x => [x, x]);
});
after(async () => {
  await Promise.all([sc.stop(), other.stop()]);
  folder.remove();
});

/** Passes anything where the types would not let it. */
const any = (value: unknown) => value as never;

interface Refused {
  readonly code: ErrorCode;
  /** What the message must say: the argument, and what came. */
  readonly says: readonly string[];
  call(): unknown;
}

function refused(code: ErrorCode, says: string | readonly string[], call: () => unknown): Refused {
  return { code, says: typeof says === 'string' ? [says] : says, call };
}
const argument = (says: string | readonly string[], call: () => unknown) => refused('HEDDLE_BAD_ARGUMENT', says, call);
const option = (says: string | readonly string[], call: () => unknown) => refused('HEDDLE_BAD_OPTION', says, call);

async function check({ code, says, call }: Refused): Promise<void> {
  tasks = 0;
  let error: unknown;
  try {
    const given = call();
    assert.ok(given instanceof Promise, 'an operator must throw at once');
    await given;
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof HeddleError, `${says.join()}: ${String(error)}`);
  assert.equal(error.code, code, error.message);
  for (const part of says) assert.ok(error.message.includes(part), `${error.message} lacks ${part}`);
  assert.equal(tasks, 0, 'a task ran');
}

function checkAll(name: string, cases: () => readonly Refused[]): void {
  test(name, async t => {
    for (const item of cases()) await t.test(item.says.join(' '), () => check(item));
  });
}

describe('paths', () => {
  checkAll('that are not there, or are none', () => [
    refused('HEDDLE_PATH_NOT_FOUND', ['textFile(paths)', 'no such file', 'txet.txt'], () => sc.textFile(join(folder.path, 'txet.txt'))),
    refused('HEDDLE_PATH_NOT_FOUND', ['textFile(paths)', 'no file matches'], () => sc.textFile(join(folder.path, '*.csv'))),
    refused('HEDDLE_PATH_NOT_FOUND', 'textFile(paths)[1]', () => sc.textFile([text, join(folder.path, 'none')])),
    argument(['textFile(paths)', 'got 5'], () => sc.textFile(any(5))),
    argument(['textFile(paths)', 'got []'], () => sc.textFile([])),
    argument(['textFile(paths)', 'got ""'], () => sc.textFile('')),
    option(["'utf-8' or 'latin1'", 'utf16'], () => sc.textFile(text, { decoder: any('utf16') })),
    argument(['saveAsTextFile(directory)', 'got 5'], () => numbers.saveAsTextFile(any(5))),
    argument(['saveAsTextFile(directory)', 'got ""'], () => numbers.saveAsTextFile('')),
    refused('HEDDLE_OUTPUT_EXISTS', ['saveAsTextFile(directory)', folder.path], () => numbers.saveAsTextFile(folder.path)),
  ]);

  test('a directory without permission', { skip: process.platform === 'win32' && 'Windows has no such permissions' }, async () => {
    // The superuser may read everything, so a child process does it as nobody.
    const child = `
      const { Context } = await import(${JSON.stringify(new URL('../../lib/context.js', import.meta.url).href)});
      const { chmodSync, mkdirSync, mkdtempSync, rmSync } = await import('node:fs');
      await import('piscina'); // a module that could not be loaded afterwards
      const root = mkdtempSync(${JSON.stringify(join(folder.path, '..', 'heddle-denied-'))});
      if (process.getuid() === 0) { chmodSync(root, 0o777); process.setgroups([]); process.setgid(65534); process.setuid(65534); }
      const closed = root + '/closed';
      mkdirSync(closed);
      chmodSync(closed, 0);
      const sc = await Context.create({ threads: 1, memory: '64mb' });
      const codes = [];
      try { sc.textFile(closed); } catch (error) { codes.push(error.code); }
      await sc.range(3).saveAsTextFile(closed + '/out').catch(error => codes.push(error.code));
      await sc.stop();
      rmSync(closed, { recursive: true });
      console.log(JSON.stringify({ codes, root }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', child]);
    const { codes, root } = JSON.parse(stdout) as { codes: string[]; root: string };
    const { rmSync } = await import('node:fs');
    rmSync(root, { recursive: true });
    assert.deepEqual(codes, ['HEDDLE_PATH_DENIED', 'HEDDLE_PATH_DENIED']);
  });
});

describe('numbers', () => {
  checkAll('of partitions', () => [
    ...[0, -1, 1.5, Number.NaN, any('3'), Number.POSITIVE_INFINITY, 2 ** 21, null as never].flatMap(bad => [
      argument(['partitions', 'an integer from 1'], () => sc.parallelize([1], bad)),
      argument(['partitions', 'an integer from 1'], () => sc.range(0, 10, 1, bad)),
      argument(['partitions', 'an integer from 1'], () => numbers.distinct(bad)),
      argument(['partitions', 'an integer from 1'], () => pairs.reduceByKey((a, b) => a + b, bad)),
      argument(['partitions', 'an integer from 1'], () => pairs.groupByKey(bad)),
      argument(['partitions', 'an integer from 1'], () => pairs.join(pairs, bad)),
      argument(['partitions', 'an integer from 1'], () => pairs.partitionBy(bad)),
      argument(['textFile(partitions)', 'an integer from 1'], () => sc.textFile(text, { partitions: bad })),
      argument(['partitions', 'an integer from 1'], () => sc.trials(5, () => 1, { partitions: bad })),
    ]),
    argument('partitions', () => pairs.partitionBy(any(undefined))),
    argument(['runJob(partitions)', 'got 100'], () => sc.runJob(numbers, () => 1, { partitions: [100] })),
    argument(['runJob(partitions)', 'got 3'], () => sc.runJob(numbers, () => 1, { partitions: any(3) })),
  ]);

  checkAll('of rows', () => [
    argument(['range(end)', 'got NaN'], () => sc.range(Number.NaN)),
    argument(['range(end)', 'got "5"'], () => sc.range(any('5'))),
    argument(['range(end)', 'got undefined'], () => sc.range(any(undefined))),
    argument(['range(end)', 'got Infinity'], () => sc.range(Number.POSITIVE_INFINITY)),
    argument(['range(start)', 'got "0"'], () => sc.range(any('0'), 5)),
    argument(['range(step)', 'got "1"'], () => sc.range(0, 5, any('1'))),
    argument(['range(step)', 'got 0'], () => sc.range(0, 5, 0)),
    argument(['take(n)', 'got -1'], () => numbers.take(-1)),
    argument(['take(n)', 'got 1.5'], () => numbers.take(1.5)),
    argument(['take(n)', 'got NaN'], () => numbers.take(Number.NaN)),
    argument(['take(n)', 'got "1"'], () => numbers.take(any('1'))),
    argument(['top(n)', 'got -1'], () => numbers.top(-1)),
    argument(['takeOrdered(n)', 'got -1'], () => numbers.takeOrdered(-1)),
    argument(['takeSample(n)', 'got -1'], () => numbers.takeSample(false, -1)),
    argument(['sample(fraction)', 'got -0.1'], () => numbers.sample(false, -0.1)),
    argument(['countApprox(timeout)', 'got -1'], () => numbers.countApprox({ timeout: -1 })),
    argument(['countApprox(timeout)', 'got undefined'], () => numbers.countApprox(any(undefined))),
    argument(['countByValueApprox(timeout)', 'got NaN'], () => numbers.countByValueApprox({ timeout: Number.NaN })),
    argument(['countApprox(confidence)', 'got 1'], () => numbers.countApprox({ timeout: 1, confidence: 1 })),
    option(['countApprox(options)', 'timeuot', 'did you mean timeout'], () => numbers.countApprox(any({ timeuot: 1 }))),
    argument(['countApproxDistinct(relativeSD)', 'got 0'], () => numbers.countApproxDistinct(0)),
    argument(['countApproxDistinct(relativeSD)', 'got 1e-7'], () => numbers.countApproxDistinct(1e-7)),
    argument(['countApproxDistinctByKey(relativeSD)', 'got 2'], () => pairs.countApproxDistinctByKey(2)),
    argument(['trials(n)', 'got -1'], () => sc.trials(-1, () => 1)),
    argument(['trials(n)', 'got 0.5'], () => sc.trials(0.5, () => 1)),
  ]);
});

describe('options', () => {
  checkAll('of a context', () => [
    option(['no option "thread"', 'did you mean threads?'], () => Context.create(any({ thread: 2 }))),
    option(['no option "colour"', 'the options are threads, isolation'], () => Context.create(any({ colour: 2 }))),
    option(['threads', 'from 1 to 1024', 'got 0'], () => Context.create({ threads: 0 })),
    option(['threads', 'got 1.5'], () => Context.create({ threads: 1.5 })),
    option(['memory', 'from 64mb to 4gb', '"1mb"'], () => Context.create({ memory: '1mb' })),
    option(['memory', '"lots"'], () => Context.create({ memory: 'lots' })),
    option(['isolation', "'thread' or 'process'", 'got "fork"'], () => Context.create(any({ isolation: 'fork' }))),
    option(['isolation', 'listen'], () => Context.create({ isolation: 'process', listen: '127.0.0.1:0' })),
    option(['waitForExecutors', 'got -1'], () => Context.create({ waitForExecutors: -1 })),
    option(['speculation', 'got "on"'], () => Context.create(any({ speculation: 'on' }))),
    option(['speculationQuantile', 'from 0 to 1', 'got 2'], () => Context.create({ speculationQuantile: 2 })),
    option(['speculationMultiplier', 'got 0.5'], () => Context.create({ speculationMultiplier: 0.5 })),
    option(['quarantineAfter', 'got 0'], () => Context.create({ quarantineAfter: 0 })),
    option(['quarantineTime', 'got 0'], () => Context.create({ quarantineTime: 0 })),
    option(['maxFailures', 'got 0'], () => Context.create({ maxFailures: 0 })),
    option(['options', 'got null'], () => Context.create(any(null))),
    option(['options', 'got 5'], () => Context.create(any(5))),
  ]);
  checkAll('of an action, and of operators', () => [
    option(['no option "signl"', 'did you mean signal?'], () => numbers.collect(any({ signl: 1 }))),
    option(['no option "signl"', 'did you mean signal?'], () => sc.runJob(numbers, () => 1, any({ signl: 1 }))),
    option(['options', 'got AbortSignal'], () => numbers.count(any(new AbortController().signal))),
    option(['options', 'got 5'], () => numbers.sum(any(5))),
    argument(['signal', 'got {}'], () => numbers.collect({ signal: any({}) })),
    argument(['signal', 'got "now"'], () => numbers.sum({ signal: any('now') })),
    argument(['signal', 'got null'], () => numbers.count({ signal: any(null) })),
    argument(['deadline', 'got -1'], () => numbers.collect({ deadline: -1 })),
    argument(['deadline', 'got NaN'], () => pairs.groupByKey().count({ deadline: Number.NaN })),
    argument(['deadline', 'got "5"'], () => numbers.collect({ deadline: any('5') })),
    option(['no option "partition"', 'did you mean partitions?'], () => sc.textFile(text, any({ partition: 3 }))),
    option('no option "sead"', () => sc.trials(3, () => 1, any({ sead: 3 }))),
    option('no option "sead"', () => numbers.mapWithRng(x => x, any({ sead: 3 }))),
    argument('seed', () => sc.trials(3, () => 1, { seed: any({}) })),
    argument('seed', () => numbers.mapWithRng(x => x, { seed: any({}) })),
    argument(['on(type)', '"taskStart"'], () => sc.on(any('taskStart'), () => {})),
    argument(['on(listener)', 'got 1'], () => sc.on('event', any(1))),
  ]);
});

describe('functions and RDDs', () => {
  checkAll('where something else comes', () =>
    [1, null, 'x', {}, undefined].flatMap(bad => [
      argument('map(f)', () => numbers.map(any(bad))),
      argument('filter(f)', () => numbers.filter(any(bad))),
      argument('flatMap(f)', () => numbers.flatMap(any(bad))),
      argument('mapPartitions(f)', () => numbers.mapPartitions(any(bad))),
      argument('mapPartitionsWithIndex(f)', () => numbers.mapPartitionsWithIndex(any(bad))),
      argument('mapWithRng(f)', () => numbers.mapWithRng(any(bad))),
      argument('keyBy(f)', () => numbers.keyBy(any(bad))),
      argument('mapValues(f)', () => pairs.mapValues(any(bad))),
      argument('flatMapValues(f)', () => pairs.flatMapValues(any(bad))),
      argument('reduceByKey(f)', () => pairs.reduceByKey(any(bad))),
      argument('combineByKey', () => pairs.combineByKey(any(bad))),
      argument('combineByKey.mergeValue', () => pairs.combineByKey(any({ createCombiner: () => 1, mergeValue: bad }))),
      argument('trials(f)', () => sc.trials(5, any(bad))),
      argument('reduce(f)', () => numbers.reduce(any(bad))),
      argument('fold(f)', () => numbers.fold(0, any(bad))),
      argument('aggregate(seq)', () => numbers.aggregate(0, any(bad), a => a)),
      argument('aggregate(comb)', () => numbers.aggregate(0, a => a, any(bad))),
      argument('forEach(f)', () => numbers.forEach(any(bad))),
      argument('runJob(f)', () => sc.runJob(numbers, any(bad))),
      argument('union(...others)', () => numbers.union(any(bad))),
      argument('union(rdds)', () => sc.union([numbers, any(bad)])),
      argument('union(rdds)', () => sc.union(any(bad))),
      argument('join(other)', () => pairs.join(any(bad))),
      argument('runJob(rdd)', () => sc.runJob(any(bad), () => 1)),
    ]),
  );
  checkAll('of another context', () => [
    argument(['union(rdds)', 'another'], () => sc.union([numbers, other.range(3)])),
    argument(['runJob(rdd)', 'another'], () => sc.runJob(other.range(3), () => 1)),
    argument(['union(...others)', 'another'], () => numbers.union(other.range(3))),
    argument(['join(other)', 'another'], () =>
      pairs.join(
        other
          .range(3)
          .map(x => [x, x])
          .groupByKey(),
      ),
    ),
  ]);

  checkAll('that cannot be shipped', () => [
    refused('HEDDLE_CLOSURE', ['map(f)', 'async'], () => numbers.map(async x => x)),
    refused('HEDDLE_CLOSURE', ['map(f)', 'numbers', 'RDD'], () => numbers.map(() => any(numbers))),
    refused('HEDDLE_CLOSURE', ['map(f)', 'sc'], () => numbers.map(() => any(sc))),
  ]);
});

describe('rows', () => {
  checkAll('that are none', () => [
    argument(['parallelize(array)', 'got "abc"'], () => sc.parallelize(any('abc'))),
    argument(['parallelize(array)', 'got Set'], () => sc.parallelize(any(new Set([1])))),
    argument(['parallelize(array)', 'got undefined'], () => sc.parallelize(any(undefined))),
    argument(['makeRDD(array)', 'got null'], () => sc.makeRDD(any(null))),
    refused('HEDDLE_VALUE', ['record 1', 'a function'], () => sc.parallelize([1, any(() => 1)])),
    refused('HEDDLE_VALUE', ['record 0', 'a symbol'], () => sc.parallelize([any(Symbol('s'))])),
    refused('HEDDLE_VALUE', ['record 0', 'a promise'], () => sc.parallelize([any(Promise.resolve(1))])),
    refused('HEDDLE_VALUE', 'a function', () =>
      numbers.aggregate(
        any(() => 1),
        any((a: unknown) => a),
        any((a: unknown) => a),
      ),
    ),
  ]);
});

test('a stopped context refuses every source, operator and action', async () => {
  const stopped = await smallContext({ threads: 1 });
  const [rows, keyed] = [stopped.range(10), stopped.range(10).map(x => [x, x])];
  await stopped.stop();
  const calls: (() => unknown)[] = [
    () => stopped.parallelize([1]),
    () => stopped.makeRDD([1]),
    () => stopped.range(3),
    () => stopped.textFile(text),
    () => stopped.trials(3, () => 1),
    () => stopped.union([]),
    () => stopped.emptyRDD(),
    () => stopped.runJob(rows, () => 1),
    () => rows.map(x => x),
    () => rows.filter(() => true),
    () => rows.flatMap(x => [x]),
    () => rows.mapPartitions(all => all),
    () => rows.glom(),
    () => rows.keyBy(x => x),
    () => rows.union(rows),
    () => rows.distinct(),
    () => keyed.reduceByKey((a, b) => a + b),
    () => keyed.groupByKey(),
    () => keyed.join(keyed),
    () => keyed.partitionBy(2),
    () => keyed.countByKey(),
    () => rows.collect(),
    () => rows.count(),
    () => rows.first(),
    () => rows.take(0),
    () => rows.sum(),
    () => rows.stats(),
    () => rows.reduce((a, b) => a + b),
    () => rows.fold(0, (a, b) => a + b),
    () => rows.countByValue(),
    () => rows.countApprox({ timeout: 0 }),
    () => rows.countByValueApprox({ timeout: 0 }),
    () => rows.countApproxDistinct(),
    () => keyed.countApproxDistinctByKey(),
    () => rows.forEach(() => {}),
    () => rows.saveAsTextFile(join(folder.path, 'never')),
  ];
  for (const call of calls) await check({ code: 'HEDDLE_CONTEXT_STOPPED', says: ['create another one'], call });
  assert.match(rows.explain(), /range/, 'a plan can still be looked at');
});

test('nothing of all this takes memory', async () => {
  assert.equal((await drainedHeap(sc)).blocks, 0);
  assert.equal(await numbers.sum(), 45);
});
