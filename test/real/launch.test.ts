// `heddle launch` through a real sshd: executors that are started, work, and leave nothing behind.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Held, HOLD } from '../held.js';
import { type Running, startNode } from '../node-process.js';
import { processes } from './processes.js';
import { type Sshd, startSshd } from './sshd.js';
import { skipFor, whyMissing } from './tools.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

const missing =
  process.platform === 'linux'
    ? await whyMissing({ sshd: 'openssh-server', ssh: 'openssh-client', 'ssh-keygen': 'openssh-client' })
    : 'no Linux';

describe('heddle launch, through sshd', { skip: skipFor(missing) }, () => {
  let folder: string;
  let sshd: Sshd;
  before(async () => {
    assert.equal(missing, null);
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-launch-')));
    // By this path the executors are told from all others.
    symlinkSync(ROOT, join(folder, 'heddle'));
    sshd = await startSshd(folder);
  });
  after(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await sshd?.close(); // and with it all sessions
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const started: Running[] = [];
  function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const options = sshd.options.flatMap(option => ['--ssh-option', option]);
    const running = startNode(folder, [MAIN, 'launch', ...options, ...args], { HEDDLE_PROGRESS: 'off', ...env });
    started.push(running);
    return running;
  }

  /** Two executors of this machine. */
  function hosts(...lines: readonly string[]): string {
    const file = join(folder, 'hosts.conf');
    const common = 'threads=1 memory=128mb';
    const node = (line: string) => (line.includes(' node=') ? '' : ` node=${process.execPath}`);
    writeFileSync(file, ['# two of them', ...lines.map(line => `127.0.0.1:${sshd.port} ${common} ${line}${node(line)} # here`)].join('\n'));
    return file;
  }

  function project(job: string): string {
    const path = mkdtempSync(join(folder, 'project-'));
    mkdirSync(join(path, 'lib'));
    writeFileSync(join(path, 'lib', 'words.ts'), 'export const words = (line: string): string[] => line.split(/ +/);\n');
    writeFileSync(
      join(path, 'main.ts'),
      `import { rmSync } from 'node:fs';
       import { Context } from 'heddle';
       import { words } from './lib/words.ts';
       await using sc = await Context.create({ partitions: 4 });
       const executors = new Set<string>();
       sc.on('taskStarted', ({ executor }) => executors.add(executor));
       const lines = Array.from({ length: 2000 }, (_, i) => 'warp weft  word' + (i % 7));
       const counts = sc.parallelize(lines, 8).flatMap(line => words(line)).map(word => [word, 1] as const).reduceByKey((a, b) => a + b, 3);
       rmSync(new URL('./lib', import.meta.url), { recursive: true });
       ${job}`,
    );
    return join(path, 'main.ts');
  }

  const executorsOf = () =>
    processes().filter(({ command }) => command.startsWith(`${process.execPath} ${folder}`) && command.includes(' executor '));

  test('runs a script with its executors, and ends them', async () => {
    const script = project(
      `console.log(JSON.stringify([(await counts.collect()).sort(), executors.size, process.argv.slice(2)])); process.exitCode = 7;`,
    );
    const heddle = `heddle=${join(folder, 'heddle')}`;
    const { ended } = start(['--hosts', hosts(heddle, `${heddle}/dist/lib/cli/main.js`), script, '--top', '3']);
    const { code, out, err } = await ended;
    assert.equal(code, 7, err);
    const expected = [...Array.from({ length: 7 }, (_, i) => [`word${i}`, i < 5 ? 286 : 285]), ['warp', 2000], ['weft', 2000]].sort();
    assert.deepEqual(JSON.parse(out), [expected, 2, ['--top', '3']]);
    assert.match(err, /^\[127\.0\.0\.1\] heddle executor: works for the driver at/m);
    assert.match(err, /^\[127\.0\.0\.1 \(2\)\] heddle executor: listening on 127\.0\.0\.1:\d+$/m);
    assert.deepEqual(executorsOf(), []);
  });

  test('leaves nothing behind when it is killed in the middle of a job', async () => {
    const script = project(`
      await counts.collect();
      console.log('is in the middle');
      await sc.range(0, 4, 1, 4).map(() => { for (;;); }).collect();`);
    const heddle = `heddle=${join(folder, 'heddle')}`;
    const held = new Held(join(folder, 'held'));
    const node = join(folder, 'node');
    writeFileSync(node, `#!/bin/sh\nHELD=${held.env.HELD}\n${HOLD}\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const launcher = start(['--hosts', hosts(`${heddle} node=${node}`, `${heddle} node=${node}`), script]);
    await launcher.said('is in the middle');
    assert.equal(executorsOf().length, 2);
    const driver = processes().find(({ parent, command }) => parent === launcher.child.pid && command.includes('main.js run -- '))!;
    launcher.child.kill('SIGKILL');
    process.kill(driver.pid, 'SIGKILL');
    await launcher.ended;
    await held.over;
    assert.deepEqual(executorsOf(), []);
  });

  test('passes an interrupt on to the script, and then ends the executors', async () => {
    const script = project(`
      console.log('is in the middle');
      await sc.range(0, 4, 1, 4).map(() => { for (;;); }).collect();`);
    const launcher = start(['--hosts', hosts(`heddle=${join(folder, 'heddle')}`), script]);
    await launcher.said('is in the middle');
    launcher.child.kill('SIGINT');
    const { code, err } = await launcher.ended;
    assert.equal(code, 130, err);
    assert.deepEqual(executorsOf(), []);
  });

  test('ends a script whose executors are all lost', async () => {
    const script = project(`
      await counts.collect();
      console.log('is in the middle');
      await sc.range(0, 4, 1, 4).map(() => { for (;;); }).collect();`);
    const launcher = start(['--hosts', hosts(`heddle=${join(folder, 'heddle')}`), script]);
    await launcher.said('is in the middle');
    for (const { pid } of executorsOf()) process.kill(pid, 'SIGKILL');
    const { code, err } = await launcher.ended;
    assert.equal(code, 1, err);
    assert.match(err, /^heddle launch: no executor is left, and none will come$/m);
    assert.deepEqual(executorsOf(), []);
  });

  test('without a script runs until it is interrupted, and any script can use what it says', async () => {
    const secret = 'a secret for the tests of launch';
    const launcher = start(['--hosts', hosts(`heddle=${join(folder, 'heddle')} address=127.0.0.1`)], { HEDDLE_SECRET: secret });
    let err = '';
    await new Promise<void>(resolve => {
      launcher.child.stderr!.on('data', (text: string) => {
        err += text;
        if (/HEDDLE_EXECUTORS=\S+ /.test(err)) resolve();
      });
      void launcher.ended.then(() => resolve());
    });
    const executors = /HEDDLE_EXECUTORS=(\S+) /.exec(err)?.[1];
    assert.match(String(executors), /^127\.0\.0\.1:\d+$/, err);
    for (const round of [1, 2]) {
      const script = project(`console.log((await counts.collect()).length + ${round}, executors.size);`);
      const { out, err } = await startNode(folder, [MAIN, 'run', script], { HEDDLE_EXECUTORS: executors, HEDDLE_SECRET: secret }).ended;
      assert.equal(out, `${9 + round} 1\n`, err);
    }
    for (const { command } of processes()) assert.ok(!command.includes(secret), command);
    launcher.child.kill('SIGINT');
    const { code, signal } = await launcher.ended;
    assert.deepEqual([code, signal], [0, null]);
    assert.deepEqual(executorsOf(), []);
    assert.ok(!err.includes(secret));
  });

  test('says which host does not come up, and ends the others', async () => {
    const good = `heddle=${join(folder, 'heddle')}`;
    const { code, out, err } = await start(['--hosts', hosts(good, `heddle=${folder}/nowhere`), project('')]).ended;
    assert.deepEqual([code, out], [1, ''], err);
    assert.match(
      err,
      /^heddle launch: 127\.0\.0\.1 \(2\) \(.*hosts\.conf:3\): there is no heddle or no node there \(127\): say where they are by heddle= and node=$/m,
    );
    assert.deepEqual(executorsOf(), []);
  });

  test('tells of an ssh that is not let in', async () => {
    const { code, err } = await start(['--ssh-option', 'User=nobody', '--hosts', hosts(''), project('')]).ended;
    assert.equal(code, 1, err);
    assert.match(err, /^\[127\.0\.0\.1\] .*Permission denied/m);
    assert.match(err, /^heddle launch: 127\.0\.0\.1 \(.*\): ssh could not connect/m);
  });
});
