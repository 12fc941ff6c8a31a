// An exception in each kind of closure: an error that names the operator and its call site, the task, the record, and the line.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import { drainedHeap, Folder, failure, Source, smallContext } from './support.js';

class Failure extends Error {
  override readonly name = 'Failure';
}

const own = new URL('../../../test/failure/closures.test.ts', import.meta.url);
const source = new Source(import.meta.url, readFileSync(own, 'utf8').split('\n'));
const folder = new Folder();
let sc: Context;

before(async () => {
  sc = await smallContext({ partitions: 4 });
});
after(async () => {
  await sc.stop();
  folder.remove();
});

interface Case {
  /** Also the message of what the closure throws, which is how its line is found. */
  readonly name: string;
  /** The operator as the error names it, without its line. */
  readonly operator: string;
  readonly record?: string;
  readonly partition?: number;
  run(): Promise<unknown>;
}

const rows = () => sc.range(100);
const pairs = () => sc.range(0, 2000, 1, 4).map(x => [`k${x % 5}`, x]);

const cases: readonly Case[] = [
  {
    name: 'in map',
    operator: 'map',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .map(x => {
          if (x === 57) throw new Failure('in map');
          return x;
        })
        .collect(),
  },
  {
    name: 'in filter',
    operator: 'filter',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .filter(x => {
          if (x === 57) throw new Failure('in filter');
          return true;
        })
        .count(),
  },
  {
    name: 'in flatMap',
    operator: 'flatMap',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .flatMap(x => {
          if (x === 57) throw new Failure('in flatMap');
          return [x];
        })
        .count(),
  },
  {
    name: 'in the generator of flatMap',
    operator: 'flatMap',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .flatMap(function* (x) {
          yield x;
          if (x === 57) throw new Failure('in the generator of flatMap');
        })
        .count(),
  },
  {
    name: 'in mapPartitions',
    operator: 'mapPartitions',
    partition: 2,
    run: () =>
      rows()
        .mapPartitions(all => {
          for (const x of all) if (x === 57) throw new Failure('in mapPartitions');
          return [0];
        })
        .count(),
  },
  {
    name: 'in the generator of mapPartitions',
    operator: 'mapPartitionsWithIndex',
    partition: 2,
    run: () =>
      rows()
        .mapPartitionsWithIndex(function* (index, all) {
          for (const x of all) yield x;
          if (index === 2) throw new Failure('in the generator of mapPartitions');
        })
        .count(),
  },
  {
    name: 'below mapPartitions',
    operator: 'map',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .map(x => {
          if (x === 57) throw new Failure('below mapPartitions');
          return x;
        })
        .mapPartitions(all => all)
        .count(),
  },
  {
    name: 'in mapValues',
    operator: 'mapValues',
    record: '["k2", 57]',
    partition: 0,
    run: () =>
      pairs()
        .mapValues(x => {
          if (x === 57) throw new Failure('in mapValues');
          return x;
        })
        .collect(),
  },
  {
    name: 'in keyBy',
    operator: 'keyBy',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .keyBy(x => {
          if (x === 57) throw new Failure('in keyBy');
          return x;
        })
        .collect(),
  },
  {
    name: 'in reduceByKey, before the shuffle',
    operator: 'reduceByKey',
    record: '["k2", 57]',
    partition: 0,
    run: () =>
      pairs()
        .reduceByKey((a, b) => {
          if (b === 57) throw new Failure('in reduceByKey, before the shuffle');
          return a;
        })
        .collect(),
  },
  {
    name: 'in reduceByKey, after the shuffle',
    operator: 'reduceByKey',
    record: '3',
    run: () =>
      sc
        .range(0, 4, 1, 4)
        .map(x => ['a', x])
        .reduceByKey((a, b) => {
          if (b === 3) throw new Failure('in reduceByKey, after the shuffle');
          return a + b + 1;
        })
        .collect(),
  },
  {
    name: 'in createCombiner',
    operator: 'combineByKey',
    record: '["k4", 4]',
    partition: 0,
    run: () =>
      pairs()
        .combineByKey({
          createCombiner: x => {
            if (x === 4) throw new Failure('in createCombiner');
            return [x];
          },
          mergeValue: (list, x) => [...list, x],
          mergeCombiners: (a, b) => [...a, ...b],
        })
        .collect(),
  },
  {
    name: 'in mergeValue',
    operator: 'combineByKey',
    record: '["k2", 57]',
    partition: 0,
    run: () =>
      pairs()
        .combineByKey({
          createCombiner: x => [x],
          mergeValue: (list, x) => {
            if (x === 57) throw new Failure('in mergeValue');
            return list;
          },
          mergeCombiners: (a, b) => [...a, ...b],
        })
        .collect(),
  },
  {
    name: 'in mergeCombiners',
    operator: 'combineByKey',
    record: '[1]',
    run: () =>
      sc
        .range(0, 4, 1, 4)
        .map(x => ['a', x])
        .combineByKey({
          createCombiner: x => [x],
          mergeValue: list => list,
          mergeCombiners: () => {
            throw new Failure('in mergeCombiners');
          },
        })
        .collect(),
  },
  {
    name: 'in reduce',
    operator: 'reduce: range',
    partition: 2,
    run: () =>
      rows().reduce((a, b) => {
        if (b === 57) throw new Failure('in reduce');
        return a + b;
      }),
  },
  {
    name: 'in seq of aggregate',
    operator: 'aggregate: range',
    record: '57',
    partition: 2,
    run: () =>
      rows().aggregate(
        0,
        (sum, x) => {
          if (x === 57) throw new Failure('in seq of aggregate');
          return sum + x;
        },
        (a, b) => a + b,
      ),
  },
  {
    name: 'in forEach',
    operator: 'forEach: range',
    record: '57',
    partition: 2,
    run: () =>
      rows().forEach(x => {
        if (x === 57) throw new Failure('in forEach');
      }),
  },
  {
    name: 'in trials',
    operator: 'trials',
    record: '57',
    partition: 2,
    run: () =>
      sc
        .trials(100, (_rng, i) => {
          if (i === 57) throw new Failure('in trials');
          return i;
        })
        .sum(),
  },
  {
    name: 'in mapWithRng',
    operator: 'mapWithRng',
    record: '57',
    partition: 2,
    run: () =>
      rows()
        .mapWithRng(x => {
          if (x === 57) throw new Failure('in mapWithRng');
          return x;
        })
        .sum(),
  },
  {
    name: 'in runJob',
    operator: 'runJob',
    run: () =>
      sc.runJob(rows(), () => {
        throw new Failure('in runJob');
      }),
  },
];

