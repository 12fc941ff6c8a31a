// Columns of int32 most of which ascend by little, as numbers of rows and times often do: a byte for each is its step from the one before
// (native-shuffle/assembly/steps.ts). Where it descends, or the step is too long, and for the first, a mark says that the number
// follows, in four bytes. This is what a kernel does where the column is in the heap.

const MARK = 0xff;
/** Numbers that may be there in full before the share of them counts. */
const FEW = 64;

/** Bytes that so many numbers take at most. */
export const mostStepBytes = (rows: number): number => 2 * rows + 4 * FEW + 5;

/** Writes the column; returns its bytes. 0, and something written, where it would take more than about half of what it is. */
export function writeSteps(column: Int32Array, to: Uint8Array): number {
  let at = 0;
  let full = 0;
  let last = (column[0]! - MARK) | 0;
  for (let i = 0; i < column.length; i++) {
    const next = column[i]!;
    const step = (next - last) >>> 0;
    last = next;
    if (step < MARK) {
      to[at++] = step;
      continue;
    }
    if (++full > FEW + (i >>> 2)) return 0;
    to[at] = MARK;
    for (let b = 0; b < 4; b++) to[at + 1 + b] = next >>> (8 * b);
    at += 5;
  }
  return at;
}

/** The column again. */
export function readSteps(from: Uint8Array, column: Int32Array): void {
  let at = 0;
  let next = 0;
  for (let i = 0; i < column.length; i++) {
    const step = from[at++]!;
    if (step !== MARK) next = (next + step) | 0;
    else {
      next = from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
      at += 4;
    }
    column[i] = next;
  }
}
