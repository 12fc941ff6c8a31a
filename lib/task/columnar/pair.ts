// The shapes of rows that tables of text take.

import type { Shape } from './plan.js';

export const isText = (shape: Shape): boolean => shape.kind === 'column' && shape.type === 'text';

export const isNumber = (shape: Shape): boolean =>
  shape.kind === 'constant' ? typeof shape.value === 'number' : shape.kind === 'column' && shape.type === 'number';

/** The key and the value of rows that are pairs. */
export function pairOf(row: Shape): readonly [key: Shape, value: Shape] | undefined {
  return row.kind === 'tuple' && row.items.length === 2 ? (row.items as readonly Shape[] as [Shape, Shape]) : undefined;
}
