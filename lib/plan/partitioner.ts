// Partitioners as a lineage knows them. Two RDDs of one partitioner have every key in the same partition, so that a join
// of them moves nothing.

import type { HashPartitioner, IndexPartitioner } from '../shuffle/partitioner.js';
import type { FunctionRef, PartitionerSpec } from '../task/spec.js';
import type { Deferred } from './deferred.js';
import type { PlanFunction } from './lineage.js';

/** By the order of the keys, between bounds that a job finds first. */
export interface PlanRangePartitioner {
  readonly kind: 'range';
  readonly partitions: number;
  readonly ascending: boolean;
  readonly bounds: Deferred<Uint8Array>;
}

/** By a function of the user's. */
export interface PlanCustomPartitioner {
  readonly kind: 'custom';
  readonly partitions: number;
  readonly f: PlanFunction;
}

export type PlanPartitioner = HashPartitioner | IndexPartitioner | PlanRangePartitioner | PlanCustomPartitioner;

export function samePartitioner(a: PlanPartitioner | undefined, b: PlanPartitioner | undefined): boolean {
  if (a === undefined || b === undefined || a.kind !== b.kind || a.partitions !== b.partitions) return false;
  if (a.kind === 'range' && b.kind === 'range') return a.bounds === b.bounds;
  return a.kind !== 'custom' || b.kind !== 'custom' || a.f === b.f;
}

/** As tasks get it. */
export function partitionerSpec(partitioner: PlanPartitioner, label: string, place: (f: PlanFunction) => FunctionRef): PartitionerSpec {
  const { partitions } = partitioner;
  switch (partitioner.kind) {
    case 'range':
      return { kind: 'range', partitions, ascending: partitioner.ascending, bounds: partitioner.bounds.get() };
    case 'custom':
      return { kind: 'custom', partitions, f: place(partitioner.f), label };
    default:
      return partitioner;
  }
}

/** For explain(). */
export function describePartitioner(partitioner: PlanPartitioner): string {
  return `${describeKind(partitioner)} to ${partitioner.partitions} partitions`;
}

function describeKind(partitioner: PlanPartitioner): string {
  switch (partitioner.kind) {
    case 'hash':
      return 'hash of the key';
    case 'index':
      return 'rows dealt out in turn';
    case 'range':
      return `order of the key, between bounds${partitioner.bounds.question === undefined ? '' : ' that a job samples first'},`;
    case 'custom':
      return 'a function of the key';
  }
}
