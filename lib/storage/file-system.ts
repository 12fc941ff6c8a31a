// The contract between the engine and a file system. It is synchronous: tasks are synchronous loops in threads of
// their own, where a blocking read costs nothing but the thread that needs the bytes. A path is whatever text the
// file system made in `resolve` or `join`; nobody else takes it apart.
//
// Every method throws a HeddleError only: HEDDLE_PATH_NOT_FOUND, HEDDLE_PATH_DENIED, HEDDLE_OUTPUT_EXISTS or, for all
// the rest, HEDDLE_IO, with `data.path`. test/conformance/file-system.ts is the contract in the form of tests.

export interface FileStat {
  /** `other` is what can be neither read at a position nor listed: a pipe, a socket, a device. */
  readonly kind: 'file' | 'directory' | 'other';
  /** In bytes; of a file only. */
  readonly size: number;
}

export interface GlobMatch {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

export interface ReadableFile {
  /** Reads up to `length` bytes from `position` of the file to `offset` of the buffer, and says how many; 0 only at the end of the file. The buffer may be shared memory. */
  readInto(buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** Closing twice is allowed. */
  close(): void;
}

export interface WritableFile {
  /** Appends all the bytes. The caller may use the array again at once. */
  write(bytes: Uint8Array): void;
  close(): void;
}

export interface FileSystem {
  /** The absolute path of what a user wrote; HEDDLE_BAD_ARGUMENT if this file system cannot hold it. Touches no file. */
  resolve(location: string): string;
  join(directory: string, name: string): string;
  /** The directory that holds the path; the root is its own parent. */
  parent(path: string): string;
  /** The last name of the path. */
  baseName(path: string): string;

  /** What the path is, links followed; undefined if there is nothing. */
  stat(path: string): FileStat | undefined;
  /** Whether a name is taken, be it by a link that leads nowhere. */
  exists(path: string): boolean;
  /** The names in a directory, in no particular order. */
  list(directory: string): string[];
  /** What matches the pattern, in no particular order; undefined if the text is no pattern. Hidden names match only a pattern that names them. */
  glob(pattern: string): GlobMatch[] | undefined;
  /** Throws HEDDLE_PATH_DENIED if the file may not be read. */
  checkReadable(path: string): void;

  open(path: string): ReadableFile;
  /** Makes a new file; HEDDLE_OUTPUT_EXISTS if the name is taken. */
  create(path: string): WritableFile;
  /** Makes one directory, whose parent must exist; HEDDLE_OUTPUT_EXISTS if the name is taken. */
  makeDirectory(path: string): void;
  /**
   * Gives a file or directory, with all that is in it, a new name in one step. HEDDLE_OUTPUT_EXISTS if the name is
   * taken: of several callers with the same new name one wins, and nothing that holds data is ever replaced.
   */
  rename(from: string, to: string): void;
  /** Removes a file, or a directory with all that is in it; nothing there is no error. */
  remove(path: string): void;
  /** Removes a directory if it is empty; false if it is not, or is not there. */
  removeEmptyDirectory(path: string): boolean;
}
