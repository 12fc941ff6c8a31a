// The transport of one process: worker threads over the shared heap. A slot is not a certain thread: its task runs in whatever thread
// is free. Besides a slot for each thread there are places in one queue for all of them.

import { LOCAL_EXECUTOR } from '../../core/ids.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { storeWord } from '../../shuffle/heap/words.js';
import type { ShuffleStore } from '../../shuffle/store.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import type { Slot, SlotId, SlotListener, TaskOutcome, Transport } from '../contract.js';
import type { ThreadData } from './messages.js';
import type { ThreadRunner } from './thread-runner.js';
import { Threads } from './threads.js';

/** Quick tasks that may wait for each thread: what one message takes, and as many again for the next. */
const QUEUED = 64;

export interface LocalOptions {
  readonly threads: number;
  readonly heap: Heap;
  readonly store: ShuffleStore;
  readonly kernels: WebAssembly.Module | undefined;
  /** Tasks of slots go back, too, where no thread is free in time: whoever gives them may know of another one. */
  readonly givesBack?: boolean;
}

export class LocalTransport implements Transport<TaskSpec, TaskResult> {
  private readonly threads: Threads;
  private readonly allSlots: readonly Slot[];
  private readonly heap: Heap;
  private readonly store: ShuffleStore;
  private readonly threadData: ThreadData;
  private mainRunner: Promise<ThreadRunner> | undefined;

  constructor({ threads, heap, store, kernels, givesBack = false }: LocalOptions) {
    this.heap = heap;
    this.store = store;
    this.allSlots = Array.from(
      { length: threads * (1 + QUEUED) },
      (_, id): Slot => ({ id: id as SlotId, executor: LOCAL_EXECUTOR, thread: id % threads, ahead: id >= threads }),
    );
    this.threadData = {
      memory: heap.memory,
      kernels,
      cancelFlags: heap.allocateWords(this.allSlots.length),
      progress: heap.allocateWords(threads),
      spillDirectory: store.spill?.directory,
    };
    this.threads = new Threads({
      threads,
      heap,
      data: this.threadData,
      givesBack,
      recover: (index, spec) => this.recover(index, spec),
    });
  }

  /** Milliseconds that each thread took to start, as they came up. */
  get startTimes(): readonly number[] {
    return this.threads.startTimes;
  }

  slots(): readonly Slot[] {
    return this.allSlots;
  }

  subscribe(_listener: SlotListener): () => void {
    return () => {}; // a lost thread is replaced before the next task: slots neither join nor leave
  }

  run(spec: TaskSpec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<TaskResult>> {
    return spec.small ? this.runHere(spec, slot) : this.threads.run(spec, slot.id, slot.ahead === true, signal);
  }

  async close(): Promise<void> {
    await this.threads.close();
  }

  /** On the main thread: nothing of it can be called off before it is over. */
  private async runHere(spec: TaskSpec, slot: Slot): Promise<TaskOutcome<TaskResult>> {
    storeWord(this.heap.i32, this.threadData.cancelFlags + slot.id * 4, 0);
    this.mainRunner ??= import('./thread-runner.js').then(({ ThreadRunner }) => new ThreadRunner(this.threadData));
    const answer = await (await this.mainRunner).runOne(this.heap.thread, slot.id, spec);
    return answer.ok ? answer : { ...answer, retryable: false };
  }

  /** Gives back what a thread held that is no more. */
  private recover(index: number, spec: TaskSpec): void {
    this.heap.breakLock(index);
    this.heap.releaseStaging(index);
    this.store.spill?.removeOf(`${spec.token}-`);
    if (spec.output === null) return;
    this.store.retract(spec.output, spec.partition, spec.token);
    this.store.dropSpilled(spec.output, spec.partition, spec.token);
  }
}
