// Pipelines that begin with numbers: the fused loop that Heddle compiles, beside columns of 2,048 rows with a loop for each operator, in
// JavaScript and by kernels. One thread. node dist/benchmarks/alternatives/numeric-columns.js

import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { AggregateOp, compileKernels, NumericKind, wasmKernels } from '../../lib/shuffle/kernels.js';
import { NumericTable } from '../../lib/shuffle/numeric-table.js';
import { CHUNK_ROWS } from '../../lib/shuffle/numeric-writer.js';
import type { Batch } from '../../lib/task/batch.js';
import { compileLoop, loopSource, type SinkCode } from '../../lib/task/compile.js';
import { SumSink } from '../../lib/task/sinks/fold.js';
import { numericCode } from '../../lib/task/sinks/shuffle.js';
import type { OperatorSpec } from '../../lib/task/spec.js';
import { median } from '../measure.js';
import { compileAlternative } from './kernels/compile.js';

const ROWS = 1 << 22;
const FUSED_ROWS = 1 << 16; // a batch of lib/task/leaf-sources.ts
const COLUMN_ROWS = 2048;
const RUNS = 9;

const memory = reserveHeap(64 << 20);
const heap = Heap.format(memory, { threads: 1 });
const kernels = wasmKernels(compileKernels(), memory);
const column = () => {
  const at = heap.allocate(COLUMN_ROWS * 8);
  return { at, rows: new Float64Array(memory.buffer, at, COLUMN_ROWS) };
};
const [a, b] = [column(), column()];
const chunk = heap.allocate(CHUNK_ROWS * 8);
const [keys, values] = [
  new Int32Array(memory.buffer, chunk, CHUNK_ROWS),
  new Int32Array(memory.buffer, chunk + CHUNK_ROWS * 4, CHUNK_ROWS),
];
/** Rows in memory, as of a persisted RDD or a file of columns. */
const storedAt = heap.allocate(ROWS * 8);
const stored = new Float64Array(memory.buffer, storedAt, ROWS);
for (let i = 0; i < ROWS; i++) stored[i] = i * 0.25;

interface NumberKernels {
  iota(out: number, first: number, n: number): void;
  affine(x: number, out: number, n: number, a: number, b: number): void;
  square(x: number, out: number, n: number): void;
  squareRoot(x: number, out: number, n: number): void;
  keepAbove(x: number, out: number, n: number, limit: number): number;
  keepMultiplesOf3(x: number, out: number, n: number): number;
  keyedBy1000(x: number, keys: number, values: number, n: number): void;
  sum(x: number, n: number, start: number): number;
}
const numbers = new WebAssembly.Instance(await compileAlternative('numbers.ts'), { env: { memory } }).exports as unknown as NumberKernels;

let made = 0;

type Operator = readonly ['map' | 'filter', (x: number) => unknown];
interface Plan {
  readonly source: 'range' | 'stored';
  readonly operators: readonly Operator[];
  /** The operators by kernels, on `n` rows at `x`, which come in column a: the sum of what is left, from `total` on. */
  kernels(x: number, n: number, total: number): number;
}

const sine = operatorLoop(['map', x => Math.sin(x)]);

const SUMS: Readonly<Record<string, Plan>> = {
  'range: map(x => x * 2 + 1), filter(x => x % 3 === 0), sum': {
    source: 'range',
    operators: [
      ['map', x => x * 2 + 1],
      ['filter', x => x % 3 === 0],
    ],
    kernels(x, n, total) {
      numbers.affine(x, b.at, n, 2, 1);
      return numbers.sum(a.at, numbers.keepMultiplesOf3(b.at, a.at, n), total);
    },
  },
  'range: map(Math.sqrt), map(Math.sin), sum': {
    source: 'range',
    operators: [
      ['map', x => Math.sqrt(x)],
      ['map', x => Math.sin(x)],
    ],
    // A sine by kernel would have to be V8's, bit by bit.
    kernels(x, n, total) {
      numbers.squareRoot(x, b.at, n);
      sine(b.rows, a.rows, n);
      return numbers.sum(a.at, n, total);
    },
  },
  'stored: map(x => x * 1.5), map(x => x + 2), map(x => x * x), filter(x => x > 1e6), sum': {
    source: 'stored',
    operators: [
      ['map', x => x * 1.5],
      ['map', x => x + 2],
      ['map', x => x * x],
      ['filter', x => x > 1e6],
    ],
    kernels(x, n, total) {
      numbers.affine(x, b.at, n, 1.5, 0);
      numbers.affine(b.at, a.at, n, 1, 2);
      numbers.square(a.at, b.at, n);
      return numbers.sum(a.at, numbers.keepAbove(b.at, a.at, n, 1e6), total);
    },
  },
  'stored: map(x => Math.sqrt(x * x + 1)), sum': {
    source: 'stored',
    operators: [['map', x => Math.sqrt(x * x + 1)]],
    kernels(x, n, total) {
      numbers.square(x, b.at, n);
      numbers.affine(b.at, a.at, n, 1, 1);
      numbers.squareRoot(a.at, b.at, n);
      return numbers.sum(b.at, n, total);
    },
  },
};

