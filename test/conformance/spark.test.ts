// Heddle's answers are Spark's: each job of spark-jobs.ts goes through PySpark, all of them in one process, and through
// Heddle. Skipped where PySpark is not installed; with CI=true it is installed, and its absence is a failure.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Context } from '../../lib/index.js';
import { inTemporaryAsync } from '../storage/temporary.js';
import { askSpark, IS_CI, type SparkAnswer, whyNoSpark } from './pyspark.js';
import { JOBS } from './spark-jobs.js';
import { type Given, PARTITIONS, ROWS } from './spark-rows.js';

const missing = await whyNoSpark();

test(`${JOBS.length} jobs answer as Spark does`, { skip: missing !== null && !IS_CI ? missing : false }, async t => {
  assert.equal(missing, null);
  await inTemporaryAsync(async root => {
    const [textFile, textFolder] = [join(root, 'one.txt'), join(root, 'texts')];
    mkdirSync(textFolder);
    writeFileSync(textFile, 'to be or not\r\nto be\n\n  thé end 😀 \nthe last line has no end');
    for (const name of ['x', 'y']) writeFileSync(join(textFolder, name), ` first of ${name}\nsecond of ${name}\n`);
    const answers = await askSpark(root, {
      rdds: ROWS,
      partitions: PARTITIONS,
      names: { textFile, textFolder },
      jobs: Object.fromEntries(JOBS.map(([name, , spark]) => [name, spark])),
    });
    await using sc = await Context.create({ threads: 2, memory: '128mb', progress: false, partitions: PARTITIONS });
    const rdds = Object.fromEntries(Object.entries(ROWS).map(([name, rows]) => [name, sc.parallelize<unknown>(rows, PARTITIONS)]));
    const given = { sc, textFile, textFolder, ...rdds } as unknown as Given;
    for (const [name, comparison, , ours] of JOBS) {
      await t.test(name, async () => {
        const theirs = answerOf(answers[name]!);
        const actual = plain(await ours(given));
        if (comparison === 'close') isClose(actual, theirs);
        else if (comparison === 'exact') assert.deepStrictEqual(actual, theirs);
        else assert.deepStrictEqual(sorted(actual), sorted(theirs));
      });
    }
  });
});

function answerOf(answer: SparkAnswer): unknown {
  if ('error' in answer) assert.fail(`Spark failed: ${answer.error}`);
  return answer.value;
}

/** As spark.py puts it: maps as their pairs, nothing as null. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return plain([...value]);
  if (Array.isArray(value)) return value.map(plain);
  return value ?? null;
}

function sorted(rows: unknown): unknown[] {
  assert(Array.isArray(rows));
  return rows.map(row => [JSON.stringify(row), row] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function isClose(actual: unknown, expected: unknown): void {
  if (Array.isArray(expected)) {
    assert(Array.isArray(actual) && actual.length === expected.length, `${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
    expected.forEach((each, i) => {
      isClose(actual[i], each);
    });
    return;
  }
  assert(typeof actual === 'number' && typeof expected === 'number');
  assert(Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${actual}, not ${expected}`);
}
