// Executors as they are run: processes of the heddle command, and scripts that give them work.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TaskStarted } from '../../lib/core/events.js';
import { Context } from '../../lib/index.js';
import { LISTENS, type Running, startNode } from '../node-process.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const SECRET = 'a secret for the tests of executors';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-executors-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const started: Running[] = [];
after(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
});

function executor(...args: string[]): Running {
  const running = startNode(folder, [MAIN, 'executor', '--memory', '256mb', ...args], { HEDDLE_SECRET: SECRET });
  started.push(running);
  return running;
}

/** Starts an executor that listens; resolves with its address. */
async function listening(): Promise<{ readonly running: Running; readonly address: string }> {
  const running = executor('--listen', '127.0.0.1:0', '--threads', '1');
  return { running, address: await running.said(LISTENS) };
}

function local(): Promise<Context> {
  return Context.create({ threads: 2, partitions: 4, memory: '256mb', progress: false });
}

/** What a job gives, whatever runs it. */
const jobs: { readonly [name: string]: (sc: Context) => Promise<unknown> } = {
  'word count': sc =>
    sc
      .textFile(join(folder, 'words.txt'), { partitions: 5 })
      .flatMap(line => line.split(' '))
      .map(word => [word, 1] as const)
      .reduceByKey((a, b) => a + b, 3)
      .collect(),
  'sums of fractions': sc =>
    sc
      .range(0, 20_000, 1, 7)
      .map(i => [i % 13, Math.sin(i)] as const)
      .reduceByKey((a, b) => a + b, 3)
      .collect(),
  groups: sc =>
    sc
      .range(0, 3000, 1, 6)
      .map(i => [`key ${i % 40}`, { i, half: i / 2 }] as const)
      .groupByKey(5)
      .collect(),
  'a join and a sort': sc =>
    sc
      .range(0, 400, 1, 3)
      .map(i => [i % 50, i] as const)
      .join(
        sc.range(0, 100, 1, 2).map(i => [i, `name ${i}`] as const),
        4,
      )
      .sortByKey()
      .collect(),
  trials: sc => sc.trials(50_000, rng => rng.normal()).stats(),
  'trials until their mean is known well enough': async sc => {
    const { trials, mean, halfWidth } = await sc.trials(1e9, rng => rng.exponential()).summary({ until: { halfWidth: 0.01 } });
    return { trials, mean, halfWidth };
  },
  'rows of an array': sc =>
    sc
      .parallelize(
        Array.from({ length: 5000 }, (_, i) => ({ i, text: `row ${i}` })),
        3,
      )
      .filter(({ i }) => i % 3 === 0)
      .collect(),
  'a broadcast value': sc => {
    const names = sc.broadcast(new Map(Array.from({ length: 2000 }, (_, i) => [i, `name ${i}`])));
    return sc
      .range(0, 6000, 1, 6)
      .map(i => names.value.get(i % 2000))
      .distinct(3)
      .count();
  },
  'an accumulator': async sc => {
    const odd = sc.accumulator(0);
    await sc.range(0, 1001, 1, 5).forEach(i => {
      odd.add(i % 2);
    });
    return odd.value;
  },
};

async function sameAsLocal(sc: Context): Promise<void> {
  await using alone = await local();
  for (const [name, job] of Object.entries(jobs)) assert.deepEqual(await job(sc), await job(alone), name);
}

describe('executors', () => {
  before(() => {
    const words = ['warp', 'weft', 'heddle', 'shuttle', 'loom', 'naïve', ''];
    const lines = Array.from({ length: 4000 }, (_, i) =>
      Array.from({ length: 5 }, (_, j) => words[(i * 7 + j * j) % words.length]).join(' '),
    );
    writeFileSync(join(folder, 'words.txt'), lines.join('\n'));
  });

  test('that dial a context run its jobs, to the last bit as its own threads would', async () => {
    await using sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, partitions: 4, progress: false });
    const both = [executor('--connect', sc.address!, '--threads', '1'), executor('--connect', sc.address!, '--threads', '2')];
    // Tasks go to whoever is there; wait for the second, so that shuffles go between them.
    await Promise.all(both.map(running => running.said('works for the driver')));
    await sameAsLocal(sc);
    await sc.stop();
    for (const { child } of both) child.kill('SIGTERM');
    for (const { ended } of both) assert.equal((await ended).code, 0);
  });

  test('that are dialled do so for one context after another', async () => {
    const both = await Promise.all([listening(), listening()]);
    const executors = both.map(({ address }) => address);
    for (let round = 0; round < 2; round++) {
      await using sc = await Context.create({ executors, secret: SECRET, partitions: 4, progress: false });
      await sameAsLocal(sc);
      const output = join(folder, `out-${round}`);
      await sc
        .range(0, 100, 1, 4)
        .map(i => `line ${i}`)
        .saveAsTextFile(output);
      const parts = readdirSync(output)
        .filter(name => name.startsWith('part-'))
        .sort();
      assert.equal(parts.length, 4);
      const lines = parts.flatMap(name => readFileSync(join(output, name), 'utf8').trimEnd().split('\n'));
      assert.deepEqual(
        lines,
        Array.from({ length: 100 }, (_, i) => `line ${i}`),
      );
    }
  });

  test('that a context starts itself do so, too', async () => {
    await using sc = await Context.create({ isolation: 'process', threads: 2, partitions: 4, memory: '128mb', progress: false });
    await sameAsLocal(sc);
  });

  test('run reduce tasks where most of their input is', async () => {
    await using sc = await Context.create({ isolation: 'process', threads: 2, memory: '128mb', progress: false });
    const runs: TaskStarted[] = [];
    sc.on('taskStarted', event => void runs.push(event));
    // Each of two map tasks writes nearly all for one reduce id: in one job for that of its own number, in the other for the other's.
    for (const crossed of [0, 1]) {
      runs.length = 0;
      const pairs = sc.range(0, 20_000, 1, 2).map(i => [((i % 100 === 0 ? i / 100 : i < 10_000 ? 0 : 1) % 2) ^ crossed, i] as const);
      const groups = pairs.partitionBy({ partitions: 2, partition: key => key }).mapPartitions(rows => [[...rows].length]);
      assert.deepEqual(await groups.collect(), [10_000, 10_000]);
      const [reduceStage, mapStage] = [...new Set(runs.map(({ stage }) => stage))].sort((a, b) => a - b);
      const at = (stage: number, partition: number) => runs.find(run => run.stage === stage && run.partition === partition)!.executor;
      assert.notEqual(at(mapStage!, 0), at(mapStage!, 1));
      for (const partition of [0, 1]) assert.equal(at(reduceStage!, partition), at(mapStage!, partition ^ crossed), `crossed: ${crossed}`);
    }
  });

  test('that are killed in the middle of a job cost nothing but time', async () => {
    const both = await Promise.all([listening(), listening()]);
    const executors = both.map(({ address }) => address);
    await using sc = await Context.create({ executors, secret: SECRET, partitions: 4, progress: false });
    let ends = 0;
    // Its first map tasks have ended, and what they wrote is gone with it.
    sc.on('taskEnded', () => {
      if (++ends === 4) both[0]!.running.child.kill('SIGKILL');
    });
    await using alone = await local();
    assert.deepEqual(await jobs['sums of fractions']!(sc), await jobs['sums of fractions']!(alone));
    assert.equal((await both[0]!.running.ended).signal, 'SIGKILL');
  });

  test("tell of what the user's code threw with the user's line", async () => {
    await using sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, progress: false });
    executor('--connect', sc.address!, '--threads', '1');
    const failing = sc.range(10).map(i => {
      throw new RangeError(`no ${i}`);
    });
    await assert.rejects(failing.collect(), /threw RangeError: no 0 .*\n {4}at .*executors\.test\.[jt]s:\d+:\d+/);
  });
});

