// The context: where the parts of a process are put together (heap, kernels, pool, scheduler, monitor), and where plans begin.

import { setMaxListeners } from 'node:events';
import { type Backend, openBackend } from './backend.js';
import { DRIVER_ONLY, mapFrames, mapStack } from './codec/closure/index.js';
import { badArgument, HeddleError } from './core/errors.js';
import { type EngineEvent, type EngineEventType, type EventListener, Events } from './core/events.js';
import { idSequence, type RddId } from './core/ids.js';
import { closeOnInterrupt } from './core/interrupt.js';
import { refuseNesting } from './core/nesting.js';
import { type ContextOptions, checkJobOptions, checkOptions, type ResolvedOptions, resolveOptions } from './core/options.js';
import { fleetLine } from './monitor/fleet-log.js';
import { Progress } from './monitor/progress.js';
import { JobSummary, type JobTotals } from './monitor/totals.js';
import { StoredPartitions } from './plan/kept.js';
import { type JobRequest, JobRunner } from './plan/run-job.js';
import { SharedRegistry } from './plan/shared.js';
import { TaskStores } from './plan/task-stores.js';
import { Accumulator } from './rdd/accumulator.js';
import { runJob } from './rdd/actions.js';
import { Broadcast } from './rdd/broadcast.js';
import { type SourceOptions, sourceNode } from './rdd/custom-source.js';
import { JobGroups } from './rdd/job-groups.js';
import { RDD } from './rdd/rdd.js';
import type { Session } from './rdd/session.js';
import { arrayNode, emptyNode, rangeOf, textNode, trialsNode } from './rdd/sources.js';
import type { ActionOptions, Row } from './rdd/types.js';
import { unionNode } from './rdd/union.js';
import { Scheduler, type SchedulerOptions } from './scheduler/loop.js';
import { SpillDirectory } from './storage/spill-directory.js';
import type { Rng } from './task/rng/rng.js';
import type { Seed } from './task/rng/seed.js';
import type { TaskResult, TaskSpec } from './task/spec.js';

export interface TextOptions {
  /** Default: by the size of the files. */
  readonly partitions?: number;
  readonly decoder?: 'utf-8' | 'latin1';
}

export interface TrialOptions {
  readonly partitions?: number;
  /** Instead of the context's seed. */
  readonly seed?: Seed;
  /**
   * Antithetic variates: f runs twice a trial, on random numbers and on their mirror images, and gives numbers or arrays of
   * them; the trial's value is the mean of both. n counts these pairs.
   */
  readonly antithetic?: boolean;
}

export class Context implements AsyncDisposable {
  readonly [DRIVER_ONLY] = 'Context';
  private readonly events: Events;
  private readonly session: Session;
  private readonly scheduler: Scheduler<TaskSpec, TaskResult>;
  private readonly transport: Backend['transport'];
  private readonly options: ResolvedOptions;
  private readonly totals = new JobSummary();
  private readonly jobs: JobRunner;
  private readonly spill: SpillDirectory;
  private readonly forgetInterrupt: () => void;
  private readonly shared: SharedRegistry;
  private readonly groups = new JobGroups();
  private stopping: Promise<void> | undefined;
  /** The process ends as soon as the context has stopped. */
  private isInterrupted = false;
  /** Where executors dial this context, as host:port; undefined where it listens to nobody. */
  readonly address: string | undefined;
  private readonly endProgress: () => void;

  /**
   * Starts the threads, or finds its executors. Options may also come from HEDDLE_ variables (see ContextOptions). Throws
   * HEDDLE_BAD_OPTION for what makes no sense, HEDDLE_HEAP_RESERVE where the memory cannot be had; with executors HEDDLE_SECRET
   * without a good secret, HEDDLE_LISTEN where it cannot listen, HEDDLE_REFUSED where an executor does not take it. Stop it, or
   * declare it with `await using`.
   */
  static async create(options?: ContextOptions): Promise<Context> {
    refuseNesting();
    const resolved = resolveOptions(options, process.env);
    const events = new Events();
    const spill = new SpillDirectory(resolved.spillDirectory);
    const backend = await openBackend(resolved, spill, message => {
      // Nobody can listen before there is a context.
      process.stderr.write(`heddle: ${message}\n`);
      events.emit({ type: 'warning', message });
    });
    return new Context(resolved, events, spill, backend);
  }

