// Cuts files into splits of even bytes. The files are laid end to end in their order and the whole is cut, so a large
// file is shared by several splits, and many small ones are packed into one. A cut may fall inside a line: readers
// settle to whom it belongs (see byte-chunk-reader.ts).
import { badArgument } from '../core/errors.js';
import type { InputFile } from './inputs.js';

/** The bytes of a file from `start`, to `end` (exclusive). */
export interface TextPiece {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** What one task reads: pieces in order. Plain data. */
export interface TextSplit {
  readonly pieces: readonly TextPiece[];
}

const LEAST_TARGET = 64 * 1024;
const MOST_TARGET = 32 * 1024 * 1024;

/** Bytes to a split: one split to each thread, but neither so small that a task costs more than its work, nor so large that one cannot be moved or retried cheaply. */
export function defaultTargetBytes(totalBytes: number, parallelism: number): number {
  return Math.min(MOST_TARGET, Math.max(LEAST_TARGET, Math.ceil(totalBytes / parallelism)));
}

/** Exactly `partitions` splits if given, of which some are empty when there are fewer bytes; else as many as `targetBytes` makes of the total, at least one. */
export function planSplits(files: readonly InputFile[], options: { partitions?: number | undefined; targetBytes: number }): TextSplit[] {
  const { partitions, targetBytes } = options;
  if (partitions !== undefined && !(Number.isSafeInteger(partitions) && partitions > 0)) {
    throw badArgument('partitions', partitions, 'a whole number above 0');
  }
  if (!(targetBytes >= 1)) throw badArgument('targetBytes', targetBytes, 'a number of bytes above 0');
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const count = partitions ?? Math.max(1, Math.ceil(total / targetBytes));
  // floor(total * i / count) without a product past 2^53.
  const each = Math.floor(total / count);
  const left = total % count;
  const cut = (i: number) => each * i + Math.floor((left * i) / count);

  const splits: TextSplit[] = [];
  let index = 0; // the file that holds the next byte
  let before = 0; // bytes of the files before it
  for (let i = 0; i < count; i++) {
    const from = cut(i);
    const to = cut(i + 1);
    const pieces: TextPiece[] = [];
    for (let at = from; at < to; ) {
      const file = files[index]!;
      const end = Math.min(file.size, to - before);
      if (end > at - before) pieces.push({ path: file.path, start: at - before, end });
      at = before + end;
      if (end === file.size) {
        before += file.size;
        index++;
      }
    }
    splits.push({ pieces });
  }
  return splits;
}
