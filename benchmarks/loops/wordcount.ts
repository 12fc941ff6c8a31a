// Word count as a plain loop on one thread.
import { lineBlocks } from './lines.js';

/** How often each word occurs in the lines that begin in bytes [start, end). */
export function countWords(path: string, start?: number, end?: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const block of lineBlocks(path, start, end)) {
    for (const line of block.split('\n')) {
      for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

/** As countWords, each line through JSON first. */
export function countWordsThroughJson(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const block of lineBlocks(path)) {
    for (const line of block.split('\n')) {
      for (const word of (JSON.parse(JSON.stringify(line)) as string).split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}
