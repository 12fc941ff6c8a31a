// The shape of rows that text tables take.

import type { Shape } from './plan.js';

/** Whether rows of this shape are pairs of text and numbers. */
export function isTextPair(row: Shape): boolean {
  if (row.kind !== 'tuple' || row.items.length !== 2) return false;
  const [key, value] = row.items as [Shape, Shape];
  const isNumber = value.kind === 'constant' ? typeof value.value === 'number' : value.kind === 'column' && value.type === 'number';
  return key.kind === 'column' && key.type === 'text' && isNumber;
}
