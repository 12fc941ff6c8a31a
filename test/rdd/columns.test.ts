// Stages on columns of bytes, through the whole engine: the same answers as from strings, whatever the threads, the
// partitions and the kernels; batches of both kinds in one task; explain() tells which way and why not the other.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { RDD } from '../../lib/index.js';
import { open, sorted } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-columns-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Lines of several kinds: most of them plain, some that need the other way, in runs longer than a batch. */
const plain = Array.from({ length: 9000 }, (_, i) => `k${i % 97},${(i * 37) % 1000},word${i % 11} and more`);
const awkward = ['né,5,ÉTÉ', 'k1', '', '😀,7,x', 'k2,not a number,y', ' k3 ,1e3,z', 'k4,0x10,', 'x'.repeat(40_000)];
const lines = [...plain.slice(0, 4000), ...awkward, ...plain.slice(4000), ...awkward];
const text = file('mixed.txt', `${lines.join('\n')}\n`);
const words = file('words.txt', plain.map(line => line.replaceAll(',', ' ')).join('\r\n'));
const broken = file(
  'broken.txt',
  Buffer.concat([Buffer.from('a b\n'), Buffer.from([0x61, 0xff, 0x20, 0x62, 0xc3, 10]), Buffer.from('b \ufffd\n')]),
);

function reduced<V>(pairs: readonly (readonly [unknown, V])[], f: (a: V, b: V) => V): [unknown, V][] {
  const found = new Map<unknown, V>();
  for (const [key, value] of pairs) found.set(key, found.has(key) ? f(found.get(key)!, value) : value);
  return [...found];
}

describe('word count and its like', () => {
  for (const kernels of ['on', 'off'] as const) {
    for (const threads of [1, 3]) {
      test(`the same on ${threads} threads, kernels ${kernels}`, async () => {
        const sc = await open({ threads, kernels, memory: '64mb' });
        for (const partitions of [1, 4, 7]) {
          const counts = sc
            .textFile(words, { partitions })
            .flatMap(line => line.split(' '))
            .map(word => [word, 1])
            .reduceByKey((a, b) => a + b);
          assert.match(counts.explain(), /stage 1: .*, columnar$/m);
          const all = plain.flatMap(line => line.replaceAll(',', ' ').split(' '));
          assert.deepEqual(
            sorted(await counts.collect()),
            sorted(
              reduced(
                all.map((word): [string, number] => [word, 1]),
                (a, b) => a + b,
              ),
            ),
          );

          const sums = sc
            .textFile(text, { partitions })
            .map(line => line.split(','))
            .filter(fields => fields.length > 1)
            .map(fields => [fields[0]!.trim(), Number(fields[1])])
            .reduceByKey((a, b) => Math.max(a, b));
          assert.match(sums.explain(), /stage 1: .*, columnar$/m);
          const rows = lines.map(line => line.split(',')).filter(fields => fields.length > 1);
          const expected = reduced(
            rows.map(fields => [fields[0]!.trim(), Number(fields[1])] as const),
            (a, b) => Math.max(a, b),
          );
          assert.deepEqual(new Map(await sums.collect()), new Map(expected as [string, number][]));
        }
        await sc.stop();
      });
    }
  }

  test('floating-point sums are the same bit for bit as through strings', async () => {
    const sc = await open();
    const decimals = file('decimals.txt', Array.from({ length: 20_000 }, (_, i) => `${i % 13} ${(i * 0.1).toFixed(3)}`).join('\n'));
    const pairs = sc.textFile(decimals, { partitions: 5 }).map(line => [line.split(' ')[0]!, Number(line.split(' ')[1])] as const);
    const seen = (pair: readonly [string, number]) => [pair].find(() => true)!; // nothing that becomes a column
    const [columns, strings] = [pairs.reduceByKey((a, b) => a + b), pairs.map(pair => seen(pair)).reduceByKey((a, b) => a + b)];
    assert.match(columns.explain(), /columnar$/m);
    assert.doesNotMatch(strings.explain(), /, columnar$/m);
    assert.deepEqual(await columns.collect(), await strings.collect());
    await sc.stop();
  });
});

describe('batches that go the other way', async () => {
  const sc = await open({ memory: '64mb' });

  test('keys that are no text, in the middle of a task', async () => {
    const counts = sc
      .textFile(text, { partitions: 2 })
      .map(line => [line.split(',')[2]!, 1] as const)
      .reduceByKey((a, b) => a + b);
    const expected = reduced(
      lines.map((line): [unknown, number] => [line.split(',')[2], 1]),
      (a, b) => a + b,
    );
    assert.deepEqual(new Map(await counts.collect()), new Map(expected as [string, number][]));
  });

  test('bytes that are no UTF-8 are the characters that stand for them', async () => {
    const counts = sc
      .textFile(broken, { partitions: 1 })
      .flatMap(line => line.split(' '))
      .map(word => [word, 1])
      .reduceByKey((a, b) => a + b);
    assert.deepEqual(
      new Map(await counts.collect()),
      new Map(
        [
          ['a', 1],
          ['b', 2],
          ['a\ufffd', 1],
          ['b\ufffd', 1],
          ['\ufffd', 1],
        ].map(([k, v]) => [k as string, v as number]),
      ),
    );
  });

  test('very many keys, of which nothing is combined', async () => {
    const many = file('many.txt', Array.from({ length: 120_000 }, (_, i) => `key-${i}`).join('\n'));
    const counts = sc
      .textFile(many, { partitions: 2 })
      .map(line => [line, 1])
      .reduceByKey((a, b) => a + b);
    const rows = await counts.collect();
    assert.equal(rows.length, 120_000);
    assert.ok(rows.every(([, n]) => n === 1));
  });

  test('what a kernel has no operation for', async () => {
    const joined = sc
      .textFile(words, { partitions: 3 })
      .flatMap(line => line.split(' '))
      .filter(word => word.length > 0)
      .map(word => [word, word.length])
      .reduceByKey((a, b) => a * 31 + b, 2);
    const all = plain.flatMap(line => line.replaceAll(',', ' ').split(' ')).filter(word => word.length > 0);
    assert.equal((await joined.collect()).length, new Set(all).size);
  });
});

