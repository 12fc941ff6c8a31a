// "Did you mean": the existing name that is closest to one that is missing.
import { createRequire } from 'node:module';
import type { FileSystem } from './file-system.js';

const require = createRequire(import.meta.url);
/** Comparing with every name of a huge directory would take longer than the answer is worth. */
const MOST_NAMES = 10_000;

/** A sentence naming the path that was probably meant, or ''. Never throws: it only adds to an error. */
export function hintAt(fileSystem: FileSystem, missing: string): string {
  try {
    let path = missing;
    let directory = fileSystem.parent(path);
    while (directory !== path && fileSystem.stat(directory) === undefined) {
      path = directory;
      directory = fileSystem.parent(path);
    }
    const name = nearestName(fileSystem.baseName(path), fileSystem.list(directory).slice(0, MOST_NAMES));
    if (name !== undefined) return `; did you mean ${fileSystem.join(directory, name)}?`;
    return path === missing ? '' : `; there is no ${path}`;
  } catch {
    return '';
  }
}

/** The name closest to `wanted`, case aside, if it is close: a third of its length away at most. */
function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const { distance } = require('fastest-levenshtein') as typeof import('fastest-levenshtein');
  const folded = wanted.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const far = distance(folded, name.toLowerCase());
    if (far < least && far < wanted.length) {
      least = far;
      best = name;
    }
  }
  return best;
}
