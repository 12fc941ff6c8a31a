// What the parts of a text have of the row that they come from: its other columns, and their places among its parts.

import type { Vector } from './code.js';

export type Text = Vector & { readonly type: 'text' };

/**
 * Each of n parts gets the values of its text's row, and its place where that is asked for. Parts come in the order of their
 * texts, and only the last part of a text ends where that does.
 */
export function spread(
  texts: Text,
  from: readonly Vector[],
  parts: Text,
  to: readonly Vector[],
  place: (Vector & { readonly type: 'number' }) | undefined,
  n: number,
): void {
  const { ends } = texts;
  const partEnds = parts.ends;
  for (let k = 0; k < from.length; k++) {
    const [source, target] = [from[k]!, to[k]!];
    if (source.type === 'text' && target.type === 'text') {
      for (let i = 0, m = 0; m < n; m++) {
        target.starts[m] = source.starts[i]!;
        target.ends[m] = source.ends[i]!;
        if (partEnds[m] === ends[i]) i++;
      }
    } else if (source.type !== 'text' && target.type !== 'text') {
      for (let i = 0, m = 0; m < n; m++) {
        target.values[m] = source.values[i]!;
        if (partEnds[m] === ends[i]) i++;
      }
    }
  }
  if (place === undefined) return;
  const { values } = place;
  for (let i = 0, m = 0, at = 0; m < n; m++) {
    values[m] = at++;
    if (partEnds[m] === ends[i]) {
      i++;
      at = 0;
    }
  }
}
