// A shuffle as it is measured here: map tasks that write rows and commit them, and reduce tasks that get all rows of a reduce id, those
// of map 0 first. A thread has one object of a design for each shuffle.
import type { Heap } from '../../../lib/shuffle/heap/allocator.js';
import type { Kernels } from '../../../lib/shuffle/kernels.js';
import type { ShuffleRef, ShuffleStore } from '../../../lib/shuffle/store.js';
import type { Shape } from './shape.js';

/** A kernel of kernels/assembly/gather.ts. */
export interface GatherKernel {
  /** The rows of a reduce id in `n` sorted blocks, one behind the other; returns how many. */
  gatherRows(blocks: number, n: number, reduce: number, keys: number, values: number): number;
}

export interface Room {
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly gather: GatherKernel;
  readonly store: ShuffleStore;
  readonly ref: ShuffleRef;
  readonly shape: Shape;
  /** Zeroed words that all threads of the shuffle share: one for each map. */
  readonly shared: number;
  /** To be called where memory is about to be given back. */
  look(): void;
}

export type TakeRows = (keys: Int32Array, values: Int32Array, rows: number) => void;

export interface Design {
  /** Runs an attempt of a map task: where no other one has won, its rows are visible when this returns. */
  map(map: number, attempt: number): void;
  reduce(reduce: number, take: TakeRows): void;
  /** Gives the thread's own memory back. */
  close(): void;
  /** By one thread, after all are closed: gives back what the shuffle holds beyond its store. */
  free?(): void;
}
