// The reduce side of groups by keys of text: a kernel finds the group of each row, whose key is a string once for each group.

import { type CountedRows, countingSort } from '../shuffle/counting-sort.js';
import type { Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { keysOf, TextTable } from '../shuffle/text-table.js';
import type { Cogrouped } from './cogroup.js';
import type { TaskContext } from './pipeline.js';
import { CHUNK_ROWS, eachTextChunk, RunValues, rowsOf } from './text-runs.js';

/**
 * The groups of the rows of several inputs, in order of first appearance over all of them in turn; undefined when a run has
 * keys that are no ASCII text, or is not in the heap. Throws HEDDLE_HEAP_FULL.
 */
export function groupTexts(task: TaskContext, inputs: readonly (readonly Run[])[]): Cogrouped | undefined {
  const { heap, kernels } = task.env;
  // Words of progress, the offsets of a chunk's rows, their groups.
  const scratch = roomFor(heap, 64 + CHUNK_ROWS * 12, 'groups');
  const [offsets, idsAt] = [scratch + 64, scratch + 64 + CHUNK_ROWS * 8];
  let table: TextTable | undefined;
  try {
    const own = (table = new TextTable(heap, kernels, 0, scratch));
    const chunk = new Uint32Array(heap.u8.buffer, idsAt, CHUNK_ROWS);
    const read: { readonly ids: Uint32Array; readonly values: RunValues }[] = [];
    for (const runs of inputs) {
      const ids = new Uint32Array(rowsOf(runs));
      const values = new RunValues(ids.length);
      let row = 0;
      const isWhole = eachTextChunk(
        task,
        runs,
        offsets,
        run => {
          values.add(run);
          return true;
        },
        (keys, _, n) => {
          own.index(keys, idsAt, n);
          ids.set(chunk.subarray(0, n), row);
          row += n;
        },
      );
      if (!isWhole) return undefined;
      read.push({ ids, values });
    }
    const { size } = table;
    const keys = keysOf(heap, kernels, table.groups());
    return new GroupedTexts(
      keys,
      read.map(({ ids, values }) => ({ rows: countingSort(ids, size), values: values.all })),
    );
  } finally {
    table?.dispose();
    heap.free(scratch);
  }
}

class GroupedTexts implements Cogrouped {
  constructor(
    readonly keys: ArrayLike<string>,
    private readonly inputs: readonly { readonly rows: CountedRows; readonly values: ArrayLike<unknown> }[],
  ) {}

  get size(): number {
    return this.keys.length;
  }

  count(input: number, g: number): number {
    const { first } = this.inputs[input]!.rows;
    return first[g + 1]! - first[g]!;
  }

  value(input: number, g: number, i: number): unknown {
    const { rows, values } = this.inputs[input]!;
    return values[rows.rows[rows.first[g]! + i]!];
  }

  dispose(): void {}
}
