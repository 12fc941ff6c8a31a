// The engine's own writer, commit and reading. What becomes of short rows is the store's: merged by groups where all maps run in one
// process, and else in the open blocks of threads.
import { NumericKind } from '../../../lib/shuffle/kernels.js';
import { MapOutput } from '../../../lib/shuffle/map-output.js';
import { CHUNK_ROWS, NumericWriter } from '../../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../../lib/shuffle/open-blocks.js';
import { loadedRuns, readRows } from '../../../lib/shuffle/reader.js';
import type { Design, Room, TakeRows } from './design.js';

export function engine({ heap, kernels, store, ref, shape, look }: Room): Design {
  const open = new OpenBlocks();
  const { Int32 } = NumericKind;
  return {
    map(map, attempt) {
      const output = new MapOutput(store, ref, map, attempt, open, kernels);
      const writer = new NumericWriter(heap, kernels, output, { kind: 'hash', partitions: ref.reducers }, Int32, Int32, null);
      const { keys, values } = writer;
      for (let from = 0; from < shape.rows; from += CHUNK_ROWS) {
        const n = Math.min(CHUNK_ROWS, shape.rows - from);
        for (let i = 0, value = map * shape.rows + from; i < n; i++, value++) {
          keys[i] = from + i;
          values[i] = value;
        }
        writer.flush(n);
      }
      writer.finish();
      look();
      writer.dispose();
      output.commit();
    },
    reduce: (reduce, take) => readRuns({ heap, store, ref }, reduce, take),
    close() {},
  };
}

/** The rows of a reduce id as a reduce task reads them. */
export function readRuns({ heap, store, ref }: Pick<Room, 'heap' | 'store' | 'ref'>, reduce: number, take: TakeRows): void {
  for (const run of loadedRuns(store, store.joinedRuns(ref, reduce), 'own')) {
    const { keys, values, rows } = readRows(heap, run);
    take(keys as Int32Array, values as Int32Array, rows);
  }
}
