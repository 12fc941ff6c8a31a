// `heddle run` starts the threads of a context before there is one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Outcome } from '../node-process.js';
import { Folder } from './command.js';

describe('threads that were started early', () => {
  let folder: Folder;
  before(() => {
    folder = new Folder();
  });
  after(() => folder.remove());

  async function run(script: string): Promise<Outcome> {
    folder.put('script.mjs', script);
    return await folder.run('run', 'script.mjs');
  }
  const said = (out: string) => ({ code: 0, signal: null, out, err: '' });

  test('know the environment that the script has made by then', async () => {
    const outcome = await run(`import { Context } from 'heddle';
      process.env.HEDDLE_TEST_LATE = 'late';
      delete process.env.HOME;
      const sc = await Context.create();
      const seen = await sc.range(0, 8000, 1, 8).map(() => process.env.HEDDLE_TEST_LATE + ' ' + process.env.HOME).distinct().collect();
      console.log(seen);
      await sc.stop();`);
    assert.deepEqual(outcome, said("[ 'late undefined' ]\n"));
  });

  test('are not those of a context that wants another number, nor of a second one', async () => {
    const outcome = await run(`import { availableParallelism } from 'node:os';
      import { Context } from 'heddle';
      for (const threads of [availableParallelism() + 1, availableParallelism(), availableParallelism()]) {
        const sc = await Context.create({ threads });
        console.log(sc.threads - availableParallelism(), await sc.range(0, 100_000, 1, 8).map(i => i % 10).sum());
        await sc.stop();
      }`);
    assert.deepEqual(outcome, said('1 450000\n0 450000\n0 450000\n'));
  });

  test('do not keep a script from ending that makes no context', async () => {
    assert.deepEqual(await run("import { HeddleError } from 'heddle';\nconsole.log(typeof HeddleError);"), said('function\n'));
  });

  test('are replaced when a closure ends one', async () => {
    const outcome = await run(`import { Context } from 'heddle';
      const sc = await Context.create({ maxFailures: 1 });
      const failed = await sc.range(0, 8000, 1, 8).map(i => (i === 5 ? process.exit(1) : i)).count().catch(error => error.code);
      console.log(failed, await sc.range(0, 8000, 1, 8).map(i => Math.sqrt(i) | 0).count());
      await sc.stop();`);
    assert.deepEqual(outcome, said('HEDDLE_THREAD_LOST 8000\n'));
  });
});