  private constructor(
    options: ResolvedOptions,
    events: Events,
    spill: SpillDirectory,
    { transport, store, outputs, address, smallJobs, hasExecutors, holderOf, directory, shipsModules, heapUse }: Backend,
  ) {
    this.options = options;
    const { threads, maxFailures, waitForExecutors, seed, name, memory } = options;
    this.spill = spill;
    this.events = events;
    this.transport = transport;
    this.address = address;
    this.shared = new SharedRegistry(shipsModules);
    const emit = (event: EngineEvent) => {
      this.totals.take(event);
      this.events.emit(event);
    };
    const stored = new StoredPartitions({
      most: memory * options.storageFraction,
      holderOf,
      directory,
      emit,
    });
    const stores = new TaskStores(stored, outputs, token => this.spill.removeOf(`${token}-`));
    this.scheduler = new Scheduler<TaskSpec, TaskResult>(stores.around(this.transport), {
      onEvent: emit,
      metricsOf: result => result,
      secondsOf: ({ seconds }) => seconds,
      outputs,
      ...faultRules(options),
    });
    this.jobs = new JobRunner(
      this.scheduler,
      store,
      outputs,
      { seed, maxFailures, name, smallJobs, waitForExecutors, hasExecutors, heapUse },
      located,
      stores,
      this.shared,
    );
    const nextRdd = idSequence<RddId>();
    this.session = {
      defaultPartitions: options.partitions,
      seed,
      // Four partitions a thread are the default; who asks for another number gets it for few elements too.
      smallPartitions: options.partitions === threads * 4 ? threads : options.partitions,
      checkOpen: () => this.checkOpen(),
      nextRdd: () => {
        this.checkOpen(); // here, because every operator comes by
        return nextRdd();
      },
      warn: message => this.events.emit({ type: 'warning', message }),
      tell: event => this.events.emit(event),
      stored,
      bundles: this.shared.bundles,
      spilling: `past half of the memory (${Math.round(memory / 2 ** 21)} MiB of ${Math.round(memory / 2 ** 20)}) to ${this.spill.location}`,
      run: request => this.run(request),
    };
    if (hasExecutors) {
      this.events.on('event', event => {
        const line = fleetLine(event);
        if (line !== undefined) process.stderr.write(`heddle: ${line}\n`);
      });
    }
    if (options.progress) {
      const progress = new Progress();
      this.events.on('event', event => progress.handle(event));
      this.endProgress = () => progress.close();
    } else this.endProgress = () => {};
    this.forgetInterrupt = closeOnInterrupt(alone => this.interrupted(alone));
  }

  get threads(): number {
    return this.options.threads;
  }

  /** Partitions where a call names none. */
  get defaultParallelism(): number {
    return this.options.partitions;
  }

  /** What the last job that ended did. */
  get lastJob(): JobTotals | undefined {
    return this.totals.last;
  }

  /** An RDD of an array's rows, or of a typed array's numbers. The rows are copied now. */
  parallelize<T>(array: readonly T[], partitions?: number): RDD<T>;
  parallelize(array: ArrayLike<number> & ArrayBufferView, partitions?: number): RDD<number>;
  parallelize<T>(array: ArrayLike<T>, partitions?: number): RDD<T> {
    this.checkOpen();
    return new RDD<T>(this.session, arrayNode(this.session, 'parallelize', array, partitions));
  }

  /** The same as parallelize. */
  makeRDD<T>(array: readonly T[], partitions?: number): RDD<T> {
    this.checkOpen();
    return new RDD<T>(this.session, arrayNode(this.session, 'makeRDD', array, partitions));
  }

