// Patterns over local files, by tinyglobby. Leading names that exist as they are written are not part of the pattern,
// so 'data(1)/*.txt' works when there is a directory 'data(1)'. What tinyglobby would pass over in silence, a
// directory that may not be read, is an error here: a missing input must not look like an empty one.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path, { join, type PlatformPath } from 'node:path';
import type { GlobMatch } from './file-system.js';
import { ioError, systemCode } from './io-error.js';

type Tinyglobby = typeof import('tinyglobby');
const require = createRequire(import.meta.url);

/** What may make a text a pattern; a quick look before tinyglobby is loaded. */
const MAGIC = /[*?[\]{}()!+@]/;

/** The files and directories that match an absolute pattern; undefined if it is none. */
export function localGlob(pattern: string, isDirectory: (path: string) => boolean): GlobMatch[] | undefined {
  if (!MAGIC.test(pattern)) return undefined;
  const { globSync, isDynamicPattern } = require('tinyglobby') as Tinyglobby;
  const [base, names] = splitBase(pattern, isDirectory);
  const rest = names.join('/');
  if (!isDynamicPattern(rest)) return undefined;

  let denied: unknown;
  const watchedReaddir = ((directory: string, options: { withFileTypes: true }) => {
    try {
      return readdirSync(directory, options);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EACCES' || code === 'EPERM') denied ??= ioError(error, 'list', path.resolve(directory));
      throw error;
    }
  }) as typeof readdirSync;
  const found = globSync(rest, { cwd: base, dot: false, onlyFiles: false, expandDirectories: false, fs: { readdirSync: watchedReaddir } });
  if (denied !== undefined) throw denied;

  // A name with a leading dot is matched only if the pattern gives the dot; the same goes for the underscore.
  const namesUnderscore = names.some(name => name.startsWith('_'));
  const matches: GlobMatch[] = [];
  for (const match of found) {
    const name = match.replace(/\/+$/, '');
    if (name === '' || name === '.') matches.push({ path: base, kind: 'directory' });
    else if (namesUnderscore || !/(^|\/)_/.test(name)) {
      matches.push({ path: join(base, name), kind: match.endsWith('/') ? 'directory' : 'file' });
    }
  }
  return matches;
}

/** The longest leading part that is a directory, word for word, and the names after it. On Windows a backslash parts names, and escapes nothing. */
export function splitBase(
  pattern: string,
  isDirectory: (path: string) => boolean,
  { parse, sep, join }: PlatformPath = path,
): [base: string, names: string[]] {
  const { root } = parse(pattern);
  const names = pattern.slice(root.length).split(sep);
  let base = root;
  while (names.length > 1) {
    const next = join(base, names[0]!);
    if (!isDirectory(next)) break;
    base = next;
    names.shift();
  }
  return [base, names];
}
