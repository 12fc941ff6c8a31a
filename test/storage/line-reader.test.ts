import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeddleError } from '../../lib/core/errors.js';
import { LineReader, type LineReaderOptions } from '../../lib/storage/line-reader.js';
import type { TextSplit } from '../../lib/storage/splits.js';
import { MemoryFiles } from './memory-file-system.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const whole = (size: number, path = 'f'): TextSplit => ({ pieces: [{ path, start: 0, end: size }] });

function readAll(
  files: MemoryFiles,
  splits: readonly TextSplit[],
  options: LineReaderOptions = {},
): { lines: string[]; bytesRead: number } {
  const lines: string[] = [];
  let bytesRead = 0;
  for (const split of splits) {
    const reader = new LineReader(files.fileSystem, split, options);
    for (let batch = reader.next(); batch !== null; batch = reader.next()) {
      assert.ok(batch.length > 0 && batch.length <= 8192);
      for (const line of batch) lines.push(line);
    }
    assert.equal(reader.next(), null);
    bytesRead += reader.bytesRead;
  }
  assert.equal(files.open, 0, 'a file was left open');
  return { lines, bytesRead };
}

const read = (content: Uint8Array | string, options: LineReaderOptions = {}) => {
  const content8 = typeof content === 'string' ? bytes(content) : content;
  return readAll(new MemoryFiles({ f: content8 }), [whole(content8.length)], options).lines;
};

/** The lines of a file, the plain way: decode all of it, then cut. */
function plainLines(content: Uint8Array, decoder: 'utf-8' | 'latin1' = 'utf-8'): string[] {
  const text = decoder === 'utf-8' ? new TextDecoder().decode(content) : Buffer.from(content).toString('latin1');
  const parts = text.split('\n');
  const last = parts.pop()!;
  const lines = parts.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (last !== '') lines.push(last);
  return lines;
}

const anyBytes = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('\n', '\r\n', '\r', '\n\n', 'a', 'word ', '\0', '\u2028', 'é', '—', '漢字', '😀', '\uFEFF').map(bytes),
      },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map(bytes) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom([0xef, 0xbb], [0xef, 0xbb, 0xbf], [0xc3], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80])
          .map(b => Uint8Array.from(b)),
      },
    ),
    { maxLength: 40 },
  )
  .chain(parts => {
    const body = Uint8Array.from(parts.flatMap(part => [...part]));
    return fc.constantFrom(body, Uint8Array.of(0xef, 0xbb, 0xbf, ...body));
  });

/** Splits that cover the files' bytes, cut anywhere, grouped anyhow. */
const scenario = fc
  .record({
    contents: fc.array(anyBytes, { minLength: 1, maxLength: 4 }),
    cuts: fc.array(fc.nat(1000), { maxLength: 8 }),
    groups: fc.array(fc.boolean(), { maxLength: 12 }),
  })
  .map(({ contents, cuts, groups }) => {
    const files: Record<string, Uint8Array> = {};
    const pieces = contents.flatMap((content, i) => {
      files[`f${i}`] = content;
      const at = [...new Set([0, ...cuts.map(cut => cut % (content.length + 1)), content.length])].sort((a, b) => a - b);
      return at.slice(1).map((end, k) => ({ path: `f${i}`, start: at[k]!, end }));
    });
    const splits: { pieces: typeof pieces }[] = [{ pieces: [] }];
    pieces.forEach((piece, i) => {
      if (groups[i] === true) splits.push({ pieces: [] });
      splits.at(-1)!.pieces.push(piece);
    });
    return { contents, files, splits };
  });

