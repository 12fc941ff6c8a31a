// An executor's work for one driver: a heap and a pool of threads of its own, which end with it. So nothing of one driver is
// left for the next. When the connection ends, or nothing is heard of the driver for the length of the lease, its tasks are
// called off and all its shuffles are forgotten.

import { HeddleError, toErrorRecord } from '../../core/errors.js';
import type { ExecutorId } from '../../core/ids.js';
import { Heap } from '../../shuffle/heap/allocator.js';
import { reserveHeap } from '../../shuffle/heap/memory.js';
import { compileKernels } from '../../shuffle/kernels.js';
import { ShuffleStore } from '../../shuffle/store.js';
import { localFileSystem } from '../../storage/local-file-system.js';
import { SpillDirectory } from '../../storage/spill-directory.js';
import { SpillFiles } from '../../storage/spill-files.js';
import type { SharedSpec, TaskResult, TaskSpec } from '../../task/spec.js';
import type { SlotId, TaskOutcome } from '../contract.js';
import { LocalTransport } from '../local/local.js';
import type { Connection, ConnectionEvents } from './connection.js';
import type { ExecutorOptions } from './executor.js';
import { FetchClient, FetchFailure } from './fetch-client.js';
import { FetchServer } from './fetch-server.js';
import { TaskInputs } from './gather.js';
import { ACKNOWLEDGEMENT_MS } from './limits.js';
import type { FromDriver, FromExecutor, RemoteOutcome, RemoteTask } from './messages.js';
import { ShuffleDirectory } from './shuffle-directory.js';

/** A task that has come, up to its outcome. */
interface Held {
  readonly id: number;
  readonly slot: number;
  readonly controller: AbortController;
}

export class Session {
  readonly events: ConnectionEvents<FromDriver> = {
    message: message => this.receive(message),
    closed: error => void this.end(error),
  };
  /** Resolves once the driver is gone and everything of its is given back. */
  readonly ended: Promise<HeddleError>;
  private readonly heap: Heap;
  private readonly store: ShuffleStore;
  private readonly pool: LocalTransport;
  private readonly spill: SpillDirectory;
  private readonly directory: ShuffleDirectory;
  private readonly programs = new Map<number, Uint8Array>();
  private readonly values = new Map<number, Uint8Array>();
  private readonly tasks = new Map<number, Held>();
  /** The end of the last task of each slot: the next one starts after it. */
  private readonly busy: Promise<void>[] = [];
  private outcomes: RemoteOutcome[] = [];
  /** Tasks of which the driver has not been told yet that they have come. */
  private readonly unacknowledged: number[] = [];
  private executor: ExecutorId | undefined;
  private client: FetchClient | undefined;
  server: FetchServer | undefined;
  private settleEnd!: (error: HeddleError) => void;
  /** Its driver is gone, or given up. */
  isOver = false;

  constructor(
    private readonly options: ExecutorOptions & { readonly key: Buffer },
    private readonly connection: Connection<FromDriver, FromExecutor>,
  ) {
    const { threads, memory, kernels, spillDirectory } = options;
    this.heap = Heap.open(Heap.format(reserveHeap(memory), { threads: threads + 1 }).memory, threads);
    this.spill = new SpillDirectory(spillDirectory);
    this.store = new ShuffleStore(this.heap, new SpillFiles(localFileSystem, this.spill.location));
    this.directory = new ShuffleDirectory(this.store);
    this.pool = new LocalTransport({
      threads,
      heap: this.heap,
      store: this.store,
      kernels: kernels === 'on' ? compileKernels() : undefined,
    });
    this.ended = new Promise(resolve => {
      this.settleEnd = resolve;
    });
  }

  /** Hangs up on the driver. */
  async close(): Promise<void> {
    await this.connection.close();
    await this.ended;
  }

  private receive(message: FromDriver): void {
    switch (message.type) {
      case 'welcome': {
        const { key, clock } = this.options;
        this.executor = message.executor;
        this.client = new FetchClient(this.heap, { session: message.session, key, clock });
        this.server = new FetchServer(message.session, this.store, this.directory);
        return;
      }
      case 'program':
        this.programs.set(message.stage, inSharedMemory(message.bytes));
        return;
      case 'forgetProgram':
        this.programs.delete(message.stage);
        return;
      case 'value':
        this.values.set(message.key, inSharedMemory(message.bytes));
        return;
      case 'outputs':
        this.directory.setOutputs(message.table);
        return;
      case 'tasks':
        for (const task of message.tasks) this.take(task);
        this.acknowledgeSoon(message.tasks.map(({ id }) => id));
        return;
      case 'cancel':
        for (const id of message.tasks) this.tasks.get(id)?.controller.abort();
        return;
      case 'freeShuffle':
        this.directory.free(message.shuffle);
    }
  }

