// The text that is counted, and what it holds: the standard one, made once, or a file of the user's own.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { JOBS, type JobName, type TextFacts } from './jobs.js';
import { lineBlocks } from './loops/lines.js';
import { countWords } from './loops/wordcount.js';
import { ensureStandardText, STANDARD_TEXTS, type StandardText } from './text.js';

export interface Input {
  readonly path: string;
  readonly facts: TextFacts;
}

/** The texts of some jobs, each made or counted once. */
export function prepareTexts(cache: string, jobs: readonly JobName[], own?: string): (job: JobName) => Input {
  const made = new Map<StandardText, Input>();
  const inputOf = (job: JobName) => {
    const size = JOBS[job].text;
    let input = made.get(size);
    if (input === undefined) made.set(size, (input = prepareText(cache, size, own)));
    return input;
  };
  for (const job of jobs) inputOf(job);
  return inputOf;
}

/** A generated text of that size. With an own file the plain loop counts first, and its answer is the one the others are held against. */
export function prepareText(cache: string, size: StandardText, own?: string): Input {
  if (own === undefined) {
    mkdirSync(cache, { recursive: true });
    const { megabytes, lines, words, distinct, firstWords } = STANDARD_TEXTS[size];
    const path = join(cache, `text-${megabytes}mb.txt`);
    ensureStandardText(path, size);
    return { path, facts: { lines, words, distinct, firstWords, empty: 0 } };
  }
  const path = resolve(own);
  accessSync(path, constants.R_OK);
  return { path, facts: textFacts(path) };
}

function lineFacts(path: string): Pick<TextFacts, 'lines' | 'firstWords'> {
  const first = new Set<string>();
  let lines = 0;
  for (const block of lineBlocks(path)) {
    for (const line of block.split('\n')) {
      first.add(line.split(' ', 1)[0]!);
      lines++;
    }
  }
  return { lines, firstWords: first.size };
}

export function textFacts(path: string): TextFacts {
  const counts = countWords(path);
  let words = 0;
  for (const count of counts.values()) words += count;
  return { ...lineFacts(path), words, distinct: counts.size, empty: counts.get('') ?? 0 };
}
