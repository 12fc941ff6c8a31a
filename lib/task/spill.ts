// How much a task holds in V8's own heap before it goes on by way of the disk, and the files that it has there meanwhile.

import { HeddleError } from '../core/errors.js';
import type { SpillFile } from '../storage/spill-files.js';
import type { TaskContext } from './pipeline.js';

/** The parts of the memory that the tasks of all threads may hold as rows outside it. */
const SHARE = 2;
/** Unique in the thread; with a task's token, unique in the process. */
let files = 0;

/** Bytes of rows, as the shuffle has them, that a task holds at most where it can do without more. */
export function roomForRows({ env: { heap, store } }: TaskContext): number {
  return store.spill === undefined ? Number.POSITIVE_INFINITY : heap.capacity / SHARE / Math.max(1, heap.threads - 1);
}

/** A file of the task's own. Whoever asks discards it; where the thread is lost, the driver does. */
export function taskFile({ env, spec }: TaskContext): SpillFile {
  if (env.store.spill === undefined) throw new HeddleError('HEDDLE_INTERNAL', 'a task that spills where there is no disk');
  return env.store.spill.create(`${spec.token}-${files++}.blocks`);
}
