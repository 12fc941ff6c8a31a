// Makes lineage nodes for operators: checks arguments, captures closures, takes the call site.

import { analyseFunction, captureClosure, combinerOf } from '../codec/closure/index.js';
import { encodeValue } from '../codec/column.js';
import { callSite } from '../core/callsite.js';
import { badArgument, HeddleError } from '../core/errors.js';
import type {
  AggregateNode,
  CogroupNode,
  Node,
  OperatorNode,
  PartitionsNode,
  PartsNode,
  PlanAggregator,
  PlanFunction,
  ShuffledNode,
} from '../plan/lineage.js';
import { type PlanPartitioner, samePartitioner } from '../plan/partitioner.js';
import { AggregateOp } from '../shuffle/kernels.js';
import type { JoinKind } from '../task/join-source.js';
import type { Session } from './session.js';

/** Captured bytes past which the user is warned. */
const LARGE_CAPTURE = 2 ** 20;

/** Ships a closure for the plan. Refuses what is no function, and an async function where an answer is due at once: unless `waits`. */
export function shipped(session: Session, f: unknown, argument: string, waits = false): PlanFunction {
  if (typeof f !== 'function') throw badArgument(argument, f, 'a function');
  if (!waits && analyseFunction(f as (...args: never[]) => unknown)?.async === true) {
    throw new HeddleError(
      'HEDDLE_CLOSURE',
      `${argument}: an async function gives a promise, which cannot be a record; mapAsync and forEachAsync wait for it`,
      {
        data: { argument, kind: 'async function' },
      },
    );
  }
  const closure = captureClosure(f as (...args: never[]) => unknown, argument, session.bundles);
  if (closure.bytes > LARGE_CAPTURE) {
    const megabytes = (closure.bytes / 2 ** 20).toFixed(1);
    session.warn(`${argument} captures ${megabytes} MB, which every thread gets a copy of; capture less, or make it an RDD and join`);
  }
  return { closure };
}

/** The node of an operator from rows to rows. */
export function operatorNode(
  session: Session,
  parent: Node,
  name: string,
  operator: OperatorNode['operator'],
  f: PlanFunction,
  keepsPartitioner = false,
): OperatorNode {
  const { partitions } = parent;
  const partitioner = keepsPartitioner ? parent.partitioner : undefined;
  return { kind: 'operator', id: session.nextRdd(), name, site: callSite(), partitions, partitioner, parent, operator, f };
}

export function partitionsNode(
  session: Session,
  parent: Node,
  name: string,
  f: PlanFunction,
  withIndex: boolean,
  single = false,
): PartitionsNode {
  return {
    kind: 'mapPartitions',
    id: session.nextRdd(),
    name,
    site: callSite(),
    partitions: parent.partitions,
    parent,
    f,
    withIndex,
    single,
  };
}

/** Pairs moved to their partitions; the parent itself where they are already there. */
export function partitioned(session: Session, parent: Node, name: string, partitioner: PlanPartitioner): Node {
  return samePartitioner(parent.partitioner, partitioner) ? parent : shuffledNode(session, parent, name, partitioner, null);
}

/** Pairs aggregated by key: through a shuffle, or in place where they are already partitioned so. */
export function aggregated(
  session: Session,
  parent: Node,
  name: string,
  partitioner: PlanPartitioner,
  aggregator: PlanAggregator,
): ShuffledNode | AggregateNode {
  if (samePartitioner(parent.partitioner, partitioner)) return aggregatedInPlace(session, parent, name, aggregator);
  return shuffledNode(session, parent, name, partitioner, aggregator);
}

/** Pairs aggregated within each partition: a key comes once a partition. */
export function aggregatedInPlace(session: Session, parent: Node, name: string, aggregator: PlanAggregator): AggregateNode {
  const { partitions, partitioner } = parent;
  return { kind: 'aggregate', id: session.nextRdd(), name, site: callSite(), partitions, partitioner, parent, aggregator };
}

export function cogroupNode(
  session: Session,
  parents: readonly Node[],
  name: string,
  partitioner: PlanPartitioner,
  join?: JoinKind,
): CogroupNode {
  const { partitions } = partitioner;
  const inputs = parents.map(parent => partitioned(session, parent, name, partitioner));
  return { kind: 'cogroup', id: session.nextRdd(), name, site: callSite(), partitions, partitioner, parents: inputs, join };
}

function shuffledNode(
  session: Session,
  parent: Node,
  name: string,
  partitioner: PlanPartitioner,
  aggregator: PlanAggregator | null,
): ShuffledNode {
  const { partitions } = partitioner;
  const shuffle = { ref: undefined, stage: undefined, built: undefined, spilled: 0 };
  return { kind: 'shuffled', id: session.nextRdd(), name, site: callSite(), partitions, partitioner, parent, aggregator, shuffle };
}

/** Whole partitions of others, put together by a rule. */
export function partsNode(
  session: Session,
  parents: readonly Node[],
  name: string,
  { partitions, ...rest }: Pick<PartsNode, 'rule' | 'partitions' | 'partsOf' | 'partitioner' | 'firsts'>,
): PartsNode {
  return { kind: 'parts', id: session.nextRdd(), name, site: callSite(), partitions, parents, ...rest };
}

/** The first value of each key. */
export const FIRST_OF_EACH = { kind: 'reduce', f: { builtin: 'first' }, op: AggregateOp.First } as const;

/** A function of one argument: f with a copy of `first` before it, which each call may change. */
export function withFirst(of: PlanFunction, first: unknown): PlanFunction {
  return { of, first: encodeValue(first), fresh: true };
}

/** The aggregation by one function, with the kernels' operation where the function's source shows it to be one of theirs. */
export function reducer(session: Session, f: unknown, argument: string): PlanAggregator & { readonly kind: 'reduce' } {
  const shippedF = shipped(session, f, argument);
  const known = { sum: AggregateOp.Sum, min: AggregateOp.Min, max: AggregateOp.Max, first: AggregateOp.First, last: AggregateOp.Last };
  const name = 'closure' in shippedF ? combinerOf(shippedF.closure) : null;
  return { kind: 'reduce', f: shippedF, op: name === null ? null : known[name] };
}
