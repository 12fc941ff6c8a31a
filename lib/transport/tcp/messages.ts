// Every message between a driver and its executors, and between executors, in one place. Connections keep their order, so
// what a task refers to has come when it does.

import type { ErrorRecord } from '../../core/errors.js';
import type { ExecutorId, ShuffleId } from '../../core/ids.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import type { FailedFetch, FailureReason } from '../contract.js';
import type { Address } from './address.js';

/** What the tasks of a stage have in common; those of one message are given the same object, which travels once. */
export interface TaskCommon extends Pick<TaskSpec, 'stage' | 'stageName' | 'output' | 'wanted' | 'small'> {
  /** The values that its closures refer to, by id and key. */
  readonly shared: readonly { readonly id: number; readonly key: number }[];
}

/** A task as it travels: what it shares with others went before it, once. */
export interface RemoteTask extends Omit<TaskSpec, 'program' | keyof TaskCommon> {
  readonly id: number;
  readonly common: TaskCommon;
  /** It has a place in the executor's queue: it is known to be quick. */
  readonly isQuick: boolean;
  /** For each input of rows, from the inside out: what its column is known by, or 0 where it is in its place. */
  readonly columns: readonly number[];
  /** Where those executors serve who have stored rows that it reads. */
  readonly holders: readonly { readonly id: string; readonly serves: Address }[];
}

/** Who has the output of each map partition of a shuffle. */
export interface OutputTable {
  readonly shuffle: ShuffleId;
  readonly executors: readonly { readonly id: ExecutorId; readonly serves: Address }[];
  /** For each map partition: the index of its executor (u32). */
  readonly owners: Uint8Array;
  /** For each map partition: the token of the attempt that counts (u32). */
  readonly tokens: Uint8Array;
}

export type FromDriver =
  /** First of all: who the executor is to this driver, and which driver it is. */
  | {
      readonly type: 'welcome';
      readonly executor: ExecutorId;
      readonly session: string;
      /** The part of its heap that stored rows may take. */
      readonly storageFraction: number;
    }
  | { readonly type: 'program'; readonly stage: number; readonly bytes: Uint8Array }
  | { readonly type: 'forgetProgram'; readonly stage: number }
  /** A value of so many bytes. They come from whoever is named, or follow in parts, one after the other. */
  | { readonly type: 'value'; readonly key: number; readonly bytes: number; readonly peer: Address | undefined }
  | { readonly type: 'valuePart'; readonly key: number; readonly at: number; readonly bytes: Uint8Array }
  /** Rows that tasks read; the driver knows which ones the executor has. */
  | { readonly type: 'rows'; readonly id: number; readonly column: Uint8Array }
  | { readonly type: 'forgetRows'; readonly ids: readonly number[] }
  | { readonly type: 'outputs'; readonly table: OutputTable }
  | { readonly type: 'tasks'; readonly tasks: readonly RemoteTask[] }
  | { readonly type: 'cancel'; readonly tasks: readonly number[] }
  | { readonly type: 'freeShuffle'; readonly shuffle: ShuffleId }
  /** Stored rows, by their names: nobody wants them any more, or they have to make room. */
  | { readonly type: 'freeStored' | 'moveStored'; readonly id: string };

export type RemoteOutcome =
  | { readonly id: number; readonly ok: true; readonly result: TaskResult }
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: ErrorRecord;
      readonly retryable: boolean;
      readonly reason?: FailureReason;
      readonly fetch?: FailedFetch;
    };

/** What a fetcher asks for: the rows that some attempts wrote for a reduce id. */
export interface FetchRequest {
  readonly session: string;
  readonly shuffle: ShuffleId;
  readonly reduce: number;
  /** Map partitions (u32), and the tokens of their attempts (u32). */
  readonly maps: Uint8Array;
  readonly tokens: Uint8Array;
  /** Blocks that have come already. */
  readonly from: number;
}

/** Or for stored rows. */
export interface StoredRequest {
  readonly session: string;
  readonly stored: string;
  /** Blocks that have come already. */
  readonly from: number;
}

/** Or for a shared value: blocks of PART bytes, and the rest of them. The other end may be still getting it itself. */
export interface ValueRequest {
  readonly session: string;
  readonly value: number;
  /** Blocks that have come already. */
  readonly from: number;
}

type Question<Request> = Request extends unknown ? Omit<Request, 'session' | 'from'> : never;
/** What is asked for, but for whose it is and where to begin. */
export type FetchQuestion = Question<FetchRequest | StoredRequest | ValueRequest>;

export type FromExecutor =
  | { readonly type: 'accepted'; readonly tasks: readonly number[] }
  /** `heapUse`: the part of the executor's heap that is in use then, 0 to 1. Tasks change it, and shuffles that are freed. */
  | { readonly type: 'outcomes'; readonly outcomes: readonly RemoteOutcome[]; readonly heapUse: number }
  | { readonly type: 'freed'; readonly heapUse: number }
  /** Nobody else gives it a shared value, from this byte on. */
  | { readonly type: 'valueMissing'; readonly key: number; readonly from: number }
  /** It has all of a shared value, of which so many bytes came from another executor. */
  | { readonly type: 'valueWhole'; readonly key: number; readonly fromPeers: number };

export type FromFetcher = { readonly type: 'fetch'; readonly request: FetchRequest | StoredRequest | ValueRequest };

/** The answers to a fetcher: blocks, each followed by its bytes, then the end; or what is not there. Stored rows are a block a chunk. */
export type FromServer =
  | { readonly type: 'chunks'; readonly runs: readonly (readonly number[])[] }
  | { readonly type: 'block'; readonly bytes: number }
  | { readonly type: 'end'; readonly blocks: number }
  | { readonly type: 'missing'; readonly maps: readonly number[] };

/** Numbers as they travel. */
export function wordsToBytes(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

export function bytesToWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
