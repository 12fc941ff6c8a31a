// Contexts whose tasks run in processes of their own: what a closure does to its process ends its task and nothing else, and
// nothing is left of the processes, however the context ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Context } from '../../lib/context.js';
import type { HeddleError } from '../../lib/core/errors.js';
import type { EngineEvent } from '../../lib/core/events.js';
import type { ContextOptions } from '../../lib/core/options.js';
import { Folder, failure, MAIN, smallContext } from './support.js';

// Of the processes, not of this one: what runs out of memory does so soon.
process.env.NODE_OPTIONS = '--max-old-space-size=64';

const folder = new Folder();
after(() => folder.remove());

const open: Context[] = [];
afterEach(() => Promise.all(open.splice(0).map(sc => sc.stop())));
async function isolated(options: ContextOptions = {}): Promise<Context> {
  const sc = await smallContext({ isolation: 'process', memory: '128mb', ...options });
  open.push(sc);
  return sc;
}

let files = 0;
/** A file name that nobody had before. */
const fresh = () => join(folder.path, `file-${files++}`);

/** Whether a process runs: one that has ended and that nobody has asked about yet does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await setImmediate();
}

const sums = (sc: Context) =>
  sc
    .range(0, 2000, 1, 8)
    .map(x => [x % 7, x / 3] as const)
    .reduceByKey((a, b) => a + b, 4)
    .collect();

/** A context, what its sums are, and the executors that it loses. */
async function watched() {
  const sc = await isolated();
  const lost: EngineEvent[] = [];
  sc.on('executorLost', event => void lost.push(event));
  return { sc, expected: await sums(sc), lost };
}

describe('a closure that ends its process', () => {
  test('by memory without bound: its job fails with its name, and others go on with right answers', async () => {
    const { sc, expected, lost } = await watched();
    const poison = sc
      .range(0, 4, 1, 4)
      .map(x => {
        if (x !== 2) return x;
        const rows: number[] = [];
        for (;;) rows.push(rows.length);
      })
      .filter(x => x >= 0);
    let isOver = false;
    const others = (async () => {
      let jobs = 0;
      for (; !isOver; jobs++) assert.deepEqual(await sums(sc), expected);
      return jobs;
    })();
    const error = await poison.count().then(
      () => assert.fail('it resolved'),
      (reason: unknown) => reason as HeddleError,
    );
    isOver = true;
    assert.ok((await others) > 0);
    // Where V8 sees its limit come it ends the thread alone, and else the process, each time anew.
    assert.ok(['HEDDLE_TASK_LOST', 'HEDDLE_THREAD_LOST'].includes(error.code), error.message);
    assert.match(error.message, /^count: filter at isolation\.test\.[jt]s:\d+: .* 4 times/);
    assert.match(error.message, /partition 2 of stage/);
    assert.match(error.message, /heap/);
    if (error.code === 'HEDDLE_TASK_LOST') assert.equal(lost.length, 4);
    else assert.ok(lost.length < 4, 'the last attempt ended its thread alone');
    assert.deepEqual(await sums(sc), expected);
  });

  test('each time: its job fails with its operators and the executors that went', async () => {
    const { sc, expected, lost } = await watched();
    const poison = sc
      .range(0, 4, 1, 4)
      .map(x => {
        if (x === 2) process.kill(process.pid, 'SIGABRT');
        return x;
      })
      .filter(x => x >= 0);
    const error = await failure(poison.count(), 'HEDDLE_TASK_LOST');
    assert.match(
      error.message,
      /^count: filter at isolation\.test\.[jt]s:\d+: partition 2 of stage \d+ was lost with its executor 4 times .*it ended by SIG\w+/,
    );
    assert.match(error.message, /Its operators: map at isolation\.test\.[jt]s:\d+, filter at isolation\.test\.[jt]s:\d+$/);
    assert.deepEqual([error.data.partition, error.data.losses, (error.data.executors as string[]).length], [2, 4, 4]);
    assert.equal(lost.length, 4);
    assert.deepEqual(await sums(sc), expected);
  });

  test('once: the task runs again in another process, and each row counts once', async () => {
    const sc = await isolated();
    const file = fresh();
    const seen = sc.accumulator(0);
    const groups = sc
      .range(0, 1000, 1, 6)
      .map(x => {
        if (x === 700 && !existsSync(file)) {
          writeFileSync(file, '');
          process.kill(process.pid, 'SIGABRT');
        }
        seen.add(1);
        return [x % 10, x] as const;
      })
      .groupByKey(3);
    const rows = (await groups.collect()).flatMap(([, values]) => values).sort((a, b) => a - b);
    assert.deepEqual(
      rows,
      Array.from({ length: 1000 }, (_, i) => i),
    );
    assert.equal(seen.value, 1000);
  });

  test('a thread of it alone: the process goes on', async () => {
    const sc = await isolated();
    const lost: EngineEvent[] = [];
    sc.on('executorLost', event => void lost.push(event));
    await failure(
      sc
        .range(4)
        .map(x => process.exit(x))
        .collect(),
      'HEDDLE_THREAD_LOST',
    );
    assert.equal(await sc.range(1000).sum(), 499_500);
    assert.deepEqual(lost, []);
  });

  test('all of them, in the only place: the next one runs the next job', async () => {
    const sc = await isolated({ threads: 1, maxFailures: 1 });
    for (let round = 0; round < 3; round++) {
      const abort = sc.range(0, 2, 1, 1).map(x => process.kill(process.pid, 'SIGKILL') && x);
      assert.match((await failure(abort.collect(), 'HEDDLE_TASK_LOST')).message, /it ended by SIGKILL/);
      assert.equal(await sc.range(10).sum(), 45);
    }
  });
});

