import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examine, isAsFound } from '../../lib/cli/plain-script.js';
import { type Outcome, startNode } from '../node-process.js';
import { Folder } from './command.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

const folder = new Folder();
// As for the scripts: a tsconfig.json there would count.
const before = process.cwd();
process.chdir(folder.path);
after(() => {
  process.chdir(before);
  folder.remove();
});
const temporary = join(folder.path, 'tmp');
mkdirSync(temporary);

// This package itself, as a project has it.
folder.put('package.json', '{ "type": "module" }');
folder.link('node_modules/heddle', fileURLToPath(new URL('../../../', import.meta.url)));
folder.put('node_modules/plain-js/package.json', '{ "name": "plain-js", "main": "index.js" }');
folder.put('node_modules/plain-js/index.js', 'exports.plain = 1;\n');

/** How Node, and the command, came to the script. */
const NOT_OF_THE_SCRIPT = /^ +at .*(?:node:internal\/|dist\/lib\/(?:cli\/|bundle\/run\.js)).*\n/gm;

async function run(name: string, env: Record<string, string> = {}): Promise<Pick<Outcome, 'code' | 'out' | 'err'>> {
  const { code, out, err } = await startNode(folder.path, [MAIN, 'run', name], { TMPDIR: temporary, ...env }).ended;
  return { code, out, err: err.replace(NOT_OF_THE_SCRIPT, '') };
}

/** Flags that might bring a loader have the hooks used. */
const underHooks = (name: string) => run(name, { NODE_OPTIONS: '--no-deprecation' });

const PLAIN: Record<string, string> = {
  'one.ts': "const n: number = 1;\nconsole.log(n, import.meta.url, typeof require, new Error('x').stack?.split('\\n')[1]);\n",
  'parts.ts':
    "import first, { second as two } from './parts/first.js';\nimport * as third from './parts/third.ts';\nconsole.log(first, two, third.x);\n",
  'order.ts': "console.log('entry');\nimport './parts/slow.js';\nimport './parts/quick.js';\nconsole.log('end');\n",
  'throws.ts': "interface A {\n  a: 1;\n}\nimport { fail } from './parts/fails.js';\nfail({ a: 1 } satisfies A);\n",
  'rejects.ts': "type A = 1;\n\nawait Promise.reject(new RangeError('late' as string));\n",
  'enum.ts': 'enum Colour {\n  Red = 3,\n}\nnamespace Space {\n  export const n = Colour.Red;\n}\nconsole.log(Space.n);\n',
  'fields.ts': 'class P {\n  constructor(readonly x: number) {}\n}\nclass Q extends P {\n  declare y: number;\n}\nconsole.log(new Q(2));\n',
  'package.ts': "import { readFileSync } from 'node:fs';\nconsole.log((await import('plain-js')).plain, typeof readFileSync);\n",
  'door.ts': "import { HeddleError } from 'heddle';\nconsole.log(new HeddleError('HEDDLE_IO', 'x').code);\n",
  'closure.ts': `import { Context } from 'heddle';
import { twice } from './parts/twice.js';
interface Row { n: number }
await using sc = await Context.create({ threads: 1 });
console.log(await sc.parallelize([1, 2]).map((n): Row => ({ n: twice(n) })).collect());
await sc.range(3, 6, 1, 1).mapPartitions(rows => [...rows].map(n => {
  if (n === 4) throw new TypeError('no ' + n);
  return n;
})).collect().catch(({ message }: Error) => console.log(message));
`,
};

