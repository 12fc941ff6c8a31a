import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { type Source, violations } from './rules.js';
import { isSharing, leavesTraces } from './sharing.js';

// This file is compiled to dist/test/.
const root = fileURLToPath(new URL('../../', import.meta.url));

test('the sources keep the rules', () => {
  const paths = globSync('lib/**/*.ts', { cwd: root });
  assert.ok(paths.length > 5, `only ${paths.length} sources in ${root}lib`);
  const sources: Source[] = paths.map(path => ({ path: path.replaceAll('\\', '/'), text: readFileSync(root + path, 'utf8') }));
  assert.deepEqual(violations(sources), []);
});

test('test files that share a process leave it as it was', () => {
  const sharing = globSync('**/*.test.ts', { cwd: `${root}test` }).filter(path => isSharing(path.replaceAll('\\', '/')));
  assert.ok(sharing.length > 50, `only ${sharing.length}`);
  assert.deepEqual(
    sharing.filter(path => leavesTraces(readFileSync(`${root}test/${path}`, 'utf8'))),
    [],
  );
  assert.ok(leavesTraces('before();\nafterEach(() => {});'));
});

describe('the rules find', () => {
  const planted: [path: string, text: string, ...expected: string[]][] = [
    ['lib/plan/a.ts', "import { RDD } from '../rdd/rdd.js';", 'imports lib/rdd/rdd.ts, to its left'],
    ['lib/core/a.ts', "export * from '../codec/values/x.js';", 'imports lib/codec/values/x.ts, to its left'],
    ['lib/core/a.ts', "import type { X } from '../codec/x.js';", 'imports lib/codec/x.ts, to its left'],
    ['lib/task/a.ts', "const x = await import('../transport/x.js');", 'imports lib/transport/x.ts, to its left'],
    ['lib/shuffle/ring/a.ts', 'import "../../task/x.js";', 'imports lib/task/x.ts, to its left'],
    ['lib/rdd/a.ts', "import { Context } from '../context.js';", 'imports lib/context.ts, which puts things together'],
    ['lib/rdd/a.ts', "import { x } from '../monitor/x.js';", 'imports lib/monitor/x.ts, which puts things together'],
    ['lib/task/a.ts', "import { x } from '../../workers/x.js';", 'imports workers/x.ts, which is outside lib/'],
    ['lib/monitor/a.ts', "import { x } from '../scheduler/state.js';", 'imports lib/scheduler/state.ts, not an event'],
    ['lib/transport/local.ts', "import { connect } from 'node:net';", 'imports node:net outside transport/tcp'],
    ['lib/storage/a.ts', "const tls = require('tls');", 'imports tls outside transport/tcp'],
    ['lib/task/a.ts', "import { Piscina } from 'piscina';", 'imports piscina outside transport/local'],
    ['lib/task/a.ts', "const { Piscina } = createRequire(import.meta.url)('piscina');", 'imports piscina outside transport/local'],
    ['lib/context.ts', "const { Piscina } = await import('piscina');", 'imports piscina outside transport/local'],
    ['lib/task/a.ts', 'Atomics.wait(x, 0, 0);', 'uses Atomics outside the heap, ring and wait files of shuffle'],
    ['lib/shuffle/writer.ts', 'const s = `$' + '{Atomics.load(x, 0)}`;', 'uses Atomics outside the heap, ring and wait files of shuffle'],
    ['lib/scheduler/a.ts', "import { hash } from 'node:crypto';", 'imports node:crypto, but the scheduler is pure'],
    [
      'lib/scheduler/loop.ts',
      "import { x } from 'piscina';",
      'imports piscina outside transport/local',
      'imports piscina, but the scheduler is pure',
    ],
    ['lib/scheduler/a.ts', 'const now = Date.now();', 'uses Date, but the scheduler is pure'],
    ['lib/scheduler/a.ts', 'export async function f() {}', 'uses async, but the scheduler is pure'],
    ['lib/scheduler/a.ts', 'const x = /[\'"]/; setTimeout(f, 1);', 'uses setTimeout, but the scheduler is pure'],
    ['lib/core/a.ts', 'export default class A {}', 'has a default export'],
    ['lib/core/a.ts', 'const a = 1;\nexport { a as default };', 'has a default export'],
    ['lib/core/utils.ts', '', 'is called after nothing in particular'],
    ['lib/core/a.ts', 'x();\n'.repeat(401), 'has 401 lines, more than 400'],
  ];
  for (const [path, text, ...expected] of planted) {
    test(`${path}: ${JSON.stringify(text.slice(0, 70))}`, () => {
      assert.deepEqual(
        violations([{ path, text }]),
        expected.map(what => `${path}: ${what}`),
      );
    });
  }
});

describe('the rules allow', () => {
  const fine: [path: string, text: string][] = [
    ['lib/rdd/a.ts', "import { a } from '../core/a.js';\nimport { b } from './b.js';\nimport { c } from 'acorn';"],
    ['lib/context.ts', "import { a } from './rdd/a.js';\nimport { b } from './monitor/b.js';"],
    ['lib/cli/run.ts', "import { a } from '../rdd/a.js';"],
    ['lib/monitor/a.ts', "import { a } from '../core/events.js';"],
    ['lib/transport/tcp/a.ts', "import { connect } from 'node:net';"],
    ['lib/transport/local/pool.ts', "import { Piscina } from 'piscina';"],
    ['lib/shuffle/heap/lock.ts', 'Atomics.wait(x, 0, 0);'],
    ['lib/shuffle/ring/ring.ts', 'Atomics.wait(x, 0, 0);'],
    ['lib/shuffle/wait.ts', 'Atomics.wait(x, 0, 0);'],
    ['lib/scheduler/loop.ts', "import { SYSTEM_CLOCK } from './clock.js';\nawait new Promise(f);"],
    ['lib/scheduler/clock.ts', 'const now = () => performance.now();'],
    ['lib/scheduler/a.ts', "// No Promise, no Date.\n/* await */ const x = 'async'; const y = `Date`; import { z } from '../core/ids.js';"],
    ['lib/task/a.ts', "// import '../rdd/x.js' and Atomics\nconst url = 'https://x'; /* from '../rdd/x.js' */"],
    ['lib/core/a.ts', "const half = total / 2; const s = 'export default'; const t = a / b;"],
    ['lib/core/a.ts', 'x();\n'.repeat(400)],
  ];
  for (const [path, text] of fine)
    test(`${path}: ${JSON.stringify(text.slice(0, 70))}`, () => assert.deepEqual(violations([{ path, text }]), []));
});