/** A loop of its own, so that V8 gives each operator what it knows of its closure: sources that are the same share that. */
function operatorLoop([kind, f]: Operator): (x: Float64Array, out: Float64Array, n: number) => number {
  const row = kind === 'map' ? 'out[i] = f(x[i]);' : 'if (f(x[i])) out[kept++] = x[i];';
  const source = `return (x, out, n) => { let kept = 0; for (let i = 0; i < n; i++) { ${row} } return ${kind === 'map' ? 'n' : 'kept'}; };\n//# sourceURL=operator:${made++}`;
  return new Function('f', source)(f);
}

/** As a stage's loop, but for what tells a throw's operator and record, and no check that rows are numbers: its row is in constants. */
function bareLoop(operators: readonly Operator[]): (x: Float64Array, n: number, total: number) => number {
  const rows = operators.map(([kind], j) => {
    const [from, to] = [`v${j}`, `v${j + 1}`];
    return kind === 'map' ? `const ${to} = f[${j}](${from});` : `if (!f[${j}](${from})) continue; const ${to} = ${from};`;
  });
  const functions = operators.map((_, j) => `f${j}`);
  const body = rows.join(' ').replaceAll(/f\[(\d+)\]/g, 'f$1');
  const source = `return (x, n, total) => { for (let i = 0; i < n; i++) { const v0 = x[i]; ${body} total += v${operators.length}; } return total; };`;
  return new Function(...functions, `${source}\n//# sourceURL=operator:${made++}`)(...operators.map(([, f]) => f));
}

/** The loop that a stage of these operators has, and its batches. */
function fusedLoop(source: Plan['source'], operators: readonly Operator[], sink: SinkCode): (sink: object) => void {
  const kind = source === 'range' ? 'range' : 'rows';
  const specs = operators.map(([kind]): OperatorSpec => ({ kind, label: kind }) as OperatorSpec);
  const functions = operators.map(([, f]) => f);
  const loop = compileLoop(loopSource(kind, specs, sink), functions, new Float64Array(), 'measured');
  return state => {
    for (let from = 0; from < ROWS; from += FUSED_ROWS) {
      const base = { n: FUSED_ROWS, block: 0 };
      const batch: Batch =
        kind === 'range' ? { ...base, kind, first: 0, from, step: 1 } : { ...base, kind, rows: stored.subarray(from, from + FUSED_ROWS) };
      loop(batch, state, []);
    }
  };
}

/** Batches of columns: `take` gets where each is, and as a view. */
function eachColumn(source: Plan['source'], simd: boolean, take: (at: number, rows: Float64Array, n: number) => void): void {
  for (let from = 0; from < ROWS; from += COLUMN_ROWS) {
    if (source === 'stored') {
      take(storedAt + from * 8, stored.subarray(from, from + COLUMN_ROWS), COLUMN_ROWS);
      continue;
    }
    if (simd) numbers.iota(a.at, from, COLUMN_ROWS);
    else for (let i = 0; i < COLUMN_ROWS; i++) a.rows[i] = from + i;
    take(a.at, a.rows, COLUMN_ROWS);
  }
}