describe('lines of splits, properties', () => {
  test('all splits together give each line of the files once and in order, and count each byte once', () => {
    fc.assert(
      fc.property(
        scenario,
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('utf-8', 'latin1'),
        (s, chunkBytes, mostRead, decoder) => {
          const expected = s.contents.flatMap(content => plainLines(content, decoder));
          const total = s.contents.reduce((sum, content) => sum + content.length, 0);
          for (const options of [{ chunkBytes, decoder }, { decoder }] as const) {
            const { lines, bytesRead } = readAll(new MemoryFiles(s.files, mostRead), s.splits, options);
            assert.deepEqual(lines, expected);
            assert.equal(bytesRead, total);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('text of several batches and blocks, ASCII and not, decodes as TextDecoder does it', () => {
    const line = fc.oneof(
      { weight: 8, arbitrary: fc.string({ maxLength: 200 }).map(text => bytes(text.replaceAll('\n', ' '))) },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }).map(bytes) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 40 }), fc.boolean(), (lines, times, crlf) => {
        const once = Buffer.concat(lines.flatMap(text => [text, bytes(crlf ? '\r\n' : '\n')]));
        const content = Buffer.concat(Array.from({ length: times }, () => once));
        assert.deepEqual(read(content), plainLines(content));
        assert.deepEqual(read(content, { chunkBytes: 1000 }), plainLines(content));
      }),
      { numRuns: 100 },
    );
  });
});

describe('lines of splits', () => {
  test('line ends', () => {
    assert.deepEqual(read(''), []);
    assert.deepEqual(read('\n'), ['']);
    assert.deepEqual(read('a'), ['a']);
    assert.deepEqual(read('a\n'), ['a']);
    assert.deepEqual(read('a\n\nb'), ['a', '', 'b']);
    assert.deepEqual(read('a\r\nb\rc\r\n\r\n'), ['a', 'b\rc', '']);
    assert.deepEqual(read('a\r'), ['a\r']);
    assert.deepEqual(read('\r\r\n'), ['\r']);
    assert.deepEqual(read('a\0b\u2028c\u2029d\u0085e\vf\fg\n'), ['a\0b\u2028c\u2029d\u0085e\vf\fg']);
  });

  test('a byte order mark is dropped at the start of a file only, and in UTF-8 only', () => {
    assert.deepEqual(read('\uFEFF'), []);
    assert.deepEqual(read('\uFEFF\n'), ['']);
    assert.deepEqual(read('\uFEFFa\n\uFEFFb'), ['a', '\uFEFFb']);
    assert.deepEqual(read('\uFEFF\uFEFFa'), ['\uFEFFa']);
    assert.deepEqual(read('\uFEFFa', { decoder: 'latin1' }), ['ï»¿a']);
  });

  test('invalid UTF-8 becomes U+FFFD', () => {
    assert.deepEqual(read(Uint8Array.of(0x61, 0xff, 0x0a, 0xe2, 0x82, 0x0a, 0xf0, 0x9f)), ['a\uFFFD', '\uFFFD', '\uFFFD']);
  });

  test('a batch is no more than some thousand lines, however short they are', () => {
    assert.deepEqual(read('\n'.repeat(100_000)), Array(100_000).fill(''));
    assert.deepEqual(read('é\n'.repeat(50_000)), Array(50_000).fill('é'));
  });

  test('a line longer than chunks, batches and kept buffers is whole, and so are its neighbours', () => {
    for (const length of [70_000, 300_000, 9_000_000]) {
      for (const letter of ['x', 'ж']) {
        const long = letter.repeat(length);
        const lines = ['first', long, 'after', 'é', long, 'last'];
        assert.ok(read(lines.join('\r\n')).every((line, i) => line === lines[i]));
        assert.equal(read(lines.join('\n') + '\n').length, lines.length);
      }
    }
  });

  test('stretches of ASCII and of other lines, in any order', () => {
    const ascii = 'plain words\n'.repeat(500);
    const other = 'naïve — 漢字 😀\n'.repeat(200);
    const invalid = Uint8Array.of(0xff, 0x0a);
    for (const parts of [
      [ascii, other],
      [other, ascii],
      [ascii, 'é\n', ascii],
      ['é\n', ascii, other, ascii, other],
      [ascii, 'é'],
    ]) {
      const content = bytes(parts.join(''));
      assert.deepEqual(read(content), plainLines(content));
      const broken = Buffer.concat([content, bytes('\n'), invalid, content]);
      assert.deepEqual(read(broken), plainLines(broken));
    }
  });

  test('a long last line without a line end owes nothing to what the buffer held before', () => {
    for (const long of ['x'.repeat(70_000), 'ж'.repeat(40_000)]) {
      const lines = [...Array<string>(40_000).fill('short line'), long];
      assert.deepEqual(read(lines.join('\n')), lines);
    }
  });

  test('a line past the limit is refused with its path and offset, once it is past it', () => {
    const limit = 100;
    const refused = (text: string) => {
      const files = new MemoryFiles({ f: bytes(text) });
      const reader = new LineReader(files.fileSystem, whole(bytes(text).length), { chunkBytes: 16, maxLineBytes: limit });
      let lines = 0;
      try {
        for (let batch = reader.next(); batch !== null; batch = reader.next()) lines += batch.length;
      } catch (error) {
        assert.ok(error instanceof HeddleError && error.code === 'HEDDLE_LINE_TOO_LONG', String(error));
        assert.equal(error.data.path, 'f');
        assert.ok(error.message.includes(`byte ${String(error.data.offset)}`));
        return [lines, error.data.offset];
      }
      return lines;
    };
    const fits = 'x'.repeat(limit);
    for (const end of ['', '\n', '\r\n', '\nab\n']) assert.equal(typeof refused(`ab\n${fits}${end}`), 'number', JSON.stringify(end));
    for (const end of ['', 'x', '\n', '\r\n', '\nab\n', 'x'.repeat(1000)])
      assert.deepEqual(refused(`ab\n${fits}x${end}`), [1, 3], JSON.stringify(end));
  });

  test('a file that shrank, or vanished, is named', () => {
    const content = bytes('one\ntwo\nthree\n');
    for (const start of [0, 12]) {
      const files = new MemoryFiles({ f: content.subarray(0, 6) });
      const reader = new LineReader(files.fileSystem, { pieces: [{ path: 'f', start, end: content.length }] });
      assert.throws(
        () => reader.next(),
        error => error instanceof HeddleError && error.code === 'HEDDLE_IO' && error.data.path === 'f' && error.data.planned === 14,
      );
      reader.close();
      assert.equal(files.open, 0);
    }
    const reader = new LineReader(new MemoryFiles({}).fileSystem, whole(5, 'gone'));
    assert.throws(() => reader.next(), { code: 'HEDDLE_PATH_NOT_FOUND' });
  });

  test('of a file that grew, the planned bytes are read, and the line that starts in them to its end', () => {
    const files = new MemoryFiles({ f: bytes('one\ntwo and more\nthree\n') });
    assert.deepEqual(readAll(files, [whole(7)]).lines, ['one', 'two and more']);
    assert.deepEqual(readAll(files, [whole(4)]).lines, ['one']);
  });

  test('empty splits and empty pieces open nothing', () => {
    const files = new MemoryFiles({});
    assert.deepEqual(readAll(files, [{ pieces: [] }, whole(0, 'gone')]).lines, []);
  });

  test('reading ahead of a small piece is bounded', () => {
    const files = new MemoryFiles({ f: bytes('line\n'.repeat(100_000)) }, 1);
    readAll(files, [{ pieces: [{ path: 'f', start: 1000, end: 1010 }] }]);
    assert.ok(files.reads < 10_000, `${files.reads} bytes were read for a piece of 10`);
  });

  test('closes its file when it stops early', () => {
    const files = new MemoryFiles({ f: bytes('a\n'.repeat(1000)) });
    const reader = new LineReader(files.fileSystem, whole(2000), { chunkBytes: 16 });
    reader.next();
    assert.equal(files.open, 1);
    reader.close();
    reader.close();
    assert.equal(files.open, 0);
  });
});
