// The life of a context: however it ends, and whatever its closures do to their threads, jobs end with the right answer or
// a coded error, the pool goes on, the heap is whole, and the process can end.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import type { Context } from '../../lib/context.js';
import { drainedHeap, Folder, failure, heapOf, MAIN, smallContext } from './support.js';

const folder = new Folder();
after(() => folder.remove());

const open: Context[] = [];
afterEach(() => Promise.all(open.splice(0).map(sc => sc.stop())));
async function opened(options?: Parameters<typeof smallContext>[0]): Promise<Context> {
  const sc = await smallContext(options);
  open.push(sc);
  return sc;
}

let files = 0;
/** A file name that nobody had before. */
const fresh = () => join(folder.path, `file-${files++}`);

/** A job whose every closure says in a file that it runs, and never comes back. */
function endless(sc: Context, file: string) {
  return sc.range(4).map((x): number => {
    writeFileSync(file, '');
    for (;;) x++;
  });
}

async function appears(file: string): Promise<void> {
  await folder.appears(file.slice(folder.path.length + 1));
}

async function checkUsable(sc: Context): Promise<void> {
  const counts = sc.range(1000).map(x => [x % 2, 1]);
  assert.deepEqual((await counts.reduceByKey((a, b) => a + b).collect()).sort(), [
    [0, 500],
    [1, 500],
  ]);
  assert.equal((await drainedHeap(sc)).blocks, 0);
}

describe('stop', () => {
  test('twice, at once and later, and by await using', async () => {
    const sc = await smallContext();
    await using alsoStops = sc;
    assert.equal(await alsoStops.range(10).sum(), 45);
    await Promise.all([sc.stop(), sc.stop()]);
    await sc.stop();
  });

  test('before anything ran', async () => {
    await (await smallContext()).stop();
  });

  test('while jobs run, even one whose closures never come back', async () => {
    const sc = await smallContext();
    const file = fresh();
    const jobs = [endless(sc, file).collect(), sc.range(10).count(), endless(sc, file).saveAsTextFile(fresh())];
    const ended = Promise.all(jobs.map(job => failure(job, 'HEDDLE_CONTEXT_STOPPED')));
    await appears(file);
    await sc.stop();
    await ended;
    assert.deepEqual(
      readdirSync(folder.path).filter(name => name.includes('heddle-tmp')),
      [],
    );
  });

  test('does not disturb another context', async () => {
    const [one, two] = [await smallContext(), await opened()];
    const sum = two
      .range(200_000)
      .map(x => x + 1)
      .sum();
    await one.stop();
    assert.equal(await sum, 200_000 * 100_000.5);
    await failure(one.range.bind(one) && Promise.resolve().then(() => one.range(1).count()), 'HEDDLE_CONTEXT_STOPPED');
  });
});

describe('cancelling', () => {
  test('by a signal that is aborted already, nothing runs', async () => {
    const sc = await opened();
    let tasks = 0;
    sc.on('taskStarted', () => void tasks++);
    const reason = new Error('changed my mind');
    const error = await failure(sc.range(10).collect({ signal: AbortSignal.abort(reason) }), 'HEDDLE_CANCELLED');
    assert.match(error.message, /changed my mind/);
    assert.equal(error.cause, reason);
    assert.equal(tasks, 0);
  });

  test('by a signal while closures run that never come back: their threads are ended', async () => {
    const sc = await opened();
    const [file, controller] = [fresh(), new AbortController()];
    const job = failure(endless(sc, file).collect({ signal: controller.signal }), 'HEDDLE_CANCELLED');
    await appears(file);
    controller.abort();
    await job;
    await checkUsable(sc);
  });

  test('in the middle of a shuffle: what its tasks took is given back', async () => {
    const sc = await opened();
    const [file, controller] = [fresh(), new AbortController()];
    const rows = sc.range(4_000_000).map(x => {
      if (x === 300_000) writeFileSync(file, '');
      return [`key ${x % 1000}`, x];
    });
    const job = failure(rows.groupByKey().count({ signal: controller.signal }), 'HEDDLE_CANCELLED');
    await appears(file);
    controller.abort();
    await job;
    await checkUsable(sc);
  });

  test('by a deadline', async () => {
    const sc = await opened();
    const error = await failure(endless(sc, fresh()).collect({ deadline: 20 }), 'HEDDLE_DEADLINE');
    assert.match(error.message, /20 ms/);
    await failure(sc.range(3).collect({ deadline: 0 }), 'HEDDLE_DEADLINE');
    await checkUsable(sc);
  });

  test('many jobs by one signal, and no warning of a leak', async () => {
    const sc = await opened();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const controller = new AbortController();
    const { signal } = controller;
    const jobs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? endless(sc, fresh()) : sc.range(5)).count({ signal }));
    controller.abort();
    const ends = await Promise.allSettled(jobs);
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    await checkUsable(sc);
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
  });
});

