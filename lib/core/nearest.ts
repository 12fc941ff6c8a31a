// Slips of the finger: the name that was probably meant.

import { createRequire } from 'node:module';

/** The name that was probably meant, or undefined when none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  // Loaded here because only mistakes need it.
  const { closest, distance } = createRequire(import.meta.url)('fastest-levenshtein') as typeof import('fastest-levenshtein');
  const lower = word.toLowerCase();
  const meant =
    names[
      names
        .map(name => name.toLowerCase())
        .indexOf(
          closest(
            lower,
            names.map(name => name.toLowerCase()),
          ),
        )
    ]!;
  return distance(lower, meant.toLowerCase()) <= Math.max(1, Math.floor(meant.length / 2.5)) ? meant : undefined;
}
