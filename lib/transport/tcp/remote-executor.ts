// One executor, as the driver sees it: what runs there, what it has been sent, and what becomes of its tasks when it is lost.

import type { Clock } from '../../core/clock.js';
import { type ErrorRecord, HeddleError, toErrorRecord } from '../../core/errors.js';
import type { ExecutorId, ShuffleId, StageId } from '../../core/ids.js';
import type { ShuffleRef } from '../../shuffle/store.js';
import type { InputSpec, TaskResult, TaskSpec } from '../../task/spec.js';
import type { CallOffs, Siblings } from '../call-offs.js';
import type { Slot, TaskOutcome } from '../contract.js';
import type { Address } from './address.js';
import type { Connection, ConnectionEvents } from './connection.js';
import { columnBytes, mapInputs } from './inputs.js';
import { ACKNOWLEDGE_MS } from './limits.js';
import type { FromDriver, FromExecutor, RemoteOutcome, RemoteTask, TaskCommon } from './messages.js';
import type { OutputTables } from './outputs.js';
import { SentColumns, WORTH_KEEPING } from './sent-columns.js';
import { type Delivered, SentValues } from './sent-values.js';
import type { ValueSources } from './value-sources.js';

/** Programs that an executor keeps. */
const MOST_PROGRAMS = 256;

/** The part of an executor's memory that columns of rows may take there beside its heap, and those of tasks in its queue. */
const COLUMNS_OF_MEMORY = 1 / 4;
const NOTHING = new Uint8Array(0);
const NONE: readonly never[] = [];

type Outcome = TaskOutcome<TaskResult>;

const NOT_BEGUN: Outcome = {
  ok: false,
  error: toErrorRecord(new HeddleError('HEDDLE_TIMEOUT', 'its rows had to wait for others')),
  retryable: true,
  reason: 'notBegun',
};

export interface RunningTask {
  readonly id: number;
  readonly at: RemoteExecutor;
  readonly spec: TaskSpec;
  readonly signal: AbortSignal;
  /** Of its columns. */
  readonly bytes: number;
  readonly resolve: (outcome: Outcome) => void;
  /** Those that its signal calls off. */
  siblings: Siblings<RunningTask> | undefined;
  /** Those that it went out with, while the executor has not said that it has got it. */
  sent: SentTogether | undefined;
}

/** Tasks that went out in one message. */
interface SentTogether {
  /** Of how many nothing was heard yet. */
  unheard: number;
  readonly stopWaiting: () => void;
}

/** What an executor's books need to know of the others'. */
export interface Fleet {
  readonly clock: Clock;
  nextTask(): number;
  /** What a column is known by. */
  columnId(column: Uint8Array): number;
  readonly outputs: OutputTables;
  readonly sources: ValueSources;
  readonly callOffs: CallOffs<RunningTask>;
  /** Where an executor gives others what it has; undefined where it is gone. */
  servesOf(executor: string): Address | undefined;
  lost(executor: RemoteExecutor, error: HeddleError): void;
  delivered(executor: RemoteExecutor, value: Delivered): void;
}

export class RemoteExecutor {
  readonly events: ConnectionEvents<FromExecutor> = {
    message: message => this.receive(message),
    closed: error => this.hangUp(error),
  };
  private readonly running = new Map<number, RunningTask>();
  /** Tasks to go out together, with the next turn of the event loop. */
  private batch: RemoteTask[] = [];
  private cancelled: number[] = [];
  private isScheduled = false;
  private readonly programs = new Set<number>();
  /** Of the latest task. */
  private common: TaskCommon | undefined;
  private readonly values: SentValues;
  private readonly columns: SentColumns;
  /** Bytes of the columns of running tasks. */
  private underWay = 0;
  private readonly mostUnderWay: number;
  private readonly versions = new Map<ShuffleId, number>();
  private gone: HeddleError | undefined;
  /** The part of its heap that is in use, as it has last said. */
  heapUse = 0;

  constructor(
    readonly id: ExecutorId,
    readonly address: string,
    readonly serves: Address,
    /** Bytes of its heap. */
    readonly memory: number,
    readonly slots: readonly Slot[],
    private readonly fleet: Fleet,
    private readonly connection: Connection<FromExecutor, FromDriver>,
  ) {
    this.mostUnderWay = memory * COLUMNS_OF_MEMORY;
    this.columns = new SentColumns(this.mostUnderWay);
    this.values = new SentValues(id, serves, fleet.sources, message => connection.send(message));
  }

