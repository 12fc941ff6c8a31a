// A thread of the measurement: takes tasks until there are none left, and answers with what its reduce tasks got.
import { parentPort, workerData } from 'node:worker_threads';
import { Heap } from '../../../lib/shuffle/heap/allocator.js';
import { addWord, loadWord, swapWord } from '../../../lib/shuffle/heap/words.js';
import { wasmKernels } from '../../../lib/shuffle/kernels.js';
import { type ShuffleRef, ShuffleStore } from '../../../lib/shuffle/store.js';
import type { Design, GatherKernel } from './design.js';
import { DESIGNS, type DesignName } from './designs.js';
import { checkOf, foldRows, type Shape } from './shape.js';

export interface ThreadSetting {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly gatherModule: WebAssembly.Module;
  readonly thread: number;
}

/** What to do: `open` comes first, `close` last, `free` after that to one thread. */
export interface Order {
  readonly what: 'open' | 'map' | 'reduce' | 'close' | 'free';
  readonly design: DesignName;
  readonly shape: Shape;
  readonly ref: ShuffleRef;
  /** Words: the next task, the most pages in use, then what the design shares. */
  readonly control: number;
}

export interface Done {
  readonly rows: number;
  readonly check: number;
  /** Why it failed. */
  readonly problem?: string;
}

export const CONTROL_WORDS = { task: 0, pages: 4, shared: 8 } as const;
const PAGE = 4096;

/** Raises the mark of the most memory that was in use. */
export function markPages(heap: Heap, control: number): void {
  const at = control + CONTROL_WORDS.pages;
  const pages = heap.stats().usedBytes / PAGE;
  for (let most = loadWord(heap.i32, at); pages > most && !swapWord(heap.i32, at, most, pages); ) most = loadWord(heap.i32, at);
}

export class ThreadOfShuffles {
  private design: Design | undefined;
  private readonly heap: Heap;
  private readonly store: ShuffleStore;

  constructor(private readonly setting: ThreadSetting) {
    this.heap = Heap.open(setting.memory, setting.thread);
    this.store = new ShuffleStore(this.heap);
  }

  do(order: Order): Done {
    const { what, shape, ref, control } = order;
    const total = { rows: 0, check: 0 };
    switch (what) {
      case 'open':
        this.design = this.open(order);
        break;
      case 'map':
        for (let map = this.next(control); map < ref.maps; map = this.next(control)) {
          this.design!.map(map, map);
          markPages(this.heap, control);
        }
        break;
      case 'reduce':
        for (let reduce = this.next(control); reduce < shape.reducers; reduce = this.next(control)) {
          let check = 0;
          this.design!.reduce(reduce, (keys, values, rows) => {
            check = foldRows(check, keys, values, rows);
            total.rows += rows;
          });
          total.check = (total.check + checkOf(reduce, check)) | 0;
        }
        break;
      case 'close':
        this.design?.close();
        break;
      case 'free':
        this.design?.free?.();
    }
    return total;
  }

  private next(control: number): number {
    return addWord(this.heap.i32, control + CONTROL_WORDS.task, 1);
  }

  private open({ design, shape, ref, control }: Order): Design {
    const { heap, store } = this;
    const { memory, module, gatherModule } = this.setting;
    return DESIGNS[design]({
      heap,
      kernels: wasmKernels(module, memory),
      gather: new WebAssembly.Instance(gatherModule, { env: { memory } }).exports as unknown as GatherKernel,
      store,
      ref,
      shape,
      shared: control + CONTROL_WORDS.shared,
      look: () => markPages(heap, control),
    });
  }
}

if (parentPort !== null) {
  const port = parentPort;
  const thread = new ThreadOfShuffles(workerData as ThreadSetting);
  port.on('message', (order: Order) => {
    try {
      port.postMessage(thread.do(order) satisfies Done);
    } catch (error) {
      port.postMessage({ rows: 0, check: 0, problem: (error as Error).message } satisfies Done);
    }
  });
}
