// Commands of pipe whose process ends in the middle of their task: nothing is left of them, nor of what they have started.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ContextOptions } from '../../lib/core/options.js';
import { Held, HOLD } from '../held.js';
import { LISTENS } from '../node-process.js';
import { Folder, failure, MAIN, smallContext } from './support.js';

const skip = process.platform === 'win32' && 'Windows has no such commands';
const SECRET = 'a secret for the tests of commands';
/** Two processes, neither of which looks at its input. */
const COMMAND = `${HOLD}; sleep 3600 & echo a line; exec sleep 3600`;

const folder = new Folder();
after(() => folder.remove());
let pipes = 0;
const held = () => new Held(join(folder.path, `held-${pipes++}`));

/** Rows of a command that never ends, in the only task of its job; no second attempt. */
async function running({ env }: Held, options: ContextOptions) {
  const sc = await smallContext({ threads: 1, maxFailures: 1, ...options });
  const pid = await sc
    .range(0, 1, 1, 1)
    .map(() => process.pid)
    .first();
  const rows = sc.range(0, 1, 1, 1).pipe(COMMAND, { shell: true, env });
  return { sc, pid, rows };
}

describe('a command ends with', { skip }, () => {
  test('its executor process that is killed', async () => {
    const pipe = held();
    const { sc, pid, rows } = await running(pipe, { isolation: 'process', memory: '128mb' });
    await using _ = sc;
    const lost = failure(rows.count(), 'HEDDLE_TASK_LOST');
    await pipe.begun(lost);
    process.kill(pid, 'SIGKILL');
    await lost;
    await pipe.over;
  });

  test('its executor process that runs out of memory', async t => {
    const { NODE_OPTIONS } = process.env;
    t.after(() => {
      if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = NODE_OPTIONS;
    });
    process.env.NODE_OPTIONS = '--max-old-space-size=64';
    const pipe = held();
    const { sc, rows } = await running(pipe, { isolation: 'process', memory: '128mb' });
    await using _ = sc;
    const poison = rows.mapAsync(() => {
      const all: number[] = [];
      for (;;) all.push(all.length);
    });
    // V8 ends the thread alone where it sees its limit come.
    await assert.rejects(poison.count(), ({ code }: { code: string }) => code === 'HEDDLE_TASK_LOST' || code === 'HEDDLE_THREAD_LOST');
    await pipe.over;
  });

  test('its executor that is killed', async () => {
    const executor = folder.start([MAIN, 'executor', '--listen', '127.0.0.1:0', '--threads', '1', '--memory', '128mb'], {
      HEDDLE_SECRET: SECRET,
    });
    const address = await executor.said(LISTENS);
    const pipe = held();
    const { sc, rows } = await running(pipe, { secret: SECRET, executors: [address] });
    await using _ = sc;
    const lost = failure(rows.count(), 'HEDDLE_TASK_LOST');
    await pipe.begun(lost);
    executor.child.kill('SIGKILL');
    await lost;
    await pipe.over;
  });

  for (const [how, signal] of [
    ['is killed', 'SIGKILL'],
    ['exits', 'SIGUSR2'],
  ] as const) {
    for (const isolation of ['thread', 'process'] as const) {
      test(`the script that ${how}, with isolation '${isolation}'`, async () => {
        const pipe = held();
        const script = folder.put(
          'script.mjs',
          `import { Context } from 'heddle';
           process.on('SIGUSR2', () => process.exit(3));
           const sc = await Context.create({ threads: 1, memory: '128mb', isolation: '${isolation}', progress: false });
           await sc.range(0, 1, 1, 1).pipe(${JSON.stringify(COMMAND)}, { shell: true }).count();`,
        );
        const driver = folder.start([script], pipe.env);
        await pipe.begun(driver.ended);
        driver.child.kill(signal);
        await driver.ended;
        await pipe.over;
      });
    }
  }
});
