// The kinds of the columns of a numeric run: of which numbers they are, and what is left out of them. Where all values are one, that is
// there once. Where int32 keys ascend by little, they may be there as the steps between them (steps.ts).

import { numericBytes } from './kernels.js';

/** All values of the column are one. */
const ONE = 4;
/** The column has the steps between int32. */
const STEPS = 8;

/** The kinds word of a numeric run. */
export function numericKinds(keyKind: number, valueKind: number): number {
  return 1 | (keyKind << 8) | (valueKind << 16);
}

/** What a kinds word says of keys, and of values. */
export const keyKindOf = (kinds: number): number => (kinds >>> 8) & 0xff;
export const valueKindOf = (kinds: number): number => (kinds >>> 16) & 0xff;

export const asOne = (kind: number): number => kind | ONE;
export const isOne = (kind: number): boolean => (kind & ONE) !== 0;

export const asSteps = (kind: number): number => kind | STEPS;
export const areSteps = (kind: number): boolean => (kind & STEPS) !== 0;

/** The kind of the numbers themselves. */
export const plainKind = (kind: number): number => kind & 3;

/** Whether a kinds word says that both columns have a number for each row. */
export const isPlain = (kinds: number): boolean =>
  plainKind(keyKindOf(kinds)) === keyKindOf(kinds) && plainKind(valueKindOf(kinds)) === valueKindOf(kinds);

/** Bytes of a column of so many rows, which has no steps. */
export function columnBytes(rows: number, kind: number): number {
  return (isOne(kind) ? 1 : rows) * numericBytes[plainKind(kind)]!;
}
