// The reduce side for text and numbers, or tuples of them: all runs of a reduce id through one table of a kernel, where their
// operations are known.

import { type ColumnParts, readColumn, readPlaces } from '../codec/column.js';
import type { Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { TextTable } from '../shuffle/text-table.js';
import type { Places } from './columnar/places.js';
import { FoldedColumns, tuplesOf } from './folded-columns.js';
import type { TaskContext } from './pipeline.js';
import { CHUNK_ROWS, eachTextChunk } from './text-runs.js';
import { narrowed, type TableValues, TextTableSource } from './text-table-source.js';

/** The groups of all runs; undefined when one has other rows, or is not in the heap. Throws HEDDLE_HEAP_FULL. */
export function aggregateText(task: TaskContext, runs: readonly Run[], op: number): TextTableSource | undefined {
  const { heap, kernels } = task.env;
  // Words of progress, the offsets of a chunk's rows, their values.
  const scratch = roomFor(heap, 64 + CHUNK_ROWS * 16, 'an aggregation table');
  const [offsets, values] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 8];
  let table: TextTable | undefined;
  try {
    const own = (table = new TextTable(heap, kernels, op, scratch));
    const chunk = new Float64Array(heap.u8.buffer, values, CHUNK_ROWS);
    let numbers: Int32Array | Float64Array;
    const isWhole = eachTextChunk(
      task,
      runs,
      offsets,
      run => {
        const read = readColumn(run.values);
        if (!isNumeric(read)) return false;
        numbers = read;
        return true;
      },
      (keys, from, n) => {
        chunk.set(numbers.subarray(from, from + n));
        own.add(keys, values, 0, n);
      },
    );
    if (!isWhole) return undefined;
    const groups = table.groups();
    const source = new TextTableSource(task.spec.local, heap, kernels, table, groups, numbersOf(groups.values));
    table = undefined;
    return source;
  } finally {
    table?.dispose();
    heap.free(scratch);
  }
}

/** As aggregateText, of tuples or objects of numbers, each place by its operation. */
export function aggregateTextTuples(task: TaskContext, runs: readonly Run[], { ops, names }: Places): TextTableSource | undefined {
  const { heap, kernels } = task.env;
  // Words of progress, the offsets of a chunk's rows, their groups, the numbers at a place.
  const scratch = roomFor(heap, 64 + CHUNK_ROWS * 20, 'an aggregation table');
  const [offsets, ids, values] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 8, scratch + 64 + CHUNK_ROWS * 12];
  const folded = new FoldedColumns(heap, kernels, ops);
  let table: TextTable | undefined;
  try {
    const own = (table = new TextTable(heap, kernels, 0, scratch));
    const chunk = new Float64Array(heap.u8.buffer, values, CHUNK_ROWS);
    let numbers: readonly (Int32Array | Float64Array)[] = [];
    const isWhole = eachTextChunk(
      task,
      runs,
      offsets,
      run => {
        const places = readPlaces(run.values);
        if (places?.columns.length !== ops.length || places.names?.join() !== names?.join()) return false;
        const columns = places.columns.map(readColumn);
        numbers = columns.filter(isNumeric);
        return numbers.length === ops.length;
      },
      (keys, from, n) => {
        folded.reserve(own.size + n);
        own.index(keys, ids, n);
        for (const [k, column] of numbers.entries()) {
          chunk.set(column.subarray(from, from + n));
          folded.fold(k, ids, values, n);
        }
        folded.grown(own.size);
      },
    );
    if (!isWhole) return undefined;
    const source = new TextTableSource(task.spec.local, heap, kernels, table, table.groups(), tupleValues(folded, names));
    table = undefined;
    return source;
  } finally {
    if (table !== undefined) {
      table.dispose();
      folded.dispose();
    }
    heap.free(scratch);
  }
}

/** The numbers that a table has itself. */
function numbersOf(values: Float64Array): TableValues {
  let narrow: Int32Array | Float64Array | undefined;
  return {
    rows: () => values.slice(),
    parts: (from, n) => ({ kind: 'values', values: (narrow ??= narrowed(values)).subarray(from, from + n) }),
    dispose() {},
  };
}

function tupleValues(folded: FoldedColumns, names: Places['names']): TableValues {
  let narrow: readonly (Int32Array | Float64Array)[] | undefined;
  return {
    rows: () => tuplesOf(folded.columns(), names),
    parts(from, n) {
      narrow ??= folded.columns().map(narrowed);
      const items = narrow.map((column): ColumnParts => ({ kind: 'values', values: column.subarray(from, from + n) }));
      return names === null ? { kind: 'tuple', items } : { kind: 'struct', names, items };
    },
    dispose: () => folded.dispose(),
  };
}

const isNumeric = (column: ArrayLike<unknown>): column is Int32Array | Float64Array =>
  column instanceof Int32Array || column instanceof Float64Array;