  /** The numbers from 0 below end, or from start below (for a negative step, above) end. Nothing is stored. */
  range(end: number): RDD<number>;
  range(start: number, end: number, step?: number, partitions?: number): RDD<number>;
  range(...args: readonly (number | undefined)[]): RDD<number> {
    this.checkOpen();
    return new RDD<number>(this.session, rangeOf(this.session, args));
  }

  /**
   * The lines of text files: a file, a directory's files, a glob, or a list of these. Lines end with \n or \r\n. The files are
   * looked up now: what does not exist, matches nothing or may not be read is refused here.
   */
  textFile(paths: string | readonly string[], options?: TextOptions): RDD<string> {
    this.checkOpen();
    return new RDD<string>(this.session, textNode(this.session, paths, options));
  }

  /**
   * n values of f, each with random numbers of its own: the same answer, bit for bit, on any number of threads and partitions.
   * Two trials with the same seed have the same numbers: give `seed` to those that must be independent.
   */
  trials<U extends Row>(n: number, f: (rng: Rng, i: number) => U, options?: TrialOptions): RDD<U> {
    this.checkOpen();
    return new RDD<U>(this.session, trialsNode(this.session, n, f, options));
  }

  /** The rows that read gives for each split, in a thread: a partition for each. */
  source<S, T extends Row>(options: SourceOptions<S, T>): RDD<T> {
    this.checkOpen();
    return new RDD<T>(this.session, sourceNode(this.session, options));
  }

  /** The rows of all of them, partitions one after the other. */
  union<T>(rdds: readonly RDD<T>[]): RDD<T> {
    this.checkOpen();
    if (!Array.isArray(rdds)) throw badArgument('union(rdds)', rdds, 'an array of RDDs');
    for (const rdd of rdds) this.checkOwn('union(rdds)', rdd);
    if (rdds.length === 0) return this.emptyRDD<T>();
    return new RDD<T>(
      this.session,
      unionNode(
        this.session,
        rdds.map((rdd: RDD<T>) => rdd.node),
      ),
    );
  }

  /** No rows, no partitions. */
  emptyRDD<T>(): RDD<T> {
    this.checkOpen();
    return new RDD<T>(this.session, emptyNode(this.session));
  }

  /**
   * A value for many closures: each thread gets it once, as it is now, and a closure that captures it carries its name only. It
   * may hold all that a closure may capture. Read `.value` in the closure.
   */
  broadcast<T>(value: T): Broadcast<T> {
    this.checkOpen();
    return new Broadcast(this.shared, value);
  }

  /**
   * A total that closures add to and the main thread reads. What a task adds counts once it has succeeded, however often it was
   * tried; a task that runs again for another action counts again. `add` is associative, and a sum where it is left out; where
   * it adds something of another type, `merge` puts two totals together, and zero must be neutral.
   */
  accumulator(zero: number): Accumulator<number>;
  accumulator<T>(zero: T, add: (total: T, value: T) => T): Accumulator<T>;
  accumulator<T, U>(zero: T, add: (total: T, value: U) => T, merge: (a: T, b: T) => T): Accumulator<T, U>;
  accumulator<T, U>(zero: T, add?: (total: T, value: U) => T, merge?: (a: T, b: T) => T): Accumulator<T, U> {
    this.checkOpen();
    if (add === undefined && typeof zero !== 'number') throw badArgument('accumulator(add)', add, 'a function, where zero is no number');
    return new Accumulator<T, U>(this.shared, zero, add ?? (((a: number, b: number) => a + b) as never), merge);
  }

  /** What f gives for each partition's rows, or for those of the chosen partitions, in their order. */
  async runJob<T, R extends Row>(
    rdd: RDD<T>,
    f: (rows: IterableIterator<T>) => R,
    options?: ActionOptions & { readonly partitions?: readonly number[] },
  ): Promise<R[]> {
    checkOptions('options', options, ['signal', 'deadline', 'partitions']);
    this.checkOwn('runJob(rdd)', rdd);
    const { partitions, ...rest } = options ?? {};
    if (partitions !== undefined && !Array.isArray(partitions)) throw badArgument('runJob(partitions)', partitions, 'an array of indices');
    return runJob(rdd, f, partitions, rest);
  }

