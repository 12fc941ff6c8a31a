import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { HeddleError } from '../../lib/core/errors.js';
import { ioError } from '../../lib/storage/io-error.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { testFileSystem } from '../conformance/file-system.js';

const makeRoot = () => realpathSync(mkdtempSync(join(tmpdir(), 'heddle-fs-')));

testFileSystem('local', () => {
  const root = makeRoot();
  return { fileSystem: localFileSystem, root, cleanUp: () => rmSync(root, { recursive: true, force: true }) };
});

describe('local file system', () => {
  test('resolves relative paths and file URLs; refuses other schemes, and what a URL would lose', () => {
    assert.equal(localFileSystem.resolve('a/../b'), join(process.cwd(), 'b'));
    assert.equal(localFileSystem.resolve('x/'), join(process.cwd(), 'x'));
    const path = join(tmpdir(), 'a b#c?d%.txt');
    assert.equal(localFileSystem.resolve(pathToFileURL(path).href), path);
    for (const location of ['s3://bucket/key', 'hdfs://host/x', 'file:///a?.txt', 'file:///a#b', 'file:///a%2Fb', 'a\0b']) {
      assert.throws(() => localFileSystem.resolve(location), { code: 'HEDDLE_BAD_ARGUMENT' }, location);
    }
  });

  test('what the system reports becomes a coded error', () => {
    const error = (code: string) => ioError(Object.assign(new Error(code), { code }), 'write', '/x').code;
    assert.equal(error('ENOENT'), 'HEDDLE_PATH_NOT_FOUND');
    assert.equal(error('EACCES'), 'HEDDLE_PATH_DENIED');
    assert.equal(error('EROFS'), 'HEDDLE_PATH_DENIED');
    assert.equal(error('ENOTEMPTY'), 'HEDDLE_OUTPUT_EXISTS');
    assert.equal(error('EIO'), 'HEDDLE_IO');
  });

  test('a full disk is named', { skip: existsSync('/dev/full') ? false : 'there is no /dev/full here' }, () => {
    const fd = openSync('/dev/full', 'w');
    let thrown: unknown;
    try {
      writeSync(fd, 'x');
    } catch (error) {
      thrown = error;
    }
    const error = ioError(thrown, 'write', '/dev/full');
    assert.equal(error.code, 'HEDDLE_IO');
    assert.match(error.message, /no space is left/);
    assert.equal(error.data.system, 'ENOSPC');
  });

  test('links are followed, a link to nowhere holds its name, and a loop of links is no endless walk', () => {
    const root = makeRoot();
    try {
      mkdirSync(join(root, 'd'));
      writeFileSync(join(root, 'd', 'f.txt'), 'x');
      symlinkSync(join(root, 'd', 'f.txt'), join(root, 'link.txt'));
      symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
      symlinkSync(root, join(root, 'd', 'loop'));
      assert.equal(localFileSystem.stat(join(root, 'link.txt'))?.kind, 'file');
      assert.equal(localFileSystem.stat(join(root, 'dangling')), undefined);
      assert.equal(localFileSystem.exists(join(root, 'dangling')), true);
      assert.throws(() => localFileSystem.rename(join(root, 'd'), join(root, 'dangling')), { code: 'HEDDLE_OUTPUT_EXISTS' });
      const matches = localFileSystem.glob(join(root, '**/*.txt'))!.map(match => match.path);
      assert.ok(matches.includes(join(root, 'd', 'f.txt')) && matches.includes(join(root, 'link.txt')), String(matches));
      localFileSystem.remove(join(root, 'd', 'loop'));
      assert.equal(readFileSync(join(root, 'd', 'f.txt'), 'utf8'), 'x');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  test('reading a directory as a file fails with its path', () => {
    const root = makeRoot();
    try {
      assert.throws(
        () => localFileSystem.open(root).readInto(new Uint8Array(1), 0, 1, 0),
        error => error instanceof HeddleError && error.code === 'HEDDLE_IO' && error.data.path === root,
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
