// Which partition a key belongs to, on the main thread.

import { reviveClosure } from '../codec/closure/index.js';
import { HeddleError } from '../core/errors.js';
import type { PlanPartitioner } from '../plan/partitioner.js';
import { type Partitioner, partitionOf } from '../shuffle/partitioner.js';
import { type Action, runForColumns } from './results.js';

/** The partition of a key. Where the bounds of a sort are not known yet, runs the job that finds them. */
export async function partitionOfKey(action: Action, partitioner: PlanPartitioner, key: unknown): Promise<number> {
  // A job over no partition: all that comes before.
  if (partitioner.kind === 'range' && partitioner.bounds.question !== undefined) await runForColumns(action, () => ({ kind: 'count' }), []);
  return partitionOf(await revived(partitioner), key);
}

async function revived(partitioner: PlanPartitioner): Promise<Partitioner> {
  const { partitions } = partitioner;
  switch (partitioner.kind) {
    case 'range':
      return { kind: 'range', partitions, ascending: partitioner.ascending, bounds: partitioner.bounds.get() };
    case 'custom': {
      if (!('closure' in partitioner.f)) throw new HeddleError('HEDDLE_INTERNAL', 'a partitioner has no function of the user');
      const f = (await reviveClosure(partitioner.f.closure)) as unknown as (key: unknown) => unknown;
      return { kind: 'custom', partitions, f };
    }
    default:
      return partitioner;
  }
}
