// From what a user names to the files to read, before any job starts: every wrong path, empty pattern and missing
// permission is found here, on the driver, and named after the argument it came from.
//
// A directory stands for the files directly in it; so does a directory that a pattern matches. Names that start with
// `_` or `.` are markers and work in progress, and are passed over. The rules are those of Hadoop's FileInputFormat,
// but a comma is an ordinary character.
import { badArgument, HeddleError } from '../core/errors.js';
import type { FileSystem } from './file-system.js';
import { inArgument } from './io-error.js';
import { localFileSystem } from './local-file-system.js';
import { hintAt } from './nearest-name.js';

export interface InputFile {
  readonly path: string;
  /** In bytes, when it was looked up. */
  readonly size: number;
}

/** The files that the paths stand for: in the order of the list, and by path (code units) within one element of it. */
export function resolveInputs(paths: string | readonly string[], argument: string, fileSystem: FileSystem = localFileSystem): InputFile[] {
  if (typeof paths === 'string') return resolveOne(paths, argument, fileSystem);
  if (!Array.isArray(paths) || paths.length === 0) throw badArgument(argument, paths, 'a path, or a list of at least one path');
  const files: InputFile[] = [];
  for (let i = 0; i < paths.length; i++) {
    for (const file of resolveOne(paths[i], `${argument}[${i}]`, fileSystem)) files.push(file);
  }
  return files;
}

function resolveOne(location: unknown, argument: string, fileSystem: FileSystem): InputFile[] {
  if (typeof location !== 'string' || location === '') {
    throw badArgument(argument, location, 'the path of a file or directory, a pattern, or a file:// URL');
  }
  try {
    return lookUp(location, fileSystem);
  } catch (error) {
    if (error instanceof HeddleError && error.code === 'HEDDLE_BAD_ARGUMENT') {
      throw badArgument(argument, location, String(error.data.expected));
    }
    throw inArgument(error, argument);
  }
}

function lookUp(location: string, fileSystem: FileSystem): InputFile[] {
  const path = fileSystem.resolve(location);
  // What exists as it is written is taken as it is written, be it named like a pattern.
  const stat = fileSystem.stat(path);
  if (stat?.kind === 'other') throw badArgument('path', location, 'a file or a directory (this is a pipe, a socket or a device)');
  if (stat?.kind === 'file') {
    fileSystem.checkReadable(path);
    return [{ path, size: stat.size }];
  }
  if (stat?.kind === 'directory') {
    const files = filesIn(path, fileSystem);
    if (files.length > 0) return files.sort(byPath);
    throw notFound(path, `the directory ${path} holds no files (names that start with _ or . do not count)`);
  }
  const matches = fileSystem.glob(path);
  if (matches === undefined) throw notFound(path, `no such file or directory: ${path}${hintAt(fileSystem, path)}`);
  const files = new Map<string, InputFile>();
  for (const match of matches) {
    const found = match.kind === 'directory' ? filesIn(match.path, fileSystem) : readableFile(match.path, fileSystem);
    for (const file of found) files.set(file.path, file);
  }
  if (files.size > 0) return [...files.values()].sort(byPath);
  throw notFound(path, `no file matches the pattern ${path}${hintAt(fileSystem, path)}`);
}

function filesIn(directory: string, fileSystem: FileSystem): InputFile[] {
  const files: InputFile[] = [];
  for (const name of fileSystem.list(directory)) {
    if (name.startsWith('_') || name.startsWith('.')) continue;
    for (const file of readableFile(fileSystem.join(directory, name), fileSystem)) files.push(file);
  }
  return files;
}

/** The file, checked; nothing for a directory or a pipe. */
function readableFile(path: string, fileSystem: FileSystem): InputFile[] {
  const stat = fileSystem.stat(path);
  if (stat === undefined) throw notFound(path, `${path} was there a moment ago and is not, or is a link that leads nowhere`);
  if (stat.kind !== 'file') return [];
  fileSystem.checkReadable(path);
  return [{ path, size: stat.size }];
}

function byPath(a: InputFile, b: InputFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function notFound(path: string, message: string): HeddleError {
  return new HeddleError('HEDDLE_PATH_NOT_FOUND', message, { data: { path } });
}
