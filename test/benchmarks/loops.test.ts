import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { checkAnswer } from '../../benchmarks/jobs.js';
import { shuffleCells } from '../../benchmarks/loops/mxr.js';
import { linkTargets, rank } from '../../benchmarks/loops/pagerank.js';
import { throwPoints } from '../../benchmarks/loops/pi.js';
import { sumByKey as sumInLoop } from '../../benchmarks/loops/reduceByKey.js';
import { countWords as countInLoop } from '../../benchmarks/loops/wordcount.js';
import { countInside, countWords, createPool, sumByKey } from '../../benchmarks/piscina/jobs.js';

const TEXT = 'to be or not to be\n\nthat  is the question\nto die\n';
const COUNTS = { to: 3, be: 2, or: 1, not: 1, '': 2, that: 1, is: 1, the: 1, question: 1, die: 1 };
const SUMS = { 0: 4, 1: 3, 2: 3 };

const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-loops-'));
const path = join(folder, 'text');
writeFileSync(path, TEXT);
after(() => rmSync(folder, { recursive: true }));

const plain = <K, V>(map: Map<K, V>) => Object.fromEntries(map);
const text = { lines: 0, words: 0, distinct: 0, firstWords: 0, empty: 0 };

describe('the plain loops', () => {
  test('count words', () => assert.deepEqual(plain(countInLoop(path)), COUNTS));
  test('sum by key', () => assert.deepEqual(plain(sumInLoop(0, 10, 3)), SUMS));
  test('add up what goes through cells', () => assert.equal(shuffleCells(20_000), 20_000));
  test('rank nodes, and lose no rank', () => {
    const ranks = rank(linkTargets(1_000_000));
    assert.ok(Math.abs(ranks.reduce((sum, rank) => sum + rank) - 1e6) < 1e-3);
    assert.ok(ranks.every(rank => rank >= 0.15));
  });
  test('throw points', () => assert.equal(checkAnswer('pi', 1e6, text, { answer: throwPoints(1e6) }), null));
});

describe('the thread pool by hand', () => {
  for (const threads of [1, 2, 3]) {
    test(`gives what the loops give, on ${threads} threads`, async () => {
      const pool = createPool(threads);
      try {
        assert.deepEqual(plain(await countWords(pool, path, threads)), COUNTS);
        assert.deepEqual(plain(await sumByKey(pool, 10, 3, threads)), SUMS);
        assert.equal(checkAnswer('pi', 1e6 + 1, text, { answer: await countInside(pool, 1e6 + 1, threads) }), null);
      } finally {
        await pool.destroy();
      }
    });
  }
});