function sumContenders({ source, operators, kernels }: Plan): Record<string, () => number> {
  const code = new SumSink({ from: 0, to: 1 }).code();
  const fused = fusedLoop(source, operators, code);
  const loops = operators.map(operatorLoop);
  const bare = bareLoop(operators);
  const sumOf = new Function('return (x, n, total) => { for (let i = 0; i < n; i++) total += x[i]; return total; };')() as (
    x: Float64Array,
    n: number,
    total: number,
  ) => number;
  return {
    'fused (Heddle)': () => {
      const sink = new SumSink({ from: 0, to: 1 });
      fused(sink);
      return sink.sum;
    },
    'fused, no handler': () => {
      let total = 0;
      eachColumn(source, false, (_, rows, n) => {
        total = bare(rows, n, total);
      });
      return total;
    },
    'columns, loops': () => {
      let total = 0;
      eachColumn(source, false, (_, rows, n) => {
        let [x, out] = [rows, b.rows];
        for (const loop of loops) {
          n = loop(x, out, n);
          [x, out] = [out, out === b.rows ? a.rows : b.rows];
        }
        total = sumOf(x, n, total);
      });
      return total;
    },
    'columns, kernels': () => {
      let total = 0;
      eachColumn(source, true, (at, _, n) => {
        total = kernels(at, n, total);
      });
      return total;
    },
  };
}

/** Up to the groups of a map task; the answer depends on all of them. */
function pairContenders(): Record<string, () => number> {
  const { Int32 } = NumericKind;
  const progress = heap.allocateWords(1);
  const table = () => new NumericTable(heap, kernels, AggregateOp.Sum, Int32, progress);
  const answer = (of: NumericTable) => {
    const { keysAt, valuesAt, size } = of.groups();
    let sum = 0;
    for (let g = 0; g < size; g++) sum += (heap.i32[(keysAt >>> 2) + g]! + 1) * heap.f64[(valuesAt >>> 3) + g]!;
    of.dispose();
    return sum;
  };
  const pair: Operator = ['map', x => [x % 1000, x]];
  const fused = fusedLoop('range', [pair], numericCode(Int32, Int32));
  const columns = (simd: boolean, write: (at: number, rows: Float64Array, n: number, to: number) => void) => () => {
    const groups = table();
    let filled = 0;
    eachColumn('range', simd, (at, rows, n) => {
      write(at, rows, n, filled);
      filled += n;
      if (filled < CHUNK_ROWS) return;
      groups.add(chunk, chunk + CHUNK_ROWS * 4, Int32, CHUNK_ROWS);
      filled = 0;
    });
    return answer(groups);
  };
  return {
    'fused (Heddle)': () => {
      const groups = table();
      const full = () => groups.add(chunk, chunk + CHUNK_ROWS * 4, Int32, CHUNK_ROWS);
      fused({ numeric: { keys, values }, filled: 0, full });
      return answer(groups);
    },
    'columns, loops': columns(false, (_, rows, n, to) => {
      for (let i = 0; i < n; i++) keys[to + i] = rows[i]! % 1000;
      for (let i = 0; i < n; i++) values[to + i] = rows[i]!;
    }),
    'columns, kernels': columns(true, (at, _, n, to) => numbers.keyedBy1000(at, chunk + to * 4, chunk + (CHUNK_ROWS + to) * 4, n)),
  };
}

function measure(contenders: Record<string, () => number>): Record<string, number> {
  const names = Object.keys(contenders);
  const times = new Map<string, number[]>(names.map(name => [name, []]));
  const wanted = contenders[names[0]!]!();
  for (let run = 0; run < RUNS + 3; run++) {
    for (const name of names) {
      const started = performance.now();
      const found = contenders[name]!();
      const millis = performance.now() - started;
      if (!Object.is(found, wanted)) throw new Error(`${name}: ${found}, expected ${wanted}`);
      if (run >= 3) times.get(name)!.push(millis);
    }
  }
  return Object.fromEntries(names.map(name => [name, Number(((median(times.get(name)!)! * 1e6) / ROWS).toFixed(2))]));
}

console.log(`nanoseconds a row, ${ROWS} rows, one thread, medians of ${RUNS}`);
console.table(
  Object.fromEntries([
    ...Object.entries(SUMS).map(([name, plan]) => [name, measure(sumContenders(plan))]),
    ['range: map(x => [x % 1000, x]), reduceByKey((a, b) => a + b)', measure(pairContenders())],
  ]),
);
