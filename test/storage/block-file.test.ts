import assert from 'node:assert/strict';
import { mkdirSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeddleError } from '../../lib/core/errors.js';
import { BlockFileWriter, crc32OfTable, readBlock } from '../../lib/storage/block-file.js';
import type { FileSystem } from '../../lib/storage/file-system.js';
import { ioError } from '../../lib/storage/io-error.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { SpillDirectory } from '../../lib/storage/spill-directory.js';
import { inTemporary } from './temporary.js';

const coded = (code: string) => (error: unknown) => error instanceof HeddleError && error.code === code;

describe('a file of blocks', () => {
  test('gives back what was appended, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), payloads =>
        inTemporary(root => {
          const writer = new BlockFileWriter(localFileSystem, join(root, 'blocks'));
          const places = payloads.map(payload => writer.append(payload));
          writer.close();
          for (const at of [...places.keys()].reverse()) {
            const payload = readBlock(localFileSystem, places[at]!);
            assert.deepEqual([...payload], [...payloads[at]!]);
            assert.equal(payload.byteOffset % 8, 0);
          }
        }),
      ),
      { numRuns: 50 },
    );
  });

  test('has the checksum of zlib, by a table too', () => {
    assert.equal(crc32OfTable(new TextEncoder().encode('123456789')), 0xcb_f4_39_26);
    inTemporary(root => {
      const file = join(root, 'blocks');
      const writer = new BlockFileWriter(localFileSystem, file);
      writer.append(new TextEncoder().encode('123456789'));
      writer.close();
      assert.equal(readFileSync(file).readUInt32LE(8), 0xcb_f4_39_26);
    });
  });

  test('notices each byte that was changed, a file that is cut short, and one that is gone', () => {
    inTemporary(root => {
      const file = join(root, 'blocks');
      const writer = new BlockFileWriter(localFileSystem, file);
      writer.append(Uint8Array.of(9));
      const place = writer.append(Uint8Array.of(1, 2, 3));
      writer.close();
      const whole = readFileSync(file);
      const read = () => readBlock(localFileSystem, place);
      for (const at of [0, 4, 8, 16, 17, 18]) {
        const changed = Buffer.from(whole);
        changed[place.offset + at]! ^= 1;
        writeFileSync(file, changed);
        assert.throws(read, coded('HEDDLE_CORRUPT'), `byte ${at}`);
      }
      writeFileSync(file, whole);
      assert.deepEqual([...read()], [1, 2, 3]);
      truncateSync(file, place.offset + 17);
      assert.throws(read, coded('HEDDLE_CORRUPT'));
      localFileSystem.remove(file);
      assert.throws(read, coded('HEDDLE_PATH_NOT_FOUND'));
    });
  });

  test('on a full disk says so, and is removed', { skip: process.platform === 'linux' ? false : '/dev/full is Linux only' }, () => {
    inTemporary(root => {
      const full = openSync('/dev/full', 'w');
      const files = Object.create(localFileSystem) as FileSystem;
      files.create = path => ({
        write(bytes) {
          localFileSystem.create(path).close();
          try {
            writeSync(full, bytes);
          } catch (error) {
            throw ioError(error, 'write', path);
          }
        },
        close() {},
      });
      const writer = new BlockFileWriter(files, join(root, 'blocks'));
      assert.throws(
        () => writer.append(Uint8Array.of(1)),
        (error: unknown) => {
          assert.ok(coded('HEDDLE_IO')(error));
          return /no space is left/.test((error as Error).message);
        },
      );
      writer.discard();
      assert.deepEqual(readdirSync(root), []);
    });
  });
});

describe('a spill directory', () => {
  test("is made when it is asked for, its owner's alone, and goes with all that is in it", () => {
    inTemporary(root => {
      const spill = new SpillDirectory(root);
      assert.deepEqual(readdirSync(root), []);
      const path = spill.path();
      assert.equal(spill.path(), path);
      assert.equal(statSync(path).mode & 0o777, 0o700);
      for (const name of ['7-1.blocks', '7-2.blocks', '77-1.blocks']) writeFileSync(join(path, name), '');
      spill.removeOf('7-');
      assert.deepEqual(readdirSync(path), ['77-1.blocks']);
      spill.close();
      spill.close();
      assert.deepEqual(readdirSync(root), []);
      assert.throws(() => spill.path(), coded('HEDDLE_CONTEXT_STOPPED'));
    });
  });

  test('of a dead process is removed by the next one; nothing else is', () => {
    inTemporary(root => {
      const host = hostname().replace(/[^a-zA-Z0-9]/g, '_');
      // Above what any system gives a process.
      const dead = `heddle-spill-${host}-${2 ** 30}-0123456789abcdef`;
      const others = [
        `heddle-spill-${host}-${process.pid}-0123456789abcdef`,
        `heddle-spill-elsewhere-${2 ** 30}-0123456789abcdef`,
        `heddle-spill-${host}-${2 ** 30}`,
        'heddle-spill',
        'mine',
      ];
      for (const name of [dead, ...others]) {
        mkdirSync(join(root, name));
        writeFileSync(join(root, name, 'file'), '');
      }
      new SpillDirectory(root);
      assert.deepEqual(readdirSync(root).sort(), [...others].sort());
    });
  });

  test('needs a root that is a directory', () => {
    inTemporary(root => {
      writeFileSync(join(root, 'file'), '');
      assert.throws(() => new SpillDirectory(join(root, 'file')), coded('HEDDLE_BAD_ARGUMENT'));
      assert.throws(() => new SpillDirectory(join(root, 'nothing')), coded('HEDDLE_PATH_NOT_FOUND'));
    });
  });
});
