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
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import { LocalHolder } from '../../task/stored/local-holder.js';
import { MOST_WAIT_MS, type SlotId, type TaskOutcome } from '../contract.js';
import { LocalTransport } from '../local/local.js';
import type { Connection, ConnectionEvents } from './connection.js';
import type { ExecutorOptions } from './executor.js';
import { FetchClient } from './fetch-client.js';
import { FetchServer } from './fetch-server.js';
import { FetchFailure } from './fetch-stream.js';
import { TaskInputs } from './gather.js';
import { ACKNOWLEDGEMENT_MS, OUTCOMES_TOGETHER } from './limits.js';
import type { FromDriver, FromExecutor, RemoteOutcome, RemoteTask } from './messages.js';
import { ShuffleDirectory } from './shuffle-directory.js';
import { StoredTable } from './stored-table.js';
import { TaskQueue } from './task-queue.js';
import { allWhole, areWhole, type NeededValue, ValueTable, wholeOf } from './value-table.js';

/** A task that has come, up to its outcome. */
interface Held {
  readonly task: RemoteTask;
  readonly controller: AbortController;
  readonly program: Uint8Array;
  readonly values: readonly NeededValue[];
  readonly inputs: TaskInputs;
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
  private readonly columns = new Map<number, Uint8Array>();
  private readonly tasks = new Map<number, Held>();
  /** Tasks that have to fetch something before they run: no more of these at once than there are threads, for what they fetch takes memory. */
  private readonly fetching: TaskQueue;
  /** The pool's slots that no task has: the kind does not matter, a task says itself whether it is quick. */
  private readonly free: SlotId[];
  /** Of tasks that have ended without being called off: to make one costs more than many a task. */
  private readonly controllers: AbortController[] = [];
  private readonly outcomes: RemoteOutcome[] = [];
  private isSending = false;
  /** Tasks of which the driver has not been told yet that they have come. */
  private readonly unacknowledged: number[] = [];
  private isFreeing = false;
  private executor: ExecutorId | undefined;
  private client: FetchClient | undefined;
  private stored!: StoredTable;
  private readonly values = new ValueTable(
    (key, value, serves) => this.client!.fetchValue(key, value, serves),
    message => this.connection.send(message),
  );
  server: FetchServer | undefined;
  private settleEnd!: (error: HeddleError) => void;
  /** Its driver is gone, or given up. */
  isOver = false;

