// A text file as strings of whole lines, a few megabytes each, whatever the size of the file: no string grows past
// what V8 allows, and no character is cut in two. A line belongs to the range in which it begins.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const BLOCK = 4 << 20;
const NEWLINE = 0x0a;

/** The lines that begin in bytes [start, end), joined by newlines, without the last newline of each block. */
export function* lineBlocks(path: string, start = 0, end = Number.POSITIVE_INFINITY, block = BLOCK): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const stop = Math.min(end, size);
    let from = start === 0 ? 0 : afterNewline(file, start - 1, size);
    let buffer = Buffer.allocUnsafe(block);
    while (from < stop) {
      const length = readFully(file, buffer, from);
      const whole = wholeLines(buffer, length, stop - from, from + length >= size);
      if (whole === 0) {
        buffer = Buffer.allocUnsafe(buffer.length * 2); // one line is longer than the buffer
        continue;
      }
      const last = buffer[whole - 1] === NEWLINE ? whole - 1 : whole;
      yield buffer.toString('utf8', 0, last);
      from += whole;
    }
  } finally {
    closeSync(file);
  }
}

/** How many of the bytes are whole lines that begin before `limit`; 0 when not even one line is whole. */
function wholeLines(buffer: Buffer, length: number, limit: number, atEnd: boolean): number {
  if (limit <= length) {
    const newline = buffer.subarray(0, length).indexOf(NEWLINE, limit - 1);
    if (newline >= 0) return newline + 1;
  }
  if (atEnd) return length;
  return buffer.subarray(0, length).lastIndexOf(NEWLINE) + 1;
}

/** Where the first line after position `at` begins. */
function afterNewline(file: number, at: number, size: number): number {
  const buffer = Buffer.allocUnsafe(1 << 16);
  for (let from = at; from < size; ) {
    const length = readFully(file, buffer, from);
    const newline = buffer.subarray(0, length).indexOf(NEWLINE);
    if (newline >= 0) return from + newline + 1;
    from += length;
  }
  return size;
}

function readFully(file: number, buffer: Buffer, position: number): number {
  let length = 0;
  while (length < buffer.length) {
    const got = readSync(file, buffer, length, buffer.length - length, position + length);
    if (got === 0) break;
    length += got;
  }
  return length;
}
