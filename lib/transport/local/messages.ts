// Every message between the driver and its threads, in one place. Tasks go through Piscina's own channel; calls from a
// thread to the driver go through comlink.

import type { ErrorRecord } from '../../core/errors.js';
import type { InputSpec, TaskResult, TaskSpec } from '../../task/spec.js';

/** What every thread has to know. */
export interface ThreadData {
  readonly memory: WebAssembly.Memory;
  /** Absent when the kernels are off. */
  readonly kernels: WebAssembly.Module | undefined;
  /** Address of one cancel flag for each slot (u32; 1: the slot's task is called off). */
  readonly cancelFlags: number;
  /** Address of a word for each index: which task of its batch a thread is at. */
  readonly progress: number;
  /** Where a task makes files when it has no room in memory; absent when it may not. */
  readonly spillDirectory: string | undefined;
}

/** Tasks on their way to whatever thread is free, to be run one after the other. `index`: whose heap they take from, in its books. */
export interface ThreadBatch {
  readonly index: number;
  readonly tasks: PackedTasks;
}

/** Tasks of one stage, each with its slot: whose cancel flag it heeds. See packing.ts. */
export interface PackedTasks {
  readonly first: TaskSpec;
  /** Of each task. */
  readonly numbers: Float64Array;
  /** Those of all but the first, where they are not among the numbers. */
  readonly inputs: readonly (readonly InputSpec[])[] | undefined;
}

/**
 * A thread always answers, for as many tasks from the first on as it has begun; a promise that rejects means that the thread is
 * lost.
 */
export type ThreadAnswer = { readonly ok: true; readonly result: TaskResult } | { readonly ok: false; readonly error: ErrorRecord };

/** The answers to a batch. */
export interface PackedAnswers {
  /** Of each answer. */
  readonly numbers: Float64Array;
  /** Small columns, one after the other. */
  readonly columns: Uint8Array;
  /** Answers with more than numbers and a small column. */
  readonly others: readonly ThreadAnswer[];
}

/** What a thread that was started before its context learns later. */
export interface Work {
  readonly data: ThreadData;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a thread may ask of the driver. */
export interface DriverCalls {
  /** Answered once there is a context. */
  work(): Promise<Work>;
  /** The thread is up: how long its start took, in milliseconds. */
  started(thread: number, milliseconds: number): void;
}

/** How a thread hands the driver the port of its calls. */
export interface Hello {
  readonly heddle: 'hello';
  readonly port: import('node:worker_threads').MessagePort;
}
