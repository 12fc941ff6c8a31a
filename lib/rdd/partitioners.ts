// How a call says how pairs are spread: a number, a partitioner of the user's own, or that of another RDD.

import { checkPartitions } from '../core/options.js';
import type { Node } from '../plan/lineage.js';
import type { PlanCustomPartitioner, PlanPartitioner } from '../plan/partitioner.js';
import { shipped } from './make.js';
import type { Session } from './session.js';
import type { Partitioner, Partitions } from './types.js';

/** The partitioner of an RDD, to be passed to operators of others. */
export class KnownPartitioner<K> {
  /** For the compiler alone. As a method's, the type of its argument leaves an RDD of narrower keys an RDD of wider ones. */
  declare readonly takes: { takes(key: K): void }['takes'];

  /** @internal */
  constructor(
    /** @internal */ readonly plan: PlanPartitioner,
    readonly partitions = plan.partitions,
  ) {}
}

/** The partitioner that a call names, that of its parents, or hashing to the default number of partitions. */
export function partitionerFor<K>(session: Session, given: Partitions<K> | undefined, ...parents: readonly Node[]): PlanPartitioner {
  if (given instanceof KnownPartitioner) return given.plan;
  if (typeof given === 'object' && given !== null) return customPartitioner(session, given);
  if (given !== undefined) return { kind: 'hash', partitions: checkPartitions('partitions', given) };
  for (const { partitioner } of parents) if (partitioner !== undefined) return partitioner;
  return { kind: 'hash', partitions: session.defaultPartitions };
}

/** What was made of the partitioners that were passed in, and of what. */
const known = new WeakMap<object, PlanCustomPartitioner & { readonly of: unknown }>();

function customPartitioner<K>(session: Session, given: Partitioner<K>): PlanPartitioner {
  const partitions = checkPartitions('partitioner.partitions', given.partitions);
  const before = known.get(given);
  if (before !== undefined && before.of === given.partition && before.partitions === partitions) return before;
  const made = { kind: 'custom', partitions, f: shipped(session, given.partition, 'partitioner.partition'), of: given.partition } as const;
  known.set(given, made);
  return made;
}
