import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Folder } from './command.js';

const folder = new Folder();
after(() => folder.remove());

describe('heddle', () => {
  test('--help lists the commands', async () => {
    const { code, out, err } = await folder.run('--help');
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.match(out, /^Usage: heddle /);
    assert.match(out, /run <script> \[args\.\.\.\]/);
  });

  test('run --help and help run tell about run', async () => {
    for (const given of [
      ['run', '--help'],
      ['run', '-h'],
      ['help', 'run'],
    ]) {
      const { code, out } = await folder.run(...given);
      assert.equal(code, 0);
      assert.match(out, /^Usage: heddle run SCRIPT \[ARGS\.\.\.\]/);
      assert.match(out, /HEDDLE_THREADS=2/);
    }
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
    for (const flag of ['--version', '-V']) {
      const { code, out } = await folder.run(flag);
      assert.deepEqual({ code, out }, { code: 0, out: `${version}\n` });
    }
  });

  test('a mistake is explained on stderr and exits with 2', async () => {
    folder.put('job.ts', '');
    const cases: [given: string[], expected: RegExp][] = [
      [[], /heddle: expected a command\n$/],
      [['rnu', 'job.ts'], /^heddle: unknown command 'rnu'\n\(Did you mean run\?\)\n$/],
      [['job.ts'], /^heddle: unknown command 'job\.ts'; to run a script: heddle run job\.ts\n$/],
      [['--hlep'], /^heddle: unknown option '--hlep'\n\(Did you mean --help\?\)\n$/],
      [['run'], /^heddle: missing required argument 'script'\n$/],
      [['run', '--thread', 'job.ts'], /^heddle: unknown option '--thread'\n$/],
    ];
    for (const [given, expected] of cases) {
      const { code, out, err } = await folder.run(...given);
      assert.deepEqual({ code, out }, { code: 2, out: '' }, given.join(' '));
      assert.match(err, expected);
    }
  });
});
