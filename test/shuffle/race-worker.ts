// A thread that runs an attempt of every map partition of a shuffle, and commits each when all other threads are about to.
import { parentPort, workerData } from 'node:worker_threads';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { type ShuffleRef, ShuffleStore } from '../../lib/shuffle/store.js';

export interface RaceWork {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
  readonly ref: ShuffleRef;
  /** Address of a word for each map partition: how many threads are ready to commit it. */
  readonly gates: number;
}

const { memory, thread, threads, ref, gates } = workerData as RaceWork;
const heap = Heap.open(memory, thread);
const store = new ShuffleStore(heap);
const open = new OpenBlocks();

const sizes = [];
for (let map = 0; map < ref.maps; map++) {
  const output = new MapOutput(store, ref, map, thread, open);
  const words = 1 + (map % 7) * 400;
  for (let reduce = 0; reduce < ref.reducers; reduce++) {
    output.append(reduce, 1, words * 8, target => new Float64Array(target.buffer, target.byteOffset, words).fill(thread));
  }
  const gate = gates / 4 + map;
  Atomics.add(heap.i32, gate, 1);
  Atomics.notify(heap.i32, gate);
  for (let ready = Atomics.load(heap.i32, gate); ready < threads; ready = Atomics.load(heap.i32, gate)) Atomics.wait(heap.i32, gate, ready);
  const size = output.commit();
  if (!store.isDone(ref, map)) throw new Error(`attempt ${thread} of map ${map} ended before the winner had finished`);
  sizes.push(size);
}
parentPort!.postMessage(sizes);
