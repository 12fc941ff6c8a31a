// Files of the spill directory, as whoever has no room in memory writes and reads them: a thread's tasks, or the driver.
//
// All that goes wrong here is HEDDLE_SPILL: the disk is full, or the directory or a file of it is gone or damaged. The
// error names the directory and the option that chooses it.

import { HeddleError } from '../core/errors.js';
import { BlockFileWriter, type BlockPlace, readBlock } from './block-file.js';
import type { FileSystem } from './file-system.js';
import { makeSpillDirectory, removeFilesOf } from './spill-directory.js';

export class SpillFiles {
  constructor(
    private readonly files: FileSystem,
    readonly directory: string,
  ) {}

  /** Begins a file. The directory is made for the first one. */
  create(name: string): SpillFile {
    return this.guarded('written', () => {
      makeSpillDirectory(this.directory);
      return new SpillFile(this, new BlockFileWriter(this.files, this.files.join(this.directory, name)));
    });
  }

  /** A block of a file that was closed, in memory of its own that begins at a multiple of 8. */
  read(place: BlockPlace): Uint8Array {
    return this.guarded('read back', () => readBlock(this.files, place));
  }

  /** Where a block of a file of this name is. */
  place(name: string, offset: number, bytes: number): BlockPlace {
    return { file: this.files.join(this.directory, name), offset, bytes };
  }

  /** Removes the files whose names begin with this. */
  removeOf(prefix: string): void {
    removeFilesOf(this.directory, prefix);
  }

  guarded<T>(what: string, body: () => T): T {
    try {
      return body();
    } catch (error) {
      const { directory } = this;
      const why = error instanceof Error ? error.message : String(error);
      throw new HeddleError(
        'HEDDLE_SPILL',
        `rows that had no room in memory could not be ${what}: ${why}. They go to ${directory}: ` +
          'leave it alone while the context runs, choose a disk with room by the option spillDirectory, or raise the option memory',
        { data: { directory, option: 'spillDirectory' }, cause: error },
      );
    }
  }
}

/** A file being written. One that is neither closed nor discarded is left behind. */
export class SpillFile {
  /** Of payloads. */
  bytes = 0;

  constructor(
    private readonly of: SpillFiles,
    private readonly writer: BlockFileWriter,
  ) {}

  append(payload: Uint8Array): BlockPlace {
    const place = this.of.guarded('written', () => this.writer.append(payload));
    this.bytes += payload.length;
    return place;
  }

  close(): void {
    this.of.guarded('written', () => this.writer.close());
  }

  /** Closes and removes it. */
  discard(): void {
    this.writer.discard();
  }
}
