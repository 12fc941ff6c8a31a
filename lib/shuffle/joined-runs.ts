// Many short runs of numbers, read as if they were one: where map tasks have a few rows for each reduce id, a reduce task has a run
// from each of thousands of maps. Its rows are copied into two columns, in the order of the runs.

import { numericBytes } from './kernels.js';
import { numericPayload, pad8, RUN_HEADER, type Run, readRun, runWord } from './run.js';
import type { RunList } from './run-list.js';

/** Rows of a run up to which to copy it costs less than to handle it by itself. */
const SHORT = 64;
/** Rows of joined runs: their columns are a block of the heap, or memory of a task. */
const MOST_ROWS = 1 << 16;

/** The runs of a sorted list, short ones of the same kinds joined: such a run is that of the first map, and has `pieces`. */
export function joinRuns(u32: Uint32Array, list: RunList): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < list.length; ) {
    const first = list.address(i) >>> 2;
    const kinds = u32[first + runWord.kinds / 4]!;
    let rows = 0;
    let end = i;
    if ((kinds & 1) === 1) {
      for (; end < list.length; end++) {
        const run = list.address(end) >>> 2;
        const more = u32[run + runWord.rows / 4]!;
        if (more > SHORT || rows + more > MOST_ROWS || u32[run + runWord.kinds / 4] !== kinds) break;
        rows += more;
      }
    }
    const run = readRun(u32, list.address(i));
    if (end - i < 2) {
      runs.push(run);
      i++;
      continue;
    }
    const pieces = new Uint32Array(end - i);
    for (let p = 0; p < pieces.length; p++, i++) pieces[p] = list.address(i);
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
  for (let p = 0; p < pieces!.length; p++) {
    const header = pieces![p]! >>> 2;
    const n = from[header + runWord.rows / 4]!;
    const keys = header + RUN_HEADER / 4;
    // Its columns have room for as many rows as its header says, which may be more than it has.
    const values = keys + (pad8(from[header + runWord.capacity / 4]! * keyWords * 4) >>> 2);
    for (let i = 0; i < n * keyWords; i++) to[keyTo++] = from[keys + i]!;
    for (let i = 0; i < n * valueWords; i++) to[valueTo++] = from[values + i]!;
  }
  const { map, attempt, sequence, bytes, numeric } = run;
  return { map, attempt, sequence, rows, bytes, payload: at, numeric, keyKind, valueKind, keysAt: at, valuesAt, own };
}