test('rows of columns in sets: those of both, of one alone as often as they come, each once', async () => {
  const sc = await open({ threads: 2, memory: '64mb' });
  const left = file('left.txt', 'a\nb\na\nc\nb\n');
  const kept = sc.textFile(left, { partitions: 2 }).filter(line => line !== 'c');
  assert.match(kept.subtract(sc.parallelize(['b'])).explain(), /columnar$/m);
  assert.deepEqual(await kept.subtract(sc.parallelize(['b'])).collect(), ['a', 'a']);
  assert.deepEqual(await kept.intersection(sc.parallelize(['b', 'x'])).collect(), ['b']);
  assert.deepEqual(sorted(await kept.distinct().collect()), ['a', 'b']);
});

describe('other ends of a stage', async () => {
  const sc = await open({ memory: '64mb' });
  const rdd = (path = text) => sc.textFile(path, { partitions: 3 });

  test('count, with and without operators', async () => {
    assert.equal(await rdd().count(), lines.length);
    assert.equal(
      await rdd()
        .filter(line => line.includes('word3'))
        .count(),
      lines.filter(line => line.includes('word3')).length,
    );
    assert.equal(
      await rdd()
        .flatMap(line => line.split(','))
        .count(),
      lines.flatMap(line => line.split(',')).length,
    );
  });

  test('sum and mean of numbers in text', async () => {
    const numbers = rdd(words).map(line => Number(line.split(' ')[1]));
    const expected = plain.map(line => Number(line.split(',')[1]));
    assert.equal(
      await numbers.sum(),
      expected.reduce((a, b) => a + b, 0),
    );
    assert.equal(await numbers.mean(), expected.reduce((a, b) => a + b, 0) / expected.length);
  });

  test('rows, in their order, for whatever comes after', async () => {
    const some: RDD<string> = rdd().filter(line => line.startsWith('k1,'));
    const expected = lines.filter(line => line.startsWith('k1,'));
    assert.deepEqual(await some.collect(), expected);
    assert.deepEqual(await some.take(3), expected.slice(0, 3));
    assert.equal(await some.first(), expected[0]);
    assert.deepEqual(
      await some.map(line => ({ line, n: line.length })).collect(),
      expected.map(line => ({ line, n: line.length })),
    );
    assert.deepEqual(
      await some
        .mapPartitions(rows => [[...rows].length])
        .collect()
        .then(sizes => sizes.reduce((a, b) => a + b, 0)),
      expected.length,
    );
    assert.deepEqual(await some.union(some).count(), expected.length * 2);
    assert.deepEqual(
      sorted(
        await some
          .map(line => line.split(',')[1]!)
          .distinct()
          .collect(),
      ),
      sorted([...new Set(expected.map(line => line.split(',')[1]!))]),
    );
  });

  test('a throw behind the columns is told with its operator, line and record', async () => {
    const failing = rdd()
      .filter(line => line.startsWith('k5,'))
      .map(line => {
        if (line.length > 3) throw new RangeError(`too long: ${line.slice(0, 2)}`);
        return line;
      });
    await assert.rejects(failing.count(), (error: Error & { code?: string; data?: Record<string, unknown> }) => {
      assert.equal(error.code, 'HEDDLE_TASK_FAILED');
      assert.match(error.message, /^map at columns\.test\.[jt]s:\d+ threw RangeError: too long: k5 .*record "k5,/);
      return true;
    });
  });

  test('a throw of a closure that is columnar is told as ever', async () => {
    const failing = rdd().map(line => line.split(',')[2]!.trim());
    await assert.rejects(
      failing.filter(word => word.length > 0).count(),
      /^(HeddleError: |)map at columns\.test\.[jt]s:\d+ threw TypeError/,
    );
  });
});

test('explain tells what keeps an operator from columns, and where', async () => {
  const sc = await open();
  const shout = (line: string) => line.normalize();
  const kept = sc.textFile(text).filter(line => line.length > 2);
  assert.match(kept.explain(), /stage 1: .*, columnar$/m);
  assert.match(
    kept.map(line => shout(line)).explain(),
    /, columnar for 1 of 2 operators, then fused loop: map at columns\.test\.[jt]s:\d+ has shout\(\), which has \.normalize\(\) \(columns\.test\.[jt]s:\d+\)$/m,
  );
  assert.match(
    sc
      .textFile(text)
      .map(line => line.trim())
      .explain(),
    /fused loop: all lines become strings in the end$/m,
  );
  assert.match(
    sc
      .range(10)
      .map(x => x + 1)
      .explain(),
    /, fused loop$/m,
  );
});