  /** For a task that ends at once its outcome is answer enough. */
  private acknowledgeSoon(ids: readonly number[]): void {
    const { unacknowledged } = this;
    unacknowledged.push(...ids);
    if (unacknowledged.length > ids.length) return;
    this.options.clock.after(ACKNOWLEDGEMENT_MS, () => {
      const tasks = unacknowledged.splice(0).filter(id => this.tasks.has(id));
      if (tasks.length > 0) this.connection.sendNow({ type: 'accepted', tasks });
    });
  }

  /** What the task refers to is looked up now: a later message may be about a later task. */
  private take(task: RemoteTask): void {
    const { id, slot, spec } = task;
    const held: Held = { id, slot, controller: new AbortController() };
    this.tasks.set(id, held);
    let inputs: TaskInputs;
    let complete: TaskSpec;
    try {
      complete = { ...spec, program: this.program(spec.stage), shared: this.shared(task) };
      inputs = new TaskInputs(spec, this.executor!, this.heap, this.store, this.directory);
    } catch (error) {
      this.finish(held, { id, ok: false, error: toErrorRecord(error), retryable: false });
      return;
    }
    const before = this.busy[slot] ?? Promise.resolve();
    this.busy[slot] = before
      .then(() => this.run(held, complete, inputs))
      .then(outcome => {
        inputs.release();
        this.finish(held, outcome);
      });
  }

  private program(stage: number): Uint8Array {
    const program = this.programs.get(stage);
    if (program === undefined) throw new HeddleError('HEDDLE_INTERNAL', `the program of stage ${stage} did not come before its task`);
    return program;
  }

  private shared({ shared, spec }: RemoteTask): SharedSpec[] {
    if (this.values.size > 0) {
      const wanted = new Set(spec.wanted);
      for (const key of this.values.keys()) if (!wanted.has(key)) this.values.delete(key);
    }
    return shared.map(({ id, key }) => {
      const bytes = this.values.get(key);
      if (bytes === undefined) throw new HeddleError('HEDDLE_INTERNAL', `shared value ${id} did not come before its task`);
      return { id, key, bytes };
    });
  }

  /** Never rejects. */
  private async run({ id, slot, controller }: Held, spec: TaskSpec, inputs: TaskInputs): Promise<RemoteOutcome> {
    const { signal } = controller;
    try {
      signal.throwIfAborted();
      const located = { ...spec, inputs: await inputs.gather(this.client!, signal), output: inputs.output };
      const place = { id: slot as SlotId, executor: this.executor!, thread: slot };
      return { id, ...elsewhere(await this.pool.run(located, place, signal)) };
    } catch (error) {
      if (!(error instanceof FetchFailure)) return { id, ok: false, error: toErrorRecord(error), retryable: false };
      const { coded, shuffle, executor, maps } = error;
      const fetch = { shuffle, executor, ...(maps === undefined ? {} : { maps }) };
      return { id, ok: false, error: toErrorRecord(coded), retryable: true, reason: 'fetchFailed', fetch };
    }
  }

  private finish({ id }: Held, outcome: RemoteOutcome): void {
    this.tasks.delete(id);
    if (this.outcomes.push(outcome) > 1) return;
    // What ends in one turn of the event loop goes in one message.
    setImmediate(() => {
      const { outcomes } = this;
      this.outcomes = [];
      this.sendOutcomes(outcomes);
    });
  }

  private sendOutcomes(outcomes: readonly RemoteOutcome[]): void {
    try {
      this.connection.send({ type: 'outcomes', outcomes });
    } catch (error) {
      // Too much for one message: by themselves they may fit, and who does not is told so.
      if (outcomes.length > 1) for (const outcome of outcomes) this.sendOutcomes([outcome]);
      else
        this.connection.send({
          type: 'outcomes',
          outcomes: [{ id: outcomes[0]!.id, ok: false, error: toErrorRecord(error), retryable: false }],
        });
    }
  }

  private async end(error: HeddleError): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    for (const { controller } of this.tasks.values()) controller.abort();
    this.client?.close();
    this.server = undefined;
    await this.pool.close();
    this.spill.close();
    await Promise.all(this.busy);
    this.settleEnd(error);
  }
}

/** What this disk had no room for, or has lost, another executor's may take. */
function elsewhere(outcome: TaskOutcome<TaskResult>): TaskOutcome<TaskResult> {
  return outcome.ok || outcome.error.code !== 'HEDDLE_SPILL' ? outcome : { ...outcome, retryable: true };
}

/** All threads read the same bytes. Larger ones came in shared memory. */
function inSharedMemory(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