describe('a thread that ends in a closure', () => {
  test('every time: the job fails after maxFailures, the pool goes on, the heap is whole', async () => {
    const sc = await opened({ maxFailures: 3 });
    const lost: string[] = [];
    sc.on('taskEnded', ({ error }) => error !== undefined && lost.push(error.code!));
    const error = await failure(
      sc
        .range(0, 8, 1, 8)
        .map(x => (x === 5 ? process.exit(3) : x))
        .collect(),
      'HEDDLE_THREAD_LOST',
    );
    assert.match(
      error.message,
      /^collect: map at lifecycle\.test\.(ts|js):\d+: .*process\.exit.*\(partition 5, attempt 2\).* tried 3 times/,
    );
    assert.deepEqual(lost, ['HEDDLE_THREAD_LOST', 'HEDDLE_THREAD_LOST', 'HEDDLE_THREAD_LOST']);
    await checkUsable(sc);
  });

  test('among quick tasks that share its message: it is the one that is named, and all others count once', async () => {
    const sc = await opened({ maxFailures: 2 });
    const tasks = 400;
    const counted = sc.accumulator(0);
    const file = fresh();
    const lost: number[] = [];
    sc.on('taskEnded', ({ error, partition }) => error !== undefined && lost.push(partition));
    const rows = sc.range(0, tasks, 1, tasks).map(x => {
      counted.add(1);
      if (x === 250 && !existsSync(file)) {
        writeFileSync(file, '');
        process.exit(1);
      }
      return x;
    });
    assert.deepEqual(
      await rows.collect(),
      Array.from({ length: tasks }, (_, i) => i),
    );
    assert.equal(counted.value, tasks);
    assert.deepEqual(lost, [250]);
    const error = await failure(rows.map(x => (x === 333 ? process.exit(2) : x)).count(), 'HEDDLE_THREAD_LOST');
    assert.match(error.message, /partition 333, attempt 1/);
    await checkUsable(sc);
  });

  test('in the middle of writing a shuffle: nothing of it is left', async () => {
    const sc = await opened({ maxFailures: 2 });
    const rows = sc.range(400_000).map(x => {
      if (x === 150_000) process.exit(0);
      return [`key ${x % 5000}`, x];
    });
    await failure(rows.groupByKey().count(), 'HEDDLE_THREAD_LOST');
    await checkUsable(sc);
  });

  test('once: the task runs again, and each record counts once', async () => {
    const sc = await opened();
    const file = fresh();
    const attempts: number[] = [];
    sc.on('taskEnded', ({ attempt, ok }) => ok && attempts.push(attempt));
    const counts = sc.range(0, 100_000, 1, 4).map(x => {
      if (x === 60_000 && !existsSync(file)) {
        writeFileSync(file, '');
        process.exit(1);
      }
      return [`key ${x % 10}`, 1];
    });
    const found = await counts.reduceByKey((a, b) => a + b + 0).collect();
    assert.deepEqual(
      found.sort(([a], [b]) => (a < b ? -1 : 1)),
      Array.from({ length: 10 }, (_, key) => [`key ${key}`, 10_000]),
    );
    assert.ok(attempts.includes(1), 'no attempt was a second one');
    await checkUsable(sc);
  });

  test('on the reduce side, once', async () => {
    const sc = await opened();
    const file = fresh();
    // In a function: a variable of this one would keep the lineage, and so the shuffle.
    const sum = () =>
      sc
        .range(1000)
        .map(x => [x % 10, x])
        .groupByKey()
        .map(([key, values]) => {
          if (key === 7 && !existsSync(file)) {
            writeFileSync(file, '');
            process.exit(1);
          }
          return values.length;
        })
        .sum();
    assert.equal(await sum(), 1000);
    await checkUsable(sc);
  });

  test('by an error in a timer that a closure left behind', async () => {
    const sc = await opened();
    const rows = sc.range(8).map(x => {
      setTimeout(() => {
        throw new Error('late');
      }, 0);
      return x;
    });
    for (let turn = 0; turn < 5; turn++) assert.equal(await rows.sum(), 28);
    await checkUsable(sc);
  });
});

