// Modules that closures import, in executors that have none of the script's files: the scripts remove their own folder before
// there is any executor.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Outcome, type Running, startNode } from '../node-process.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const ENV = { HEDDLE_SECRET: 'a secret for the tests of modules', HEDDLE_PROGRESS: 'off' };

let folder: string;
before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-modules-')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const started: Running[] = [];
after(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
});

let projects = 0;
/** A folder with these files, and the packages of this project's own development. */
function project(files: Readonly<Record<string, string>>): string {
  const root = join(folder, `project-${projects++}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  return root;
}

/** A script that builds its job with its files there; then they go, and only then may executors come. */
const script = (imports: string, build: string, run: string) => `
${imports}
import { rmSync } from 'node:fs';
import { Context } from 'heddle';
const sc = await Context.create({ listen: '127.0.0.1:0', partitions: 2 });
${build}
rmSync(new URL('.', import.meta.url), { recursive: true });
console.log('listening on ' + sc.address + ' now');
const run = async () => ${run};
console.log('result ' + JSON.stringify(await run().catch(error => String(error.message))));
await sc.stop();
`;

async function resultOf(path: string): Promise<unknown> {
  const driver = startNode(folder, [MAIN, 'run', path], ENV);
  started.push(driver);
  const address = await driver.said(/listening on (\S+) now\n/);
  const home = mkdtempSync(join(folder, 'home-'));
  // Another folder, another home, nothing of the script's.
  const executor = startNode(home, [MAIN, 'executor', '--connect', address, '--threads', '1', '--memory', '128mb'], { ...ENV, HOME: home });
  started.push(executor);
  const outcome: Outcome = await driver.ended;
  executor.child.kill('SIGTERM');
  await executor.ended;
  const result = /^result (.*)$/m.exec(outcome.out)?.[1];
  assert.ok(result !== undefined, outcome.out + outcome.err);
  return JSON.parse(result);
}

/** The message with which a script's operator call is refused: no executor is there, nor any job. */
async function refusalOf(files: Readonly<Record<string, string>>, call: string, imports: string): Promise<string> {
  const root = project({
    ...files,
    'main.ts': `${imports}
      import { Context } from 'heddle';
      const sc = await Context.create({ listen: '127.0.0.1:0' });
      try { ${call} } catch (error) { console.log(error.code + ' ' + error.message); }
      await sc.stop();`,
  });
  const { out, err } = await startNode(folder, [MAIN, 'run', join(root, 'main.ts')], ENV).ended;
  assert.equal(err, '');
  return out;
}

describe('modules go to executors', () => {
  test('TypeScript and JSON, CommonJS, packages, one instance of each', async () => {
    const root = project({
      'main.ts': script(
        `import { makePoint, countCalls } from './lib/shapes.js';
         import { Point } from './lib/point';
         import * as legacy from './lib/legacy.cjs';
         import { parse } from 'yaml';
         import { snappyUncompress } from 'hyparquet';
         import { HeddleError } from 'heddle';
         import { basename } from 'node:path';`,
        `const job = sc
          .parallelize([1, 2, 3, 4], 1)
          .map(n => makePoint(n))
          .filter(point => point instanceof Point && point.x !== 3)
          .map(point => [point.label(), legacy.twice(point.x), parse('a: ' + point.x).a, basename('/a/b'),
                         snappyUncompress.name, new HeddleError('HEDDLE_INTERNAL', 'x').code, countCalls()]);`,
        'job.collect()',
      ),
      'package.json': '{ "type": "module" }',
      'lib/shapes.ts': `import { Point } from './point';
        let calls = 0;
        export const countCalls = (): number => ++calls;
        export function makePoint(x: number): Point { countCalls(); return new Point(x); }`,
      'lib/point.ts': `import names from './names.json' with { type: 'json' };
        export class Point { constructor(readonly x: number) {} label(): string { return names[this.x] ?? 'none'; } }`,
      'lib/names.json': '["zero", "one", "two"]',
      'lib/legacy.cjs': `const { sep } = require('path'); exports.twice = n => n * 2 + sep;`,
    });
    const row = (label: string, n: number, calls: number) => [label, `${n * 2}/`, n, 'b', 'snappyUncompress', 'HEDDLE_INTERNAL', calls];
    // What one closure has counted the others see: calls for 1, for its row, for 2, for its row, for 3 and 4, for its row.
    assert.deepEqual(await resultOf(join(root, 'main.ts')), [row('one', 1, 2), row('two', 2, 4), row('none', 4, 7)]);
  });

  test('top-level await and dynamic imports; broadcast values and accumulators take theirs along', async () => {
    const root = project({
      'main.mjs': script(
        `import { base, add } from './late.mjs';`,
        `const adders = sc.broadcast({ add: n => add(n, base) });
         const total = sc.accumulator(0, (sum, n) => add(sum, n));
         const job = sc.range(0, 3, 1, 1).mapAsync(async n => {
           total.add(n);
           const { times } = await import('./times.mjs');
           return times(adders.value.add(n));
         });`,
        '[await job.collect(), total.value]',
      ),
      'late.mjs': 'export const base = await Promise.resolve(10); export const add = (a, b) => a + b;',
      'times.mjs': `import { base } from './late.mjs'; export const times = n => n * base;`,
    });
    assert.deepEqual(await resultOf(join(root, 'main.mjs')), [[100, 110, 120], 3]);
  });

  test('what a CommonJS script requires, at its top and in closures', async () => {
    const root = project({
      'main.cjs': `
        const { twice } = require('./twice.cjs');
        const { rmSync } = require('node:fs');
        import('heddle').then(async ({ Context }) => {
          const sc = await Context.create({ listen: '127.0.0.1:0' });
          const job = sc.range(0, 3, 1, 1).map(n => twice(n) + require('./one.json').one + require('os').EOL);
          rmSync(__dirname, { recursive: true });
          console.log('listening on ' + sc.address + ' now');
          console.log('result ' + JSON.stringify(await job.collect().catch(error => error.message)));
          await sc.stop();
        });`,
      'twice.cjs': 'exports.twice = n => n * 2;',
      'one.json': '{ "one": 1 }',
    });
    assert.deepEqual(await resultOf(join(root, 'main.cjs')), ['1\n', '3\n', '5\n']);
  });

  test('errors in them have the line that the user wrote', async () => {
    const root = project({
      'main.ts': script(`import { check } from './check.ts';`, 'const job = sc.range(3).map(n => check(n));', 'job.collect()'),
      'check.ts': [
        'interface Row { n: number }',
        '',
        'export function check(n: number): Row {',
        "  throw new RangeError('no ' + n);",
        '}',
      ].join('\n'),
    });
    const message = await resultOf(join(root, 'main.ts'));
    assert.match(String(message), /threw RangeError: no 0 [\s\S]*\n {4}at .*\/check\.ts:4:9/);
  });
});

describe('a module that cannot go is refused at the call', () => {
  test('native code', async () => {
    const message = await refusalOf(
      { 'fast.cjs': `module.exports = require('./fast.node');`, 'fast.node': 'ELF' },
      'sc.range(3).map(n => import("./fast.cjs"))',
      '',
    );
    assert.match(
      message,
      /^HEDDLE_CLOSURE map\(f\): this closure cannot be shipped to a worker: the module "\.\/fast\.cjs" cannot be bundled for executors: No loader is configured for "\.node" files: fast\.node \(.*fast\.cjs:1:26\) \(.*main\.ts:\d+:\d+\); executors run JavaScript, TypeScript and JSON/,
    );
  });

  test('one that does not exist, by the closure that asks for it and by no other', async () => {
    const message = await refusalOf(
      { 'near.ts': 'export const near = (n: number) => n;' },
      `sc.range(3).map(n => near(n)); console.log('near is fine'); sc.range(3).mapAsync(async n => (await import('./far.js')).far(n))`,
      `import { near } from './near.ts';`,
    );
    assert.match(
      message,
      /^near is fine\nHEDDLE_CLOSURE mapAsync\(f\): .* the module "\.\/far\.js" cannot be bundled for executors: Could not resolve ".\/far\.js"/,
    );
  });
});
