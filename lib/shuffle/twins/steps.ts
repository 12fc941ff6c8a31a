// The twins of native-shuffle/assembly/steps.ts.

import type { Kernels } from '../kernels.js';
import { readSteps, writeSteps } from '../steps.js';

export function stepTwins(memory: WebAssembly.Memory): Pick<Kernels, 'writeSteps' | 'readSteps'> {
  const column = (at: number, rows: number) => new Int32Array(memory.buffer, at, rows);
  const bytes = (at: number) => new Uint8Array(memory.buffer, at);
  return {
    writeSteps: (at, rows, out) => writeSteps(column(at, rows), bytes(out)),
    readSteps: (steps, rows, at) => readSteps(bytes(steps), column(at, rows)),
  };
}
