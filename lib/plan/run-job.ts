// From a lineage and a sink to a job: the stages that are still to run, their memory, their tasks, their results.

import { REFERENCE } from '../codec/closure/index.js';
import { collectGarbage } from '../core/collect.js';
import { HeddleError } from '../core/errors.js';
import { type ExecutorId, idSequence, type JobId, LOCAL_EXECUTOR, type MapId, type ShuffleId, type StageId } from '../core/ids.js';
import type { Scheduler } from '../scheduler/loop.js';
import type { StagePlan, TaskRef } from '../scheduler/messages.js';
import type { ShuffleRef, ShuffleStore } from '../shuffle/store.js';
import type { Seed } from '../task/rng/seed.js';
import type { TaskResult, TaskSpec } from '../task/spec.js';
import { holdersOf, inputsOf } from './branches.js';
import { type BuiltStage, buildStage, cutIfWhole, type PlanSink, shuffleSink } from './build-stage.js';
import { type Deferred, openQuestions } from './deferred.js';
import { labelOf, type Node, type ShuffledNode, type ShuffleState } from './lineage.js';
import { withOperators } from './lost-task.js';
import { PreferredExecutors } from './preferred.js';
import { SharedRegistry } from './shared.js';
import type { ShuffleOutputs } from './shuffle-outputs.js';
import { inOneTask, isSmallJob } from './small-job.js';
import { Relied, type TaskStores } from './task-stores.js';

/** What an action asks for. */
export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadline?: number | undefined;
  /** Ends the job early and well. */
  readonly enough?: AbortSignal | undefined;
}

export interface JobRequest extends JobOptions {
  readonly action: string;
  readonly node: Node;
  readonly sink: PlanSink;
  /** All of them when absent. */
  readonly partitions?: readonly number[];
  /** Of several partitions one result may come, which takes the place of the first. */
  readonly mayJoin?: boolean;
  onResult(partition: number, result: TaskResult, branch: number, job: JobId): void;
}

interface PlannedStage {
  readonly built: BuiltStage;
  readonly output: ShuffledNode | null;
  /** The shuffles that its tasks read, in reach until they have ended: nodes forget theirs at a checkpoint. */
  readonly reads: readonly ShuffleState[];
  /** Who has stored what they read, by partition, as far as anybody has asked; undefined where no executor has. */
  readonly holders: Map<number, readonly ExecutorId[]> | undefined;
}

/** Below the half of a heap from which on map tasks spill. */
const LEAST_CROWDED = 3 / 8;

export class JobRunner {
  private readonly nextStage = idSequence<StageId>();
  private readonly nextShuffle = idSequence<ShuffleId>();
  private readonly nextToken = idSequence<MapId>(1);
  /** Frees the memory of shuffles whose lineage nobody can reach any more. */
  private readonly unreachable: FinalizationRegistry<ShuffleRef>;

  /** Results of tasks of shuffle stages that were added up. */
  private readonly added = new WeakSet<TaskResult>();
  /** The part of the fullest heap in use from which garbage is worth looking for. */
  private crowded = LEAST_CROWDED;
  private isSweeping = false;
  private readonly heapUse: () => number;
  private readonly preferred: PreferredExecutors | undefined;

  constructor(
    private readonly scheduler: Scheduler<TaskSpec, TaskResult>,
    private readonly store: ShuffleStore,
    private readonly outputs: ShuffleOutputs,
    private readonly options: {
      readonly seed: Seed;
      readonly maxFailures: number;
      readonly name: string;
      readonly smallJobs: 'inline' | 'pool';
      /** Milliseconds that a job waits when there is no executor; for ever when absent. */
      readonly waitForExecutors?: number;
      /** The part in use of the fullest heap of those that run its tasks, 0 to 1: this one where it is absent. */
      readonly heapUse?: () => number;
      /** Its tasks run in executors that each have a part of its shuffles. */
      readonly hasExecutors?: boolean;
    },
    private readonly describe: (error: unknown) => unknown,
    private readonly stores: TaskStores,
    private readonly shared = new SharedRegistry(),
  ) {
    this.unreachable = new FinalizationRegistry(ref => this.outputs.free(ref));
    this.preferred = options.hasExecutors === true ? new PreferredExecutors(outputs) : undefined;
    this.heapUse = options.heapUse ?? (() => store.heap.use);
  }

