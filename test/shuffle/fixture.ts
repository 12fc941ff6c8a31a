// A heap with a store on it, and simulated map tasks: for tests of the shuffle's parts without an engine around them.
import type { ShuffleId } from '../../lib/core/ids.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { AggregateOp, compileKernels, type Kernels, twinKernels, wasmKernels } from '../../lib/shuffle/kernels.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { readRows } from '../../lib/shuffle/reader.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';

export const MIB = 2 ** 20;
export const kernelNames = ['kernel', 'twin'] as const;
export type KernelName = (typeof kernelNames)[number];

const compiled = compileKernels();

export function kernelsOn(heap: Heap, name: KernelName = 'kernel'): Kernels {
  return name === 'kernel' ? wasmKernels(compiled, heap.memory) : twinKernels(heap.memory);
}

export function newHeap(bytes = 64 * MIB, threads = 4): Heap {
  return Heap.format(reserveHeap(bytes), { threads });
}

/** A heap of 4 GiB in which only the memory above 3 GiB is still free. */
export function highHeap(): Heap {
  const heap = newHeap(2 ** 32);
  let last = 0;
  for (let bytes = 2 ** 30; bytes >= 4096; bytes /= 2) {
    for (let at = heap.allocate(bytes); at !== 0; at = heap.allocate(bytes)) if (at === 3 * 2 ** 30) last = at;
  }
  heap.free(last);
  return heap;
}

/** Takes all but about `bytes` of a heap; the blocks it took. */
export function fill(heap: Heap, leave: number): number[] {
  const taken: number[] = [];
  for (let bytes = 2 ** 20; bytes >= 4096; bytes /= 2) {
    while (heap.stats().freeBytes - bytes >= leave) {
      const at = heap.allocate(bytes);
      if (at === 0) break;
      taken.push(at);
    }
  }
  return taken;
}

/** What each operation does with two values of a key, in plain JavaScript. */
export const merges: Record<number, (a: number, b: number) => number> = {
  [AggregateOp.Sum]: (a, b) => a + b,
  [AggregateOp.Min]: Math.min,
  [AggregateOp.Max]: Math.max,
  [AggregateOp.First]: a => a,
  [AggregateOp.Last]: (_, b) => b,
};

let shuffles = 0;

export interface Fixture {
  readonly heap: Heap;
  readonly store: ShuffleStore;
  readonly ref: ShuffleRef;
  readonly open: OpenBlocks;
}

/** `isOnly`: as where all maps run in this process. */
export function newShuffle(maps: number, reducers: number, heap = newHeap(), isOnly = false): Fixture {
  const store = new ShuffleStore(heap, undefined, isOnly);
  return { heap, store, ref: store.create(++shuffles as ShuffleId, maps, reducers), open: new OpenBlocks() };
}

export function outputOf(shuffle: Fixture, map: number, attempt = 0, open = shuffle.open, kernels?: Kernels): MapOutput {
  return new MapOutput(shuffle.store, shuffle.ref, map, attempt, open, kernels);
}

/** An encoded run of made-up payload: `words` words of 8 bytes that say `mark`. */
export function appendMarks(output: MapOutput, reduce: number, rows: number, words: number, mark: number): void {
  output.append(reduce, rows, words * 8, target => new Float64Array(target.buffer, target.byteOffset, words).fill(mark));
}

/** What appendMarks wrote, run by run: map, sequence, rows, words, mark. Throws where a word says something else. */
export function readMarks({ store, ref, heap }: Fixture, reduce: number): number[][] {
  return store.runs(ref, reduce).map(run => {
    const words = new Float64Array(heap.u8.buffer, run.payload, run.bytes / 8);
    for (const word of words) if (word !== words[0]) throw new Error(`a word of run ${run.sequence} of map ${run.map} is ${word}`);
    return [run.map, run.sequence, run.rows, words.length, words[0]!];
  });
}

/** All rows of a reduce id, as the reduce side sees them. */
export function readPairsOf({ store, ref, heap }: Fixture, reduce: number): [unknown, unknown][] {
  const rows: [unknown, unknown][] = [];
  for (const run of store.runs(ref, reduce)) {
    const batch = readRows(heap, run);
    for (let i = 0; i < batch.rows; i++) rows.push([batch.keys[i], batch.values[i]]);
  }
  return rows;
}
