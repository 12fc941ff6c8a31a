// The kernels on batches as a stage hands them over, WebAssembly beside its plain TypeScript twin: scatter by reduce id,
// sum by key, random draws. node dist/benchmarks/micro/kernels.js
import { Bench } from 'tinybench';
import {
  AggregateOp,
  CURSOR_BYTES,
  compileKernels,
  NumericKind,
  numericBytes,
  slotBytes,
  twinKernels,
  wasmKernels,
} from '../../lib/shuffle/kernels.js';
import { printRates } from '../rates.js';

const ROWS = 4096;
const DISTINCT = 1000;
const SLOTS = 2048;
const PAGES = 256;

// Where things lie in the memory; nothing is at 0.
const KEYS = 1 << 16;
const VALUES = 2 << 16;
const CURSORS = 3 << 16;
const PROGRESS = 4 << 16;
const STATE = 5 << 16;
const TABLE = 6 << 16;
const RUNS = 8 << 16;

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const sides = { wasm: wasmKernels(compileKernels(), memory), twin: twinKernels(memory) };
const kinds = { int32: NumericKind.Int32, float64: NumericKind.Float64 };
const words = new Uint32Array(memory.buffer);

/** Keys in no order, every value 1. The memory holds the columns of one benchmark at a time. */
function writeColumns(keyKind: NumericKind): void {
  const keys = keyKind === NumericKind.Int32 ? new Int32Array(memory.buffer, KEYS, ROWS) : new Float64Array(memory.buffer, KEYS, ROWS);
  for (let i = 0; i < ROWS; i++) keys[i] = (i * 7919) % DISTINCT;
  new Int32Array(memory.buffer, VALUES, ROWS).fill(1);
}

/** Every reduce id begins a run with room for the whole batch. */
function resetCursors(reducers: number, keyBytes: number): void {
  const run = ROWS * (keyBytes + 4);
  for (let r = 0; r < reducers; r++) {
    const cursor = (CURSORS + r * CURSOR_BYTES) / 4;
    words[cursor] = RUNS + r * run;
    words[cursor + 1] = RUNS + r * run + ROWS * keyBytes;
    words[cursor + 2] = ROWS;
  }
}

const bench = new Bench({ time: 300, warmupTime: 100 });
for (const [side, kernels] of Object.entries(sides)) {
  for (const [kind, keyKind] of Object.entries(kinds)) {
    const keyBytes = numericBytes[keyKind]!;
    const prepare = { beforeAll: () => writeColumns(keyKind) };
    for (const reducers of [4, 64]) {
      const scatter = () => {
        resetCursors(reducers, keyBytes);
        const done = kernels.scatterPairs(keyKind, 4, KEYS, VALUES, 0, ROWS, reducers, CURSORS);
        if (done !== ROWS) throw new Error(`scattered ${done} rows of ${ROWS}`);
      };
      bench.add(`${side}: scatter (${kind}, int32) to ${reducers} reduce ids`, scatter, prepare);
    }
    const sum = () => {
      kernels.clearTable(keyKind, TABLE, SLOTS);
      const { Sum } = AggregateOp;
      const size = kernels.aggregatePairs(Sum, keyKind, NumericKind.Int32, KEYS, VALUES, 0, ROWS, TABLE, SLOTS, 0, SLOTS / 2, PROGRESS);
      if (size !== DISTINCT) throw new Error(`summed ${size} keys of ${DISTINCT}`);
    };
    if (SLOTS * slotBytes[keyKind]! > RUNS - TABLE) throw new Error('the table does not fit');
    bench.add(`${side}: sum (${kind}, int32) by ${DISTINCT} keys`, sum, prepare);
  }
  const seed = { beforeAll: () => void new Float64Array(memory.buffer, STATE, 8).fill(0.1) };
  bench.add(`${side}: uniform draws`, () => kernels.fillUniform(STATE, KEYS, ROWS), seed);
}
await bench.run();
printRates(`batches of ${ROWS} rows`, bench, ROWS);