const OTHER: Record<string, string> = {
  'cycle.ts': "import { b } from './parts/cycle.js';\nexport const a = () => 1;\nconsole.log(b());\n",
  'no-extension.ts': "import { twice } from './parts/twice';\nconsole.log(twice(2));\n",
  'no-such-name.ts': "import { thrice } from './parts/twice.js';\nconsole.log(thrice);\n",
  'no-such-file.ts': "import './parts/nothing.js';\n",
  'no-such-package.ts': "import 'nothing-by-this-name';\n",
  'syntax.ts': 'const = 1;\n',
  'dynamic.ts': "const name = 'twice';\nconsole.log((await import('./parts/' + name + '.js')).twice(2));\n",
  'json.ts': "import numbers from './parts/numbers.json';\nconsole.log(numbers);\n",
  'package-static.ts': "import { plain } from 'plain-js';\nconsole.log(plain);\n",
  'relay.ts': "export * from './parts/twice.js';\nconsole.log(1 as number);\n",
  'loader.ts': "import { createRequire } from 'node:module';\nconsole.log(typeof createRequire);\n",
};

folder.put('parts/first.ts', "export default 'a' as string;\nexport const second: number = 2;\n");
folder.put('parts/third.ts', 'export let x: number = 3;\n');
folder.put(
  'parts/slow.ts',
  "console.log('slow');\nawait new Promise<void>(resolve => setImmediate(resolve));\nconsole.log('slow ends');\n",
);
folder.put('parts/quick.ts', "console.log('quick' as string);\nexport {};\n");
folder.put('parts/fails.ts', "type X = { a: number };\n\nexport function fail(x: X): never {\n  throw new TypeError('boom ' + x.a);\n}\n");
folder.put('parts/twice.ts', 'export function twice(x: number): number {\n  return 2 * x;\n}\n');
folder.put('parts/cycle.ts', "import { a } from '../cycle.js';\nexport const b = () => a();\n");
folder.put('parts/numbers.json', '[1, 2]');

describe('plain scripts', () => {
  for (const [name, text] of Object.entries(PLAIN)) {
    test(`${name} runs without hooks as with them`, async () => {
      const file = folder.put(name, text);
      const { isPlain, modules } = await examine(file);
      assert.ok(isPlain);
      assert.equal(modules.at(-1)?.path, file);
      const hooked = await underHooks(name);
      const first = await run(name);
      assert.deepEqual(first, hooked);
      assert.deepEqual(await run(name), hooked, 'with what was kept');
    });
  }

  for (const [name, text] of Object.entries(OTHER)) {
    test(`${name} is left to the hooks`, async () => {
      const file = folder.put(name, text);
      assert.equal((await examine(file)).isPlain, false);
      assert.deepEqual(await run(name), await underHooks(name));
    });
  }

  test('what was kept is not used once a file has changed, or another one comes first', async () => {
    const file = folder.put('changes.ts', "import { part } from './parts/changing.js';\nconsole.log(part as number);\n");
    folder.put('parts/changing.ts', 'export const part: number = 1;\n');
    assert.equal((await run('changes.ts')).out, '1\n');
    assert.ok(readdirSync(temporary, { recursive: true }).some(name => String(name).includes('changes.ts')));
    const finding = await examine(file);
    assert.ok(isAsFound(finding));
    folder.put('parts/changing.ts', 'export const part: number = 2;\n');
    assert.equal(isAsFound(finding), false);
    assert.equal((await run('changes.ts')).out, '2\n');
    const changed = await examine(file);
    folder.put('parts/changing.js', 'export const part = 3;\n');
    assert.equal(isAsFound(changed), false);
    assert.deepEqual(await run('changes.ts'), await underHooks('changes.ts'));
  });

  test("a tsconfig.json of the working directory's counts", async () => {
    folder.put('configured/tsconfig.json', '{ "compilerOptions": { "paths": { "own-name": ["./mapped.ts"] } } }');
    folder.put('configured/mapped.ts', 'export const mapped: number = 5;\n');
    folder.put('configured/a.ts', "import { mapped } from 'own-name';\nconsole.log(mapped);\n");
    const { code, out, err } = await startNode(join(folder.path, 'configured'), [MAIN, 'run', 'a.ts'], { TMPDIR: temporary }).ended;
    assert.deepEqual({ code, out }, { code: 0, out: '5\n' }, err);
  });
});