  constructor(
    private readonly options: ExecutorOptions & { readonly key: Buffer },
    private readonly connection: Connection<FromDriver, FromExecutor>,
  ) {
    const { threads, memory, kernels, spillDirectory, clock } = options;
    this.fetching = new TaskQueue(threads, clock);
    this.heap = Heap.open(Heap.format(reserveHeap(memory), { threads: threads + 1 }).memory, threads);
    this.spill = new SpillDirectory(spillDirectory);
    this.store = new ShuffleStore(this.heap, new SpillFiles(localFileSystem, this.spill.location));
    this.directory = new ShuffleDirectory(this.store);
    this.pool = new LocalTransport({
      threads,
      heap: this.heap,
      store: this.store,
      kernels: kernels === 'on' ? compileKernels() : undefined,
      givesBack: true,
    });
    this.free = this.pool.slots().map(({ id }) => id);
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
        const { heap, spill } = this;
        const directory = () => spill.path();
        const holder = new LocalHolder(heap, localFileSystem, heap.capacity * message.storageFraction, directory);
        this.stored = new StoredTable(holder, directory);
        this.client = new FetchClient(heap, { session: message.session, key, clock });
        this.server = new FetchServer(message.session, this.store, this.directory, this.stored, this.values);
        return;
      }
      case 'program':
        this.programs.set(message.stage, inSharedMemory(message.bytes));
        return;
      case 'forgetProgram':
        this.programs.delete(message.stage);
        return;
      case 'value':
        this.values.begin(message);
        return;
      case 'valuePart':
        this.values.add(message);
        return;
      case 'rows':
        this.columns.set(message.id, inSharedMemory(message.column));
        return;
      case 'forgetRows':
        for (const id of message.ids) this.columns.delete(id);
        return;
      case 'outputs':
        this.directory.setOutputs(message.table);
        return;
      case 'tasks':
        for (const task of message.tasks) this.take(task);
        this.acknowledgeSoon(message.tasks.map(({ id }) => id));
        return;
      case 'cancel':
        for (const id of message.tasks) if (!this.fetching.cancel(id)) this.tasks.get(id)?.controller.abort();
        return;
      case 'freeShuffle':
        this.directory.free(message.shuffle);
        this.tellFreed();
        return;
      case 'freeStored':
        this.stored.free(message.id);
        this.tellFreed();
        return;
      case 'moveStored':
        this.stored.toFile(message.id);
        this.tellFreed();
    }
  }

  /** Shuffles, and rows that were stored, are freed many at a time: once for all of them. */
  private tellFreed(): void {
    if (this.isFreeing) return;
    this.isFreeing = true;
    setImmediate(() => {
      this.isFreeing = false;
      this.connection.send({ type: 'freed', heapUse: this.heap.use });
    });
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
    const { id, common } = task;
    let held: Held;
    try {
      const program = this.program(common.stage);
      const values = this.values.note(common);
      const inputs = new TaskInputs(task, this.executor!, this.heap, this.store, this.directory, this.stored, this.columns);
      held = { task, controller: this.controllers.pop() ?? new AbortController(), program, values, inputs };
    } catch (error) {
      this.tell({ id, ok: false, error: toErrorRecord(error), retryable: false });
      return;
    }
    this.tasks.set(id, held);
    if (held.inputs.areHere && areWhole(held.values)) void this.run(held);
    else this.fetching.add({ id, run: () => this.run(held), giveBack: why => this.finish(held, notBegun(id, why)) });
  }

  private program(stage: number): Uint8Array {
    const program = this.programs.get(stage);
    if (program === undefined) throw new HeddleError('HEDDLE_INTERNAL', `the program of stage ${stage} did not come before its task`);
    return program;
  }

  /** Never rejects. */
  private async run(held: Held): Promise<void> {
    this.finish(held, await this.outcomeOf(held));
  }

  private async outcomeOf({ task, controller, program, values, inputs }: Held): Promise<RemoteOutcome> {
    const { id, isQuick, common, partition, local, attempt, token, branch } = task;
    const { stage, stageName, wanted, small } = common;
    const { signal } = controller;
    try {
      signal.throwIfAborted();
      const shared = areWhole(values) ? wholeOf(values) : await allWhole(values, signal);
      const gathered = inputs.areHere ? inputs.here : await inputs.gather(this.client!, signal);
      const own = { partition, local, attempt, token, branch, inputs: gathered };
      const spec: TaskSpec = { stage, stageName, wanted, small, program, shared, output: inputs.output, ...own };
      const slot = this.free.pop();
      // Only where the driver has given up tasks that are still under way.
      if (slot === undefined) return notBegun(id, 'notBegun');
      const outcome = elsewhere(await this.pool.run(spec, { id: slot, executor: this.executor!, thread: 0, ahead: isQuick }, signal));
      this.free.push(slot);
      if (outcome.ok) return { id, ok: true, result: this.kept(outcome.result, token) };
      return { id, ...outcome, error: this.stored.named(outcome.error) };
    } catch (error) {
      if (!(error instanceof FetchFailure)) return { id, ok: false, error: toErrorRecord(error), retryable: false };
      const { coded, shuffle, executor, maps } = error;
      const fetch = { shuffle, executor, ...(maps === undefined ? {} : { maps }) };
      return { id, ok: false, error: toErrorRecord(coded), retryable: true, reason: 'fetchFailed', fetch };
    }
  }

  /** The result as the driver is told it. */
  private kept(result: TaskResult, token: number): TaskResult {
    const { stored } = result;
    return stored === undefined ? result : { ...result, stored: this.stored.take(stored, this.executor!, token) };
  }

  private finish({ task: { id }, controller, inputs }: Held, outcome: RemoteOutcome): void {
    inputs.release();
    this.tasks.delete(id);
    if (!controller.signal.aborted) this.controllers.push(controller);
    this.tell(outcome);
  }

  private tell(outcome: RemoteOutcome): void {
    const { tasks, outcomes } = this;
    outcomes.push(outcome);
    // While many tasks wait here nobody waits for a few outcomes: a message costs more than a quick task does.
    const isWaitedFor = tasks.size < this.options.threads + OUTCOMES_TOGETHER;
    if (this.isSending || (!isWaitedFor && outcomes.length < OUTCOMES_TOGETHER)) return;
    this.isSending = true;
    // What ends in one turn of the event loop goes in one message.
    setImmediate(() => {
      this.isSending = false;
      this.sendOutcomes(this.outcomes.splice(0));
    });
  }

  private sendOutcomes(outcomes: readonly RemoteOutcome[]): void {
    try {
      this.connection.send({ type: 'outcomes', outcomes, heapUse: this.heap.use });
    } catch (error) {
      // Too much for one message: by themselves they may fit, and who does not is told so.
      if (outcomes.length > 1) for (const outcome of outcomes) this.sendOutcomes([outcome]);
      else
        this.connection.send({
          type: 'outcomes',
          outcomes: [{ id: outcomes[0]!.id, ok: false, error: toErrorRecord(error), retryable: false }],
          heapUse: this.heap.use,
        });
    }
  }

  private async end(error: HeddleError): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    for (const { controller } of this.tasks.values()) controller.abort();
    this.client?.close();
    this.server = undefined;
    this.values.close(error);
    const ended = this.fetching.close();
    await this.pool.close();
    this.spill.close();
    await ended;
    this.settleEnd(error);
  }
}

function notBegun(id: number, why: 'cancelled' | 'notBegun'): RemoteOutcome {
  if (why === 'cancelled')
    return { id, ok: false, error: toErrorRecord(new HeddleError('HEDDLE_CANCELLED', 'the task was called off')), retryable: false };
  const error = new HeddleError('HEDDLE_TIMEOUT', `the task had waited for a thread for ${MOST_WAIT_MS} ms`);
  return { id, ok: false, error: toErrorRecord(error), retryable: true, reason: 'notBegun' };
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
