// Every message between the driver and its threads, in one place. Tasks go through Piscina's own channel; calls from a
// thread to the driver go through comlink.

import type { ErrorRecord } from '../../core/errors.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';

/** What every thread has to know. */
export interface ThreadData {
  readonly memory: WebAssembly.Memory;
  /** Absent when the kernels are off. */
  readonly kernels: WebAssembly.Module | undefined;
  /** Address of one cancel flag for each slot (u32; 1: the slot's task is called off). */
  readonly cancelFlags: number;
  /** Where a task makes files when it has no room in memory; absent when it may not. */
  readonly spillDirectory: string | undefined;
}

/** A task on its way to whatever thread is free; `slot` is the place in the heap's books that it runs under. */
export interface ThreadTask {
  readonly slot: number;
  readonly spec: TaskSpec;
}

/** A thread always answers; a promise that rejects means that the thread is lost. */
export type ThreadAnswer = { readonly ok: true; readonly result: TaskResult } | { readonly ok: false; readonly error: ErrorRecord };

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
  /** The task of a slot has started an external process, or has seen it end. */
  processStarted(slot: number, pid: number): void;
  processEnded(slot: number, pid: number): void;
}

/** How a thread hands the driver the port of its calls. */
export interface Hello {
  readonly heddle: 'hello';
  readonly port: import('node:worker_threads').MessagePort;
}
