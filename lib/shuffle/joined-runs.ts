// Many short runs of numbers, read as if they were one: where map tasks have a few rows for each reduce id, a reduce task has a run
// from each of thousands of maps. Its rows are copied into two columns, in the order of the runs. What is in sorted blocks has no header:
// an entry of the list then is the block's address, marked.

import { numericBytes } from './kernels.js';
import { isPlain, keyKindOf, valueKindOf } from './kinds.js';
import { numericPayload, pad8, RUN_HEADER, type Run, readRun, runWord } from './run.js';
import type { RunList } from './run-list.js';
import { sortedRows, sortedRun, sortedWord } from './sorted-block.js';

/** Rows of a run up to which to copy it costs less than to handle it by itself. */
const SHORT = 64;
/** Rows of joined runs: their columns are a block of the heap, or memory of a task. */
const MOST_ROWS = 1 << 16;

/** Words of a piece of joined runs: where its keys are, and its values, and how many. */
const PIECE = 3;

/** The entry of a list for what a sorted block has: blocks begin at even addresses. */
export function sortedEntry(block: number): number {
  return (block | 1) >>> 0;
}

const isSorted = (entry: number): boolean => (entry & 1) === 1;

/** The run of an entry, which is of this reduce id. */
export function runAt(u32: Uint32Array, entry: number, reduce: number): Run {
  return isSorted(entry) ? sortedRun(u32, entry - 1, reduce) : readRun(u32, entry);
}

const kindsAt = (u32: Uint32Array, entry: number): number =>
  u32[(isSorted(entry) ? entry - 1 + sortedWord.kinds : entry + runWord.kinds) >>> 2]!;

const rowsAt = (u32: Uint32Array, entry: number, reduce: number): number =>
  isSorted(entry) ? sortedRows(u32, entry - 1, reduce) : u32[(entry + runWord.rows) >>> 2]!;

/** The runs of a sorted list, short ones of the same kinds joined: such a run is that of the first map, and has `pieces`. */
export function joinRuns(u32: Uint32Array, list: RunList, reduce: number): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < list.length; ) {
    const kinds = kindsAt(u32, list.address(i));
    let rows = 0;
    let end = i;
    if ((kinds & 1) === 1 && isPlain(kinds)) {
      for (; end < list.length; end++) {
        const more = rowsAt(u32, list.address(end), reduce);
        if (more > SHORT || rows + more > MOST_ROWS || kindsAt(u32, list.address(end)) !== kinds) break;
        rows += more;
      }
    }
    const run = runAt(u32, list.address(i), reduce);
    if (end - i < 2) {
      runs.push(run);
      i++;
      continue;
    }
    const pieces = new Uint32Array((end - i) * PIECE);
    for (let p = 0; p < pieces.length; p += PIECE, i++) writePiece(pieces, p, u32, list.address(i), reduce);
    runs.push({ pieces, ...run, rows, bytes: numericPayload(rows, run.keyKind, run.valueKind) });
  }
  return runs;
}

/** Copies the rows of joined runs to `at` in some memory: the run as it is there. `own` is given where that is not the heap. */
export function copyJoined(from: Uint32Array, run: Run, to: Uint32Array, at: number, own?: ArrayBufferLike): Run {
  const { rows, keyKind, valueKind, pieces } = run;
  const [keyWords, valueWords] = [numericBytes[keyKind]! / 4, numericBytes[valueKind]! / 4];
  const valuesAt = at + pad8(rows * keyWords * 4);
  let [keyTo, valueTo] = [at >>> 2, valuesAt >>> 2];
  for (let p = 0; p < pieces!.length; p += PIECE) {
    const [keys, values, n] = [pieces![p]! >>> 2, pieces![p + 1]! >>> 2, pieces![p + 2]!];
    for (let i = 0; i < n * keyWords; i++) to[keyTo++] = from[keys + i]!;
    for (let i = 0; i < n * valueWords; i++) to[valueTo++] = from[values + i]!;
  }
  const { map, attempt, sequence, bytes, numeric } = run;
  return { map, attempt, sequence, rows, bytes, payload: at, numeric, keyKind, valueKind, keysAt: at, valuesAt, stepBytes: 0, own };
}

function writePiece(pieces: Uint32Array, p: number, u32: Uint32Array, entry: number, reduce: number): void {
  const kinds = kindsAt(u32, entry);
  const [keyBytes, valueBytes] = [numericBytes[keyKindOf(kinds)]!, numericBytes[valueKindOf(kinds)]!];
  if (isSorted(entry)) {
    const word = (entry - 1) >>> 2;
    const first = u32[(u32[word + sortedWord.offsets / 4]! >>> 2) + reduce]!;
    pieces[p] = u32[word + sortedWord.keys / 4]! + first * keyBytes;
    pieces[p + 1] = u32[word + sortedWord.values / 4]! + first * valueBytes;
  } else {
    pieces[p] = entry + RUN_HEADER;
    // Its columns have room for as many rows as its header says, which may be more than it has.
    pieces[p + 1] = entry + RUN_HEADER + pad8(u32[(entry + runWord.capacity) >>> 2]! * keyBytes);
  }
  pieces[p + 2] = rowsAt(u32, entry, reduce);
}
