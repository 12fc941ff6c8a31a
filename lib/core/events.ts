// What the engine tells about its work: progress, logs and metrics are folds over these events and over nothing else.
//
// Stage ids are unique in a context, and a stage that several jobs share reports once: fold by stage, not by job and stage.
// Each taskStarted is followed by one taskEnded, though for a task that was aborted perhaps after the end of its job.
import { badArgument, type ErrorRecord } from './errors.js';
import type { ExecutorId, JobId, RddId, StageId } from './ids.js';

/** What a task moved. */
export interface TaskMetrics {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Written to disk because there was no room in memory: shuffle data, and what a task had to put aside. */
  readonly bytesSpilled: number;
}

export const NO_METRICS: TaskMetrics = { rowsIn: 0, rowsOut: 0, bytesIn: 0, bytesOut: 0, bytesSpilled: 0 };

export interface StageSummary {
  readonly stage: StageId;
  readonly name: string;
  /** The tasks that the job asks for; fewer run when another job has run some of them. */
  readonly tasks: number;
}

export interface JobStarted {
  readonly type: 'jobStarted';
  readonly job: JobId;
  /** The action that runs the job, such as `collect`. */
  readonly action: string;
  readonly name: string;
  readonly stages: readonly StageSummary[];
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface JobEnded {
  readonly type: 'jobEnded';
  readonly job: JobId;
  readonly ok: boolean;
  readonly seconds: number;
  readonly error?: ErrorRecord;
}

export interface StageStarted {
  readonly type: 'stageStarted';
  /** The first of the jobs that wait for the stage. */
  readonly job: JobId;
  readonly stage: StageId;
}

export interface StageEnded {
  readonly type: 'stageEnded';
  readonly job: JobId;
  readonly stage: StageId;
  readonly seconds: number;
  /** False when the jobs that waited for it failed or were cancelled. */
  readonly ok: boolean;
}

interface TaskFields {
  readonly job: JobId;
  readonly stage: StageId;
  readonly partition: number;
  readonly attempt: number;
}

/** A task is on its way; a quick one may wait there for a thread. */
export interface TaskStarted extends TaskFields {
  readonly type: 'taskStarted';
  readonly executor: ExecutorId;
  readonly thread: number;
}

export interface TaskEnded extends TaskFields, TaskMetrics {
  readonly type: 'taskEnded';
  /** What it ran, without its way there and back; where that is not known, the time since taskStarted. */
  readonly seconds: number;
  /** Whether the result counts: not that of a failed attempt, nor one that came after its job had ended. */
  readonly ok: boolean;
  readonly error?: ErrorRecord;
}

/** A task that failed at one executor is tried at another. */
export interface TaskMoved extends TaskFields {
  readonly type: 'taskMoved';
  readonly from: ExecutorId;
  /** Where that executor is, if known: `host:port`. */
  readonly fromAddress?: string;
  readonly to: ExecutorId;
  readonly toAddress?: string;
  /** `timeout`: it did not answer in time, several times. `lost`: it ended. `failed`: anything else that may be retried. */
  readonly reason: string;
}

/** All executors are gone: the job waits for one. */
export interface JobWaiting {
  readonly type: 'jobWaiting';
  readonly job: JobId;
}

export interface JobResumed {
  readonly type: 'jobResumed';
  readonly job: JobId;
  /** How long it waited. */
  readonly seconds: number;
}

export interface ExecutorLost {
  readonly type: 'executorLost';
  readonly executor: ExecutorId;
  /** How many map partitions are gone with it. They are made again where they are needed. */
  readonly partitions: number;
  readonly error: ErrorRecord;
}

/** An executor failed several tasks in a row, and is given none for a while. */
export interface ExecutorQuarantined {
  readonly type: 'executorQuarantined';
  readonly executor: ExecutorId;
  readonly address?: string;
  /** In a row. */
  readonly failures: number;
}

/** What the trials of a running summary say so far; several in a row may be of the same number of trials. */
export interface EstimateUpdated {
  readonly type: 'estimateUpdated';
  readonly job: JobId;
  readonly trials: number;
  /** Of the first component. */
  readonly mean: number;
  /** Of the confidence interval; NaN of fewer than two values. */
  readonly halfWidth: number;
}

/** A partition of a persisted RDD, or of a checkpoint, was stored. */
export interface PartitionStored {
  readonly type: 'partitionStored';
  readonly rdd: RddId;
  readonly partition: number;
  /** The stage whose task stored it. */
  readonly stage: StageId;
  readonly place: 'memory' | 'disk';
  readonly rows: number;
  /** As it is encoded. */
  readonly bytes: number;
}

/** A stored partition has left memory, because others needed the room. */
export interface PartitionEvicted {
  readonly type: 'partitionEvicted';
  readonly rdd: RddId;
  readonly partition: number;
  /** To nothing: whoever needs it computes it again. */
  readonly to: 'disk' | 'nothing';
  readonly bytes: number;
}

/** A value that closures refer to (a broadcast, the modules of a script) has come to an executor, which gets each once. */
export interface ValueDelivered {
  readonly type: 'valueDelivered';
  readonly executor: ExecutorId;
  /** The stage whose task was the first there to need it. */
  readonly stage: StageId;
  readonly bytes: number;
  /** Of these, how many came from other executors, and not from this process. */
  readonly fromPeers: number;
}

export interface Warning {
  readonly type: 'warning';
  readonly message: string;
}

export type EngineEvent =
  | JobStarted
  | JobEnded
  | JobWaiting
  | JobResumed
  | StageStarted
  | StageEnded
  | TaskStarted
  | TaskEnded
  | PartitionStored
  | PartitionEvicted
  | TaskMoved
  | ExecutorLost
  | ExecutorQuarantined
  | ValueDelivered
  | EstimateUpdated
  | Warning;
export type EngineEventType = EngineEvent['type'];
export type EventOf<Type extends EngineEventType | 'event'> = Type extends 'event' ? EngineEvent : Extract<EngineEvent, { type: Type }>;
export type EventListener<Type extends EngineEventType | 'event' = 'event'> = (event: EventOf<Type>) => void;

type AnyListener = (event: never) => unknown;

const TYPES: Readonly<Record<EngineEventType | 'event', true>> = {
  event: true,
  jobStarted: true,
  jobEnded: true,
  jobWaiting: true,
  jobResumed: true,
  stageStarted: true,
  stageEnded: true,
  taskStarted: true,
  taskEnded: true,
  partitionStored: true,
  partitionEvicted: true,
  taskMoved: true,
  executorLost: true,
  executorQuarantined: true,
  valueDelivered: true,
  estimateUpdated: true,
  warning: true,
};

/**
 * Hands events to listeners, at once and in the order in which they were added; `event` listens to all types. A listener
 * that throws, or whose promise rejects, never harms whoever emits: the first time, a warning tells of it.
 */
export class Events {
  // Lists are replaced, never changed, so that a listener may add and remove listeners while an event is handed out.
  private readonly listeners = new Map<string, readonly AnyListener[]>();
  private readonly faulty = new WeakSet<AnyListener>();

