// The shapes of rows that tables of text and shuffles take.

import { MOST_POSITIONS } from '../../codec/column-tuple.js';
import type { Shape } from './plan.js';

export const isText = (shape: Shape): boolean => shape.kind === 'column' && shape.type === 'text';

export const isNumber = (shape: Shape): boolean =>
  shape.kind === 'constant' ? typeof shape.value === 'number' : shape.kind === 'column' && shape.type === 'number';

/** The key and the value of rows that are pairs. */
export function pairOf(row: Shape): readonly [key: Shape, value: Shape] | undefined {
  return row.kind === 'tuple' && row.items.length === 2 ? (row.items as readonly Shape[] as [Shape, Shape]) : undefined;
}

/** Values inside values to this depth, which the codec has columns for. */
const MOST_DEPTH = 3;

/** Whether rows of this shape can cross a shuffle as columns of bytes. */
export function crossesAsColumns(row: Shape): boolean {
  const pair = pairOf(row);
  return pair !== undefined && isText(pair[0]) && hasColumn(pair[1], 0);
}

function hasColumn(shape: Shape, depth: number): boolean {
  switch (shape.kind) {
    case 'column':
      return true;
    case 'constant':
      return shape.value !== null;
    case 'tuple':
    case 'struct': {
      const { length } = shape.items;
      if (depth >= MOST_DEPTH || length === 0 || length > MOST_POSITIONS) return false;
      return shape.items.every(item => hasColumn(item, depth + 1));
    }
  }
}
