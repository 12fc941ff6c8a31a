// What becomes of rows on columns of bytes: every operator and action that takes them as they are gives, row for row and bit
// for bit, what it gives for the same rows as strings.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { RDD } from '../../lib/index.js';
import { digestOf } from './digest.js';
import { open } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-columnar-sinks-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Sum {
  sum: number;
  n: number;
}

interface Longest {
  longest: string;
  n: number;
  yes: boolean;
}

const numberOf = (line: string) => Number(line.split(',')[1] ?? 'none');
const keyed = (lines: RDD<string>) => lines.map(line => [line.charAt(0), line.length] as const);
const measured = (lines: RDD<string>) => lines.flatMap(line => line.split(',').map(word => [word, word.length / 3 - 1] as const));

/** In a function of the user's, which is read as part of the closure. */
const numberless = (x: number) => (x > 0 ? Number.NaN : x);

/** Few rows of many, so that a join of them has not too many. */
const some = <V>(pairs: RDD<readonly [string | number, V]>) => pairs.filter(([key]) => key !== 'k');

/** Jobs over lines. */
const jobs: Record<string, (lines: RDD<string>) => Promise<unknown>> = {
  'countByValue of words': lines => lines.flatMap(line => line.split(/[ ,]/)).countByValue(),
  'countByValue of lines': lines => lines.filter(line => line !== 'b').countByValue(),
  'countByValue of numbers': lines => lines.map(line => line.length % 5).countByValue(),
  'countByValue of fields that may not be there': lines => lines.map(line => line.split(',')[1]).countByValue(),
  countByKey: lines => keyed(lines).countByKey(),
  'countByKey of tuples': lines => lines.map(line => [[line.charAt(0), line.length > 3], 1] as const).countByKey(),
  distinct: lines =>
    lines
      .flatMap(line => line.split(' ').filter(word => word.length > 1))
      .distinct(3)
      .collect(),
  'distinct fields that may not be there': lines =>
    lines
      .map(line => line.split(',')[1])
      .distinct(2)
      .collect(),
  'distinct numbers': lines => lines.map(numberOf).distinct(2).collect(),
  intersection: lines =>
    lines
      .map(line => line.slice(0, 2))
      .intersection(
        lines.map(line => line.slice(1, 3)),
        2,
      )
      .collect(),
  subtract: lines =>
    lines
      .map(line => line.slice(0, 2))
      .subtract(
        lines.map(line => line.slice(1, 3)),
        2,
      )
      .collect(),
  'reduceByKey: a sum': lines =>
    measured(lines)
      .reduceByKey((a, b) => a + b, 3)
      .collect(),
  'reduceByKey: sums that are whole, and minus zero': lines =>
    lines
      .map(line => [line, line.startsWith('a') ? -0 : line.length * 2 ** 27] as const)
      .reduceByKey((a, b) => a + b, 3)
      .collect(),
  'reduceByKey: a sum, of which only the number of keys is wanted': lines =>
    measured(lines)
      .reduceByKey((a, b) => a + b, 3)
      .count(),
  'reduceByKey: a sum, of which some rows are wanted': lines =>
    measured(lines)
      .reduceByKey((a, b) => a + b, 3)
      .take(5),
  'reduceByKey: an operation of the user': lines =>
    measured(lines)
      .reduceByKey((a, b) => (a - b) / 2, 3)
      .collect(),
  'reduceByKey of text': lines =>
    lines
      .map(line => [line.charAt(0), line] as const)
      .reduceByKey((a, b) => (a.length >= b.length ? a : b), 2)
      .collect(),
  'reduceByKey of objects': lines =>
    lines
      .map(line => [line.charAt(0), { longest: line, n: 1, yes: line.includes('a') }] as [string, Longest])
      .reduceByKey((a, b) => ({ longest: a.longest < b.longest ? b.longest : a.longest, n: a.n + b.n, yes: a.yes && b.yes }), 2)
      .collect(),
  'aggregateByKey: a mean': lines =>
    measured(lines)
      .aggregateByKey(
        [0, 0],
        ([sum, n], value) => [sum! + value, n! + 1],
        ([a, m], [b, n]) => [a! + b!, m! + n!],
        3,
      )
      .mapValues(([sum, n]) => sum! / n!)
      .collect(),
  'aggregateByKey: a list that is added to': lines =>
    keyed(lines)
      .aggregateByKey(
        [] as number[],
        (list, n) => {
          list.push(n);
          return list;
        },
        (a, b) => a.concat(b),
        2,
      )
      .collect(),
  'reduceByKey of tuples: a sum, extremes, the first and the last': lines =>
    measured(lines)
      .mapValues(x => [x, 1, x, x, x, numberless(x)] as number[])
      .reduceByKey(([a, b, c, d, e], [s, t, u, v, , x]) => [a! + s!, b! + t!, Math.min(c!, u!), Math.max(v!, d!), e!, x!], 3)
      .collect(),
  'reduceByKey of tuples, place by place': lines =>
    lines
      .map(line => [line.charAt(0), [numberOf(line), line.length, -0]] as [string, number[]])
      .reduceByKey((a, b) => [Math.max(a[0]!, b[0]!), b[1]!, b[2]! + a[2]!], 3)
      .collect(),
  'reduceByKey of objects of numbers': lines =>
    lines
      .map(line => [line.charAt(0), { sum: numberOf(line), n: 1 }] as [string, Sum])
      .reduceByKey((a, { sum, n }) => ({ sum: a.sum + sum, n: a.n + n }), 2)
      .collect(),
  'reduceByKey of objects whose keys are in another order': lines =>
    lines
      .map(line => [line.charAt(0), { n: 1, sum: numberOf(line) }] as [string, Sum])
      .reduceByKey((a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n }), 2)
      .map(pair => JSON.stringify(pair))
      .collect(),
  'reduceByKey of objects not all of whose values are numbers': lines =>
    lines
      .map(line => line.split(','))
      .map(fields => [fields[0]!, { text: fields[1]!, n: 1 }] as [string, { text: string; n: number }])
      .reduceByKey((a, b) => ({ text: a.text + b.text, n: a.n + b.n }), 2)
      .collect(),
  'aggregateByKey: a sum, a count and extremes, of values beyond all others too': lines =>
    lines
      .map(line => [line.charAt(0), numberOf(line)] as const)
      .aggregateByKey(
        { sum: 0, n: -0, min: Number.POSITIVE_INFINITY, max: 3 },
        ({ sum, n, min, max }, x) => ({ sum: sum + x, n: 1 + n, min: Math.min(min, x), max: Math.max(x, max) }),
        (a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }),
        3,
      )
      .collect(),
  'aggregateByKey with a zero that is none': lines =>
    keyed(lines)
      .aggregateByKey(
        [5, 1],
        (a, x) => [a[0]! + x, a[1]!],
        (a, b) => [a[0]! + b[0]!, a[1]!],
        2,
      )
      .collect(),
  'aggregateByKey of tuples': lines =>
    lines
      .map(line => [line.charAt(0), [line, { n: line.length }]] as [string, [string, { n: number }]])
      .aggregateByKey(
        [0, 0],
        ([a, b], [text, { n }]) => [a! + text.length, b! + n * 2],
        (a, b) => [a[0]! + b[0]!, a[1]! + b[1]!],
        2,
      )
      .collect(),
  'combineByKey of tuples of numbers': lines =>
    measured(lines)
      .combineByKey(
        {
          createCombiner: x => [x, 1, x * x],
          mergeValue: ([s, n, q], x) => [s! + x, n! + 1, q! + x * x],
          mergeCombiners: (a, b) => [a[0]! + b[0]!, a[1]! + b[1]!, a[2]! + b[2]!],
        },
        2,
      )
      .collect(),
  'combineByKey that begins otherwise than it goes on': lines =>
    keyed(lines)
      .combineByKey(
        {
          createCombiner: x => [x * 2, 1],
          mergeValue: ([s, n], x) => [s! + x, n! + 1],
          mergeCombiners: (a, b) => [a[0]! + b[0]!, a[1]! + b[1]!],
        },
        2,
      )
      .collect(),
  combineByKey: lines =>
    measured(lines)
      .combineByKey({ createCombiner: x => ({ min: x, max: x }), mergeValue: add, mergeCombiners: (a, b) => add(add(a, b.min), b.max) }, 2)
      .collect(),
  foldByKey: lines =>
    keyed(lines)
      .foldByKey(100, (a, b) => Math.max(a, b), 2)
      .collect(),
  groupByKey: lines => keyed(lines).groupByKey(2).collect(),
  'groupByKey of numbers by words': lines => measured(lines).groupByKey(3).collect(),
  'groupByKey of text': lines =>
    lines
      .map(line => [line.slice(0, 2), line] as const)
      .groupByKey(2)
      .collect(),
  'groupByKey of tuples and objects': lines =>
    lines
      .map(line => [line.slice(0, 2), [line, { n: line.length, odd: line.length % 2 === 1, of: ['é', undefined, -0] }]] as const)
      .groupByKey(2)
      .collect(),
  'groupByKey of what no column has': lines =>
    lines
      .map(line => [line.slice(0, 2), [null, line.length]] as const)
      .groupByKey(2)
      .collect(),
  'groupByKey of keys that may not be there': lines =>
    lines
      .map(line => line.split(','))
      .map(fields => [fields[1], Number(fields[2])] as const)
      .groupByKey(2)
      .collect(),
  partitionBy: lines => measured(lines).partitionBy(3).glom().collect(),
  'partitionBy of values that may not be there': lines =>
    lines
      .map(line => line.split(','))
      .map(fields => [fields[0]!, fields[1]] as const)
      .partitionBy(2)
      .glom()
      .collect(),
  'partitionBy a function': lines =>
    keyed(lines)
      .partitionBy({ partitions: 2, partition: key => (key < 'd' ? 0 : 1) })
      .glom()
      .collect(),
  repartitionAndSortWithinPartitions: lines => measured(lines).repartitionAndSortWithinPartitions(3).glom().collect(),
  'sortByKey of text, descending': lines =>
    lines
      .map(line => [line, line.length] as const)
      .sortByKey(false, 3)
      .glom()
      .collect(),
  'sortByKey of keys that may not be there': lines =>
    lines
      .map(line => [line.split(',')[1], line] as const)
      .sortByKey(true, 2)
      .glom()
      .collect(),
  'sortBy text': lines => lines.sortBy(line => line.slice(1), true, 2).collect(),
  groupBy: lines => lines.groupBy(line => line.trim().slice(0, 1), 2).collect(),
  sortByKey: lines => measured(lines).sortByKey(true, 3).collect(),
  'sortBy a number': lines => lines.sortBy(line => line.length, false, 2).collect(),
  'numbers folded': lines =>
    lines
      .map(numberOf)
      .filter(x => !Number.isNaN(x))
      .fold(0, (a, b) => a * 0.5 + b),
  'numbers collected': lines => lines.map(line => [line.length, numberOf(line)] as const).collect(),
  stats: lines => lines.map(line => line.length / 7).stats(),
  histogram: lines => lines.map(line => line.length).histogram([0, 1, 5, 100]),
  join: lines => keyed(lines).join(measured(lines), 2).count(),
  'a full outer join': lines =>
    some(keyed(lines))
      .fullOuterJoin(some(lines.map(line => [line.slice(1, 2), line] as const)), 2)
      .collect(),
  'cogroup with numbers for keys': lines =>
    some(keyed(lines))
      .cogroup(some(lines.map(line => [line.length as string | number, line] as const)), 2)
      .collect(),
};