  on<Type extends EngineEventType | 'event'>(type: Type, listener: EventListener<Type>): this {
    if (!Object.hasOwn(TYPES, type)) throw badArgument('on(type)', type, `one of ${Object.keys(TYPES).join(', ')}`);
    if (typeof listener !== 'function') throw badArgument('on(listener)', listener, 'a function');
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
    return this;
  }

  /** Removes a listener once; one that is not there is no error. */
  off<Type extends EngineEventType | 'event'>(type: Type, listener: EventListener<Type>): this {
    const list = this.listeners.get(type) ?? [];
    const at = list.indexOf(listener);
    if (at >= 0) this.listeners.set(type, list.toSpliced(at, 1));
    return this;
  }

  emit(event: EngineEvent): void {
    const ofType = this.listeners.get(event.type);
    const ofAll = this.listeners.get('event');
    if (ofType !== undefined) for (const listener of ofType) this.call(listener, event);
    if (ofAll !== undefined) for (const listener of ofAll) this.call(listener, event);
  }

  private call(listener: AnyListener, event: EngineEvent): void {
    try {
      const answer = (listener as (event: EngineEvent) => unknown)(event);
      if (answer instanceof Promise) answer.catch(error => this.report(listener, event, error));
    } catch (error) {
      this.report(listener, event, error);
    }
  }

  private report(listener: AnyListener, event: EngineEvent, error: unknown): void {
    // Once a listener, or one that throws on warnings would be warned of its own warning for ever.
    if (this.faulty.has(listener)) return;
    this.faulty.add(listener);
    let text = 'something that cannot be shown';
    try {
      text = String(error);
    } catch {}
    this.emit({ type: 'warning', message: `a listener to ${event.type} threw ${text}; it is still called, later errors are not reported` });
  }
}
