// Threads that run a shuffle of some design, stage by stage, and what that takes.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ShuffleId } from '../../../lib/core/ids.js';
import { Heap } from '../../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../../lib/shuffle/heap/memory.js';
import { loadWord, storeWord } from '../../../lib/shuffle/heap/words.js';
import { compileKernels } from '../../../lib/shuffle/kernels.js';
import { ShuffleStore } from '../../../lib/shuffle/store.js';
import { compileAlternative } from '../kernels/compile.js';
import { type DesignName, MERGED } from './designs.js';
import type { Shape } from './shape.js';
import { CONTROL_WORDS, type Done, type Order, type ThreadSetting } from './thread.js';

export interface Figures {
  readonly mapSeconds: number;
  readonly reduceSeconds: number;
  /** The most bytes of the heap that were in use for the shuffle at a time, and those at the end of the map stage. */
  readonly peakBytes: number;
  readonly heldBytes: number;
  readonly rows: number;
  readonly check: number;
}

export class Fleet {
  private readonly heap: Heap;
  private shuffles = 0;

  private constructor(
    memory: WebAssembly.Memory,
    private readonly workers: readonly Worker[],
  ) {
    this.heap = Heap.open(memory, 0);
  }

  static async start(threads: number): Promise<Fleet> {
    const memory = reserveHeap(2 ** 32);
    Heap.format(memory, { threads: threads + 1 });
    const [module, gatherModule] = [compileKernels(), await compileAlternative('gather.ts')];
    const workers = Array.from({ length: threads }, (_, i) => {
      const workerData: ThreadSetting = { memory, module, gatherModule, thread: i + 1 };
      return new Worker(new URL('./thread.js', import.meta.url), { workerData });
    });
    return new Fleet(memory, workers);
  }

  /** Runs both stages. Returns what they took, or why there is no answer. */
  async run(design: DesignName, shape: Shape): Promise<Figures | string> {
    const { heap } = this;
    const store = new ShuffleStore(heap, undefined, design === MERGED);
    const before = heap.stats().usedBytes;
    const ref = store.create(++this.shuffles as ShuffleId, shape.maps, shape.reducers);
    const bytes = CONTROL_WORDS.shared + shape.maps * 4;
    const control = heap.allocate(bytes);
    heap.u8.fill(0, control, control + bytes);
    const order = (what: Order['what']): Order => ({ what, design, shape, ref, control });
    const stage = async (what: 'map' | 'reduce') => {
      storeWord(heap.i32, control + CONTROL_WORDS.task, 0);
      const started = performance.now();
      const done = await this.all(order(what));
      return { ...done, seconds: (performance.now() - started) / 1000 };
    };
    let problem = (await this.all(order('open'))).problem;
    let figures: Figures | undefined;
    if (problem === undefined) {
      const map = await stage('map');
      const heldBytes = heap.stats().usedBytes - before;
      const reduce = map.problem === undefined ? await stage('reduce') : map;
      problem = reduce.problem;
      const { rows, check } = reduce;
      const peakBytes = loadWord(heap.i32, control + CONTROL_WORDS.pages) * 4096 - before;
      figures = { mapSeconds: map.seconds, reduceSeconds: reduce.seconds, peakBytes, heldBytes, rows, check };
    }
    await this.all(order('close'));
    await ask(this.workers[0]!, order('free'));
    // What a task that failed had taken.
    for (let thread = 1; thread <= this.workers.length; thread++) heap.releaseStaging(thread);
    store.free(ref);
    heap.free(control);
    return problem ?? figures!;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.terminate()));
  }

  private async all(order: Order): Promise<Done> {
    const answers = await Promise.all(this.workers.map(worker => ask(worker, order)));
    return answers.reduce((sum, { rows, check, problem }) => ({
      rows: sum.rows + rows,
      check: (sum.check + check) | 0,
      ...(problem === undefined && sum.problem === undefined ? {} : { problem: sum.problem ?? problem! }),
    }));
  }
}

async function ask(worker: Worker, order: Order): Promise<Done> {
  const answered = once(worker, 'message');
  worker.postMessage(order);
  return (await answered)[0] as Done;
}
