// Which typed column numbers go into.

import { NumericKind } from '../../shuffle/kernels.js';

/** -0 has no place in an int32 column: it must survive the shuffle. */
export const isInt32 = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value && !Object.is(value, -0);

/** The kind of column that has all values; 0 where one is no number, or there is none. */
export function numericKind(values: readonly unknown[]): NumericKind {
  if (values.length === 0) return NumericKind.None;
  if (values.every(isInt32)) return NumericKind.Int32;
  return values.every(value => typeof value === 'number') ? NumericKind.Float64 : NumericKind.None;
}