  /**
   * Runs body, and counts the jobs that it starts, also after an await, to a group that cancelJobGroup calls off together.
   * Jobs that are started elsewhere meanwhile are not in it. Within a group the innermost counts. Gives what body gives.
   */
  setJobGroup<R>(group: string, body: () => R): R {
    return this.groups.within(group, body);
  }

  /**
   * Calls off the group's jobs that are under way: their actions reject with HEDDLE_CANCELLED. Says how many they were. The
   * group can be used again.
   */
  cancelJobGroup(group: string): number {
    return this.groups.cancel(group);
  }

  /** Hears of jobs, stages and tasks; 'event' hears of everything. */
  on<Type extends EngineEventType | 'event'>(type: Type, listener: EventListener<Type>): this {
    this.events.on(type, listener);
    return this;
  }

  off<Type extends EngineEventType | 'event'>(type: Type, listener: EventListener<Type>): this {
    this.events.off(type, listener);
    return this;
  }

  /** Cancels what runs and ends the threads. Actions under way reject with HEDDLE_CONTEXT_STOPPED. Stopping twice is harmless. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async end(): Promise<void> {
    this.forgetInterrupt();
    await this.scheduler.stop();
    this.endProgress();
    try {
      await this.transport.close();
    } finally {
      this.spill.close();
    }
  }

  private checkOpen(): void {
    if (this.stopping === undefined) return;
    throw new HeddleError('HEDDLE_CONTEXT_STOPPED', 'the context was stopped; create another one to run more jobs');
  }

  /** An RDD of this context: another one's rows lie in another heap. */
  private checkOwn(argument: string, rdd: unknown): void {
    if (!(rdd instanceof RDD)) throw badArgument(argument, rdd, 'an RDD');
    if (rdd.session !== this.session) throw badArgument(argument, rdd, 'an RDD of this context (it belongs to another one)');
  }

  private async run(request: JobRequest): Promise<void> {
    checkJobOptions(request);
    // One signal for many jobs is a fair thing to have, and no leak to be warned of.
    if (request.signal !== undefined) setMaxListeners(0, request.signal);
    const membership = this.groups.join(request.signal);
    try {
      await this.jobs.run(membership === undefined ? request : { ...request, signal: membership.signal });
    } catch (error) {
      // A script must not take its own end for an error, and print it.
      if (this.isInterrupted) await new Promise(() => {});
      throw error;
    } finally {
      membership?.leave();
    }
  }

  private interrupted(alone: boolean): Promise<void> {
    this.isInterrupted = alone;
    return this.stop();
  }
}

/** What the scheduler does about slow tasks and executors that fail; it counts time in ticks of a second. */
function faultRules(options: ResolvedOptions): Pick<SchedulerOptions<TaskSpec, TaskResult>, 'speculation' | 'quarantine' | 'tick'> {
  const { speculation, speculationQuantile: quantile, speculationMultiplier: multiplier, quarantineAfter: after, quarantineTime } = options;
  const tick = 1000;
  return {
    speculation: speculation && { quantile, multiplier, minimum: tick },
    quarantine: { after, ticks: Math.ceil(quarantineTime / tick) },
    tick,
  };
}

/** An error of a task with its stack in the user's own lines. */
function located(error: unknown): unknown {
  if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_TASK_FAILED') return error;
  const { cause } = error;
  if (!(cause instanceof Error) || cause.stack === undefined) return error;
  const frame = mapFrames(cause.stack).find(({ internal }) => !internal);
  cause.stack = mapStack(cause.stack);
  if (frame === undefined) return error;
  const at = `${frame.file}:${frame.line}:${frame.column}`;
  const located = new HeddleError(error.code, `${error.message}\n    at ${at}`, { data: { ...error.data, at }, cause });
  located.stack = `${located.name}: ${located.message}\n${error.stack?.split('\n').slice(1).join('\n') ?? ''}`;
  return located;
}