describe('a closure that throws', () => {
  for (const { name, operator, record, partition, run } of cases) {
    test(name, async () => {
      const error = await failure(run(), 'HEDDLE_TASK_FAILED');
      const line = source.lineOf(`new Failure('${name}')`);
      const called = operator.split(': ').at(-1)!;
      const site = source.lineBefore(line, called === 'range' ? `.${operator.split(': ')[0]}(` : `.${called}(`);
      assert.equal(error.data.operator, `${operator} at ${source.name}:${called === 'range' ? source.lineOf('sc.range(100)') : site}`);
      assert.match(String(error.data.at), new RegExp(`closures\\.test\\.ts:${line}:\\d+$`));
      assert.equal(error.data.attempt, 0);
      assert.equal(error.data.record, record);
      if (partition === undefined) assert.ok(Number.isInteger(error.data.partition));
      else assert.equal(error.data.partition, partition);
      // The message says it all by itself.
      const said = `${error.data.operator} threw Failure: ${name} (partition ${error.data.partition}, attempt 0`;
      assert.ok(error.message.startsWith(said), error.message);
      if (record !== undefined) assert.ok(error.message.includes(`record ${record})`), error.message);
      assert.ok(error.message.endsWith(`\n    at ${error.data.at}`), error.message);
      const cause = error.cause as Error;
      assert.equal(cause.name, 'Failure');
      assert.equal(cause.message, name);
      assert.ok(cause.stack!.includes(`closures.test.ts:${line}:`), cause.stack);
    });
  }

  test('String() of a row, and no output is left', async () => {
    const target = join(folder.path, 'made', 'out');
    const named = rows().map(x => ({ x, toString: null }));
    const error = await failure(named.saveAsTextFile(target), 'HEDDLE_TASK_FAILED');
    assert.match(error.message, /^saveAsTextFile: map at closures\.test\.ts:\d+ threw TypeError: .*record \{ x: \d+, toString: null \}\)$/);
    assert.ok(!existsSync(join(folder.path, 'made')), 'the folder above it was made for it');
  });

  test('leaves nothing in the heap', async () => {
    assert.equal((await drainedHeap(sc)).blocks, 0);
  });
});
