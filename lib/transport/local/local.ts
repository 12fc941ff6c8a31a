// The transport of one process: a Piscina pool of worker threads over the shared heap. A slot is a place in the heap's
// books, not a certain thread: at most one task runs under it, in whatever thread is free.
//
// A task that is called off gets a flag first, which its loops look at between batches; where user code does not come back,
// its thread is ended. A thread that ends by itself (process.exit, out of memory) is a lost slot: what it held is given back.

import type { Piscina } from 'piscina';
import { type ErrorRecord, HeddleError, toErrorRecord } from '../../core/errors.js';
import { LOCAL_EXECUTOR } from '../../core/ids.js';
import { killGroup } from '../../core/process-group.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { storeWord } from '../../shuffle/heap/words.js';
import type { ShuffleStore } from '../../shuffle/store.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import type { Slot, SlotId, SlotListener, TaskOutcome, Transport } from '../contract.js';
import type { DriverCalls, ThreadAnswer, ThreadData, ThreadTask } from './messages.js';
import type { ThreadRunner } from './thread-runner.js';
import { takeThreads } from './threads.js';

/** How long a called-off task may take to notice before its thread is ended. */
const GRACE_MS = 1000;

export interface LocalOptions {
  readonly threads: number;
  readonly heap: Heap;
  readonly store: ShuffleStore;
  readonly kernels: WebAssembly.Module | undefined;
}

export class LocalTransport implements Transport<TaskSpec, TaskResult> {
  private readonly pool: Piscina<ThreadTask, ThreadAnswer>;
  private readonly allSlots: readonly Slot[];
  private readonly heap: Heap;
  private readonly store: ShuffleStore;
  private readonly cancelFlags: number;
  /** The external processes of each slot's task: a thread that is ended cannot end them. */
  private readonly processes = new Map<number, Set<number>>();
  private readonly endAll = () => {
    for (const slot of this.processes.keys()) this.endProcesses(slot);
  };
  private readonly processCalls: Pick<DriverCalls, 'processStarted' | 'processEnded'> = {
    processStarted: (slot, pid) => {
      const { processes } = this;
      // What is still open when the process ends would be left behind.
      if (processes.size === 0) process.on('exit', this.endAll);
      processes.set(slot, (processes.get(slot) ?? new Set()).add(pid));
    },
    processEnded: (slot, pid) => void this.processes.get(slot)?.delete(pid),
  };
  private closing = false;
  private readonly threadData: ThreadData;
  private mainRunner: Promise<ThreadRunner> | undefined;
  /** Milliseconds that each thread took to start, as they came up. */
  readonly startTimes: readonly number[];

  constructor({ threads, heap, store, kernels }: LocalOptions) {
    this.heap = heap;
    this.store = store;
    this.cancelFlags = heap.allocateWords(threads);
    this.allSlots = Array.from({ length: threads }, (_, thread) => ({ id: thread as SlotId, executor: LOCAL_EXECUTOR, thread }));
    this.threadData = { memory: heap.memory, kernels, cancelFlags: this.cancelFlags, spillDirectory: store.spill?.directory };
    const waiting = takeThreads(threads, this.threadData);
    this.pool = waiting.pool;
    this.startTimes = waiting.startTimes;
    waiting.serve(this.threadData, this.processCalls);
  }

  slots(): readonly Slot[] {
    return this.allSlots;
  }

  subscribe(_listener: SlotListener): () => void {
    return () => {}; // a lost thread is replaced before the next task: slots neither join nor leave
  }

  async run(spec: TaskSpec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<TaskResult>> {
    if (this.closing) {
      const stopped = new HeddleError('HEDDLE_CONTEXT_STOPPED', 'the threads were ended');
      return { ok: false, error: toErrorRecord(stopped), retryable: false };
    }
    if (spec.small) return this.runHere(spec, slot);
    const flag = this.cancelFlags + slot.id * 4;
    storeWord(this.heap.i32, flag, 0);
    const end = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const callOff = () => {
      storeWord(this.heap.i32, flag, 1);
      timer = setTimeout(() => end.abort(), GRACE_MS);
    };
    if (signal.aborted) callOff();
    else signal.addEventListener('abort', callOff, { once: true });
    try {
      const answer = await this.pool.run({ slot: slot.id, spec }, { signal: end.signal });
      return answer.ok ? answer : { ok: false, error: answer.error, retryable: false };
    } catch (error) {
      this.recover(slot.id, spec);
      return { ok: false, error: this.lost(error, spec), retryable: !this.closing && !signal.aborted };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.pool.destroy();
    this.endAll();
    process.off('exit', this.endAll);
  }

  /** On the main thread, under the same slot: nothing of it can be called off before it is over. */
  private async runHere(spec: TaskSpec, slot: Slot): Promise<TaskOutcome<TaskResult>> {
    storeWord(this.heap.i32, this.cancelFlags + slot.id * 4, 0);
    this.mainRunner ??= import('./thread-runner.js').then(({ ThreadRunner }) => new ThreadRunner(this.threadData, this.processCalls));
    const answer = await (await this.mainRunner).run({ slot: slot.id, spec });
    return answer.ok ? answer : { ok: false, error: answer.error, retryable: false };
  }

  /** Gives back what a thread held that is no more. */
  private recover(slot: number, spec: TaskSpec): void {
    this.endProcesses(slot);
    this.heap.breakLock(slot);
    this.heap.releaseStaging(slot);
    this.store.spill?.removeOf(`${spec.token}-`);
    if (spec.output === null) return;
    this.store.retract(spec.output, spec.partition, spec.token);
    this.store.dropSpilled(spec.output, spec.partition, spec.token);
  }

  private endProcesses(slot: number): void {
    for (const pid of this.processes.get(slot) ?? []) killGroup(pid);
    this.processes.get(slot)?.clear();
  }

  private lost(error: unknown, { stageName, partition, attempt }: TaskSpec): ErrorRecord {
    const why = error instanceof Error ? error.message : String(error);
    const place = `partition ${partition}, attempt ${attempt}`;
    const message = `${stageName}: the worker thread ended in the middle of a task (${why}): process.exit in a closure, or out of memory (${place})`;
    return toErrorRecord(new HeddleError('HEDDLE_THREAD_LOST', message, { data: { stage: stageName, partition, attempt }, cause: error }));
  }
}
