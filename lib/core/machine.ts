// What the defaults of options depend on.

import { availableParallelism, totalmem } from 'node:os';

export interface Machine {
  readonly parallelism: number;
  /** Bytes of memory that this process may use. */
  readonly memory: number;
  readonly stderrIsTerminal: boolean;
  /** Path of the script that runs, if there is one. */
  readonly script: string | undefined;
}

/** The machine this process runs on. A container's limit counts before the memory of its host. */
export function thisMachine(): Machine {
  // Added in Node 20.8 and not in every type definition; 0 or undefined where there is no limit.
  const limit = (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0;
  return {
    parallelism: availableParallelism(),
    memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    stderrIsTerminal: process.stderr.isTTY === true,
    script: process.argv[1],
  };
}
