// Bytes to lines. A string costs more to make than its characters, so a stretch of many lines is decoded at once and
// cut with split: the lines share its memory. (A line that a program keeps therefore keeps its stretch, 64 KiB at most.)
//
// Decoders, by measurement: ASCII is a copy; valid UTF-8 goes through `transcode`, two to five times as fast as the
// decoder behind `toString`; anything else goes through that one, which puts U+FFFD exactly where TextDecoder does.
// Text that is ASCII but for some lines is decoded in runs, so that its ASCII lines stay one byte a character.
import * as buffers from 'node:buffer';

export type TextEncodingName = 'utf-8' | 'latin1';

/** The step in which text is told into ASCII and other. */
const BLOCK_BYTES = 2048;
/** A longer stretch is one long line, for which the two buffers of `transcode` would be too much memory. */
const TRANSCODE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Builds of Node without ICU have none. */
const transcode: typeof buffers.transcode | undefined = (buffers as { transcode?: typeof buffers.transcode }).transcode;

/** The lines of whole lines of text: bytes from `from`, to `to` (exclusive), at least one. `latin1` is ISO-8859-1: each byte one character. */
export function decodeLines(view: Buffer, from: number, to: number, decoder: TextEncodingName): string[] {
  if (decoder === 'latin1' || buffers.isAscii(view.subarray(from, to))) return splitLines(view, from, to, true);
  if (to - from <= BLOCK_BYTES) return splitLines(view, from, to, false);
  return decodeRuns(view, from, to);
}

/** Neighbouring blocks of one kind are decoded together. */
function decodeRuns(view: Buffer, from: number, to: number): string[] {
  let lines: string[] | null = null;
  let runStart = from;
  let runAscii = false;
  for (let at = from; at < to; ) {
    const end = lineEnd(view, at, to, BLOCK_BYTES);
    const ascii = buffers.isAscii(view.subarray(at, end));
    if (ascii !== runAscii) {
      if (at > runStart) lines = append(lines, splitLines(view, runStart, at, runAscii));
      runStart = at;
      runAscii = ascii;
    }
    at = end;
  }
  return append(lines, splitLines(view, runStart, to, runAscii));
}

function append(lines: string[] | null, more: string[]): string[] {
  if (lines === null) return more;
  for (let i = 0; i < more.length; i++) lines.push(more[i]!);
  return lines;
}

/** The end of the last line that ends within `length` bytes of `from`; the end of the first line if that is longer. Lines end at `to` at the latest. */
export function lineEnd(view: Buffer, from: number, to: number, length: number): number {
  if (to - from <= length) return to;
  const last = view.lastIndexOf(NEWLINE, from + length - 1);
  if (last >= from) return last + 1;
  const first = view.indexOf(NEWLINE, from + length);
  return first < 0 || first >= to ? to : first + 1;
}

function splitLines(view: Buffer, from: number, to: number, oneByte: boolean): string[] {
  const ended = view[to - 1] === NEWLINE;
  const end = ended ? to - 1 : to;
  const text = oneByte ? view.toString('latin1', from, end) : decodeUtf8(view, from, end);
  const lines = text.split('\n');
  // One look at the whole is cheaper than one at each line. A \r at the very end of a file ends no line.
  if (text.includes('\r')) stripReturns(lines, ended ? lines.length : lines.length - 1);
  return lines;
}

function stripReturns(lines: string[], count: number): void {
  for (let i = 0; i < count; i++) {
    const line = lines[i]!;
    const last = line.length - 1;
    if (last >= 0 && line.charCodeAt(last) === CARRIAGE_RETURN) lines[i] = line.slice(0, last);
  }
}

function decodeUtf8(view: Buffer, from: number, to: number): string {
  if (transcode !== undefined && to - from <= TRANSCODE_BYTES) {
    const bytes = view.subarray(from, to);
    if (buffers.isUtf8(bytes)) return transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
  }
  return view.toString('utf8', from, to);
}
