// Garbage collection on demand. The garbage collector of a thread knows nothing of memory that is shared outside its heap:
// a driver that drops lineages with gigabytes of shuffle behind them gives it no reason to run.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Collects garbage now and lets finalisers run. Takes tens of milliseconds: for when memory is short. */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  // Finalisers are tasks of the event loop of their own.
  for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve));
}
