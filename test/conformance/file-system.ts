// What every file system must do, as tests. A new one calls `testFileSystem` with a factory.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ErrorCode, HeddleError } from '../../lib/core/errors.js';
import type { FileSystem } from '../../lib/storage/file-system.js';

export interface FileSystemUnderTest {
  readonly fileSystem: FileSystem;
  /** An empty directory. */
  readonly root: string;
  cleanUp(): void;
}

const bytes = (text: string) => new TextEncoder().encode(text);

function refuses(code: ErrorCode, path: string, run: () => unknown): void {
  assert.throws(run, error => {
    assert.ok(error instanceof HeddleError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.message.includes(path), error.message);
    return true;
  });
}

export function testFileSystem(name: string, make: () => FileSystemUnderTest): void {
  describe(`file system contract: ${name}`, () => {
    let under: FileSystemUnderTest;
    let fs: FileSystem;
    let count = 0;
    before(() => {
      under = make();
      fs = under.fileSystem;
    });
    after(() => under.cleanUp());

    /** A new empty directory. */
    const directory = () => {
      const path = fs.join(under.root, `d${count++}`);
      fs.makeDirectory(path);
      return path;
    };
    const put = (path: string, text: string) => {
      const file = fs.create(path);
      file.write(bytes(text));
      file.close();
      return path;
    };
    const get = (path: string) => {
      const file = fs.open(path);
      const buffer = new Uint8Array(1000);
      let length = 0;
      for (let read = -1; read !== 0; length += read) read = file.readInto(buffer, length, buffer.length - length, length);
      file.close();
      return new TextDecoder().decode(buffer.subarray(0, length));
    };

    test('what was written is read, from any position, into any part of a buffer', () => {
      const path = put(fs.join(directory(), 'f'), 'hello, wörld');
      assert.equal(get(path), 'hello, wörld');
      assert.deepEqual(fs.stat(path), { kind: 'file', size: 13 });
      const file = fs.open(path);
      const buffer = bytes('..........');
      assert.equal(file.readInto(buffer, 2, 5, 7), 5);
      assert.deepEqual(buffer, Uint8Array.of(46, 46, 119, 0xc3, 0xb6, 114, 108, 46, 46, 46));
      assert.equal(file.readInto(buffer, 0, 10, 12), 1);
      assert.equal(file.readInto(buffer, 0, 10, 13), 0);
      assert.equal(file.readInto(buffer, 0, 10, 1000), 0);
      file.close();
      file.close();
    });

    test('reads into shared memory', () => {
      const file = fs.open(put(fs.join(directory(), 'f'), 'shared'));
      const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8);
      assert.equal(file.readInto(shared, 1, 6, 0), 6);
      file.close();
      assert.deepEqual([...shared], [0, ...bytes('shared'), 0]);
    });

    test('several writes follow one another; an empty file is a file; the caller keeps its array', () => {
      const home = directory();
      const file = fs.create(fs.join(home, 'f'));
      const chunk = bytes('a');
      file.write(chunk);
      chunk[0] = 98;
      file.write(chunk);
      file.write(new Uint8Array(0));
      file.close();
      assert.equal(get(fs.join(home, 'f')), 'ab');
      assert.deepEqual(fs.stat(put(fs.join(home, 'empty'), '')), { kind: 'file', size: 0 });
    });

    test('a missing path is undefined to stat, and an error to all that need it', () => {
      const home = directory();
      const missing = fs.join(home, 'missing');
      assert.equal(fs.stat(missing), undefined);
      assert.equal(fs.exists(missing), false);
      assert.equal(fs.stat(fs.join(missing, 'deeper')), undefined);
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.open(missing));
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.list(missing));
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.checkReadable(missing));
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.create(fs.join(missing, 'f')));
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.makeDirectory(fs.join(missing, 'd')));
      refuses('HEDDLE_PATH_NOT_FOUND', missing, () => fs.rename(missing, fs.join(home, 'other')));
      fs.remove(missing);
      assert.equal(fs.removeEmptyDirectory(missing), false);
    });

    test('lists the names of files and directories', () => {
      const home = directory();
      put(fs.join(home, 'b'), '1');
      put(fs.join(home, '.hidden'), '1');
      fs.makeDirectory(fs.join(home, 'a'));
      put(fs.join(fs.join(home, 'a'), 'deep'), '1');
      assert.deepEqual(fs.list(home).sort(), ['.hidden', 'a', 'b']);
      assert.equal(fs.stat(fs.join(home, 'a'))?.kind, 'directory');
      assert.deepEqual(fs.list(directory()), []);
    });

    test('takes paths apart and together', () => {
      const path = fs.join(under.root, 'x');
      assert.equal(fs.parent(path), under.root);
      assert.equal(fs.baseName(path), 'x');
      assert.equal(fs.resolve(path), path);
      let top = path;
      for (let i = 0; i < 100; i++) top = fs.parent(top);
      assert.equal(fs.parent(top), top);
    });

    test('a pattern matches within and across directories, hidden names excepted', () => {
      const home = directory();
      for (const name of ['a', 'a/b', '.h', '_w']) fs.makeDirectory(name.split('/').reduce((path, part) => fs.join(path, part), home));
      const files = ['x.txt', 'y.log', 'a/x.txt', 'a/b/x.txt', '.h/x.txt', '_w/x.txt', '.x.txt', '_x.txt'];
      const at = (name: string) => name.split('/').reduce((path, part) => fs.join(path, part), home);
      for (const file of files) put(at(file), file);
      const matched = (pattern: string) =>
        fs
          .glob(at(pattern))
          ?.map(match => `${match.kind} ${match.path}`)
          .sort();
      const expected = (...names: string[]) => names.map(name => `file ${at(name)}`).sort();
      assert.deepEqual(matched('*.txt'), expected('x.txt'));
      assert.deepEqual(matched('**/*.txt'), expected('a/b/x.txt', 'a/x.txt', 'x.txt'));
      assert.deepEqual(matched('?.{txt,log}'), expected('x.txt', 'y.log'));
      assert.deepEqual(matched('_w/*.txt'), expected('_w/x.txt'));
      assert.deepEqual(matched('_*.txt'), expected('_x.txt'));
      assert.deepEqual(matched('.h/*.txt'), expected('.h/x.txt'));
      assert.deepEqual(matched('a*'), [`directory ${at('a')}`]);
      assert.deepEqual(matched('*.csv'), []);
      assert.equal(matched('x.txt'), undefined);
    });

    test('create and makeDirectory refuse a taken name', () => {
      const path = put(fs.join(directory(), 'f'), 'first');
      refuses('HEDDLE_OUTPUT_EXISTS', path, () => fs.create(path));
      refuses('HEDDLE_OUTPUT_EXISTS', path, () => fs.makeDirectory(path));
      assert.equal(get(path), 'first');
    });

    test('rename moves a file, or a directory with what is in it', () => {
      const home = directory();
      fs.rename(put(fs.join(home, 'f'), 'text'), fs.join(home, 'g'));
      fs.makeDirectory(fs.join(home, 'd'));
      put(fs.join(fs.join(home, 'd'), 'inner'), 'inner text');
      fs.rename(fs.join(home, 'd'), fs.join(home, 'e'));
      assert.deepEqual(fs.list(home).sort(), ['e', 'g']);
      assert.equal(get(fs.join(home, 'g')), 'text');
      assert.equal(get(fs.join(fs.join(home, 'e'), 'inner')), 'inner text');
    });

    test('rename refuses a taken name, and both stay as they are', () => {
      const home = directory();
      const file = put(fs.join(home, 'file'), 'file');
      const other = put(fs.join(home, 'other'), 'other');
      const full = fs.join(home, 'full');
      fs.makeDirectory(full);
      put(fs.join(full, 'inner'), 'inner');
      const empty = fs.join(home, 'empty');
      fs.makeDirectory(empty);
      for (const from of [file, full]) {
        for (const to of [other, full, empty].filter(path => path !== from)) {
          refuses('HEDDLE_OUTPUT_EXISTS', to, () => fs.rename(from, to));
        }
      }
      assert.deepEqual(fs.list(home).sort(), ['empty', 'file', 'full', 'other']);
      assert.deepEqual([get(file), get(other), fs.list(full), fs.list(empty)], ['file', 'other', ['inner'], []]);
    });

    test('remove takes a file, or a directory with what is in it', () => {
      const home = directory();
      const inner = fs.join(home, 'd');
      fs.makeDirectory(inner);
      put(fs.join(inner, 'f'), '1');
      assert.equal(fs.removeEmptyDirectory(inner), false);
      fs.remove(put(fs.join(home, 'f'), '1'));
      fs.remove(inner);
      assert.deepEqual(fs.list(home), []);
      assert.equal(fs.removeEmptyDirectory(home), true);
      assert.equal(fs.exists(home), false);
    });
  });
}
