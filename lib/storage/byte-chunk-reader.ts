// Reads a split as windows of bytes that begin and end at line ends. It makes no strings, so a columnar reader can
// have the bytes read straight into shared memory, window by window.
//
// Whose line is it? A line belongs to the piece in which its first byte lies. A piece that starts inside a file
// therefore looks at the byte before its start: unless that ends a line, the reader skips to the next line end. And it
// reads its last line to the end, past its own end. So the pieces of a file, read by anybody in any order, give each
// line once. Lines end with \n (a \r before it is part of the window); the last may lack it.
//
// Each window is read anew from the position where the last one ended: the few bytes after the last line end are read
// twice, and in return no window depends on the memory of the one before.
import { constants } from 'node:buffer';
import { HeddleError } from '../core/errors.js';
import type { FileSystem, ReadableFile } from './file-system.js';
import type { TextPiece, TextSplit } from './splits.js';

/** Whole lines: `bytes` from `from`, to `to` (exclusive). It holds until the next call of `next`. */
export interface ByteWindow {
  bytes: Uint8Array;
  from: number;
  to: number;
  path: string;
  /** Where in the file `from` is. */
  position: number;
}

export interface ByteChunkOptions {
  /** The size of a window, when no buffer is handed in; a single longer line makes a larger one. */
  readonly chunkBytes?: number;
  /** Passes over a UTF-8 byte order mark at the start of a file. True by default. */
  readonly skipBom?: boolean;
  /** The longest line in bytes, if longer than a chunk: what a string can hold by default. */
  readonly maxLineBytes?: number;
}

const CHUNK_BYTES = 256 * 1024;
/** How much is read past the end of a piece, for its last line. */
const TAIL_BYTES = 4096;
/** A buffer that one long line made larger than this is not kept. */
const KEPT_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

export class ByteChunkReader {
  /** Bytes of the lines handed out, line ends and byte order marks included: over all splits of a file, its size. */
  bytesRead = 0;

  readonly #fileSystem: FileSystem;
  readonly #pieces: readonly TextPiece[];
  readonly #chunkBytes: number;
  readonly #skipBom: boolean;
  readonly #maxLineBytes: number;
  readonly #window: ByteWindow = { bytes: new Uint8Array(0), from: 0, to: 0, path: '', position: 0 };
  #own: Buffer | null = null;
  #large: Buffer | null = null;
  #view: Buffer = Buffer.alloc(0);
  #next = 0;
  #file: ReadableFile | null = null;
  #piece: TextPiece = { path: '', start: 0, end: 0 };
  /** The first byte of the next line. */
  #position = 0;
  /** Lines that start before it are ours. */
  #end = 0;

  constructor(fileSystem: FileSystem, split: TextSplit, options: ByteChunkOptions = {}) {
    this.#fileSystem = fileSystem;
    this.#pieces = split.pieces;
    this.#chunkBytes = Math.max(1, options.chunkBytes ?? CHUNK_BYTES);
    this.#skipBom = options.skipBom ?? true;
    this.#maxLineBytes = Math.min(options.maxLineBytes ?? constants.MAX_STRING_LENGTH, constants.MAX_STRING_LENGTH);
  }

  /**
   * The next window, or null at the end of the split. With a buffer, the bytes are read into it; only a single line
   * that does not fit comes in a buffer of the reader's own: compare `window.bytes`.
   */
  next(buffer?: Uint8Array): ByteWindow | null {
    const bytes = buffer ?? (this.#own ??= Buffer.allocUnsafeSlow(this.#chunkBytes));
    if (bytes !== this.#view) this.#view = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (this.#file === null || this.#position >= this.#end) {
      this.close();
      if (this.#next === this.#pieces.length) return null;
      this.#openPiece(this.#pieces[this.#next++]!);
    }
    return this.#fill(bytes);
  }

  /** Closes the open file; for those who stop early. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #openPiece(piece: TextPiece): void {
    this.#piece = piece;
    this.#position = piece.start;
    this.#end = piece.end;
    if (piece.start >= piece.end) return;
    this.#file = this.#fileSystem.open(piece.path);
    if (piece.start > 0) this.#position = this.#firstLine();
    else if (this.#skipBom) this.#passBom();
  }

  /** The first position in the piece at which a line starts; the piece's end if there is none. */
  #firstLine(): number {
    const { start, end } = this.#piece;
    const scratch = this.#view;
    let position = start - 1;
    let length = TAIL_BYTES;
    // A line that starts at `end` is not ours, so the byte before `end` need not be looked at.
    while (position < end - 1) {
      const read = this.#file!.readInto(scratch, 0, Math.min(scratch.length, length, end - 1 - position), position);
      if (read === 0) throw this.#shrunk(position);
      const at = scratch.subarray(0, read).indexOf(NEWLINE);
      if (at >= 0) return position + at + 1;
      position += read;
      length = CHUNK_BYTES;
    }
    return end;
  }

  #passBom(): void {
    const start = new Uint8Array(4);
    const read = this.#read(start, 0, 4, 0);
    if (read < 3 || start[0] !== 0xef || start[1] !== 0xbb || start[2] !== 0xbf) return;
    this.bytesRead += 3;
    this.#position = 3;
    // The mark is the first line's first byte: that line is ours, even if the piece ends within the mark.
    if (read === 4) this.#end = Math.max(this.#end, 4);
  }

