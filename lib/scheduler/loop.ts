// Runs the machine's commands on a transport: with clock.ts, all of the scheduler that knows promises and time.
//
// Events are taken one at a time: what a command or a callback sets off waits until the commands of the event at hand are
// carried out, so callers may submit and cancel from anywhere.
import { badArgument, type ErrorRecord, fromErrorRecord, HeddleError, toErrorRecord } from '../core/errors.js';
import { type EngineEvent, NO_METRICS, type TaskMetrics } from '../core/events.js';
import { type ExecutorId, idSequence, type JobId, type StageId } from '../core/ids.js';
import type { Slot, SlotId, TaskOutcome, Transport } from '../transport/contract.js';
import { type Clock, SYSTEM_CLOCK, startDeadline } from './clock.js';
import { broken, cancelled, defect, late, stopped } from './endings.js';
import { isAwaited, step } from './machine.js';
import { type Command, moved, type SchedulerEvent, type TaskRef } from './messages.js';
import type { JobRequest, SchedulerOptions, StageOutputs } from './request.js';
import { StageResults } from './results.js';
import { DEFAULT_MAX_FAILURES } from './retry.js';
import { Standstill } from './standstill.js';
import { createState, DEFAULT_QUARANTINE, isQuiet, type SpeculationRule, type State } from './state.js';
import { Ticker } from './ticker.js';
import { abort, type Launch, type RunningJob, taskEnded } from './under-way.js';

export type { JobPlan, JobRequest, SchedulerOptions, StageOutputs } from './request.js';

const DEFAULT_SPECULATION: SpeculationRule = { quantile: 0.75, multiplier: 1.5, minimum: 1000 };
const DEFAULT_TICK = 1000;

export class Scheduler<Spec, Result> {
  private readonly state: State;
  private readonly jobs = new Map<JobId, RunningJob<Spec, Result>>();
  private readonly running = new Map<SlotId, Launch<Spec>>();
  private readonly results = new StageResults<Result>();
  private readonly stageStarted = new Map<StageId, number>();
  private readonly nextJob = idSequence<JobId>();
  private readonly waiting: (() => void)[] = [];
  private readonly unsubscribe: () => void;
  private readonly onEvent: (event: EngineEvent) => void;
  private readonly metricsOf: (result: Result) => TaskMetrics;
  private readonly secondsOf: (result: Result) => number | undefined;
  private readonly clock: Clock;
  private readonly outputs: StageOutputs<Spec, Result> | undefined;
  private readonly speculation: SpeculationRule | undefined;
  private readonly standstill: Standstill;
  private readonly ticker: Ticker;
  /** Of runs that have settled without being called off: to make one costs more than many a task. */
  private readonly controllers: AbortController[] = [];
  private isBusy = false;
  /** Runs whose outcome has not come in, on slots that are lost too. */
  private outstanding = 0;
  /** Why no more jobs are taken. */
  private closed: HeddleError | undefined;
  private stopping: Promise<void> | undefined;
  private onSettled: (() => void) | undefined;

  constructor(
    private readonly transport: Transport<Spec, Result>,
    options: SchedulerOptions<Spec, Result> = {},
  ) {
    this.onEvent = options.onEvent ?? (() => {});
    this.metricsOf = options.metricsOf ?? (() => NO_METRICS);
    this.secondsOf = options.secondsOf ?? (() => undefined);
    this.clock = options.clock ?? SYSTEM_CLOCK;
    const { speculation = false, quarantine = DEFAULT_QUARANTINE, tick = DEFAULT_TICK } = options;
    this.speculation = typeof speculation === 'boolean' ? (speculation ? DEFAULT_SPECULATION : undefined) : speculation;
    this.state = createState({
      speculation: this.speculation,
      quarantine,
      preferred: (job, stage, partition) => this.jobs.get(job)!.request.preferred!(stage, partition),
    });
    this.outputs = options.outputs;
    this.standstill = new Standstill(
      this.clock,
      event => this.emit(event),
      (job, error) => this.enqueue(() => this.cancel(job, error)),
    );
    this.ticker = new Ticker(this.clock, tick, () => this.enqueue(() => this.handle({ type: 'tick' })));
    this.unsubscribe = transport.subscribe({
      joined: slot => this.enqueue(() => this.addSlot(slot)),
      left: (slot, error) => this.enqueue(() => this.handle({ type: 'slotLost', slot, error })),
      executorLost: (executor, error) => this.enqueue(() => this.loseExecutor(executor, error)),
      valueDelivered: delivery => this.emit({ type: 'valueDelivered', ...delivery }),
    });
    for (const slot of transport.slots()) this.enqueue(() => this.addSlot(slot));
  }