describe('heddle executor', () => {
  const refuses = async (pattern: RegExp, args: string[], env: NodeJS.ProcessEnv = {}) => {
    const { code, err } = await startNode(folder, [MAIN, 'executor', ...args], env).ended;
    assert.deepEqual([code, pattern.test(err)], [2, true], err);
  };

  test('says what is missing', async () => {
    await refuses(/needs --connect HOST:PORT.*or --listen/, [], { HEDDLE_SECRET: SECRET });
    await refuses(/needs a secret: set HEDDLE_SECRET/, ['--listen', '127.0.0.1:0']);
    await refuses(/at least 16 characters, got 5/, ['--listen', '127.0.0.1:0'], { HEDDLE_SECRET: 'short' });
    await refuses(/--connect: expected an address such as/, ['--connect', 'nowhere'], { HEDDLE_SECRET: SECRET });
  });

  test('ends with the reason when its driver does not take it', async () => {
    await using sc = await Context.create({ listen: '127.0.0.1:0', secret: 'a secret that is another one', progress: false });
    const warned = new Promise<string>(resolve => sc.on('warning', ({ message }) => resolve(message)));
    await refuses(/has another secret/, ['--connect', sc.address!, '--threads', '1'], { HEDDLE_SECRET: SECRET });
    assert.match(await warned, /refused a connection from 127\.0\.0\.1:\d+: it does not know the secret/);
  });
});

describe('a context with executors', () => {
  test('needs a secret, and one that is worth it', async () => {
    await assert.rejects(Context.create({ listen: '127.0.0.1:0' }), { code: 'HEDDLE_SECRET' });
    await assert.rejects(Context.create({ listen: '127.0.0.1:0', secret: 'short' }), { code: 'HEDDLE_SECRET' });
  });

  test('refuses addresses that are none', async () => {
    await assert.rejects(Context.create({ listen: 'nowhere', secret: SECRET }), { code: 'HEDDLE_BAD_OPTION' });
    await assert.rejects(Context.create({ executors: ['a:b'], secret: SECRET }), { code: 'HEDDLE_BAD_OPTION' });
  });

  test('waits for an executor that works for another one, and says so; its jobs no longer than it is told', async t => {
    const { address } = await listening();
    const first = await Context.create({ executors: [address], secret: SECRET, progress: false });
    try {
      assert.equal(await first.range(10).sum(), 45);
      const impatient = await Context.create({ executors: [address], secret: SECRET, progress: false, waitForExecutors: 100 });
      await assert.rejects(impatient.range(10).sum(), { code: 'HEDDLE_NO_EXECUTORS', message: /for 100 ms/ });
      await impatient.stop();
      const said: string[] = [];
      const { mock } = t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
      const second = await Context.create({ executors: [address], secret: SECRET, progress: false });
      try {
        const waiting = new Promise(resolve => second.on('jobWaiting', resolve));
        const sum = second.range(20).sum();
        await waiting;
        mock.restore();
        assert.match(said.join(''), /^heddle: .*this executor works for another driver now; .* is dialled again every 2 s\n/);
        assert.equal(await first.range(10).sum(), 45, 'the first one is not disturbed');
        await first.stop();
        assert.equal(await sum, 190);
      } finally {
        await second.stop();
      }
    } finally {
      await first.stop();
    }
  });

  test('says that its address is taken', async () => {
    await using sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, progress: false });
    await assert.rejects(Context.create({ listen: sc.address!, secret: SECRET }), { code: 'HEDDLE_LISTEN' });
  });
});
