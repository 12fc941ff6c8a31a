// The file system of this machine. Nothing is cached: each call says what is true when it is made.
import {
  accessSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badArgument, HeddleError } from '../core/errors.js';
import type { FileStat, FileSystem, GlobMatch, ReadableFile, WritableFile } from './file-system.js';
import { ioError, systemCode } from './io-error.js';
import { localGlob } from './local-glob.js';

/** Codes of "there is nothing of that name"; a name too long to exist is one of them, since a pattern may be long. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);
/** What file systems without hard links answer to link(2). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'UNKNOWN']);
/** Two letters at least, for C:/ is a drive. */
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

class LocalReadableFile implements ReadableFile {
  #fd: number | null;
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
    this.#fd = attempt('read', path, () => openSync(path, 'r'));
  }

  readInto(buffer: Uint8Array, offset: number, length: number, position: number): number {
    try {
      return readSync(this.#fd!, buffer, offset, length, position);
    } catch (error) {
      throw ioError(error, 'read', this.#path);
    }
  }

  close(): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    closeSync(fd);
  }
}

class LocalWritableFile implements WritableFile {
  #fd: number | null;
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
    this.#fd = attempt('create', path, () => openSync(path, 'wx'));
  }

  write(bytes: Uint8Array): void {
    // write(2) may take only a part, near a full disk for one.
    for (let done = 0; done < bytes.length; ) {
      done += attempt('write', this.#path, () => writeSync(this.#fd!, bytes, done, bytes.length - done));
    }
  }

  close(): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    // Network file systems report a failed write only here.
    attempt('write', this.#path, () => closeSync(fd));
  }
}

export class LocalFileSystem implements FileSystem {
  resolve(location: string): string {
    if (location.includes('\0')) throw badArgument('path', location, 'a path without NUL characters');
    const scheme = SCHEME.exec(location)?.[1]?.toLowerCase();
    if (scheme === undefined) return resolve(location);
    if (scheme !== 'file') throw badArgument('path', location, `a local path or a file:// URL (there is no file system for ${scheme}://)`);
    const url = parseUrl(location);
    // They would be dropped without a word, and 'file:///logs/a?.txt' would read /logs/a.
    if (url.search !== '' || url.hash !== '') throw badArgument('path', location, 'a file:// URL with ? as %3F and # as %23');
    try {
      return fileURLToPath(url);
    } catch (error) {
      throw badArgument('path', location, `a valid file:// URL (${(error as Error).message})`);
    }
  }

  join(directory: string, name: string): string {
    return join(directory, name);
  }

  parent(path: string): string {
    return dirname(path);
  }

  baseName(path: string): string {
    return basename(path);
  }

  stat(path: string): FileStat | undefined {
    try {
      const stat = statSync(path);
      return { kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other', size: stat.size };
    } catch (error) {
      if (MISSING.has(systemCode(error) ?? '')) return undefined;
      throw ioError(error, 'look up', path);
    }
  }

  exists(path: string): boolean {
    try {
      lstatSync(path);
      return true;
    } catch (error) {
      if (MISSING.has(systemCode(error) ?? '')) return false;
      throw ioError(error, 'look up', path);
    }
  }

  list(directory: string): string[] {
    return attempt('list', directory, () => readdirSync(directory));
  }

  glob(pattern: string): GlobMatch[] | undefined {
    return localGlob(pattern, path => this.stat(path)?.kind === 'directory');
  }

  checkReadable(path: string): void {
    attempt('read', path, () => accessSync(path, constants.R_OK));
  }

  open(path: string): ReadableFile {
    return new LocalReadableFile(path);
  }

  create(path: string): WritableFile {
    return new LocalWritableFile(path);
  }

  makeDirectory(path: string): void {
    attempt('make the directory', path, () => mkdirSync(path));
  }

  rename(from: string, to: string): void {
    const isDirectory = attempt('rename', from, () => lstatSync(from)).isDirectory();
    if (!isDirectory && this.#link(from, to)) return;
    // There is no exclusive rename in Node. For a directory rename(2) itself refuses all but an empty directory, so
    // whoever takes the name between this look and the call loses an empty directory at most, never data. A file
    // comes this way only where there are no hard links; then the later of two whole files stays.
    if (this.exists(to)) throw taken(to);
    try {
      renameSync(from, to);
    } catch (error) {
      if (this.exists(to) && this.exists(from)) throw taken(to);
      throw ioError(error, 'rename', `${from} to ${to}`);
    }
  }

  /** A new name by link(2), which fails if the name is taken: exclusive, and the file is whole from the start. */
  #link(from: string, to: string): boolean {
    try {
      linkSync(from, to);
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (code === 'EEXIST') throw taken(to);
      if (NO_LINKS.has(code)) return false;
      throw ioError(error, 'rename', `${from} to ${to}`);
    }
    attempt('remove', from, () => unlinkSync(from));
    return true;
  }

  remove(path: string): void {
    // Retries, for a task that was given up may still be making files in it.
    attempt('remove', path, () => rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 }));
  }

  removeEmptyDirectory(path: string): boolean {
    try {
      rmdirSync(path);
      return true;
    } catch {
      return false;
    }
  }
}

function attempt<T>(action: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw ioError(error, action, path);
  }
}

function taken(path: string): HeddleError {
  return new HeddleError('HEDDLE_OUTPUT_EXISTS', `${path} exists already; remove it, or choose another name`, { data: { path } });
}

function parseUrl(location: string): URL {
  try {
    return new URL(location);
  } catch {
    throw badArgument('path', location, 'a valid file:// URL');
  }
}

export const localFileSystem: FileSystem = new LocalFileSystem();
