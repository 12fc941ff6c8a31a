// What a task finds in the thread that runs it.

import type { ThreadId } from '../core/ids.js';
import type { Heap } from '../shuffle/heap/allocator.js';
import type { Kernels } from '../shuffle/kernels.js';
import type { OpenBlocks } from '../shuffle/open-blocks.js';
import type { ShuffleStore } from '../shuffle/store.js';
import type { FileSystem } from '../storage/file-system.js';

export interface TaskEnv {
  readonly thread: ThreadId;
  /** The process that the thread is in, as slots name it. */
  readonly executor: string;
  readonly heap: Heap;
  readonly store: ShuffleStore;
  readonly kernels: Kernels;
  readonly openBlocks: OpenBlocks;
  readonly files: FileSystem;
  /** Throws HEDDLE_CANCELLED when the task was called off. Asked between batches. */
  checkCancelled(): void;
}