const means = (a: number[], b: number[]) => [a[0]! + b[0]!, a[1]! + b[1]!];

const add = (range: { min: number; max: number }, x: number) => ({ min: Math.min(range.min, x), max: Math.max(range.max, x) });

const piece = fc.constantFrom('a', 'b', 'an', 'é', '😀', ' ', ',', ',', '1', '-0', '1e400', 'NaN', '2.5', '9007199254740993', '', '\r');
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.array(piece, { maxLength: 8 }).map(parts => Buffer.from(parts.join('')))) },
  { weight: 1, arbitrary: fc.array(fc.uint8Array({ maxLength: 6 }).map(Buffer.from)) },
);

describe('the same from columns as from strings', async () => {
  const contexts = await Promise.all([open({ threads: 2 }), open({ threads: 1, kernels: 'off' })]);
  let files = 0;

  /** Both ways, on text that is plain before and behind the lines, and fills some batches. */
  async function check(job: (lines: RDD<string>) => Promise<unknown>, lines: readonly Buffer[]): Promise<void> {
    const path = join(folder, `${files++}.txt`);
    const more = Array.from({ length: 2500 }, (_, i) => Buffer.from(`k${i % 83},${i % 700} word${i % 9}`));
    writeFileSync(path, Buffer.concat([...more, ...lines, ...more].flatMap(line => [line, Buffer.from('\n')])));
    // What no plan reads, and changes nothing.
    const opaque = (line: string) => Reflect.get([line], 0) as string;
    for (const sc of contexts) {
      const text = sc.textFile(path, { partitions: 2 });
      assert.deepStrictEqual(await job(text), await job(text.map(opaque)));
    }
    rmSync(path);
  }

  for (const [name, job] of Object.entries(jobs)) {
    test(name, async () => {
      await fc.assert(
        fc.asyncProperty(bytes, lines => check(job, lines)),
        { numRuns: 2, includeErrorInReport: true },
      );
    });
  }

  test('rows that wait in several rounds, beside batches that go the other way, cross a shuffle in order', async () => {
    const path = join(folder, 'rounds.txt');
    const lines: Buffer[] = [];
    for (let i = 0; i < 90_000; i++) {
      lines.push(Buffer.from(`key${(i * 7919) % 40_000},${i},${'x'.repeat(i % 60)}${i > 60_000 ? 'é😀' : ''}\n`));
      if (i % 9000 === 100) lines.push(Buffer.from([0x6b, 0xff, 0x2c, 0x31, 0x0a]), Buffer.from('alone\n'));
    }
    writeFileSync(path, Buffer.concat(lines));
    const answers = (sc: (typeof contexts)[0], text: RDD<string>) => {
      const pairs = text.map(line => line.split(',')).map(f => [f[0]!, [Number(f[1]), f[2]]] as const);
      return Promise.all([
        sc.runJob(pairs.partitionBy(5), rows => digestOf(rows)),
        sc.runJob(pairs.sortByKey(true, 3), rows => digestOf(rows)),
        sc.runJob(pairs.groupByKey(3), rows => digestOf(rows)),
        // More than half of the first keys are new: from then on rows are not combined.
        sc.runJob(
          pairs.mapValues(([n]) => n as number).reduceByKey((a, b) => a + b, 3),
          rows => digestOf(rows),
        ),
        sc.runJob(
          pairs
            .mapValues(([n]) => n as number)
            .aggregateByKey(
              [0, 0],
              (a, n) => [a[0]! + n / 3, a[1]! + 1],
              (a, b) => [a[0]! + b[0]!, a[1]! + b[1]!],
              3,
            ),
          rows => digestOf(rows),
        ),
        // Few keys, in a table to the end.
        sc.runJob(pairs.map(([key, [n]]) => [key.slice(0, 5), [(n as number) / 7, 1]] as [string, number[]]).reduceByKey(means, 2), rows =>
          digestOf(rows),
        ),
      ]);
    };
    const small = await open({ threads: 1, memory: '64mb' });
    const expected = await answers(
      contexts[0]!,
      contexts[0]!.textFile(path, { partitions: 2 }).map(line => Reflect.get([line], 0) as string),
    );
    for (const sc of [...contexts, small]) {
      assert.deepStrictEqual(await answers(sc, sc.textFile(path, { partitions: 2 })), expected);
    }
  });

  test('more texts than a table is to hold, counted by value', async () => {
    const path = join(folder, 'many.txt');
    writeFileSync(path, Array.from({ length: 300_000 }, (_, i) => i % 290_000).join('\n'));
    const counts = await contexts[0]!.textFile(path, { partitions: 1 }).countByValue();
    assert.equal(counts.size, 290_000);
    assert.deepEqual([counts.get('0'), counts.get('9999'), counts.get('10000'), counts.get('289999')], [2, 2, 1, 1]);
    assert.deepEqual([...counts.keys()].slice(0, 3), ['0', '1', '2']);
  });

  test('explain() says which rows go as columns, and which tuples kernels combine', () => {
    const lines = contexts[0]!.textFile(import.meta.filename, { partitions: 1 });
    const pairs = lines.map(line => [line.slice(0, 3), line.length] as const);
    for (const rdd of [pairs.groupByKey(), pairs.partitionBy(3), pairs.sortByKey(), pairs.join(pairs)]) {
      assert.match(rdd.explain(), /^stage 1: .*, columnar$/m);
      assert.match(rdd.explain(), /text on columns, scattered by kernels/);
    }
    const nothing = lines.map(line => [line.slice(0, 3), null] as const).groupByKey();
    assert.match(nothing.explain(), /^stage 1: .*, fused loop: all lines become strings in the end$/m);
    const tuples = pairs.mapValues(n => [n, 1] as number[]);
    assert.match(tuples.reduceByKey(means).explain(), /tuples of numbers by keys of text, on columns, by kernels/);
    assert.match(tuples.reduceByKey((a, b) => [a[0]! - b[0]!, 1]).explain(), /no kernel: .* nor of these for each place of a tuple/);
  });

  test('a throw of a function that combines is told with its operator and record', async () => {
    const path = join(folder, 'throwing.txt');
    writeFileSync(path, 'a,1\nb,2\na,3\n');
    const [sc] = contexts;
    const failing = sc!
      .textFile(path, { partitions: 1 })
      .map(line => [line.split(',')[0]!, Number(line.split(',')[1])] as const)
      .reduceByKey((a, b) => {
        if (b === 3) throw new RangeError(`no ${a + b}`);
        return a + b;
      });
    assert.match(failing.explain(), /columnar$/m);
    await assert.rejects(failing.count(), /reduceByKey at columnar-sinks\.test\.[jt]s:\d+ threw RangeError: no 4 .*record \["a", 3\]/);
  });
});
