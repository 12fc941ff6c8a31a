// The text that every word count reads: lines of ten words drawn from a vocabulary of 50,000 random words, rank r
// about as often as 1/r. Seeded, so that everybody who makes it gets the same bytes, and so the same answers.
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

const SEED = 12345;
const VOCABULARY = 50_000;
const WORDS_A_LINE = 10;
const BLOCK = 1 << 20;

/** What the texts hold; a contender that counts anything else is wrong. */
export const STANDARD_TEXTS = {
  '100 MB': { megabytes: 100, bytes: 100_000_053, lines: 1_404_281, words: 14_042_810, distinct: 44_205, firstWords: 43_432 },
  '1 GB': { megabytes: 1000, bytes: 1_000_000_020, lines: 14_043_387, words: 140_433_870, distinct: 44_205, firstWords: 44_205 },
} as const;
export type StandardText = keyof typeof STANDARD_TEXTS;

/** Marsaglia's xorshift (13, 17, 5) on 32 bits, as numbers in [0, 1). */
function xorshift32(seed: number): () => number {
  let x = seed | 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** The lines of the text, without an end: who asks stops. */
export function* textLines(): Generator<string, never> {
  const random = xorshift32(SEED);
  const vocabulary: string[] = [];
  while (vocabulary.length < VOCABULARY) {
    const letters = 2 + Math.floor(random() * 9);
    let word = '';
    for (let i = 0; i < letters; i++) word += String.fromCharCode(0x61 + Math.floor(random() * 26));
    vocabulary.push(word);
  }
  // VOCABULARY ** u of a uniform u has density 1/x, hence the Zipf-like ranks 1 to 49,999
  const word = () => vocabulary[Math.floor(VOCABULARY ** random()) - 1]!;
  for (;;) {
    let line = word();
    for (let i = 1; i < WORDS_A_LINE; i++) line += ` ${word()}`;
    yield line;
  }
}

/** Writes whole lines until at least `megabytes` million bytes are there. The file appears only when it is complete. */
export function writeText(path: string, megabytes: number): void {
  const part = `${path}.${process.pid}.part`;
  const file = openSync(part, 'w');
  try {
    const wanted = megabytes * 1e6;
    let written = 0;
    let block = '';
    for (const line of textLines()) {
      if (written + block.length >= wanted) break;
      block += `${line}\n`;
      if (block.length < BLOCK) continue;
      writeWhole(file, block);
      written += block.length;
      block = '';
    }
    writeWhole(file, block);
  } catch (error) {
    closeSync(file);
    rmSync(part, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(part, path);
}

/** Makes a text unless a file of its size is there already. */
export function ensureStandardText(path: string, size: StandardText): void {
  const { bytes, megabytes } = STANDARD_TEXTS[size];
  if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) writeText(path, megabytes);
}

/** One writeSync may take only a part of what it is given. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
