// Runs a chain of operators over text in this thread: through a columnar source, and, as what it has to equal, as plain
// JavaScript over an array of lines.
import { captureClosure, type ShippedClosure } from '../../../lib/codec/closure/index.js';
import { rowsOf } from '../../../lib/task/columnar/batch.js';
import { type Planned, planOperators } from '../../../lib/task/columnar/operators.js';
import { ColumnarSource, CompiledPlan } from '../../../lib/task/columnar/source.js';
import type { TaskEnv } from '../../../lib/task/env.js';
import type { OperatorSpec } from '../../../lib/task/spec.js';
import { type KernelName, kernelsOn, newHeap } from '../../shuffle/fixture.js';
import { MemoryFiles } from '../../storage/memory-file-system.js';

type Kind = 'map' | 'filter' | 'flatMap' | 'keyBy' | 'mapValues' | 'flatMapValues';
// biome-ignore lint/suspicious/noExplicitAny: functions over rows of any type, as a chain has them
export type Operator = readonly [kind: Kind, f: (row: any) => any];

const heap = newHeap();
const kernels = { kernel: kernelsOn(heap, 'kernel'), twin: kernelsOn(heap, 'twin') };

export interface Outcome {
  readonly rows: readonly unknown[];
  /** How many batches stayed columns, and how many went the other way. */
  readonly columns: number;
  readonly others: number;
}

export function plan(operators: readonly Operator[]): Planned & { readonly closures: readonly ShippedClosure[] } {
  const closures = operators.map(([kind, f]) => captureClosure(f, kind));
  const specs = operators.map(([kind], i): OperatorSpec => ({ kind, f: { closure: i }, label: kind }));
  return { ...planOperators(specs, closures), closures };
}

/** The rows that the operators make of the text through columns; throws where they are not columnar from end to end. */
export function runColumns(
  operators: readonly Operator[],
  text: Uint8Array,
  name: KernelName = 'kernel',
  decoder: 'utf-8' | 'latin1' = 'utf-8',
): Outcome {
  const { plan: found, obstacle } = plan(operators);
  if (found === undefined || obstacle !== undefined) throw new Error(`not columnar: ${obstacle?.what}`);
  const files = new MemoryFiles({ text }).fileSystem;
  const env = { heap, kernels: kernels[name], files } as unknown as TaskEnv;
  const input = { kind: 'text', pieces: [{ path: 'text', start: 0, end: text.length }], decoder } as const;
  const before = heap.stats().usedBytes;
  const source = new ColumnarSource(env, new CompiledPlan(found, 'test'), input, 0);
  const rows: unknown[] = [];
  let columns = 0;
  let others = 0;
  try {
    for (let batch = source.next(); batch !== null; batch = source.next()) {
      if (batch.kind !== 'columns') {
        others++;
        if (batch.kind === 'rows') for (let i = 0; i < batch.n; i++) rows.push(...runRows(operators, [batch.rows[i]]));
        continue;
      }
      columns++;
      const made = rowsOf(batch);
      for (let i = 0; i < made.n; i++)
        rows.push(made.kind === 'pairs' ? [made.keys[i], made.values[i]] : (made as { rows: ArrayLike<unknown> }).rows[i]);
    }
  } finally {
    source.close();
  }
  if (heap.stats().usedBytes !== before) throw new Error('the source kept memory');
  return { rows, columns, others };
}

/** The rows that the operators make of rows, as arrays. */
export function runRows(operators: readonly Operator[], input: readonly unknown[]): unknown[] {
  return operators.reduce<unknown[]>((rows, operator) => through(operator, rows), [...input]);
}

function through([kind, f]: Operator, rows: readonly unknown[]): unknown[] {
  switch (kind) {
    case 'map':
      return rows.map(row => f(row));
    case 'filter':
      return rows.filter(row => f(row));
    case 'flatMap':
      return rows.flatMap(row => [...f(row)]);
    case 'keyBy':
      return rows.map(row => [f(row), row]);
    case 'flatMapValues':
      return rows.flatMap(row => [...f((row as [unknown, unknown])[1])].map(value => [(row as [unknown, unknown])[0], value]));
    case 'mapValues':
      return rows.map(row => [(row as [unknown, unknown])[0], f((row as [unknown, unknown])[1])]);
  }
}

/** The lines of text as textFile has them. */
export function linesOf(text: Uint8Array): string[] {
  const lines = new TextDecoder().decode(text).split('\n');
  const last = lines.pop()!;
  const whole = lines.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line));
  return last === '' ? whole : [...whole, last];
}