  async run(request: JobRequest): Promise<void> {
    const started = performance.now();
    await this.makeRoom();
    let hasAsked = false;
    // Again after each: while it was answered, what it was asked for may have left the store, and others may be due.
    for (let [question] = openQuestions(request.node); question !== undefined; [question] = openQuestions(request.node)) {
      hasAsked = true;
      await this.ask(question, request, started);
      if (isEnough(request)) return;
    }
    let deadline = hasAsked ? remaining(request, started) : request.deadline;
    const left = new Set(request.partitions ?? Array.from({ length: request.node.partitions }, (_, p) => p));
    const { partitions } = this.stores;
    for (;;) {
      const { losses } = partitions;
      try {
        await this.runPlan(request, left, deadline);
        return;
      } catch (error) {
        // What the plan relied on has gone with its executor: the next plan has what that is made of.
        const isLoss = error instanceof HeddleError && error.code === 'HEDDLE_STORED_LOST' && partitions.losses > losses;
        if (!isLoss) throw this.describe(error);
        deadline = remaining(request, started);
      }
    }
  }

  /** Runs the partitions that are `left`, and takes from these those whose results have come. */
  private async runPlan(request: JobRequest, left: Set<number>, deadline: number | undefined): Promise<void> {
    // From here to the end of the plan nothing else runs: what it finds stored it can rely on.
    const { node, action, signal, enough } = request;
    const relied = new Relied(this.stores.partitions);
    const stages = new Map<StageId, PlannedStage>();
    const plans: StagePlan[] = [];
    try {
      const whole = buildStage(node, request.sink, `${action}: ${labelOf(node)}`, this.options.seed);
      const final = this.nextStage();
      const { parents, reads, isHeld, takesTurns } = this.planNeeds(whole, left, true, relied, stages, plans);
      const all = [...Array.from(stages.values(), stage => stage.built), whole];
      const isSmall = this.options.smallJobs === 'inline' && isSmallJob(node, all);
      const joined = isSmall && request.mayJoin === true && left.size === whole.partitions ? inOneTask(whole) : undefined;
      const built = joined ?? whole;
      const wanted = joined === undefined ? [...left] : [0];
      stages.set(final, { built, output: null, reads, holders: isHeld ? new Map() : undefined });
      plans.push({ id: final, name: built.name, parents, partitions: wanted, takesTurns });
      const hasWishes = this.preferred !== undefined || Array.from(stages.values()).some(({ holders }) => holders !== undefined);
      await this.scheduler.submit({
        plan: { stages: plans, maxFailures: this.options.maxFailures, action, name: this.options.name },
        specFor: task => this.specFor(stages.get(task.stage)!, task, relied, isSmall),
        ...(hasWishes ? { preferred: (stage: StageId, partition: number) => this.preferredFor(stages.get(stage)!, partition) } : {}),
        onResult: (task, result) => {
          this.addUp(stages.get(task.stage)!, task, result);
          this.sweep();
          if (task.stage !== final) return;
          if (joined === undefined) left.delete(task.partition);
          else left.clear();
          request.onResult(task.partition, result, built.locate(task.partition).branch, task.job);
        },
        signal,
        enough,
        deadline,
        waitForExecutors: this.options.waitForExecutors,
      });
    } catch (error) {
      throw withOperators(error, stages);
    } finally {
      relied.end();
      this.settle(stages);
    }
  }

  /** The job that had these stages is over. */
  private settle(stages: ReadonlyMap<StageId, PlannedStage>): void {
    const ended = new Set(stages.keys());
    this.stores.forget(ended);
    for (const { built, output } of stages.values()) {
      for (const shared of built.shared) shared.settle?.(ended);
      for (const node of built.checkpoints) cutIfWhole(node);
      if (output !== null) this.isWritten(output);
    }
  }