  #fill(buffer: Uint8Array): ByteWindow {
    let bytes = buffer;
    let view = this.#view;
    let have = 0;
    const ends = this.#end - this.#position; // where in the window the piece ends
    let want = Math.min(view.length, ends + TAIL_BYTES);
    for (;;) {
      const from = have;
      have += this.#read(view, have, want - have, this.#position + have);
      const atEnd = have < want;
      if (atEnd && have < ends) throw this.#shrunk(this.#position + have);
      const cut = from === 0 ? cutWindow(view, have, ends, atEnd) : cutLongLine(view, from, have, atEnd);
      if (cut > 0 && from > 0 && textLength(view, cut) > this.#maxLineBytes) throw this.#tooLong();
      if (cut > 0) return this.#deliver(bytes, cut);
      // One line, longer than all that was read. Its text may be followed by \r\n.
      if (have >= this.#maxLineBytes + 2) throw this.#tooLong();
      want = Math.min(Math.max(have * 2, 64), Math.max(this.#maxLineBytes + 2, have + 1));
      if (want > view.length) {
        view = this.#grow(view, have, want);
        bytes = view;
      }
    }
  }

  #deliver(bytes: Uint8Array, length: number): ByteWindow {
    const window = this.#window;
    window.bytes = bytes;
    window.from = 0;
    window.to = length;
    window.path = this.#piece.path;
    window.position = this.#position;
    this.#position += length;
    this.bytesRead += length;
    return window;
  }

  /** Reads until `length` bytes are there, or the file ends. */
  #read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const read = this.#file!.readInto(buffer, offset + done, length - done, position + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  #grow(view: Buffer, have: number, want: number): Buffer {
    const kept = this.#large;
    const large = kept !== null && kept !== view && kept.length >= want ? kept : Buffer.allocUnsafeSlow(want);
    view.copy(large, 0, 0, have);
    this.#large = large.length <= KEPT_BYTES ? large : null;
    return large;
  }

  #tooLong(): HeddleError {
    const { path } = this.#piece;
    const offset = this.#position;
    const message = `${path}: the line that starts at byte ${offset} is longer than ${this.#maxLineBytes} bytes; is it a text file with lines?`;
    return new HeddleError('HEDDLE_LINE_TOO_LONG', message, { data: { path, offset, limit: this.#maxLineBytes } });
  }

  #shrunk(size: number): HeddleError {
    const { path, end } = this.#piece;
    const message = `${path}: the file ends at byte ${size}, but had ${end} bytes or more when the job was planned; run the job again on files that do not change`;
    return new HeddleError('HEDDLE_IO', message, { data: { path, size, planned: end } });
  }
}

/** The length of the whole lines at the head of the first `have` bytes that start before `ends`; 0 if there is no whole line. */
function cutWindow(view: Buffer, have: number, ends: number, atEnd: boolean): number {
  if (have >= ends) {
    const last = view.subarray(0, have).indexOf(NEWLINE, ends - 1);
    if (last >= 0) return last + 1;
    if (atEnd) return have;
  }
  return view.lastIndexOf(NEWLINE, Math.min(have, ends) - 1) + 1;
}

/** The length of the one line at the head, of which the first `scanned` bytes are known to hold no line end; 0 if it is not whole. */
function cutLongLine(view: Buffer, scanned: number, have: number, atEnd: boolean): number {
  const at = view.subarray(0, have).indexOf(NEWLINE, scanned);
  if (at >= 0) return at + 1;
  return atEnd ? have : 0;
}

/** The length of the line that ends at `end`, without its line end. */
function textLength(view: Buffer, end: number): number {
  if (view[end - 1] !== NEWLINE) return end;
  return view[end - 2] === 13 ? end - 2 : end - 1;
}
