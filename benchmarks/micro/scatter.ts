// How fast rows go to the runs of their reduce ids: the scatter kernel against its TypeScript twin, and against a plain
// loop over typed arrays, which has no shared heap to write to. node dist/benchmarks/micro/scatter.js
import { Bench } from 'tinybench';
import { hashNumber } from '../../lib/codec/key-hash.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import {
  CURSOR_BYTES,
  compileKernels,
  type Kernels,
  NumericKind,
  numericBytes,
  twinKernels,
  wasmKernels,
} from '../../lib/shuffle/kernels.js';
import { reduceIdOf } from '../../lib/shuffle/partitioner.js';

const ROWS = 4096; // a chunk, as tasks have it
const memory = reserveHeap(64 << 20);
const KEYS = 1 << 20;
const VALUES = KEYS + ROWS * 8;
const CURSORS = VALUES + ROWS * 8;
const RUNS = CURSORS + (64 << 10);

/** Room for all rows in each run: what is measured is the rows and not the opening of runs. */
function openRuns(reducers: number, keyBytes: number): void {
  const cursors = new Uint32Array(memory.buffer, CURSORS, (reducers * CURSOR_BYTES) / 4);
  for (let r = 0; r < reducers; r++) {
    const at = RUNS + r * ROWS * 16;
    cursors.set([at, at + ROWS * keyBytes, ROWS], r * 3);
  }
}

/** Rows, and sums of keys and values with their places: what every contender has to agree on. */
type Answer = readonly number[];

function readRuns(reducers: number, kind: number): Answer {
  const width = numericBytes[kind]!;
  const column = (at: number, rows: number) =>
    kind === NumericKind.Int32 ? new Int32Array(memory.buffer, at, rows) : new Float64Array(memory.buffer, at, rows);
  const cursors = new Uint32Array(memory.buffer, CURSORS, (reducers * CURSOR_BYTES) / 4);
  return answer(reducers, r => {
    const at = RUNS + r * ROWS * 16;
    const rows = ROWS - cursors[r * 3 + 2]!;
    return [column(at, rows), new Float64Array(memory.buffer, at + ROWS * width, rows)];
  });
}

function answer(reducers: number, runOf: (reduce: number) => readonly [ArrayLike<number>, ArrayLike<number>]): Answer {
  const sums = [0, 0, 0];
  for (let r = 0; r < reducers; r++) {
    const [keys, values] = runOf(r);
    for (let i = 0; i < keys.length; i++) {
      sums[0]!++;
      sums[1]! += keys[i]! * (r + 1);
      sums[2]! += values[i]! * (i + 1);
    }
  }
  return sums;
}

type Numbers = Int32Array | Float64Array;

/** A function of its own each time, so that V8 does not have to serve all column types with one piece of code. */
const plainLoop = (
  ...columns: [keys: Numbers, values: Numbers, outKeys: Numbers[], outValues: Numbers[], filled: Uint32Array, reducers: number]
) =>
  (
    new Function(
      'ROWS, hashNumber, reduceIdOf, keys, values, outKeys, outValues, filled, reducers',
      `return () => {
        filled.fill(0);
        for (let i = 0; i < ROWS; i++) {
          const r = reduceIdOf(hashNumber(keys[i]), reducers);
          const at = filled[r]++;
          outKeys[r][at] = keys[i];
          outValues[r][at] = values[i];
        }
      };`,
    ) as (...args: unknown[]) => () => void
  )(ROWS, hashNumber, reduceIdOf, ...columns);

const bench = new Bench({ time: 300, warmupTime: 100 });
for (const [kindName, kind] of [
  ['int32', NumericKind.Int32],
  ['float64', NumericKind.Float64],
] as const) {
  for (const reducers of [4, 100]) {
    const Column = kind === NumericKind.Int32 ? Int32Array : Float64Array;
    const keys = new Column(ROWS).map((_: number, i: number) => (kind === NumericKind.Int32 ? Math.imul(i, 7919) : i / 7));
    const values = Float64Array.from({ length: ROWS }, (_, i) => i);
    const refill = () => {
      new Column(memory.buffer as ArrayBuffer, KEYS, ROWS).set(keys);
      new Float64Array(memory.buffer, VALUES, ROWS).set(values);
    };
    const scatter = (kernels: Kernels) => {
      openRuns(reducers, numericBytes[kind]!);
      kernels.scatterPairs(kind, 8, KEYS, VALUES, 0, ROWS, reducers, CURSORS);
    };
    const outKeys = Array.from({ length: reducers }, () => new Column(ROWS));
    const outValues = Array.from({ length: reducers }, () => new Float64Array(ROWS));
    const filled = new Uint32Array(reducers);
    const loop = plainLoop(keys, values, outKeys, outValues, filled, reducers);
    loop();
    const wanted = answer(reducers, r => [outKeys[r]!.subarray(0, filled[r]), outValues[r]!.subarray(0, filled[r])]);
    const title = `${kindName} keys, ${reducers} reduce ids`;
    const contenders = { kernel: wasmKernels(compileKernels(), memory), twin: twinKernels(memory) };
    for (const [name, kernels] of Object.entries(contenders)) {
      refill();
      scatter(kernels);
      const found = readRuns(reducers, kind);
      if (found.some((sum, i) => sum !== wanted[i])) throw new Error(`${title}: the ${name} answers ${found}, not ${wanted}`);
      bench.add(`${title}: ${name}`, () => scatter(kernels), { beforeAll: refill });
    }
    bench.add(`${title}: plain loop`, loop);
  }
}
await bench.run();

console.log(`chunks of ${ROWS} rows, float64 values`);
console.table(
  bench.tasks.map(task => {
    const { result } = task;
    if (!('latency' in result)) return { task: task.name, state: result.state };
    const millis = result.latency.p50;
    return {
      task: task.name,
      'median µs': Number((millis * 1000).toFixed(1)),
      'M rows/s': Number((ROWS / millis / 1000).toFixed(1)),
      '±%': Number(result.latency.rme.toFixed(1)),
    };
  }),
);
