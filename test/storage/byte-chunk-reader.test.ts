import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteChunkReader } from '../../lib/storage/byte-chunk-reader.js';
import { MemoryFiles } from './memory-file-system.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const whole = (content: Uint8Array) => ({ pieces: [{ path: 'f', start: 0, end: content.length }] });

describe('windows of bytes', () => {
  test('follow one another without a gap, and end at line ends', () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', '\n', '\r\n', 'é'), { maxLength: 60 }).map(parts => parts.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 16 }), (content, chunkBytes) => {
        const all = bytes(content);
        const reader = new ByteChunkReader(new MemoryFiles({ f: all }).fileSystem, whole(all), { chunkBytes });
        let read = '';
        for (let window = reader.next(); window !== null; window = reader.next()) {
          assert.equal(window.position, bytes(read).length);
          assert.equal(window.path, 'f');
          assert.ok(window.to > window.from);
          read += Buffer.from(window.bytes.subarray(window.from, window.to)).toString();
          assert.ok(read.endsWith('\n') || read === content);
        }
        assert.equal(read, content);
        assert.equal(reader.bytesRead, all.length);
      }),
    );
  });

  test('are read into the buffer that is handed in, be it shared and another each time; only a line that does not fit is not', () => {
    const lines = ['first', 'second', 'x'.repeat(100), 'fourth', 'é', 'last'];
    const content = bytes(lines.join('\n'));
    const reader = new ByteChunkReader(new MemoryFiles({ f: content }).fileSystem, whole(content));
    const memory = new SharedArrayBuffer(64);
    const buffers = [new Uint8Array(memory, 0, 16), new Uint8Array(memory, 20, 16)];
    let read = '';
    let foreign = 0;
    for (let i = 0; ; i++) {
      const buffer = buffers[i % 2]!;
      const window = reader.next(buffer);
      if (window === null) break;
      if (window.bytes !== buffer) foreign++;
      read += Buffer.from(window.bytes.subarray(window.from, window.to)).toString();
      // The next window owes nothing to this buffer.
      buffer.fill(0);
    }
    assert.equal(read, lines.join('\n'));
    assert.equal(foreign, 1);
    assert.deepEqual(new Uint8Array(memory, 36), new Uint8Array(28));
    assert.deepEqual(new Uint8Array(memory, 16, 4), new Uint8Array(4));
  });

  test('a byte order mark is passed over unless it is wanted', () => {
    const content = bytes('\uFEFFa\n');
    const first = (skipBom?: boolean) => {
      const reader = new ByteChunkReader(
        new MemoryFiles({ f: content }).fileSystem,
        whole(content),
        skipBom === undefined ? {} : { skipBom },
      );
      const { from, to, position } = reader.next()!;
      return [to - from, position];
    };
    assert.deepEqual(first(), [2, 3]);
    assert.deepEqual(first(false), [5, 0]);
  });
});