  run(spec: TaskSpec, slot: Slot, signal: AbortSignal): Promise<Outcome> {
    if (this.gone !== undefined) return Promise.resolve(this.lostOutcome(spec, this.gone));
    const bytes = columnBytes(spec.inputs);
    // In its queue there is room for tasks, but not for any amount of rows.
    if (slot.ahead === true && bytes > 0 && this.underWay + bytes > this.mostUnderWay) return Promise.resolve(NOT_BEGUN);
    this.underWay += bytes;
    return new Promise(resolve => {
      const task: RunningTask = { id: this.fleet.nextTask(), at: this, spec, signal, bytes, resolve, siblings: undefined, sent: undefined };
      this.running.set(task.id, task);
      task.siblings = this.fleet.callOffs.add(signal, task);
      try {
        this.sendTask(task.id, spec, slot.ahead === true);
      } catch (error) {
        this.end(task, { ok: false, error: toErrorRecord(error), retryable: false });
        return;
      }
      if (task.siblings === undefined) this.cancel(task.id);
    });
  }

  /** Nobody reads this shuffle any more. */
  freeShuffle(shuffle: ShuffleId): void {
    this.versions.delete(shuffle);
    this.connection.send({ type: 'freeShuffle', shuffle });
  }

  /** Nobody wants these stored rows any more. */
  freeStored(id: string): void {
    this.connection.send({ type: 'freeStored', id });
  }

