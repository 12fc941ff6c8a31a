// What the scheduler asks of whoever runs its tasks: threads of this process, executors elsewhere, another engine.
//
// A slot runs one task at a time. A transport that wants several tasks under way in one thread offers several slots
// for it. The specification of a task and its result are opaque here: a transport only carries them.
import type { ErrorRecord } from '../core/errors.js';
import type { ExecutorId, ShuffleId, StageId } from '../core/ids.js';

declare const slotBrand: unique symbol;
/** A place where one task can run. Unique among the slots of a transport; may be used again once the slot has left. */
export type SlotId = number & { readonly [slotBrand]: 'SlotId' };

/** Milliseconds after which a quick task comes back from a queue unbegun: there may be a thread that is free elsewhere. */
export const MOST_WAIT_MS = 100;

export interface Slot {
  readonly id: SlotId;
  /** The process that the slot is in; slots of one executor share its memory, and its fate. */
  readonly executor: ExecutorId;
  /** Where that process is, for messages: `host:port`. */
  readonly address?: string | undefined;
  /** The thread's index in that process. */
  readonly thread: number;
  /** A place in the executor's queue: its task begins when a thread is free. Only tasks that are known to be quick are given to one. */
  readonly ahead?: boolean;
}

export interface TaskSuccess<Result> {
  readonly ok: true;
  readonly result: Result;
}

/** Output of a shuffle's map side that a task could not read. */
export interface FailedFetch {
  readonly shuffle: ShuffleId;
  /** Who should have had it. */
  readonly executor: ExecutorId;
  /** The map partitions; all that the executor has of this shuffle when absent. */
  readonly maps?: readonly number[];
}

/**
 * Why a task failed that may be retried. `timeout`: no answer within the transport's limit; it is tried there again, and moves on
 * after some. `lost`: its executor process ended or is out of reach. `fetchFailed`: what it reads could not be had, which is not
 * its own fault. `notBegun`: the threads of its executor are busy for longer than was to be expected, or another task took its result
 * along, and it comes back as it went, which is no failure at all. Without a reason: anything else, such as a lost thread.
 */
export type FailureReason = 'timeout' | 'lost' | 'fetchFailed' | 'notBegun';

export interface TaskFailure {
  readonly ok: false;
  readonly error: ErrorRecord;
  /** Whether the same task may well succeed elsewhere: a lost thread, never an exception of the user's code. */
  readonly retryable: boolean;
  /** The slot went with the task: nothing more runs there until it is reported as joined again. */
  readonly lostSlot?: boolean;
  readonly reason?: FailureReason;
  /** Given with `fetchFailed`. */
  readonly fetch?: FailedFetch;
}

export type TaskOutcome<Result> = TaskSuccess<Result> | TaskFailure;

/** A value that closures refer to (a broadcast, modules) has come to an executor. */
export interface ValueDelivery {
  readonly executor: ExecutorId;
  /** The stage whose task was the first there to need it. */
  readonly stage: StageId;
  readonly bytes: number;
  /** Of these, how many came from other executors. */
  readonly fromPeers: number;
}

export interface SlotListener {
  joined(slot: Slot): void;
  /** Outcomes of tasks that ran there may still follow; they are told apart from those of a later slot of the same id. */
  left(slot: SlotId, error: ErrorRecord): void;
  /**
   * All slots of an executor are gone, and all that was stored there. They need not be reported one by one, before or after; the
   * outcomes of tasks that ran there may still follow. When it joins again it is as good as new, under the same id or another.
   */
  executorLost?(executor: ExecutorId, error: ErrorRecord): void;
  valueDelivered?(delivery: ValueDelivery): void;
}

export interface Transport<Spec, Result> {
  /** The slots that can run a task now. */
  slots(): readonly Slot[];
  /**
   * Runs a task. Never throws and never rejects, and settles in the end whatever happens to the slot: the scheduler gives the slot
   * its next task only when the last one has settled. `signal` asks for an early end; the outcome then hardly matters.
   * With a run that has settled its signal has no more to do: it may come again with another one.
   */
  run(spec: Spec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<Result>>;
  /**
   * Reports slots that join and leave after this call, each change once and in order (an id leaves before it joins again).
   * Returns the function that ends the subscription.
   */
  subscribe(listener: SlotListener): () => void;
  /** Ends all slots. Tasks still running settle as failures. */
  close(): Promise<void>;
}
