// Turns what the operating system says into coded errors: one table, so that the same failure has the same code
// wherever it happens.
import { type ErrorCode, HeddleError } from '../core/errors.js';

const CAUSES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['HEDDLE_PATH_NOT_FOUND', 'no such file or directory'],
  ENOTDIR: ['HEDDLE_PATH_NOT_FOUND', 'a part of the path is no directory'],
  EACCES: ['HEDDLE_PATH_DENIED', 'permission denied'],
  EPERM: ['HEDDLE_PATH_DENIED', 'operation not permitted'],
  EROFS: ['HEDDLE_PATH_DENIED', 'the file system is read-only'],
  EEXIST: ['HEDDLE_OUTPUT_EXISTS', 'there is something of that name already'],
  ENOTEMPTY: ['HEDDLE_OUTPUT_EXISTS', 'there is a directory of that name already'],
  ENOSPC: ['HEDDLE_IO', 'no space is left on the device; free some, or write to another one'],
  EDQUOT: ['HEDDLE_IO', 'the disk quota is used up; free some space, or write elsewhere'],
  EFBIG: ['HEDDLE_IO', 'the file is larger than the system or its limits allow'],
  EMFILE: ['HEDDLE_IO', 'this process has too many files open; raise its limit (ulimit -n)'],
  ENFILE: ['HEDDLE_IO', 'the system has too many files open'],
  ENAMETOOLONG: ['HEDDLE_IO', 'the name is longer than the file system allows'],
  EISDIR: ['HEDDLE_IO', 'it is a directory, not a file'],
};

/** The system's code of an error (`ENOENT`), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The coded error for a failed call; `action` completes "cannot ...". A HeddleError passes as it is. */
export function ioError(error: unknown, action: string, path: string): HeddleError {
  if (error instanceof HeddleError) return error;
  const system = systemCode(error);
  const [code, reason] = CAUSES[system ?? ''] ?? ['HEDDLE_IO', error instanceof Error ? error.message : String(error)];
  return new HeddleError(code, `cannot ${action} ${path}: ${reason}`, { data: { path, action, system }, cause: error });
}

/** The same error, its message headed by the argument that the user gave. */
export function inArgument(error: unknown, argument: string): unknown {
  if (!(error instanceof HeddleError) || error.data.argument !== undefined) return error;
  return new HeddleError(error.code, `${argument}: ${error.message}`, { data: { ...error.data, argument }, cause: error.cause });
}