  /** Whether no job is left and no task occupies a slot. */
  get isIdle(): boolean {
    return this.jobs.size === 0 && this.outstanding === 0 && isQuiet(this.state) && this.results.isEmpty && this.stageStarted.size === 0;
  }

  /** Runs a job. Rejects with the error that ended it; tasks that were running may then still be on their way out. */
  async submit(request: JobRequest<Spec, Result>): Promise<void> {
    const { plan, signal, enough, deadline = Number.POSITIVE_INFINITY, waitForExecutors = 0 } = request;
    const maxFailures = plan.maxFailures ?? DEFAULT_MAX_FAILURES;
    if (!Number.isSafeInteger(maxFailures) || maxFailures < 1) throw badArgument('maxFailures', maxFailures, 'a whole number from 1');
    if (typeof deadline !== 'number' || !(deadline >= 0)) throw badArgument('deadline', deadline, 'milliseconds, 0 or more');
    if (!(waitForExecutors >= 0)) throw badArgument('waitForExecutors', waitForExecutors, 'milliseconds, 0 or more');
    if (this.closed !== undefined) throw this.closed;
    if (signal?.aborted === true) throw cancelled(signal);
    if (deadline === 0) throw late(deadline);
    if (enough?.aborted === true) return;

    const job = this.nextJob();
    let clear = (): void => {};
    const cancel = (error: HeddleError): void => this.enqueue(() => this.cancel(job, error));
    const onAbort = (): void => cancel(cancelled(signal!));
    const onEnough = (): void => this.enqueue(() => this.finish(job));
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (outcome: { readonly error: unknown } | undefined): void =>
          outcome === undefined ? resolve() : reject(outcome.error);
        const started = this.clock.now();
        const stages = new Set(plan.stages.map(stage => stage.id));
        const entry: RunningJob<Spec, Result> = { request, stages, started, failure: undefined, hasEnough: false, settle };
        if (deadline < Number.POSITIVE_INFINITY) clear = startDeadline(this.clock, deadline, () => cancel(late(deadline)));
        signal?.addEventListener('abort', onAbort);
        enough?.addEventListener('abort', onEnough);
        this.enqueue(() => this.start(job, entry, maxFailures));
      });
    } finally {
      clear();
      signal?.removeEventListener('abort', onAbort);
      enough?.removeEventListener('abort', onEnough);
    }
  }

  /** Cancels all jobs and waits until no task is left on the transport, which it does not close. */
  stop(): Promise<void> {
    if (this.stopping !== undefined) return this.stopping;
    // Before anything that may call back and submit.
    this.closed = stopped();
    this.stopping = new Promise(resolve => {
      this.onSettled = resolve;
    });
    this.enqueue(() => {
      this.unsubscribe();
      for (const job of [...this.jobs.keys()]) this.cancel(job, stopped());
    });
    return this.stopping;
  }

  private start(job: JobId, entry: RunningJob<Spec, Result>, maxFailures: number): void {
    if (this.closed !== undefined) {
      entry.settle({ error: this.closed });
      return;
    }
    const { plan } = entry.request;
    const toRun = plan.stages.filter(stage => stage.isDormant !== true);
    const stages = toRun.map(({ id, name, partitions }) => ({ stage: id, name, tasks: partitions.length }));
    const { action = 'job', name = action } = plan;
    this.jobs.set(job, entry);
    this.emit({ type: 'jobStarted', job, action, name, stages, time: this.clock.time() });
    const known = this.results.join(plan.stages);
    if (known instanceof HeddleError) {
      this.endJob(job, { error: known }, false);
      return;
    }
    for (const [task, result] of known) this.deliver(entry, task, result);
    const hasPreferences = entry.request.preferred !== undefined;
    if (entry.failure === undefined) this.handle({ type: 'jobSubmitted', job, stages: plan.stages, maxFailures, hasPreferences });
    else this.endJob(job, entry.failure);
  }

  private cancel(job: JobId, error: HeddleError): void {
    const entry = this.jobs.get(job);
    if (entry === undefined) return;
    entry.failure ??= { error };
    this.handle({ type: 'jobCancelled', job, error: toErrorRecord(error) });
  }

  /** Ends a job that has what it wanted. The machine knows one way to give up tasks, so to it the job is cancelled. */
  private finish(job: JobId): void {
    const entry = this.jobs.get(job);
    if (entry === undefined || entry.failure !== undefined) return;
    entry.hasEnough = true;
    this.handle({ type: 'jobCancelled', job, error: toErrorRecord(new HeddleError('HEDDLE_CANCELLED', 'no more was wanted')) });
  }

  private addSlot(slot: Slot): void {
    if (this.closed !== undefined) return;
    this.handle({ type: 'slotJoined', slot });
  }

  private loseExecutor(executor: ExecutorId, error: ErrorRecord): void {
    const outputs = this.outputs?.executorLost(executor) ?? [];
    const partitions = outputs.reduce((sum, output) => sum + output.partitions.length, 0);
    this.emit({ type: 'executorLost', executor, partitions, error });
    this.handle({ type: 'executorLost', executor, error, outputs });
  }

  /** Does this now, or after what is being done. */
  private enqueue(work: () => void): void {
    const { waiting } = this;
    if (this.isBusy) {
      waiting.push(work);
      return;
    }
    this.isBusy = true;
    this.attempt(work);
    // By index: shifting a long array costs as much as its length.
    let next = 0;
    do {
      while (next < waiting.length) this.attempt(waiting[next++]!);
      this.lookAround();
    } while (next < waiting.length);
    // Most often nothing has waited, and to empty an array takes away its memory.
    if (next > 0) waiting.length = 0;
    this.isBusy = false;
    if (this.onSettled !== undefined && this.outstanding === 0 && this.jobs.size === 0) this.onSettled();
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.giveUp(defect(error));
    }
  }

  /** Sees to what follows from how things are, not from what has happened. May enqueue. */
  private lookAround(): void {
    const { fleet } = this.state;
    this.standstill.update(fleet.slots.size === 0 && this.closed === undefined, this.jobs);
    this.ticker.keep(this.jobs.size > 0 && (this.speculation !== undefined || fleet.quarantined.size > 0));
  }

  private giveUp(error: HeddleError): void {
    this.closed ??= error;
    for (const launch of this.running.values()) abort(launch);
    for (const job of [...this.jobs.keys()]) this.endJob(job, { error });
  }

  private emit(event: EngineEvent): void {
    try {
      this.onEvent(event);
    } catch {
      // Whoever listens has no say in the jobs; Events reports the errors of its listeners itself.
    }
  }

  private handle(event: SchedulerEvent): void {
    for (const command of this.step(event)) this.carryOut(command);
  }

  /** The machine needs the time for speculation alone. */
  private step(event: SchedulerEvent): Command[] {
    return this.speculation === undefined ? step(this.state, event) : step(this.state, event, this.clock.now());
  }

  private carryOut(command: Command): void {
    switch (command.type) {
      case 'accept':
        return; // handled with the result, in onOutcome
      case 'launch':
        this.launch(command.task, this.state.fleet.slots.get(command.slot)!.slot);
        return;
      case 'taskMoved':
        this.emit(moved(command));
        return;
      case 'executorQuarantined': {
        const { executor, address, failures } = command;
        this.emit({ type: 'executorQuarantined', executor, failures, ...(address === undefined ? {} : { address }) });
        return;
      }
      case 'abort':
        abort(this.running.get(command.slot));
        return;
      case 'stageStarted':
        this.stageStarted.set(command.stage, this.clock.now());
        this.emit({ type: 'stageStarted', job: command.jobs[0]!, stage: command.stage });
        return;
      case 'stageEnded':
        this.endStage(command.stage, command.jobs[0]!, true);
        return;
      case 'stageAborted':
        this.endStage(command.stage, command.job, false);
        return;
      case 'jobSucceeded':
        this.endJob(command.job, undefined);
        return;
      case 'jobFailed':
        this.endJob(command.job, { error: fromErrorRecord(command.error) });
        return;
    }
  }

  private launch(task: TaskRef, slot: Slot): void {
    const controller = this.controllers.pop() ?? new AbortController();
    const launch: Launch<Spec> = { task, spec: undefined, started: this.clock.now(), controller, isAborted: false };
    this.running.set(slot.id, launch);
    this.outstanding++;
    const { job, stage, partition, attempt } = task;
    this.emit({ type: 'taskStarted', job, stage, partition, attempt, executor: slot.executor, thread: slot.thread });
    const done = (outcome: TaskOutcome<Result>): void => this.enqueue(() => this.onOutcome(launch, slot, outcome));
    let spec: Spec;
    try {
      launch.spec = spec = this.jobs.get(job)!.request.specFor(task);
    } catch (error) {
      done({ ok: false, error: toErrorRecord(error), retryable: false });
      return;
    }
    try {
      this.transport.run(spec, slot, controller.signal).then(done, error => done(broken(error)));
    } catch (error) {
      done(broken(error));
    }
  }

  private onOutcome(launch: Launch<Spec>, slot: Slot, outcome: TaskOutcome<Result>): void {
    const { task, controller } = launch;
    this.outstanding--;
    if (!launch.isAborted) this.controllers.push(controller);
    // After a loss the same slot may have come back and run another task by now.
    if (this.running.get(slot.id) === launch) this.running.delete(slot.id);
    if (!outcome.ok) {
      const { error, retryable, lostSlot = false, reason, fetch } = outcome;
      this.taskEnded(launch, NO_METRICS, false, reason === 'notBegun' ? undefined : error);
      // Before the failure, so that what is to be retried waits for it.
      const outputs = fetch === undefined ? [] : (this.outputs?.fetchFailed(fetch) ?? []);
      for (const output of outputs) this.handle({ type: 'outputsLost', ...output });
      this.handle({ type: 'taskFailed', task, slot: slot.id, error, retryable, lostSlot, reason, fetch });
      return;
    }
    const seconds = this.secondsOf(outcome.result);
    // First of all: the machine is about to decide where those run that read it.
    if (isAwaited(this.state, task, slot.id)) this.outputs?.accepted(launch.spec!, slot.executor, outcome.result);
    const commands = this.step({ type: 'taskSucceeded', task, slot: slot.id, seconds });
    const first = commands[0];
    this.taskEnded(launch, this.metricsOf(outcome.result), first?.type === 'accept', undefined, seconds);
    if (first?.type === 'accept') {
      const isNews = this.results.keep(task, outcome.result);
      for (const job of isNews ? first.jobs : []) {
        const entry = this.jobs.get(job);
        if (entry === undefined || !entry.stages.has(task.stage)) continue;
        this.deliver(entry, task, outcome.result);
        // Only after the commands at hand, which the machine has issued in the belief that all is well.
        if (entry.failure !== undefined) this.enqueue(() => this.cancelFailed(job, entry));
      }
    }
    for (const command of commands) this.carryOut(command);
  }

  private deliver(entry: RunningJob<Spec, Result>, task: TaskRef, result: Result): void {
    if (entry.failure !== undefined || entry.hasEnough) return;
    try {
      entry.request.onResult(task, result);
    } catch (error) {
      entry.failure = { error };
    }
  }

  private cancelFailed(job: JobId, entry: RunningJob<Spec, Result>): void {
    if (entry.failure !== undefined) this.handle({ type: 'jobCancelled', job, error: toErrorRecord(entry.failure.error) });
  }

  private taskEnded(launch: Launch<Spec>, metrics: TaskMetrics, ok: boolean, error?: ErrorRecord, ran?: number): void {
    const seconds = ran ?? (this.clock.now() - launch.started) / 1000;
    this.emit(taskEnded(launch.task, seconds, metrics, ok, error));
  }

  private endStage(stage: StageId, job: JobId, ok: boolean): void {
    const started = this.stageStarted.get(stage) ?? this.clock.now();
    this.stageStarted.delete(stage);
    this.emit({ type: 'stageEnded', job, stage, seconds: (this.clock.now() - started) / 1000, ok });
  }

  private endJob(job: JobId, outcome: { readonly error: unknown } | undefined, joined = true): void {
    const entry = this.jobs.get(job);
    if (entry === undefined) return;
    this.jobs.delete(job);
    if (joined) this.results.leave(entry.stages);
    const end = entry.failure ?? (entry.hasEnough ? undefined : outcome);
    const seconds = (this.clock.now() - entry.started) / 1000;
    if (end === undefined) this.emit({ type: 'jobEnded', job, ok: true, seconds });
    else this.emit({ type: 'jobEnded', job, ok: false, seconds, error: toErrorRecord(end.error) });
    entry.settle(end);
  }
}