test('a task that takes long is run a second time where that is asked for', async () => {
  const sc = await isolated({ speculation: true, speculationQuantile: 0.5 });
  const file = fresh();
  const rows = sc.range(0, 4, 1, 4).map(x => {
    if (x !== 1 || existsSync(file)) return x;
    writeFileSync(file, '');
    for (;;) if (x < 0) return x;
  });
  assert.deepEqual(await rows.collect(), [0, 1, 2, 3]);
});

describe('a context', () => {
  test('has a process for each thread, in which its closures run', async () => {
    const sc = await isolated({ threads: 3, memory: '256mb' });
    assert.deepEqual([sc.threads, sc.defaultParallelism], [3, 12]);
    const pids = new Set(
      await sc
        .range(0, 60, 1, 60)
        .map(() => process.pid)
        .collect(),
    );
    assert.ok(!pids.has(process.pid));
    assert.ok(pids.size > 1 && pids.size <= 3, `${pids.size} processes`);
    await sc.stop();
    await gone([...pids]);
  });

  test('with executors elsewhere is refused processes of its own', async () => {
    const options: ContextOptions = { listen: '127.0.0.1:0', secret: 'a secret for the tests' };
    assert.match((await failure(isolated(options), 'HEDDLE_BAD_OPTION')).message, /^isolation: 'process' is for a context without/);
  });

  test('says what keeps its processes from coming up', async () => {
    const { NODE_OPTIONS } = process.env;
    process.env.NODE_OPTIONS = '--there-is-no-such-flag';
    try {
      assert.match((await failure(isolated(), 'HEDDLE_NO_EXECUTORS')).message, /exit code 9 \(.*--there-is-no-such-flag/);
    } finally {
      process.env.NODE_OPTIONS = NODE_OPTIONS;
    }
  });
});

describe('a driver', () => {
  // Its processes have its standard output: it is closed, and the outcome there, when the last of them has ended.
  const posix = { skip: process.platform === 'win32' && 'Windows has no such signals to send' };
  const create = `import { writeFileSync } from 'node:fs';
import { Context } from 'heddle';
const sc = await Context.create({ threads: 2, memory: '128mb', isolation: 'process', progress: false });
const pids = await sc.range(0, 20, 1, 20).map(() => process.pid).distinct().collect();
writeFileSync('pids', JSON.stringify(pids));
`;
  const endless = `${create}const rows = sc.range(0, 4, 1, 4).map(x => {
  writeFileSync('running', '');
  for (;;) x++;
});
await rows.collect();
`;

  async function checkGone(here: Folder): Promise<void> {
    const pids = JSON.parse(readFileSync(join(here.path, 'pids'), 'utf8')) as number[];
    assert.ok(pids.length > 0);
    await gone(pids);
    const left = readdirSync(here.path).filter(name => name.startsWith('heddle-'));
    assert.deepEqual(left, []);
  }

  async function run(script: string, end: (pid: number) => void, detached = false) {
    const here = new Folder();
    try {
      const file = here.put('script.mjs', script);
      const env = { ...process.env, HEDDLE_SPILL_DIRECTORY: here.path, TMPDIR: here.path };
      const child = spawn(process.execPath, [MAIN, 'run', file], { cwd: here.path, env, detached, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
      const closed = new Promise<NodeJS.Signals | null>(resolve => child.once('close', (_code, signal) => resolve(signal)));
      await here.appears('running');
      end(child.pid!);
      const signal = await closed;
      await checkGone(here);
      return { signal, said };
    } finally {
      here.remove();
    }
  }

  test('that is killed takes its processes along, in the middle of a task that never ends', posix, async () => {
    assert.equal((await run(endless, pid => process.kill(pid, 'SIGKILL'))).signal, 'SIGKILL');
  });

  test('that is interrupted ends them, whether they get the signal or not', posix, async () => {
    const ends = await Promise.all([
      run(endless, pid => process.kill(pid, 'SIGINT')),
      // As a terminal does.
      run(endless, pid => process.kill(-pid, 'SIGINT'), true),
    ]);
    assert.deepEqual(ends, [
      { signal: 'SIGINT', said: '' },
      { signal: 'SIGINT', said: '' },
    ]);
  });

  test('that exits, or has no more to do, leaves nothing behind', async () => {
    for (const end of ['await sc.stop();', 'process.exit(0);', '']) {
      const here = new Folder();
      try {
        const file = here.put('script.mjs', `${create}console.log(await sc.range(10).sum());\n${end}`);
        assert.deepEqual(
          await here.run([file], { HEDDLE_SPILL_DIRECTORY: here.path }),
          { code: 0, signal: null, out: '45\n', err: '' },
          end,
        );
        await checkGone(here);
      } finally {
        here.remove();
      }
    }
  });

  test('hears what closures say, on its own standard output and standard error', async () => {
    const script = `${create}await sc.range(0, 1, 1, 1).forEach(() => { console.log('to out'); console.error('to err'); });
await sc.stop();
`;
    const here = new Folder();
    try {
      const { code, out, err } = await here.run([here.put('script.mjs', script)]);
      assert.deepEqual([code, out, err], [0, 'to out\n', 'to err\n']);
    } finally {
      here.remove();
    }
  });
});
