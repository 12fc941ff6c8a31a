import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { anchorSource, buildOnce } from '../../benchmarks/anchors/cache.js';
import { capture } from '../../benchmarks/anchors/capture.js';
import { wholeProcess } from '../../benchmarks/child.js';
import { checkAnswer, isJobName } from '../../benchmarks/jobs.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-native-'));
after(() => rmSync(folder, { recursive: true }));

const compile = async (target: string) =>
  (await capture('gcc', ['-O1', '-pthread', '-Wall', '-Wextra', '-Werror', anchorSource('native.c'), '-o', target])).failure;
const without = process.platform === 'win32' ? 'needs POSIX' : (await capture('gcc', ['--version'])).failure;

describe('C by hand', { skip: without ?? false }, () => {
  const run = async (job: string, threads: number, size: number, text = '') => {
    const built = await buildOnce(folder, 'native.c', 'test', compile);
    assert.ok('path' in built, 'failure' in built ? built.failure : '');
    const { answer } = await wholeProcess({ file: built.path, args: [job, String(threads), String(size), text] }, 120);
    return answer;
  };

  test('counts words, also with more threads than lines', async () => {
    const path = join(folder, 'text');
    const texts: [string, number][] = [
      ['a b a\nc  a\n\nb', 3],
      ['', 0],
      ['\n', 0],
      ['one', 1],
    ];
    for (const [text, distinct] of texts) {
      writeFileSync(path, text);
      for (const threads of [1, 2, 5]) assert.equal(await run('wordcount', threads, 0, path), distinct, JSON.stringify(text));
    }
  });

  test('sums by key and throws points, with any number of threads', async () => {
    for (const threads of [1, 2, 3]) {
      assert.equal(await run('reduceByKey', threads, 12_345), 12_345);
      assert.equal(await run('reduceByKey', threads, 1_500_001), 1_000_000);
      const inside = await run('pi', threads, 1_000_001);
      assert.equal(checkAnswer('pi', 1_000_001, { lines: 0, words: 0, distinct: 0, firstWords: 0, empty: 0 }, { answer: inside }), null);
    }
  });

  test('is compiled once, and leaves no half of it behind', async () => {
    await run('pi', 1, 10);
    const programs = readdirSync(folder).filter(name => name.startsWith('native-'));
    assert.equal(programs.length, 1);
    const failed = await buildOnce(folder, 'native.c', 'another', async target => {
      writeFileSync(target, 'half');
      return 'no space';
    });
    assert.deepEqual(failed, { failure: 'no space' });
    assert.deepEqual(
      readdirSync(folder).filter(name => name.startsWith('native-')),
      programs,
    );
  });

  test('says how it is used', async () => {
    await assert.rejects(run('sort', 1, 1), /exit code 2.*usage: native/s);
    await assert.rejects(run('wordcount', 1, 1, join(folder, 'absent')), /exit code 1.*absent/s);
  });
});

test('isJobName', () => {
  assert.equal(isJobName('pi'), true);
  assert.equal(isJobName('toString'), false);
});
