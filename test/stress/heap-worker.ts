// A thread of the heap's stress tests. Answers with the number of blocks it had.
import { parentPort, workerData } from 'node:worker_threads';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { HEADER_ADDRESS, LOCK } from '../../lib/shuffle/heap/layout.js';
import { HeapLock } from '../../lib/shuffle/heap/lock.js';

export interface HeapWork {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly kind: 'churn' | 'churn for ever' | 'hold the lock';
  readonly rounds: number;
  readonly mostBytes: number;
}

const { memory, thread, kind, rounds, mostBytes } = workerData as HeapWork;
const heap = Heap.open(memory, thread);

/** Numerical Recipes' 32-bit generator: the sizes differ from thread to thread and are the same on every run. */
let state = thread + 1;
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

function churn(): number {
  const held: { address: number; mark: number }[] = [];
  let blocks = 0;
  for (let round = 0; round < rounds; round++) {
    if (held.length > 0 && (held.length === 24 || random(2) === 0)) {
      const [{ address, mark }] = held.splice(random(held.length), 1) as [{ address: number; mark: number }];
      const words = heap.i32.subarray(address / 4, (address + heap.sizeOf(address)) / 4);
      for (let i = 0; i < words.length; i++) {
        if (words[i] !== mark) throw new Error(`thread ${thread}: word ${i} of block ${address} is ${words[i]}, not ${mark}`);
      }
      heap.free(address);
    } else {
      const address = heap.allocate(1 + random(mostBytes));
      if (address === 0) continue;
      const mark = (thread << 24) | round;
      heap.i32.fill(mark, address / 4, (address + heap.sizeOf(address)) / 4);
      held.push({ address, mark });
      blocks++;
    }
  }
  for (const { address } of held) heap.free(address);
  return blocks;
}

if (kind === 'churn') {
  parentPort!.postMessage(churn());
} else if (kind === 'hold the lock') {
  heap.allocate(10_000);
  new HeapLock(new Int32Array(memory.buffer, HEADER_ADDRESS, 64), LOCK, thread).acquire();
  // And ends without releasing it.
} else {
  churn();
  parentPort!.postMessage('busy');
  for (;;) churn();
}
