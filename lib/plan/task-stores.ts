// What is stored, as tasks meet it. A task's inputs name stored partitions, which stay where they are until the task has
// ended, or say how to store what is computed. The rest is done around the transport, because whatever became of a task
// (its job may be over by then) what it has stored is taken, and what it has read may move again.

import { HeddleError } from '../core/errors.js';
import type { StageId } from '../core/ids.js';
import type { InputSpec, TaskResult, TaskSpec } from '../task/spec.js';
import type { Slot, SlotListener, TaskFailure, TaskOutcome, Transport } from '../transport/contract.js';
import { type Needs, type StoredInputs, type StoredLeaf, shufflesBelow } from './branches.js';
import type { StoredPartition, StoredPartitions } from './kept.js';
import type { ShuffleOutputs } from './shuffle-outputs.js';

/** What a job's plan relies on, until the job has ended. */
export class Relied {
  private readonly entries: StoredPartition[] = [];
  constructor(private readonly partitions: StoredPartitions) {}

  add({ relied }: Needs): void {
    for (const entry of relied) {
      this.partitions.rely(entry);
      this.entries.push(entry);
    }
  }

  end(): void {
    for (const entry of this.entries.splice(0)) this.partitions.endRely(entry);
  }

  /** Also one of an RDD that was unpersisted since. */
  find(leaf: StoredLeaf, partition: number): StoredPartition | undefined {
    return this.entries.find(entry => entry.kept === leaf.kept && entry.partition === partition && !entry.isLost);
  }
}

/** What a task under way reads and stores, from when its inputs are made. One object: most tasks do neither. */
class Holding implements StoredInputs {
  read: StoredPartition[] | undefined;
  isStoring = false;
  /** Partitions that had left memory when it was launched. */
  readonly evictions: number;

  constructor(
    private readonly stores: TaskStores,
    private readonly task: PlannedTask,
    private readonly relied: Relied,
    /** What it reads and writes must stay in reach. */
    readonly stage: unknown,
  ) {
    this.evictions = stores.partitions.evictions;
  }

  stored(leaf: StoredLeaf, at: number): InputSpec | undefined {
    const entry = leaf.kept.partitions.get(at) ?? this.relied.find(leaf, at);
    if (entry === undefined) return undefined;
    (this.read ??= []).push(entry);
    return { kind: 'stored', rows: this.stores.partitions.read(entry) };
  }

  computed(leaf: StoredLeaf, at: number, inputs: () => readonly InputSpec[]): InputSpec {
    this.stores.checkWritten(leaf);
    const store = this.stores.partitions.storeOf(leaf.kept, at, this.stores.isCramped(this.task));
    if (store !== null) this.isStoring = true;
    return { kind: 'computed', inputs: inputs(), store };
  }

  end(): void {
    for (const entry of this.read ?? []) this.stores.partitions.endRead(entry);
  }
}

interface PlannedTask {
  readonly stage: StageId;
  readonly partition: number;
}

export class TaskStores {
  private readonly holdings = new Map<TaskSpec, Holding>();
  /** Tasks for which the heap had no room: the next attempt leaves it to them. */
  private readonly cramped = new Map<StageId, Set<number>>();

  constructor(
    readonly partitions: StoredPartitions,
    private readonly outputs: ShuffleOutputs,
    /** Removes the files of an attempt that cannot do so itself. */
    private readonly removeFilesOf: (token: number) => void,
  ) {}

  /**
   * Makes the specification of a task that is launched now; until it has ended its stage stays in reach. Throws HEDDLE_STORED_LOST
   * where what it needs is not there.
   */
  launch(task: PlannedTask, relied: Relied, planned: unknown, make: (from: StoredInputs) => TaskSpec): TaskSpec {
    const holding = new Holding(this, task, relied, planned);
    try {
      const spec = make(holding);
      this.holdings.set(spec, holding);
      return spec;
    } catch (error) {
      holding.end();
      throw error;
    }
  }

  /** Whether the heap had no room for an attempt at it. */
  isCramped({ stage, partition }: PlannedTask): boolean {
    return this.cramped.get(stage)?.has(partition) === true;
  }

  /** The transport, with what is to be done before and after its tasks. */
  around(of: Transport<TaskSpec, TaskResult>): Transport<TaskSpec, TaskResult> {
    return {
      slots: () => of.slots(),
      subscribe: (listener: SlotListener) =>
        of.subscribe({
          joined: slot => listener.joined(slot),
          left: (slot, error) => listener.left(slot, error),
          executorLost: (executor, error) => {
            // Before its tasks are given to others, who would look for it there.
            this.partitions.loseExecutor(executor);
            listener.executorLost?.(executor, error);
          },
          valueDelivered: delivery => listener.valueDelivered?.(delivery),
        }),
      close: () => of.close(),
      run: (spec, slot, signal) => of.run(spec, slot, signal).then(outcome => this.after(spec, slot, outcome)),
    };
  }

  /** These stages are not run any more, or not by the job that has ended. */
  forget(stages: Iterable<StageId>): void {
    for (const stage of stages) this.cramped.delete(stage);
  }

  private after(spec: TaskSpec, { executor }: Slot, outcome: TaskOutcome<TaskResult>): TaskOutcome<TaskResult> {
    const holding = this.holdings.get(spec)!;
    this.holdings.delete(spec);
    holding.end();
    if (outcome.ok) {
      if (outcome.result.stored !== undefined) this.partitions.take(outcome.result.stored, spec.stage as StageId);
      return outcome;
    }
    // A thread that was lost could not.
    if (holding.isStoring) this.removeFilesOf(spec.token);
    return this.mayHelp(spec, executor, outcome, holding) ? { ...outcome, retryable: true } : outcome;
  }

  /** Whether another attempt may do better, after what is done here about its failure. */
  private mayHelp(spec: TaskSpec, executor: string, { error }: TaskFailure, { read, isStoring, evictions }: Holding): boolean {
    if (error.code === 'HEDDLE_STORED_LOST') return this.partitions.lose(read ?? [], String(error.data?.file));
    if (error.code !== 'HEDDLE_HEAP_FULL') return false;
    const stage = spec.stage as StageId;
    let cramped = this.cramped.get(stage);
    if (cramped === undefined) this.cramped.set(stage, (cramped = new Set()));
    const wasStoring = isStoring && !cramped.has(spec.partition);
    cramped.add(spec.partition);
    // Another task may have had room made while this one ran into the end of it.
    return this.partitions.evictions > evictions || this.partitions.makeRoom(executor) > 0 || wasStoring;
  }

  /** A plan that relied on a partition has not planned what that is made of. */
  checkWritten({ below, label }: StoredLeaf): void {
    if (below === null) return;
    for (const { shuffle } of shufflesBelow(below)) {
      const { ref } = shuffle;
      let isWritten = ref !== undefined;
      for (let map = 0; isWritten && map < ref!.maps; map++) isWritten = this.outputs.isDone(ref!, map);
      if (isWritten) continue;
      const message = `${label}: a partition that was kept cannot be read any more, and what it is made of is not there: run the action again`;
      throw new HeddleError('HEDDLE_STORED_LOST', message);
    }
  }
}
