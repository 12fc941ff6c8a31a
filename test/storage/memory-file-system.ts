// A file system of a few files in memory, for readers' tests: it can read short and change under the reader.
import { HeddleError } from '../../lib/core/errors.js';
import type { FileSystem, ReadableFile } from '../../lib/storage/file-system.js';

export class MemoryFiles {
  readonly files = new Map<string, Uint8Array>();
  open = 0;
  reads = 0;

  constructor(
    files: Record<string, Uint8Array>,
    /** The most bytes that one read gives. */
    readonly mostRead = Number.POSITIVE_INFINITY,
  ) {
    for (const [path, bytes] of Object.entries(files)) this.files.set(path, bytes);
  }

  /** Only `open` works. */
  get fileSystem(): FileSystem {
    return { open: (path: string) => this.#open(path) } as unknown as FileSystem;
  }

  #open(path: string): ReadableFile {
    if (!this.files.has(path)) throw new HeddleError('HEDDLE_PATH_NOT_FOUND', `cannot read ${path}`, { data: { path } });
    this.open++;
    let closed = false;
    return {
      readInto: (buffer, offset, length, position) => {
        if (closed) throw new Error('read after close');
        this.reads++;
        const bytes = this.files.get(path)!;
        const part = bytes.subarray(position, position + Math.min(length, this.mostRead));
        buffer.set(part, offset);
        return part.length;
      },
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }
}