describe('many', () => {
  test('jobs in a row, and at once', async () => {
    const sc = await opened();
    for (let i = 0; i < 200; i++) {
      const groups = await sc
        .range(100)
        .map(x => [x % 3, i])
        .reduceByKey((a, b) => a + b)
        .count();
      assert.equal(groups, 3);
    }
    const jobs = Array.from({ length: 20 }, (_, i) =>
      sc
        .range(1000)
        .map(x => x * i)
        .sum(),
    );
    assert.deepEqual(
      await Promise.all(jobs),
      Array.from({ length: 20 }, (_, i) => 499_500 * i),
    );
    await checkUsable(sc);
  });

  test('contexts, and no warning of a leak', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const contexts = await Promise.all(Array.from({ length: 12 }, () => smallContext({ threads: 1 })));
    assert.deepEqual(await Promise.all(contexts.map(sc => sc.range(10).sum())), Array(12).fill(45));
    await Promise.all(contexts.map(sc => sc.stop()));
    await new Promise(resolve => setImmediate(resolve));
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
    assert.equal(process.listenerCount('SIGINT'), 0);
  });
});

describe('memory', () => {
  test('of shuffles that nobody can reach is given back', async () => {
    const sc = await opened();
    // Twenty times what the heap holds: it must be given back as the jobs go by, when the driver collects garbage.
    for (let i = 0; i < 20; i++) {
      let grouped: unknown = sc
        .range(0, 100_000, 1, 4)
        .map(x => [x, i])
        .groupByKey();
      assert.equal(await (grouped as { count(): Promise<number> }).count(), 100_000);
      grouped = undefined;
      assert.equal((await drainedHeap(sc)).blocks, 0, `after ${i + 1} jobs`);
    }
  });

  test('of a shuffle that is still reachable stays, and is read again', async () => {
    const sc = await opened();
    const grouped = sc
      .range(1000)
      .map(x => [x % 10, x])
      .groupByKey();
    assert.equal(await grouped.count(), 10);
    const { usedBytes } = heapOf(sc).stats();
    let stages = 0;
    sc.on('stageStarted', () => void stages++);
    assert.equal(await grouped.count(), 10);
    assert.equal(stages, 1);
    assert.equal(heapOf(sc).stats().usedBytes, usedBytes);
  });

  test('that does not suffice: the error says which option to raise, and all is given back', async () => {
    const sc = await opened();
    let running = 0;
    let onIdle = () => {};
    sc.on('taskStarted', () => void running++);
    sc.on('taskEnded', () => --running === 0 && onIdle());
    // What the tasks that were called off hold comes back when they have ended.
    const idle = () => (running === 0 ? undefined : new Promise<void>(resolve => (onIdle = resolve)));
    // Rows spill; what each reduce id takes at least does not.
    const rows = sc.range(0, 40_000, 1, 2).map(x => [x, `some text of row ${x}`]);
    const error = await failure(rows.partitionBy(20_000).count(), 'HEDDLE_HEAP_FULL');
    assert.match(error.message, /^partitionBy.*: .*64 MiB.* raise the option memory .*HEDDLE_MEMORY/);
    await idle();
    await checkUsable(sc);
    await failure(rows.partitionBy(200_000).count(), 'HEDDLE_HEAP_FULL');
    await checkUsable(sc);
  });
});

test('without kernels the answers are the same', async () => {
  const [on, off] = [await opened({ kernels: 'on' }), await opened({ kernels: 'off' })];
  const answers = async (sc: Context) => [
    await sc.trials(10_000, rng => rng.uniform()).mean(),
    (
      await sc
        .range(10_000)
        .map(x => [x % 100, x * 0.1])
        .reduceByKey((a, b) => a + b)
        .collect()
    ).sort(([a], [b]) => a - b),
    (
      await sc
        .range(1000)
        .map(x => [`${x % 7}`, x])
        .groupByKey()
        .collect()
    ).sort(),
  ];
  assert.deepEqual(await answers(off), await answers(on));
  await checkUsable(off);
});

