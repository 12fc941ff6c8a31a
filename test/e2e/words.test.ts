// Word count over real text in a dozen scripts, against a plain loop: multi-byte characters, line ends and byte-order marks at
// every cut, through the whole engine.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Context } from '../../lib/index.js';
import { inTemporaryAsync } from '../storage/temporary.js';

// A development dependency's manual, which is there in Chinese, Hindi, Russian and more.
const directory = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/', import.meta.url));
const files = readdirSync(directory)
  .filter(name => /^README.*\.md$/.test(name))
  .sort();
const texts = files.map(name => readFileSync(join(directory, name), 'utf8'));
const lines = texts.flatMap(text => linesOf(text));
let sc: Context;

before(async () => {
  assert(files.length > 5 && /[\u0900-\u097f]/.test(texts.join('')) && /[\u4e00-\u9fff]/.test(texts.join('')));
  sc = await Context.create({ threads: 2, memory: '256mb', progress: false });
});
after(() => sc.stop());

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Words and how often they come, in order of first appearance. */
function countWords(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) for (const word of line.split(/\s+/u)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const byWord = ([a]: readonly [string, number], [b]: readonly [string, number]) => (a < b ? -1 : 1);

async function check(paths: string, expected: readonly string[], partitions: number, reducers: number): Promise<void> {
  const read = sc.textFile(paths, { partitions });
  const counts = await read
    .flatMap(line => line.split(/\s+/u))
    .map(word => [word, 1])
    .reduceByKey((a, b) => a + b, reducers)
    .collect();
  assert.deepStrictEqual(counts.sort(byWord), [...countWords(expected)].sort(byWord));
}

test('counts the words of many files in any number of partitions', async () => {
  for (const [partitions, reducers] of [
    [1, 1],
    [4, 3],
    [97, 7],
    [1000, 2],
  ] as const) {
    await check(join(directory, 'README*.md'), lines, partitions, reducers);
  }
});

test('gives the lines themselves, in order, wherever the files are cut', async () => {
  for (const partitions of [1, 13, 500]) {
    assert.deepStrictEqual(await sc.textFile(join(directory, 'README*.md'), { partitions }).collect(), lines);
  }
});

test('is the same with CRLF and with byte-order marks', async () => {
  await inTemporaryAsync(async root => {
    const plain = texts.map(text => linesOf(text.replaceAll('\r', '')));
    const guises: [string, (lines: readonly string[]) => string][] = [
      ['crlf', lines => lines.map(line => `${line}\r\n`).join('')],
      ['bom', lines => `\ufeff${lines.join('\n')}`],
      ['both', lines => `\ufeff${lines.join('\r\n')}`],
      ['mixed', lines => lines.map((line, i) => line + (i % 3 === 0 ? '\r\n' : '\n')).join('')],
    ];
    for (const [name, write] of guises) {
      mkdirSync(join(root, name));
      for (const [i, file] of files.entries()) writeFileSync(join(root, name, file), write(plain[i]!));
      for (const partitions of [1, 61, 400]) {
        assert.deepStrictEqual(
          await sc.textFile(join(root, name), { partitions }).collect(),
          plain.flat(),
          `${name}, ${partitions} partitions`,
        );
      }
      await check(join(root, name), plain.flat(), 61, 3);
    }
  });
});

test('cuts a small file at every byte', async () => {
  await inTemporaryAsync(async root => {
    const path = join(root, 'small.txt');
    const text = '\ufeffé\r\n😀 a\n\r\n\r\r\n中\n\n\ufeff x\u2028y\rz\n';
    writeFileSync(path, text);
    const expected = ['é', '😀 a', '', '\r', '中', '', '\ufeff x\u2028y\rz'];
    for (let partitions = 1; partitions <= Buffer.byteLength(text) + 2; partitions++) {
      assert.deepStrictEqual(await sc.textFile(path, { partitions }).collect(), expected, `${partitions} partitions`);
    }
  });
});
