// A thread of the shuffle's stress test: runs map tasks, some of which other threads run as well, and tells what its winners wrote.
import { parentPort, workerData } from 'node:worker_threads';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { compileKernels, wasmKernels } from '../../lib/shuffle/kernels.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { CHUNK_ROWS, NumericWriter } from '../../lib/shuffle/numeric-writer.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { PairWriter } from '../../lib/shuffle/pair-writer.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';

export interface ShuffleWork {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly ref: ShuffleRef;
  readonly maps: readonly number[];
  /** Whether all rows are pairs of whole numbers. */
  readonly isPlain: boolean;
}

/** Of the rows in the shuffle; sums stay far below 2^53. */
export interface Checksum {
  rows: number;
  keys: number;
  values: number;
}

const { memory, thread, ref, maps, isPlain } = workerData as ShuffleWork;
const heap = Heap.open(memory, thread);
const store = new ShuffleStore(heap);
const kernels = wasmKernels(compileKernels(), memory);
const open = new OpenBlocks();
const partitioner = { kind: 'hash', partitions: ref.reducers } as const;
const sum: Checksum = { rows: 0, keys: 0, values: 0 };

for (const map of maps) {
  // Numbering by map partition: an attempt of another thread writes the same rows. The attempt's number tells them apart.
  const output = new MapOutput(store, ref, map, thread, open, kernels);
  const writer = new NumericWriter(heap, kernels, output, partitioner, 1, isPlain || map % 2 === 0 ? 1 : 2, null);
  const task: Checksum = { rows: 0, keys: 0, values: 0 };
  const numbers = 500 + ((map * 997) % 10_000);
  let filled = 0;
  for (let i = 0; i < numbers; i++) {
    const key = Math.imul(i + map, 0x9e3779b1) >>> 8;
    writer.keys[filled] = key;
    writer.values[filled] = i;
    task.rows++;
    task.keys += key;
    task.values += i;
    if (++filled === CHUNK_ROWS) {
      writer.flush(filled);
      filled = 0;
    }
  }
  writer.flush(filled);
  writer.finish();
  writer.dispose();
  const pairs = new PairWriter(output, partitioner);
  for (let i = 0; i < 300 && !isPlain; i++) {
    pairs.put(`${map}/${i}`, i);
    task.rows++;
    task.values += i;
  }
  pairs.flush();
  if (map % 5 === 4 && thread % 2 === 0) {
    output.discard(); // a task that failed: its other attempt may win, or nobody
    continue;
  }
  const { committed, rows } = output.commit();
  if (!committed) continue;
  if (rows !== task.rows) throw new Error(`map ${map} committed ${rows} rows of ${task.rows}`);
  sum.rows += task.rows;
  sum.keys += task.keys;
  sum.values += task.values;
}
parentPort!.postMessage(sum);