  /** Adds up what a task spilled, and what it added to accumulators: once, though each job that shares its stage is told of the result. */
  private addUp({ built, output }: PlannedStage, { stage, partition }: TaskRef, result: TaskResult): void {
    // Of a last stage there is one job.
    if (output !== null) {
      if (this.added.has(result)) return;
      this.added.add(result);
      output.shuffle.spilled += result.bytesSpilled;
    }
    for (const update of result.updates ?? []) {
      built.shared.find(shared => shared[REFERENCE].id === update.id)?.take?.(stage, partition, update);
    }
  }

  /** A job before the job, for what its plan needs to know. */
  private async ask(deferred: Deferred, request: JobRequest, started: number): Promise<void> {
    const { question } = deferred;
    // Another job, or one that this one needed, may have found it meanwhile.
    if (question === undefined || isEnough(request)) return;
    const { action, node, sink, partitions } = question;
    const place = new Map(partitions.map((partition, at) => [partition, at]));
    const results: (readonly Uint8Array[])[] = new Array(partitions.length);
    await this.run({
      action,
      node,
      sink,
      partitions,
      signal: request.signal,
      deadline: remaining(request, started),
      enough: request.enough,
      onResult: (partition, { columns }) => {
        results[place.get(partition)!] = columns;
      },
    });
    // Called off, it may not know all.
    if (!isEnough(request)) deferred.settle(results);
  }

  /**
   * Where much of a heap is in use, finds what nobody can reach any more; where that is not enough, stored partitions leave. What
   * is freed by it in executors they tell of later: so the bound follows what is in use down again.
   */
  private async makeRoom(): Promise<void> {
    const { heap } = this.store;
    this.crowded = Math.min(this.crowded, this.nextCrowded());
    if (this.heapUse() < this.crowded) return;
    await collectGarbage();
    // What the tasks of a job that has just failed refer to may be garbage only by now.
    for (let again = 0; again < 3 && heap.stats().freeBytes < heap.u8.length / 16; again++) await collectGarbage();
    if (heap.stats().freeBytes < heap.u8.length / 8) this.stores.partitions.makeRoom(LOCAL_EXECUTOR);
    this.crowded = this.nextCrowded();
  }

  /** While a job runs: finds what the jobs before it have left, before its tasks write to disk what that takes the room of. */
  private sweep(): void {
    if (this.isSweeping || this.heapUse() < this.crowded) return;
    this.isSweeping = true;
    void collectGarbage().finally(() => {
      this.isSweeping = false;
      this.crowded = this.nextCrowded();
    });
  }

  /** What is used now is needed: not again before a good part more is, or hardly anything is left. */
  private nextCrowded(): number {
    return Math.min(15 / 16, Math.max(LEAST_CROWDED, this.heapUse() + 1 / 16));
  }

  /** Plans what the tasks of these partitions read: the stages that they wait for. */
  private planNeeds(
    built: BuiltStage,
    partitions: Iterable<number>,
    isRead: boolean,
    relied: Relied,
    stages: Map<StageId, PlannedStage>,
    plans: StagePlan[],
  ): { readonly parents: StageId[]; readonly reads: ShuffleState[]; readonly isHeld: boolean; readonly takesTurns: boolean } {
    const needs = built.needsOf(partitions);
    relied.add(needs);
    const parents = [...needs.shuffles].map(read => this.planShuffle(read, isRead, relied, stages, plans)).filter(defined);
    const reads = [...needs.shuffles].map(({ shuffle }) => shuffle);
    return { parents, reads, isHeld: needs.isHeld, takesTurns: needs.storesForOthers };
  }

