// A transport under which tasks run and end in an order of a test's own choosing, and a session of RDDs over it.

import { LOCAL_EXECUTOR } from '../../lib/core/ids.js';
import { ShuffleOutputs } from '../../lib/plan/shuffle-outputs.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { compileKernels } from '../../lib/shuffle/kernels.js';
import { ShuffleStore } from '../../lib/shuffle/store.js';
import type { TaskResult, TaskSpec } from '../../lib/task/spec.js';
import type { Slot, SlotId, TaskOutcome, Transport } from '../../lib/transport/contract.js';
import { LocalTransport } from '../../lib/transport/local/local.js';
import { driverSession } from '../session.js';

/** Chooses one of n. */
export type Choose = (n: number) => number;

/** Choices from a seed (D. H. Lehmer's generator, modulus 2^31 - 1). */
export function chooser(seed: number): Choose {
  let state = (seed % 2147483646) + 1;
  return n => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
}

/**
 * Offers a slot for every task of a stage, however few the threads below, so that the scheduler hands out all of them. There they
 * wait. As many as there are threads are chosen and run at once, each in a thread that is chosen; when all of these have ended,
 * their outcomes are handed on in an order that is chosen.
 */
export class ReorderingTransport implements Transport<TaskSpec, TaskResult> {
  /** Stage and partition of each task, in the order in which the scheduler heard of its end. */
  readonly ended: string[] = [];
  private readonly waiting: { readonly spec: TaskSpec; readonly settle: (outcome: TaskOutcome<TaskResult>) => void }[] = [];
  private readonly offered: readonly Slot[];
  private busy = false;

  constructor(
    private readonly below: Transport<TaskSpec, TaskResult>,
    private readonly choose: Choose,
    width: number,
  ) {
    this.offered = Array.from({ length: width }, (_, thread) => ({ id: thread as SlotId, executor: LOCAL_EXECUTOR, thread }));
  }

  slots(): readonly Slot[] {
    return this.offered;
  }

  subscribe(): () => void {
    return () => {};
  }

  run(spec: TaskSpec, _slot: Slot, signal: AbortSignal): Promise<TaskOutcome<TaskResult>> {
    return new Promise(settle => {
      this.waiting.push({ spec, settle });
      // By then the scheduler has handed out all that it can.
      setImmediate(() => void this.runWaiting(signal));
    });
  }

  close(): Promise<void> {
    return this.below.close();
  }

  private async runWaiting(signal: AbortSignal): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (this.waiting.length > 0) {
      const slots = [...this.below.slots()];
      const running: Promise<() => void>[] = [];
      while (slots.length > 0 && this.waiting.length > 0) {
        const { spec, settle } = this.takeOne(this.waiting);
        const run = this.below.run(spec, this.takeOne(slots), signal);
        running.push(
          run.then(outcome => () => {
            this.ended.push(`${spec.stageName} ${spec.partition}`);
            settle(outcome);
          }),
        );
      }
      const ends = await Promise.all(running);
      while (ends.length > 0) this.takeOne(ends)();
      await new Promise(setImmediate);
    }
    this.busy = false;
  }

  private takeOne<T>(from: T[]): T {
    return from.splice(this.choose(from.length), 1)[0]!;
  }
}

/** What a context is made of, over a transport that reorders. */
export function openReordered(choose: Choose, { threads, kernels }: { readonly threads: number; readonly kernels: boolean }) {
  const heap = Heap.format(reserveHeap(256 * 2 ** 20), { threads: threads + 1 });
  const store = new ShuffleStore(Heap.open(heap.memory, threads));
  const local = new LocalTransport({ threads, heap: store.heap, store, kernels: kernels ? compileKernels() : undefined });
  const transport = new ReorderingTransport(local, choose, 64);
  const driver = { transport, store, outputs: new ShuffleOutputs(store) };
  const { scheduler, session } = driverSession(driver, { stored: 2 ** 26, maxFailures: 1 });
  const stop = async () => {
    await scheduler.stop();
    await transport.close();
  };
  return { session, ended: transport.ended, stop };
}