describe('a process', () => {
  const create = "import { Context } from 'heddle';\nconst sc = await Context.create({ threads: 2, memory: '64mb' });\n";
  const job = 'console.log(await sc.range(10).map(x => [x % 2, x]).reduceByKey((a, b) => a + b).count());\n';

  test('ends by itself after stop()', async () => {
    const script = folder.put('stops.mjs', `${create}${job}await sc.stop();\nconsole.log('stopped');\n`);
    assert.deepEqual(await folder.run([script]), { code: 0, signal: null, out: '2\nstopped\n', err: '' });
  });

  test('ends by itself with a context that is never stopped, used or not', async () => {
    const used = folder.put('used.mjs', create + job);
    assert.deepEqual(await folder.run([used]), { code: 0, signal: null, out: '2\n', err: '' });
    const idle = folder.put('idle.mjs', create);
    assert.deepEqual(await folder.run([idle]), { code: 0, signal: null, out: '', err: '' });
  });

  test('is free of what its contexts held', async () => {
    const counted = 'process.getActiveResourcesInfo().filter(name => !/^(Pipe|TTY|FSReqPromise|Timeout|Immediate)/.test(name))';
    const script = folder.put('handles.mjs', `${create}${job}await sc.stop();\nconsole.log(JSON.stringify(${counted}));\n`);
    assert.equal((await folder.run([script])).out, '2\n[]\n');
  });

  const posix = { skip: process.platform === 'win32' && 'Windows has no SIGINT to send' };
  const endlessScript = (end: string) => `import { writeFileSync } from 'node:fs';
${create}const rows = sc.range(4).map(x => {
  writeFileSync('running', '');
  for (;;) x++;
});
${end}`;

  test('is interrupted: no stack, no output, no temporary directory, and the signal goes on', posix, async () => {
    const endings: [name: string, end: string][] = [
      ['save', "await rows.saveAsTextFile('made/output');"],
      ['finally', 'try { await rows.collect(); } finally { await sc.stop(); console.log("finally"); }'],
      ['catch', 'await rows.count().catch(error => { console.error(error); process.exit(1); });'],
    ];
    const interrupt = async (name: string, end: string, ...command: string[]): Promise<void> => {
      const here = new Folder();
      try {
        const running = here.start([...command, here.put(`${name}.mjs`, endlessScript(end))]);
        await here.appears('running', running);
        running.child.kill('SIGINT');
        assert.deepEqual(await running.ended, { code: null, signal: 'SIGINT', out: '', err: '' }, name);
        const left = readdirSync(here.path).filter(entry => !['node_modules', 'package.json', `${name}.mjs`, 'running'].includes(entry));
        assert.deepEqual(left, []);
      } finally {
        here.remove();
      }
    };
    // All at once: each waits a second for closures that do not come back.
    await Promise.all(endings.flatMap(([name, end]) => [interrupt(name, end), interrupt(name, end, MAIN, 'run')]));
  });

  test('that handles the signal itself sees its jobs end', posix, async () => {
    const here = new Folder();
    try {
      const end = `process.once('SIGINT', () => console.log('asked to end'));
await rows.collect().catch(error => console.log(error.code));
process.exitCode = 7;`;
      const running = here.start([here.put('handles.mjs', endlessScript(end))]);
      await here.appears('running', running);
      running.child.kill('SIGINT');
      assert.deepEqual(await running.ended, { code: 7, signal: null, out: 'asked to end\nHEDDLE_CONTEXT_STOPPED\n', err: '' });
    } finally {
      here.remove();
    }
  });

  test('with HEDDLE_KERNELS=off', async () => {
    const script = folder.put(
      'kernels.mjs',
      `${create}console.log(await sc.trials(1000, rng => rng.int(6)).sum());\n${job}await sc.stop();\n`,
    );
    const [on, off] = [await folder.run([script]), await folder.run([script], { HEDDLE_KERNELS: 'off' })];
    assert.deepEqual(off, on);
    assert.equal(on.err, '');
  });
});
