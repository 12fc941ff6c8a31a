// The lines of a split, in batches: the worker's side of textFile. What a line is and whose it is, see
// byte-chunk-reader.ts and line-decoder.ts.
import { type ByteChunkOptions, ByteChunkReader } from './byte-chunk-reader.js';
import type { FileSystem } from './file-system.js';
import { decodeLines, lineEnd, type TextEncodingName } from './line-decoder.js';
import type { TextSplit } from './splits.js';

export interface LineReaderOptions extends Pick<ByteChunkOptions, 'chunkBytes' | 'maxLineBytes'> {
  readonly decoder?: TextEncodingName;
}

/** Text to a batch. Up to this size V8 puts the string into its young generation; twice as much is a third slower. */
const BATCH_BYTES = 64 * 1024;
/** Lines to a batch: of very short lines, 64 KiB would be too many to hold at once. */
const MOST_LINES = 8192;

export class LineReader {
  readonly #reader: ByteChunkReader;
  readonly #decoder: TextEncodingName;
  #view: Buffer = Buffer.alloc(0);
  #bytes: Uint8Array | null = null;
  #from = 0;
  #to = 0;
  #lines: string[] = [];
  #given = 0;

  constructor(fileSystem: FileSystem, split: TextSplit, options: LineReaderOptions = {}) {
    this.#decoder = options.decoder ?? 'utf-8';
    // In ISO-8859-1 the three bytes of the mark are three characters.
    this.#reader = new ByteChunkReader(fileSystem, split, { ...options, skipBom: this.#decoder === 'utf-8' });
  }

  /** Bytes of the batches read so far: see ByteChunkReader. It runs ahead of the lines by a chunk at most. */
  get bytesRead(): number {
    return this.#reader.bytesRead;
  }

  /** The next lines, at least one, without their line ends; null at the end of the split. The array is the caller's. */
  next(): string[] | null {
    if (this.#given < this.#lines.length) return this.#rest();
    if (this.#from >= this.#to && !this.#load()) return null;
    const end = lineEnd(this.#view, this.#from, this.#to, BATCH_BYTES);
    const lines = decodeLines(this.#view, this.#from, end, this.#decoder);
    this.#from = end;
    if (lines.length <= MOST_LINES) return lines;
    this.#lines = lines;
    this.#given = 0;
    return this.#rest();
  }

  /** Closes the open file; for those who stop early. */
  close(): void {
    this.#reader.close();
  }

  #load(): boolean {
    const window = this.#reader.next();
    if (window === null) return false;
    if (window.bytes !== this.#bytes) {
      this.#bytes = window.bytes;
      this.#view = Buffer.from(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
    }
    this.#from = window.from;
    this.#to = window.to;
    return true;
  }

  #rest(): string[] {
    const lines = this.#lines.slice(this.#given, this.#given + MOST_LINES);
    this.#given += lines.length;
    if (this.#given >= this.#lines.length) this.#lines = [];
    if (this.#lines.length === 0) this.#given = 0;
    return lines;
  }
}
