import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { kindOfSource, moduleKind } from '../../lib/cli/module-kind.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-kind-'));
after(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

describe('moduleKind', () => {
  test('the extension decides', () => {
    for (const name of ['a.mjs', 'a.mts']) assert.equal(moduleKind(put(name, 'module.exports = 1')), 'module');
    for (const name of ['a.cjs', 'a.cts']) assert.equal(moduleKind(put(name, 'export {}')), 'commonjs');
    for (const name of ['a.json', 'a', 'a.wasm', 'a.ts.txt']) assert.equal(moduleKind(put(name, '{}')), undefined);
  });

  test('the nearest package.json decides', () => {
    put('esm/package.json', '{ "type": "module" }');
    put('cjs/package.json', '{ "type": "commonjs" }');
    put('esm/inner/package.json', '{ "name": "says-nothing" }');
    put('esm/broken/package.json', '{');
    for (const extension of ['js', 'ts', 'tsx', 'jsx']) {
      assert.equal(moduleKind(put(`esm/deep/down/a.${extension}`, 'module.exports = 1')), 'module');
      assert.equal(moduleKind(put(`cjs/a.${extension}`, 'export {}')), 'commonjs');
      assert.equal(moduleKind(put(`esm/inner/a.${extension}`, 'module.exports = 1')), 'commonjs');
      assert.equal(moduleKind(put(`esm/broken/a.${extension}`, 'module.exports = 1')), 'commonjs');
    }
    assert.equal(moduleKind(put('esm/node_modules/bare.js', 'module.exports = 1')), 'commonjs');
  });

  test('else the syntax decides', () => {
    assert.equal(moduleKind(put('bare/a.ts', 'import { x } from "y";')), 'module');
    assert.equal(moduleKind(put('bare/b.ts', 'const x = require("y");')), 'commonjs');
  });
});

describe('kindOfSource', () => {
  const modules = [
    'import "x";',
    'import x from "x";',
    'import * as x from "x";',
    'import type { X } from "x";',
    '#!/usr/bin/env heddle\n  import {x} from "x"',
    'export const a = 1;',
    'export { a };',
    'export * from "x";',
    'await main();',
    'await using sc = await create();',
    'const x: number = await f();',
    'for await (const x of y) {}',
    'console.log(import.meta.url);',
    '// require("x")\nimport "x";',
    '/* module.exports = 1 */ export {};',
    'let require_ = 1;\nexport {}',
    // A module for certain: top-level await makes CommonJS impossible.
    'const { createRequire } = await import("node:module");\nconst require = createRequire(import.meta.url); require("x");',
  ];
  const scripts = [
    '',
    'console.log(1);',
    'const x = require("x");',
    'import { x } from "x";\nif (require.main === module) x();',
    'import { x } from "x";\nconsole.log(__dirname);',
    'exports.a = 1;',
    'module.exports = async () => {\n  await f();\n};',
    '// import "x";',
    '/*\nimport "x";\n*/',
    'const important = 1;\nexporter();\nawaiting();',
    'import("x").then(f);',
  ];
  for (const source of modules) test(`module: ${JSON.stringify(source)}`, () => assert.equal(kindOfSource(source), 'module'));
  for (const source of scripts) test(`commonjs: ${JSON.stringify(source)}`, () => assert.equal(kindOfSource(source), 'commonjs'));
});
