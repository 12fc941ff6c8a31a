import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const cacheModule = new URL('../../lib/core/code-cache.js', import.meta.url).href;

describe('a bundle', () => {
  let folder: string;
  let bundle: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-code-cache-'));
    bundle = join(folder, 'bundle.cjs');
    writeFileSync(bundle, source('one'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const source = (answer: string) =>
    `const { basename } = require('node:path');\nexports.answer = () => '${answer} ' + basename(__filename) + ' ' + basename(__dirname);\n`;

  /** What a process of its own gets of the bundle, and whether it was compiled in vain: what it would keep is not there yet. */
  function load(): string {
    const program = `
      const { loadOwnBundle, keepCompiled } = await import(${JSON.stringify(cacheModule)});
      const file = new URL(${JSON.stringify(pathToFileURL(bundle).href)});
      const { answer } = loadOwnBundle(file);
      if (loadOwnBundle(file).answer !== answer) throw new Error('loaded twice');
      console.log(answer());
      keepCompiled();`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    return stdout.trim().replace(/ heddle-code-cache-\w+$/, '');
  }

  const caches = () => readdirSync(folder).filter(name => name !== 'bundle.cjs');
  const cache = () => readFileSync(join(folder, caches()[0]!));

  test('leaves what was compiled beside it, once', () => {
    assert.equal(load(), 'one bundle.cjs');
    assert.equal(caches().length, 1);
    const first = cache();
    assert.equal(load(), 'one bundle.cjs');
    assert.deepEqual(caches().length, 1);
    assert.ok(first.equals(cache()), 'a process that found a cache has written it again');
  });

  test('that has changed is compiled again, also if it is as long as before', () => {
    load();
    const first = cache();
    writeFileSync(bundle, source('two'));
    assert.equal(load(), 'two bundle.cjs');
    assert.ok(!first.equals(cache()));
  });

  test('loads beside a broken cache, and replaces it', () => {
    load();
    const name = join(folder, caches()[0]!);
    const head = cache().subarray(0, cache().indexOf('\n') + 1);
    writeFileSync(name, Buffer.concat([head, Buffer.from('no bytecode')]));
    assert.equal(load(), 'one bundle.cjs');
    assert.ok(cache().length > head.length + 100);
    writeFileSync(name, '');
    assert.equal(load(), 'one bundle.cjs');
    assert.ok(cache().length > head.length + 100);
  });

  test('loads where no cache can be written, and leaves nothing', () => {
    load();
    const [name] = caches();
    rmSync(join(folder, name!));
    mkdirSync(join(folder, name!)); // not even the superuser may write to it
    assert.equal(load(), 'one bundle.cjs');
    assert.deepEqual(caches(), [name]);
  });
});
