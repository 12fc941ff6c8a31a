// The text that is counted, and what it holds: the standard one, made once, or a file of the user's own.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TextFacts } from './jobs.js';
import { countWords } from './loops/wordcount.js';
import { ensureStandardText, STANDARD_TEXT } from './text.js';

export interface Input {
  readonly path: string;
  readonly facts: TextFacts;
}

/** With an own file the plain loop counts first, and its answer is the one the others are held against. */
export function prepareText(cache: string, own?: string): Input {
  if (own === undefined) {
    mkdirSync(cache, { recursive: true });
    const path = join(cache, 'text-100mb.txt');
    ensureStandardText(path);
    return { path, facts: { words: STANDARD_TEXT.words, distinct: STANDARD_TEXT.distinct, empty: 0 } };
  }
  const path = resolve(own);
  accessSync(path, constants.R_OK);
  return { path, facts: textFacts(path) };
}

export function textFacts(path: string): TextFacts {
  const counts = countWords(path);
  let words = 0;
  for (const count of counts.values()) words += count;
  return { words, distinct: counts.size, empty: counts.get('') ?? 0 };
}