  /** Stored rows have to leave its memory. */
  moveStored(id: string): void {
    this.connection.send({ type: 'moveStored', id });
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private sendTask(id: number, spec: TaskSpec, isQuick: boolean): void {
    const { program, shared, wanted, stage, partition, local, attempt, token, branch } = spec;
    this.sendProgram(stage, program);
    if (!this.values.hasAll(shared, wanted)) {
      this.flush(); // tasks before this one do not know that they are wanted
      this.values.add(shared, stage as StageId);
    }
    const holders = new Map<string, Address>();
    const columns: number[] = [];
    const inputs = mapInputs(spec.inputs, input => this.prepareInput(input, holders, columns));
    this.batch.push({
      id,
      common: this.commonOf(spec),
      isQuick,
      partition,
      local,
      attempt,
      token,
      branch,
      inputs,
      columns: columns.length === 0 ? NONE : columns,
      holders: holders.size === 0 ? NONE : Array.from(holders, ([id, serves]) => ({ id, serves })),
    });
    this.schedule();
    this.forgetColumns();
  }

  /** The same object as for the task before, where that can be. */
  private commonOf({ stage, stageName, output, wanted, small, shared }: TaskSpec): TaskCommon {
    const last = this.common;
    const isSame =
      last?.stage === stage &&
      last.output === output &&
      last.wanted === wanted &&
      shared.every(({ key }, i) => last.shared[i]!.key === key);
    if (isSame) return last!;
    const refs = shared.map(({ id, key }) => ({ id, key }));
    return (this.common = { stage, stageName, output, wanted, small, shared: refs });
  }

  private forgetColumns(): void {
    const ids = this.columns.takeExcess();
    if (ids.length === 0) return;
    this.flush(); // tasks before this one, and this one, find them
    this.connection.send({ type: 'forgetRows', ids });
  }

  private sendProgram(stage: number, bytes: Uint8Array): void {
    if (this.programs.delete(stage)) {
      this.programs.add(stage); // the last to be forgotten
      return;
    }
    if (this.programs.size >= MOST_PROGRAMS) {
      const oldest = this.programs.values().next().value!;
      this.programs.delete(oldest);
      this.flush();
      this.connection.send({ type: 'forgetProgram', stage: oldest });
    }
    this.connection.send({ type: 'program', stage, bytes });
    this.programs.add(stage);
  }

  /** Sends what the executor has to know to read it, or adds it to what goes with the task. The input as it goes. */
  private prepareInput(input: InputSpec, holders: Map<string, Address>, columns: number[]): InputSpec {
    switch (input.kind) {
      case 'shuffle':
        this.sendOutputs(input.shuffle);
        return input;
      case 'stored': {
        const { executor } = input.rows;
        const serves = this.fleet.servesOf(executor);
        if (serves !== undefined && executor !== this.id) holders.set(executor, serves);
        return input;
      }
      case 'rows': {
        const isKept = input.column.length >= WORTH_KEEPING;
        columns.push(isKept ? this.sendColumn(input.column) : 0);
        return isKept ? { ...input, column: NOTHING } : input;
      }
      default:
        return input;
    }
  }

  private sendColumn(column: Uint8Array): number {
    const id = this.fleet.columnId(column);
    if (this.columns.use(id)) return id;
    this.connection.send({ type: 'rows', id, column });
    this.columns.add(id, column.length);
    return id;
  }

  private sendOutputs(ref: ShuffleRef): void {
    const { id } = ref;
    const { version, table } = this.fleet.outputs.get(ref);
    if (table === undefined) throw new HeddleError('HEDDLE_INTERNAL', `a task reads shuffle ${id}, and not all of it is there`);
    if (this.versions.get(id) === version) return;
    this.versions.set(id, version);
    this.flush(); // tasks before this one go by the table before
    this.connection.send({ type: 'outputs', table });
  }

  /** Has a task end early. */
  cancel(id: number): void {
    if (!this.running.has(id)) return;
    this.cancelled.push(id);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    if (this.batch.length > 0) {
      const tasks = this.batch;
      this.batch = [];
      try {
        this.connection.send({ type: 'tasks', tasks }, () => this.expectWord(tasks));
      } catch (error) {
        const record = toErrorRecord(error);
        for (const { id } of tasks) this.settle({ id, ok: false, error: record, retryable: false });
      }
    }
    if (this.cancelled.length > 0) {
      this.connection.send({ type: 'cancel', tasks: this.cancelled });
      this.cancelled = [];
    }
  }

  private receive(message: FromExecutor): void {
    switch (message.type) {
      case 'accepted':
        for (const id of message.tasks) this.hear(this.running.get(id));
        return;
      case 'valueMissing':
        this.values.missing(message);
        return;
      case 'valueWhole': {
        const delivered = this.values.whole(message);
        if (delivered !== undefined) this.fleet.delivered(this, delivered);
        return;
      }
      case 'outcomes':
        this.heapUse = message.heapUse;
        for (const outcome of message.outcomes) this.settle(outcome);
        return;
      case 'freed':
        this.heapUse = message.heapUse;
    }
  }

  private settle(outcome: RemoteOutcome): void {
    const task = this.running.get(outcome.id);
    if (task === undefined) {
      // It was given up before, and so is what it has stored.
      if (outcome.ok) for (const { stored } of outcome.result.stored ?? []) if (stored !== undefined) this.freeStored(stored.remote!.id);
      return;
    }
    if (outcome.ok) {
      this.end(task, { ok: true, result: outcome.result });
      return;
    }
    const { id: _, ...failure } = outcome;
    this.end(task, failure);
  }

  private end(task: RunningTask, outcome: Outcome): void {
    this.running.delete(task.id);
    this.underWay -= task.bytes;
    this.hear(task);
    task.siblings?.delete(task);
    task.resolve(outcome);
  }

  /** The executor could know of these by now, and is to say so in time. */
  private expectWord(tasks: readonly RemoteTask[]): void {
    const ids = tasks.map(({ id }) => id).filter(id => this.running.has(id));
    if (ids.length === 0) return;
    const stopWaiting = this.fleet.clock.after(ACKNOWLEDGE_MS, () => {
      for (const id of ids) if (this.running.get(id)?.sent === sent) this.timeOut(id);
    });
    const sent: SentTogether = { unheard: ids.length, stopWaiting };
    for (const id of ids) this.running.get(id)!.sent = sent;
  }

  /** It has said that it has a task, or more than that. */
  private hear(task: RunningTask | undefined): void {
    if (task?.sent === undefined) return;
    if (--task.sent.unheard === 0) task.sent.stopWaiting();
    task.sent = undefined;
  }

  private timeOut(id: number): void {
    const task = this.running.get(id);
    if (task === undefined) return;
    this.cancel(id);
    const { stageName, partition, attempt } = task.spec;
    const message = `${stageName}: executor ${this.address} did not take the task within ${ACKNOWLEDGE_MS / 1000} s (partition ${partition}, attempt ${attempt})`;
    const error = new HeddleError('HEDDLE_TIMEOUT', message, { data: { executor: this.id, partition, attempt } });
    this.end(task, { ok: false, error: toErrorRecord(error), retryable: true, reason: 'timeout' });
  }

  private hangUp(error: HeddleError): void {
    this.gone = error;
    for (const task of [...this.running.values()]) this.end(task, this.lostOutcome(task.spec, error));
    this.fleet.lost(this, error);
  }

  private lostOutcome({ stageName, partition, attempt }: TaskSpec, cause: HeddleError): Outcome {
    const error: ErrorRecord = toErrorRecord(
      new HeddleError(
        'HEDDLE_EXECUTOR_LOST',
        `${stageName}: executor ${this.address} was lost in the middle of a task: ${cause.message} (partition ${partition}, attempt ${attempt})`,
        { data: { executor: this.id, partition, attempt } },
      ),
    );
    return { ok: false, error, retryable: true, lostSlot: true, reason: 'lost' };
  }
}
