import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRun, sessionRuns, wholeProcess } from '../../benchmarks/child.js';
import type { Contender, Run } from '../../benchmarks/contender.js';
import { nodeProgram } from '../../benchmarks/contenders/node.js';
import { measureJob, median } from '../../benchmarks/measure.js';

const LIMIT = 120;

/** A contender whose times and answers are given; what happens is written down in `order`. */
function scripted(name: string, answers: number[], order: string[] = []): Contender {
  return {
    name,
    jobs: ['tasks'],
    available: async () => null,
    version: async () => '1',
    async *warm() {
      try {
        yield { what: 'context', seconds: 9, answer: -1 };
        for (const [i, answer] of answers.entries()) {
          order.push(`${name} ${i}`);
          yield { what: `run ${i + 1}`, seconds: i + 1, answer };
        }
      } finally {
        order.push(`${name} closed`);
      }
    },
    whole: async () => ({ what: 'whole', seconds: 50, answer: answers.at(-1)! }),
  };
}

const check = ({ answer }: { answer: number }) => (answer === 42 ? null : `answered ${answer}, expected 42`);
const options = { repeats: 2, phases: ['warm', 'whole'] as const, check, log: () => {} };

describe('measureJob', () => {
  test('lets the contenders take turns and keeps the first run apart', async () => {
    const order: string[] = [];
    const [a, b] = await measureJob('tasks', [scripted('a', [42, 42, 42], order), scripted('b', [42, 42, 42], order)], options);
    assert.deepEqual(order, ['a 0', 'b 0', 'a 1', 'b 1', 'a 2', 'b 2', 'a closed', 'b closed']);
    assert.deepEqual(a, { job: 'tasks', who: 'a', cold: 1, warm: [2, 3], whole: [50, 50], peak: [], context: 9, failed: null });
    assert.deepEqual(b, { ...a, who: 'b' });
  });

  test('a wrong answer fails its row and nobody else', async () => {
    const [wrong, right] = await measureJob('tasks', [scripted('wrong', [42, 41, 42]), scripted('right', [42, 42, 42])], options);
    assert.equal(wrong!.failed, 'answered 41, expected 42');
    assert.deepEqual([wrong!.warm, wrong!.whole], [[], []]);
    assert.equal(right!.failed, null);
    assert.deepEqual(right!.warm, [2, 3]);
  });

  test('so does a session that ends early', async () => {
    const [row] = await measureJob('tasks', [scripted('short', [42])], options);
    assert.equal(row!.failed, 'its session ended early');
  });
});

describe('sessions and whole processes', () => {
  const small = nodeProgram('loops/session.js', ['reduceByKey', '1', '1000', '']);

  test('a session answers once for every pull', async () => {
    const runs: Run[] = [];
    for await (const run of sessionRuns(small, 3, LIMIT)) runs.push(run);
    assert.deepEqual(
      runs.map(({ what, answer }) => [what, answer]),
      [
        ['run 1', 1000],
        ['run 2', 1000],
        ['run 3', 1000],
      ],
    );
  });

  test('a session tells what it had to start', async () => {
    const pool = nodeProgram('piscina/session.js', ['reduceByKey', '2', '1000', '']);
    const whats: string[] = [];
    for await (const { what } of sessionRuns(pool, 2, LIMIT)) whats.push(what);
    assert.deepEqual(whats, ['context', 'run 1', 'run 2']);
  });

  test('a whole process takes longer than the run in it', async () => {
    const run = await wholeProcess(small, LIMIT);
    assert.equal(run.answer, 1000);
    assert.equal(run.what, 'whole');
    assert.ok(run.seconds > 0);
  });

  test('a program that fails says why', async () => {
    const unknown = nodeProgram('loops/session.js', ['nothing', '1', '1', '']);
    await assert.rejects(wholeProcess(unknown, LIMIT), /exit code 1.*no job nothing/s);
    await assert.rejects(async () => {
      for await (const _run of sessionRuns(unknown, 1, LIMIT));
    }, /exit code 1.*no job nothing/s);
  });

  test('a program that is not there is an error, not a crash', async () => {
    const absent = { file: 'no-such-program-of-heddle', args: [] };
    await assert.rejects(wholeProcess(absent, LIMIT), /ENOENT/);
    await assert.rejects(sessionRuns(absent, 1, LIMIT).next(), /ENOENT/);
  });

  test('a program that never answers is given up', async () => {
    const silent = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };
    await assert.rejects(sessionRuns(silent, 1, 0.01).next(), /given up after 0.01 seconds/);
    await assert.rejects(wholeProcess(silent, 0.01), /given up after 0.01 seconds/);
  });
});

test('parseRun passes over what is no line of the protocol', () => {
  assert.deepEqual(parseRun('{"peer":"c","job":"pi","what":"run 1","seconds":0.5,"answer":3}'), { what: 'run 1', seconds: 0.5, answer: 3 });
  for (const line of ['', 'hello', '{', '{}', '{"what":"run 1","seconds":"1","answer":3}']) assert.equal(parseRun(line), null);
});

test('median', () => {
  assert.equal(median([]), null);
  assert.equal(median([3]), 3);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});
