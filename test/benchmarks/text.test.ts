import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { textFacts } from '../../benchmarks/input.js';
import { lineBlocks } from '../../benchmarks/loops/lines.js';
import { textLines, writeText } from '../../benchmarks/text.js';

const FIRST_LINES = [
  'gww sezwwkhnfy yytffs lhsfgduzi krletzwo voovypgdk jwuv nqvejpsaom qcrxeiy oqz',
  'krletzwo xtjstyyr qfdigeu myz gxe srrze ndct gxk ozmhapiye wkjib',
];
const SHA256_OF_1_MB = '0345afaca315d1212d36ff0a22938aa1c54f160151b7c3dcb99724a656234547';
const FACTS_OF_1_MB = { lines: 14_064, words: 140_640, distinct: 22_276, firstWords: 5_093, empty: 0 };

const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-text-'));
after(() => rmSync(folder, { recursive: true }));

describe('the benchmark text', () => {
  test('begins with the same lines for everybody', () => {
    const lines = textLines();
    assert.deepEqual([lines.next().value, lines.next().value], FIRST_LINES);
  });

  test('of one megabyte holds the same words everywhere, and leaves nothing else behind', () => {
    const path = join(folder, 'text');
    writeText(path, 1);
    const bytes = readFileSync(path);
    assert.equal(bytes.length, statSync(path).size);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), SHA256_OF_1_MB);
    assert.deepEqual(textFacts(path), FACTS_OF_1_MB);
    assert.deepEqual(readdirSync(folder), ['text']);
    assert.ok(bytes.length >= 1e6 && bytes.subarray(0, -1).lastIndexOf('\n') < 1e6 - 1, 'the last line is the one that reaches the size');
  });
});

describe('lineBlocks', () => {
  test('every line once and whole, whatever the block and however the file is cut', () => {
    const path = join(folder, 'lines');
    const lines = ['', 'a', 'zażółć gęślą', '', 'x'.repeat(100), '☕☕☕', 'the end without a newline'];
    for (const ending of ['', '\n']) {
      writeFileSync(path, lines.join('\n') + ending);
      const size = statSync(path).size;
      for (const block of [1, 7, 64, 4096]) {
        for (let parts = 1; parts <= 9; parts++) {
          const read: string[] = [];
          for (let i = 0; i < parts; i++) {
            const [start, end] = [Math.floor((size * i) / parts), Math.floor((size * (i + 1)) / parts)];
            for (const text of lineBlocks(path, start, end, block)) read.push(...text.split('\n'));
          }
          assert.deepEqual(read, lines, `blocks of ${block}, ${parts} parts`);
        }
      }
    }
  });

  test('an empty file has no lines', () => {
    const path = join(folder, 'empty');
    writeFileSync(path, '');
    assert.deepEqual([...lineBlocks(path)], []);
  });
});
