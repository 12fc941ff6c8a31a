// The ways in which users run their scripts: each runs as a child process that ships closures to worker threads and
// prints what came back as JSON. The scripts are written to a directory of their own, for loaders go by package type.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CLOSURES = new URL('../../../lib/codec/closure/index.js', import.meta.url).href;
const SHIP = new URL('./ship.js', import.meta.url).href;
const MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
const TSX = new URL(import.meta.resolve('tsx')).href;

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heddle-closures-'));
  await symlink(MODULES, join(dir, 'node_modules'));
});
after(() => rm(dir, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(dir, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

interface Printed {
  results: unknown[];
  /** file:line of the error thrown in a worker, mapped. */
  thrown: string;
  /** file:line of a refusal. */
  refused: string;
}

type Failed = Error & { stdout: string; stderr: string };

async function runScript(file: string, flags: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Printed> {
  // The runner's own flags must not leak in: NODE_TEST_CONTEXT would change what a child's test run prints.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...rest } = process.env;
  const { stdout, stderr } = await run(process.execPath, [...flags, file], { env: { ...rest, ...env } }).catch((error: Failed) => {
    // Node.js 20 cannot report the coverage of some files with source maps and then fails a run whose tests all passed.
    if (/^# fail 0$/m.test(error.stdout) && error.stdout.includes('Could not report code coverage')) return error;
    throw error;
  });
  assert.equal(stderr, '');
  const line = stdout.split('\n').find(text => text.includes('{"results"'));
  assert.ok(line !== undefined, stdout);
  return JSON.parse(line.slice(line.indexOf('{"results"'))) as Printed;
}

const HELPER = {
  ts: 'let calls = 0; const key = Symbol("k");\nexport const twice = (x: number): number => (calls++, key.description!.length * 2 * x);\nexport default class Point { constructor(public x: number) {} plus(y: number): number { return twice(this.x) + y; } }\n',
  mjs: 'let calls = 0; const key = Symbol("k");\nexport const twice = x => (calls++, key.description.length * 2 * x);\nexport default class Point { constructor(x) { this.x = x; } plus(y) { return twice(this.x) + y; } }\n',
  cjs: 'let calls = 0; const key = Symbol("k");\nexports.twice = x => (calls++, key.description.length * 2 * x);\nexports.Point = class Point { constructor(x) { this.x = x; } plus(y) { return exports.twice(this.x) + y; } };\n',
};

const EXPECTED = [5, 'b', 8, 14, 120, true, [1, 4, 9], 'Green', 7];

/** The same script in each dialect; `number` is the type annotation or nothing. */
function body({ number, basename, point, twice }: { number: string; basename: string; point: string; twice: string }): string {
  const type = number === '' ? '' : `: ${number}`;
  return `
const K${type} = 4;
const Color = { Green: 'Green' };
function factorial(n${type})${type} { return n < 2 ? 1 : n * factorial(n - 1); }
const even = (n${type})${number && ': boolean'} => n === 0 || odd(n - 1);
const odd = (n${type})${number && ': boolean'} => n !== 0 && even(n - 1);
class Squares { constructor(n${type}) { this.n = n; } ${number && 'n: number; '}static of(n${type}) { return new Squares(n); } list() { const inner = (i${type}) => i * i; return Array.from({ length: this.n }, (_, i) => inner(i + 1)); } }
const squares = new Squares(3);
const table = { at: new Map([['x', K]]), plus: (x${type}) => x + K };
async function main() {
  const { ship } = await import(${JSON.stringify(SHIP)});
  const { captureClosure, mapFrames } = await import(${JSON.stringify(CLOSURES)});
  const results = [
    await ship((x${type}) => x + K, 1),
    await ship(() => ${basename}('/a/b')),
    await ship((x${type}) => ${twice}(x), 4),
    await ship(() => new ${point}(5).plus(K)),
    await ship(() => factorial(5)),
    await ship(() => even(10)),
    await ship(() => squares.list()),
    await ship(() => Color.Green),
    await ship(() => table.plus(3)),
  ];
  let thrown = '', refused = '';
  const fail = (x${type}) => {
    if (x > K) throw new Error('boom'); // LINE
    return x;
  };
  await ship(fail, 9).catch((error${number && ': Error'}) => { const [f] = mapFrames(error.stack${number && '!'}); thrown = f${number && '!'}.file + ':' + f${number && '!'}.line; });
  const pending = Promise.resolve(1);
  try {
    captureClosure(() => pending, 'map'); // REFUSED
  } catch (error${number && ': any'}) { refused = error.data.file + ':' + error.data.line; }
  console.log(JSON.stringify({ results, thrown, refused }));
}
`;
}

function check(printed: Printed, file: string, text: string): void {
  const line = (mark: string) => text.split('\n').findIndex(one => one.endsWith(`// ${mark}`)) + 1;
  assert.deepEqual(printed.results, EXPECTED);
  assert.equal(printed.thrown, `${file}:${line('LINE')}`);
  assert.equal(printed.refused, `${file}:${line('REFUSED')}`);
}

const ESM = { number: '', basename: 'basename', point: 'Point', twice: 'twice' };

describe('scripts', () => {
  test('ECMAScript modules in plain JavaScript', async () => {
    await write('esm/helper.mjs', HELPER.mjs);
    const text = `import { basename } from 'node:path';\nimport Point, { twice } from './helper.mjs';\n${body(ESM)}\nawait main();\n`;
    const file = await write('esm/main.mjs', text);
    check(await runScript(file), file, text);
  });

  test('CommonJS', async () => {
    await write('cjs/helper.cjs', HELPER.cjs);
    const text = `const path = require('path');\nconst { twice, Point: P } = require('./helper.cjs');\n${body({ number: '', basename: 'path.basename', point: 'P', twice: 'twice' })}\nmain();\n`;
    const file = await write('cjs/main.cjs', text);
    check(await runScript(file), file, text);
  });

  test('CommonJS that calls require in a closure, sloppy code', async () => {
    await write('sloppy/helper.cjs', HELPER.cjs);
    const text = `
      function sloppy() { return typeof this; }
      const whole = require('./helper.cjs');
      async function main() {
        const { ship } = await import(${JSON.stringify(SHIP)});
        const results = [await ship(() => require('./helper.cjs').twice(3)), await ship(() => sloppy()), await ship(() => whole.twice(2)), await ship(() => __filename)];
        console.log(JSON.stringify({ results, thrown: '', refused: '' }));
      }
      main();`;
    const file = await write('sloppy/main.cjs', text);
    assert.deepEqual((await runScript(file)).results, [6, 'object', 4, file]);
  });

  for (const type of ['module', 'commonjs']) {
    for (const extension of type === 'module' ? ['', '.js', '.ts'] : ['']) {
      test(`tsx, package of type ${type}, importing ./helper${extension}`, async () => {
        const folder = `tsx-${type}${extension}`;
        await write(`${folder}/package.json`, JSON.stringify({ type }));
        await write(`${folder}/helper.ts`, HELPER.ts);
        const text = `import { basename } from 'node:path';\nimport Point, { twice } from './helper${extension}';\n${body({ ...ESM, number: 'number' })}\nvoid main();\n`;
        const file = await write(`${folder}/main.ts`, text);
        check(await runScript(file, ['--import', TSX]), file, text);
      });
    }
  }

  test('packages, default and namespace imports, a dynamic import at the top', async () => {
    const text = `import * as acorn from 'acorn';
      import fc, { stringify } from 'fast-check';
      import os from 'node:os';
      const { Minimatch: M = 1, ...rest } = {};
      const { format } = await import('node:util');
      const { ship } = await import(${JSON.stringify(SHIP)});
      const results = [
        await ship(() => acorn.parse('1', { ecmaVersion: 5 }).type),
        await ship(() => stringify([1]) + typeof fc.assert),
        await ship(() => typeof os.cpus),
        await ship(() => format('%d', 4)),
      ];
      console.log(JSON.stringify({ results, thrown: '', refused: '' }));`;
    const file = await write('packages/main.mjs', text);
    assert.deepEqual((await runScript(file)).results, ['Program', '[1]function', 'function', '4']);
  });

  test('a worker without tsx registers it for TypeScript modules', async () => {
    await write('lazy/package.json', JSON.stringify({ type: 'module' }));
    await write('lazy/helper.ts', HELPER.ts);
    const text = `import { twice } from './helper.js';
      import { ClosureWorker } from ${JSON.stringify(SHIP)};
      import { captureClosure } from ${JSON.stringify(CLOSURES)};
      const worker = new ClosureWorker({ execArgv: [], env: {} });
      const results: unknown[] = [await worker.call(captureClosure((x: number) => twice(x), 'map'), 4)];
      console.log(JSON.stringify({ results, thrown: '', refused: '' }));`;
    const file = await write('lazy/main.ts', text);
    assert.deepEqual((await runScript(file, ['--import', TSX])).results, [8]);
  });

  test('a helper exported by the script that runs is not imported again', async () => {
    await write('main-cycle/other.mjs', `import { base } from './main.mjs';\nexport const other = () => x => base(x) + 1;\n`);
    const text = `import { other } from './other.mjs';
      export const base = x => x * 10;
      globalThis.runs = (globalThis.runs ?? 0) + 1;
      const { ship } = await import(${JSON.stringify(SHIP)});
      console.log(JSON.stringify({ results: [await ship(other(), 2), await ship(() => globalThis.runs)], thrown: '', refused: '' }));`;
    const file = await write('main-cycle/main.mjs', text);
    assert.deepEqual((await runScript(file)).results, [21, null]);
  });

  test('node --eval', async () => {
    const text = `const K = 2; import(${JSON.stringify(SHIP)}).then(async ({ ship }) => console.log(JSON.stringify({ results: [await ship(x => x + K, 1)] })));`;
    assert.deepEqual((await runScript(text, ['--eval'])).results, [3]);
  });

  test('counters of istanbul are replaced', async () => {
    const text = `
      function cov_1a2b3c4d5e() { const c = { s: { 0: 0 }, f: { 0: 0 }, b: { 0: [0, 0] } }; cov_1a2b3c4d5e = () => c; return c; }
      const K = 1;
      const { ship } = await import(${JSON.stringify(SHIP)});
      const counted = x => { cov_1a2b3c4d5e().f[0]++; cov_1a2b3c4d5e().s[0]++; return x > 1 ? (cov_1a2b3c4d5e().b[0][0]++, x + K) : (cov_1a2b3c4d5e().b[0][1]++, 0); };
      console.log(JSON.stringify({ results: [await ship(counted, 2)], thrown: '', refused: '' }));`;
    assert.deepEqual((await runScript(await write('istanbul/main.mjs', text))).results, [3]);
  });
});

describe('under coverage', () => {
  test('NODE_V8_COVERAGE', async () => {
    await write('v8/helper.mjs', HELPER.mjs);
    const text = `import { basename } from 'node:path';\nimport Point, { twice } from './helper.mjs';\n${body(ESM)}\nawait main();\n`;
    const file = await write('v8/main.mjs', text);
    check(await runScript(file, [], { NODE_V8_COVERAGE: join(dir, 'v8/coverage') }), file, text);
  });

  test('node --test --experimental-test-coverage', async () => {
    await write('runner/helper.mjs', HELPER.mjs);
    const text = `import { basename } from 'node:path';\nimport { test } from 'node:test';\nimport Point, { twice } from './helper.mjs';\n${body(ESM)}\ntest('ships', () => main());\n`;
    const file = await write('runner/main.test.mjs', text);
    check(await runScript(file, ['--test', '--experimental-test-coverage']), file, text);
  });
});