  /**
   * Plans the stage that writes a shuffle, and first those that it reads; undefined when nothing is left to do, nor ever will be. What
   * may yet be lost is in the plan with all that it is made from, so that it can be made again while the job runs; until then what
   * is missing there is of no interest.
   */
  private planShuffle(
    node: ShuffledNode,
    isRead: boolean,
    relied: Relied,
    stages: Map<StageId, PlannedStage>,
    plans: StagePlan[],
  ): StageId | undefined {
    const { shuffle } = node;
    if (shuffle.stage !== undefined && stages.has(shuffle.stage)) return shuffle.stage;
    if (this.isWritten(node)) return undefined;
    shuffle.built ??= buildStage(node.parent, shuffleSink(node), `${node.name}: ${labelOf(node.parent)}`, this.options.seed);
    const built = shuffle.built as BuiltStage;
    if (shuffle.ref === undefined) {
      shuffle.ref = this.createShuffle(built.partitions, node.partitioner.partitions);
      this.unreachable.register(node.shuffle, shuffle.ref);
    }
    const { ref } = shuffle;
    const all = Array.from({ length: built.partitions }, (_, map) => map);
    const partitions = all.filter(map => !this.outputs.isDone(ref, map));
    shuffle.stage ??= this.nextStage();
    const isDormant = partitions.length === 0 || !isRead;
    // Of what may be lost any partition may have to be made again.
    const needed = this.outputs.canBeLost(ref) ? all : partitions;
    const { parents, reads, isHeld, takesTurns } = this.planNeeds(built, needed, !isDormant, relied, stages, plans);
    stages.set(shuffle.stage, { built, output: node, reads, holders: isHeld ? new Map() : undefined });
    plans.push({ id: shuffle.stage, name: built.name, parents, partitions, isDormant, takesTurns });
    return shuffle.stage;
  }

  /** Whether all of a shuffle is there, and cannot be lost. Then its program is let go of, and with it a lineage that was cut since. */
  private isWritten({ shuffle }: ShuffledNode): boolean {
    const { ref } = shuffle;
    if (ref === undefined || this.outputs.canBeLost(ref)) return false;
    for (let map = 0; map < ref.maps; map++) if (!this.outputs.isDone(ref, map)) return false;
    shuffle.built = undefined;
    shuffle.stage = undefined;
    return true;
  }

  private createShuffle(maps: number, reducers: number): ShuffleRef {
    try {
      return this.store.create(this.nextShuffle(), maps, reducers);
    } catch (error) {
      if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL' || this.stores.partitions.makeRoom(LOCAL_EXECUTOR) === 0)
        throw error;
      return this.store.create(this.nextShuffle(), maps, reducers);
    }
  }

  /** Where rows are stored that a task reads, or else most of what it reads of shuffles. */
  private preferredFor(planned: PlannedStage, partition: number): readonly ExecutorId[] {
    const holders = storedAt(planned, partition);
    return holders.length > 0 ? holders : (this.preferred?.of(planned.built, partition) ?? []);
  }

  private specFor(planned: PlannedStage, task: TaskRef, relied: Relied, small: boolean): TaskSpec {
    const { built, output } = planned;
    const { stage, partition, attempt } = task;
    const { branch, leaves, local } = built.locate(partition);
    return this.stores.launch(task, relied, planned, from => ({
      stage,
      program: built.program,
      stageName: built.name,
      partition,
      local,
      attempt,
      token: this.nextToken(),
      branch,
      small,
      inputs: inputsOf(leaves, local, from),
      output: output === null ? null : output.shuffle.ref!,
      shared: built.shared.length === 0 ? NO_SHARED : built.shared.map(shared => shared.spec()),
      wanted: this.shared.wanted(),
    }));
  }
}

const NO_SHARED: TaskSpec['shared'] = [];

/** Where the rows are that the task of a partition reads. */
function storedAt({ built, holders }: PlannedStage, partition: number): readonly ExecutorId[] {
  if (holders === undefined) return [];
  let known = holders.get(partition);
  if (known === undefined) {
    const { leaves, local } = built.locate(partition);
    holders.set(partition, (known = holdersOf(leaves, local)));
  }
  return known;
}

const isEnough = ({ enough }: JobRequest) => enough?.aborted === true;

/** Milliseconds that are left of a job's deadline. */
function remaining({ deadline }: JobRequest, started: number): number | undefined {
  return deadline === undefined ? undefined : Math.max(0, Math.ceil(deadline - (performance.now() - started)));
}

function defined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
