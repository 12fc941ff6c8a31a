import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep, win32 } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type ErrorCode, HeddleError } from '../../lib/core/errors.js';
import { resolveInputs } from '../../lib/storage/inputs.js';
import { splitBase } from '../../lib/storage/local-glob.js';
import { inTemporary } from './temporary.js';

/** Makes files below the root; each holds its name. */
function tree(root: string, files: readonly string[]): void {
  for (const file of files) {
    const path = join(root, ...file.split('/'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file);
  }
}

const found = (root: string, ...paths: string[]) =>
  resolveInputs(paths.length === 1 ? join(root, paths[0]!) : paths.map(path => join(root, path)), 'path').map(file =>
    relative(root, file.path).replaceAll(sep, '/'),
  );

function refusal(run: () => unknown): HeddleError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof HeddleError, String(error));
    return error;
  }
  return assert.fail('it was not refused');
}

function refuses(run: () => unknown, code: ErrorCode, ...words: (string | RegExp)[]): void {
  const error = refusal(run);
  assert.equal(error.code, code, error.message);
  for (const word of words) assert.ok(typeof word === 'string' ? error.message.includes(word) : word.test(error.message), error.message);
}

describe('resolveInputs', () => {
  test('a file, with its size', () =>
    inTemporary(root => {
      tree(root, ['a.txt']);
      assert.deepEqual(resolveInputs(join(root, 'a.txt'), 'path'), [{ path: join(root, 'a.txt'), size: 5 }]);
    }));

  test('a hidden name is read when it is named itself', () =>
    inTemporary(root => {
      tree(root, ['.a', '_b', '_d/x', '_d/_y']);
      assert.deepEqual(found(root, '.a', '_b', '_d'), ['.a', '_b', '_d/x']);
    }));

  test('a directory: the files directly in it, hidden ones and markers aside, in code-unit order', () =>
    inTemporary(root => {
      tree(root, ['d/b', 'd/a', 'd/Z', 'd/é', 'd/a10', 'd/a2', 'd/_SUCCESS', 'd/.crc', 'd/sub/inner']);
      assert.deepEqual(found(root, 'd'), ['d/Z', 'd/a', 'd/a10', 'd/a2', 'd/b', 'd/é']);
      assert.deepEqual(found(root, 'd/'), found(root, 'd'));
    }));

  test('a pattern, across directories with **; a directory that matches stands for its files', () =>
    inTemporary(root => {
      tree(root, ['x.txt', 'y.log', 'a/x.txt', 'a/b/x.txt', 'a/b/.h.txt', 'out-1/part-00000', 'out-2/part-00000', 'out-2/_SUCCESS']);
      assert.deepEqual(found(root, '*.txt'), ['x.txt']);
      assert.deepEqual(found(root, '**/*.txt'), ['a/b/x.txt', 'a/x.txt', 'x.txt']);
      assert.deepEqual(found(root, '{x,y}.*'), ['x.txt', 'y.log']);
      assert.deepEqual(found(root, 'out-*'), ['out-1/part-00000', 'out-2/part-00000']);
      assert.deepEqual(found(root, '**'), ['a/b/x.txt', 'a/x.txt', 'out-1/part-00000', 'out-2/part-00000', 'x.txt', 'y.log']);
    }));

  test('lists keep their order, and what is named twice is read twice', () =>
    inTemporary(root => {
      tree(root, ['a', 'b', 'd/1', 'd/2']);
      assert.deepEqual(found(root, 'b', 'd', 'a', 'b'), ['b', 'd/1', 'd/2', 'a', 'b']);
    }));

  test('file URLs, with escapes and with patterns', () =>
    inTemporary(root => {
      tree(root, ['a b#.txt', 'c.txt']);
      const url = pathToFileURL(join(root, 'a b#.txt')).href;
      assert.deepEqual(resolveInputs(url, 'path'), [{ path: join(root, 'a b#.txt'), size: 8 }]);
      assert.equal(resolveInputs(`${pathToFileURL(root).href}/*.txt`, 'path').length, 2);
    }));

  test('what exists is taken word for word, be it named like a pattern; so are leading directories', () =>
    inTemporary(root => {
      tree(root, ['a[1].txt', 'a1.txt', 'd (x)[y]/f.txt', 'a,b', '{p,q}/z.txt']);
      assert.deepEqual(found(root, 'a[1].txt'), ['a[1].txt']);
      assert.deepEqual(found(root, 'd (x)[y]/*.txt'), ['d (x)[y]/f.txt']);
      assert.deepEqual(found(root, '{p,q}/*.txt'), ['{p,q}/z.txt']);
      assert.deepEqual(found(root, 'a,b'), ['a,b']);
    }));

  test('a pattern with a drive or a share and backslashes', () => {
    const directories = new Set(['C:\\data', 'C:\\data\\logs', '\\\\host\\share\\x (1)']);
    const split = (pattern: string) => splitBase(pattern, path => directories.has(path), win32);
    assert.deepEqual(split('C:\\data\\logs\\**\\*.txt'), ['C:\\data\\logs', ['**', '*.txt']]);
    assert.deepEqual(split('C:\\*.txt'), ['C:\\', ['*.txt']]);
    assert.deepEqual(split('\\\\host\\share\\x (1)\\a*'), ['\\\\host\\share\\x (1)', ['a*']]);
  });

  test('a missing path is named, with its argument and the closest name', () =>
    inTemporary(root => {
      tree(root, ['logs/access.txt', 'logs/b/x']);
      const missing = (path: string, ...words: string[]) =>
        refuses(() => resolveInputs([path], 'paths'), 'HEDDLE_PATH_NOT_FOUND', 'paths[0]', path, ...words);
      missing(join(root, 'logs', 'acces.txt'), `did you mean ${join(root, 'logs', 'access.txt')}?`);
      missing(join(root, 'logs', 'ACCESS.TXT'), 'access.txt?');
      missing(join(root, 'lgos', 'access.txt'), `did you mean ${join(root, 'logs')}?`);
      missing(join(root, 'logs', 'access.txt', 'x'));
      const error = refusal(() => resolveInputs(join(root, 'logs', 'nothing-like-it'), 'path'));
      assert.ok(!error.message.includes('did you mean'), error.message);
      assert.deepEqual([error.data.path, error.data.argument], [join(root, 'logs', 'nothing-like-it'), 'path']);
    }));

  test('a pattern that matches nothing, and a directory without files', () =>
    inTemporary(root => {
      tree(root, ['logs/_SUCCESS', 'logs/sub/x']);
      refuses(() => found(root, '*.csv'), 'HEDDLE_PATH_NOT_FOUND', 'path', '*.csv', 'no file matches');
      refuses(() => found(root, 'nowhere/**/*.csv'), 'HEDDLE_PATH_NOT_FOUND', 'no file matches', `there is no ${join(root, 'nowhere')}`);
      refuses(() => found(root, `{${'x'.repeat(400)},y}`), 'HEDDLE_PATH_NOT_FOUND', 'no file matches');
      refuses(() => found(root, 'logs'), 'HEDDLE_PATH_NOT_FOUND', 'holds no files');
      if (process.platform !== 'win32') {
        symlinkSync(join(root, 'gone'), join(root, 'logs', 'link'));
        refuses(() => found(root, 'logs'), 'HEDDLE_PATH_NOT_FOUND', join(root, 'logs', 'link'));
      }
    }));

  test('arguments that make no sense', () => {
    const bad = (paths: unknown, ...words: (string | RegExp)[]) =>
      refuses(() => resolveInputs(paths as string, 'paths'), 'HEDDLE_BAD_ARGUMENT', /^paths/, ...words);
    for (const paths of ['', [], undefined, null, 7, {}]) bad(paths);
    bad([''], 'paths[0]');
    bad([process.execPath, 7], 'paths[1]');
    bad('s3://bucket/key', 's3://');
    bad('file:///a?.txt', '%3F');
    bad('a\0b');
  });

  test('a device is no input', { skip: process.platform === 'win32' ? 'no /dev/null' : false }, () => {
    refuses(() => resolveInputs('/dev/null', 'path'), 'HEDDLE_BAD_ARGUMENT', '/dev/null', 'device');
  });

  const noPermissions = process.platform === 'win32' ? 'modes of files do not deny reading here' : false;
  test('files and directories that may not be read are found up front, in patterns too', { skip: noPermissions }, () =>
    inTemporary(root => {
      tree(root, ['ok/a.txt', 'ok/secret.txt', 'closed/b.txt', 'noentry/c.txt', 'tree/in/d.txt', 'tree/e.txt']);
      chmodSync(root, 0o755);
      chmodSync(join(root, 'ok', 'secret.txt'), 0o000);
      chmodSync(join(root, 'closed'), 0o000);
      chmodSync(join(root, 'noentry'), 0o644);
      chmodSync(join(root, 'tree', 'in'), 0o000);
      // Nothing is denied to root, so the questions are asked by a process that is nobody.
      const program = `
        const { resolveInputs } = await import(${JSON.stringify(new URL('../../lib/storage/inputs.js', import.meta.url).href)});
        // Loaded while they may be read.
        try { resolveInputs(${JSON.stringify(join(root, 'zzz*'))}, 'path'); } catch {}
        if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
        const answers = ${JSON.stringify(['ok/secret.txt', 'ok', 'ok/*', 'closed', 'closed/b.txt', 'closed/*.txt', 'noentry', 'tree/**/*.txt', 'tree'].map(path => join(root, path)))}
          .map(path => { try { return resolveInputs(path, 'path').map(file => file.path); } catch (error) { return error.code + ' ' + error.message; } });
        console.log(JSON.stringify(answers));`;
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', cwd: root });
      chmodSync(join(root, 'closed'), 0o755);
      chmodSync(join(root, 'noentry'), 0o755);
      chmodSync(join(root, 'tree', 'in'), 0o755);
      assert.equal(child.status, 0, child.stderr);
      const answers = JSON.parse(child.stdout) as (string | string[])[];
      const last = answers.pop();
      assert.deepEqual(last, [join(root, 'tree', 'e.txt')]);
      const culprits = [
        'ok/secret.txt',
        'ok/secret.txt',
        'ok/secret.txt',
        'closed',
        'closed/b.txt',
        'closed/*.txt',
        'noentry/c.txt',
        'tree/in',
      ];
      culprits.forEach((culprit, i) => {
        const answer = String(answers[i]);
        assert.ok(answer.startsWith('HEDDLE_PATH_DENIED path: '), answer);
        assert.ok(answer.includes(`${join(root, culprit)}: permission denied`), answer);
      });
    }),
  );
});
