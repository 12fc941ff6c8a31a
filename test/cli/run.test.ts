import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Outcome } from '../node-process.js';
import { Folder } from './command.js';

const folder = new Folder();
after(() => folder.remove());

function succeeded(outcome: Outcome, out: string): void {
  assert.deepEqual({ code: outcome.code, out: outcome.out }, { code: 0, out }, outcome.err);
}

describe('heddle run', () => {
  test('passes arguments and flags through untouched', async () => {
    const script = folder.put('args.ts', 'const seen: string[] = process.argv.slice(1);\nconsole.log(JSON.stringify(seen));\n');
    const flags = ['--threads', '3', '--help', '--version', '-x', '', '--', 'run', 'a b'];
    succeeded(await folder.run('run', 'args.ts', ...flags), `${JSON.stringify([script, ...flags])}\n`);
    succeeded(await folder.run('run', '--', './args.ts', '--', '-y'), `${JSON.stringify([script, '--', '-y'])}\n`);
  });

  test('runs TypeScript with top-level await and imports in a folder without a package.json', async () => {
    folder.put('part.ts', 'export function twice(x: number): number { return 2 * x; }\n');
    const text =
      "import { twice } from './part.js';\nconst four: number = await Promise.resolve(twice(2));\nconsole.log(four, typeof require);\n";
    for (const name of ['a.ts', 'a.mts']) {
      folder.put(name, text);
      succeeded(await folder.run('run', name), '4 undefined\n');
    }
  });

  test('runs JavaScript that imports TypeScript', async () => {
    folder.put('lib/three.ts', 'export const three: number = 3;\n');
    folder.put('lib/four.ts', 'export const four: number = 4;\n');
    for (const name of ['b.mjs', 'b.js']) {
      folder.put(
        name,
        "import { three } from './lib/three.ts';\nimport { four } from './lib/four.js';\nconsole.log(three + (await four));\n",
      );
      succeeded(await folder.run('run', name), '7\n');
    }
  });

  test('a CommonJS script is the main module', async () => {
    folder.put('five.ts', 'exports.five = 5 as number;\n');
    for (const name of ['c.js', 'c.cjs', 'c.ts', 'c.cts']) {
      folder.put(name, "if (require.main === module) console.log(require('./five').five, module.filename === process.argv[1]);\n");
      succeeded(await folder.run('run', name), '5 true\n');
    }
  });

  test("resolves 'heddle' to this package from any folder", async () => {
    const use = "console.log(new HeddleError('HEDDLE_IO', 'x').code);\n";
    for (const name of ['own.ts', 'own.mts', 'own.mjs', 'own.js']) {
      folder.put(name, `import { HeddleError } from 'heddle';\n${use}`);
      succeeded(await folder.run('run', name), 'HEDDLE_IO\n');
    }
    for (const name of ['lazy.cjs', 'lazy.cts']) {
      folder.put(name, `import('heddle').then(({ HeddleError }) => {\n  ${use}});\n`);
      succeeded(await folder.run('run', name), 'HEDDLE_IO\n');
    }
    folder.put('metadata.cjs', "console.log(require('heddle/package.json').name);\n");
    succeeded(await folder.run('run', 'metadata.cjs'), 'heddle\n');
  });

  test("a project's own heddle comes first, and other packages are not found by accident", async () => {
    folder.put('project/node_modules/heddle/package.json', '{ "name": "heddle", "type": "module", "exports": "./index.js" }');
    folder.put('project/node_modules/heddle/index.js', "export const version = 'of the project';\n");
    folder.put('project/a.ts', "import { version } from 'heddle';\nconsole.log(version);\n");
    succeeded(await folder.run('run', 'project/a.ts'), 'of the project\n');
    for (const name of ['stray.ts', 'stray.mjs']) {
      folder.put(name, "import 'commander';\n");
      const { code, err } = await folder.run('run', name);
      assert.equal(code, 1);
      assert.match(err, /Cannot find package 'commander'/);
    }
  });

  test("an error is shown with the script's own file and line", async () => {
    const text = "interface A {\n  a: number;\n}\n\nfunction fail(x: A): never {\n  throw new TypeError('boom ' + x.a);\n}\n\n";
    const scripts = {
      'module.ts': `${text}await Promise.resolve();\nfail({ a: 1 });\nexport {};\n`,
      'common.ts': `${text}fail({ a: 1 });\nmodule.exports = 1;\n`,
      'later.ts': `${text}setTimeout(() => fail({ a: 1 }), 1);\nexport {};\n`,
    };
    for (const [name, script] of Object.entries(scripts)) {
      const file = folder.put(name, script);
      const { code, out, err } = await folder.run('run', name);
      assert.deepEqual({ code, out }, { code: 1, out: '' });
      assert.match(err, /TypeError: boom 1/);
      assert.ok(err.includes(`${file}:6:9`), err);
    }
  });

  test("the exit code is the script's", async () => {
    folder.put('seven.ts', 'process.exitCode = 7 as number;\n');
    folder.put('eight.mjs', 'await new Promise(resolve => setTimeout(resolve, 1));\nprocess.exit(8);\n');
    assert.equal((await folder.run('run', 'seven.ts')).code, 7);
    assert.equal((await folder.run('run', 'eight.mjs')).code, 8);
  });

  test('a script that ends while it waits says so', async () => {
    folder.put('waits.ts', 'await new Promise<void>(() => {});\n');
    const { code, err } = await folder.run('run', 'waits.ts');
    assert.equal(code, 13);
    assert.match(err, /waits\.ts ended while a top-level await was still waiting/);
  });

  test('Ctrl-C reaches the script', { skip: process.platform === 'win32' && 'Windows has no SIGINT to send' }, async () => {
    const wait = "setInterval(() => {}, 1000);\nconsole.log('ready');\n";
    folder.put('handles.ts', `process.once('SIGINT', () => {\n  console.log('stopped');\n  process.exit(130 as number);\n});\n${wait}`);
    const handles = folder.start('run', 'handles.ts');
    await handles.said('ready');
    handles.child.kill('SIGINT');
    const { code, out } = await handles.ended;
    assert.deepEqual({ code, out }, { code: 130, out: 'ready\nstopped\n' });

    folder.put('does-not.ts', `export const x: number = 1;\n${wait}`);
    const doesNot = folder.start('run', 'does-not.ts');
    await doesNot.said('ready');
    doesNot.child.kill('SIGINT');
    // A shell shows this as exit code 130.
    assert.equal((await doesNot.ended).signal, 'SIGINT');
  });

  test('a script that is not there gets the nearest name and exit code 2', async () => {
    folder.put('near/wordcount.ts', '');
    const cases: [given: string, ...parts: string[]][] = [
      ['near/wrodcount.ts', 'there is no script near/wrodcount.ts', `did you mean ${join(folder.path, 'near', 'wordcount.ts')}?`],
      ['near/wordcount', `did you mean ${join(folder.path, 'near', 'wordcount.ts')}?`],
      ['near/zzz.js', 'nothing in', 'has such a name'],
      ['far/wordcount.ts', `there is no folder ${join(folder.path, 'far')}`],
      ['near', 'near is not a script but a folder'],
      ['data.csv', 'neither JavaScript nor TypeScript'],
    ];
    folder.put('data.csv', 'a,b\n');
    for (const [given, ...parts] of cases) {
      const { code, out, err } = await folder.run('run', given);
      assert.deepEqual({ code, out }, { code: 2, out: '' });
      for (const part of parts) assert.ok(err.startsWith('heddle: ') && err.includes(part), `${err} lacks ${part}`);
    }
  });
});
