// The lineage of an RDD: what it is made of and how, as a graph of plain nodes that nothing runs yet.

import { basename } from 'node:path';
import type { ShippedClosure } from '../codec/closure/types.js';
import type { CallSite } from '../core/callsite.js';
import type { RddId, StageId } from '../core/ids.js';
import type { ShuffleRef } from '../shuffle/store.js';
import type { BuiltinName } from '../task/builtins.js';
import type { JoinKind } from '../task/join-source.js';
import type { Seed } from '../task/rng/seed.js';
import type { Sampling } from '../task/sampling.js';
import type { CommandSpec, InputSpec, OperatorSpec, PartsRule } from '../task/spec.js';
import type { Deferred } from './deferred.js';
import type { Kept } from './kept.js';
import type { PlanPartitioner } from './partitioner.js';

/** A function of the plan: a shipped closure, one of Heddle's own, or either with its first argument given. */
export type PlanFunction =
  | { readonly closure: ShippedClosure }
  | { readonly builtin: BuiltinName }
  | { readonly sampling: Sampling }
  | { readonly of: PlanFunction; readonly first: Uint8Array; readonly fresh: boolean };

interface NodeBase {
  readonly id: RddId;
  /** The method that made it, as the user knows it. */
  readonly name: string;
  /** The name that the user gave it. */
  title?: string | undefined;
  readonly site: CallSite | undefined;
  readonly partitions: number;
  /** How its keys are spread over its partitions, where that is known. */
  readonly partitioner?: PlanPartitioner | undefined;
  /** Where its partitions are kept, while it is persisted. */
  kept?: Kept | undefined;
  checkpoint?: Checkpoint | undefined;
}

/** A node that is stored for good. */
export interface Checkpoint {
  readonly kept: Kept;
  /** Set once all partitions are stored: what plans must know of the lineage that is no more. */
  cut: { readonly branches: readonly number[]; readonly random: number } | undefined;
}

/** Rows from outside: one input for each partition. */
export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  input(partition: number): InputSpec;
  /** Nobody has named the number of partitions. */
  readonly isCutByDefault?: boolean;
  /** Set where the rows are lines of text, which may stay bytes. */
  readonly format?: 'text';
  /** Where any run of blocks can be read: for actions that cut partitions of their own. */
  readonly indexed?: { readonly rows: number; readonly blockRows: number; slice(from: number, rows: number): InputSpec };
  /** For explain(): where the rows come from. */
  readonly describes: string;
}

/** One row to none, one or many. */
export interface OperatorNode extends NodeBase {
  readonly kind: 'operator';
  readonly parent: Node;
  readonly operator: OperatorSpec['kind'];
  readonly f: PlanFunction;
  /** For trials: each runs twice, on random numbers and on their mirror images. */
  readonly antithetic?: true;
  /** For operators with randomness: instead of the context's seed. */
  readonly seed?: Seed | undefined;
}

/** All rows of a partition through one function. */
export interface PartitionsNode extends NodeBase {
  readonly kind: 'mapPartitions';
  readonly parent: Node;
  readonly f: PlanFunction;
  readonly withIndex: boolean;
  /** What f gives is one row, not an iterable of rows. */
  readonly single: boolean;
}

/** Each row through a function that may give a promise. */
export interface MapAsyncNode extends NodeBase {
  readonly kind: 'mapAsync';
  readonly parent: Node;
  readonly f: PlanFunction;
  readonly concurrency: number;
}

/** Each partition's rows through an external process. */
export interface PipeNode extends NodeBase {
  readonly kind: 'pipe';
  readonly parent: Node;
  readonly command: CommandSpec;
}

/** The partitions of several, one after the other. */
export interface UnionNode extends NodeBase {
  readonly kind: 'union';
  readonly parents: readonly Node[];
}

export type PlanAggregator =
  | { readonly kind: 'reduce'; readonly f: PlanFunction; readonly op: number | null }
  | { readonly kind: 'group' }
  | { readonly kind: 'combine'; readonly create: PlanFunction; readonly mergeValue: PlanFunction; readonly mergeCombiners: PlanFunction };

/** Pairs moved to the partition of their key, and aggregated there or not. A stage ends before it. */
export interface ShuffledNode extends NodeBase {
  readonly kind: 'shuffled';
  readonly parent: Node;
  readonly partitioner: PlanPartitioner;
  readonly aggregator: PlanAggregator | null;
  readonly shuffle: ShuffleState;
}

/** Pairs aggregated in the partition where they are. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate';
  readonly parent: Node;
  readonly aggregator: PlanAggregator;
}

/** Values of one key from several inputs, which are all partitioned alike. */
export interface CogroupNode extends NodeBase {
  readonly kind: 'cogroup';
  readonly parents: readonly Node[];
  /** The rows are those that a join makes of the values; else the values are. */
  readonly join: JoinKind | undefined;
}

/** A partition of one of a node's parents. */
export interface PartRef {
  readonly parent: number;
  readonly partition: number;
}

/** Whole partitions of one or more parents, chosen for each partition of its own and put together by one rule. */
export interface PartsNode extends NodeBase {
  readonly kind: 'parts';
  readonly parents: readonly Node[];
  readonly rule: PartsRule<PlanFunction>;
  partsOf(partition: number): readonly PartRef[];
  /** For rules that count: the first number of a partition. */
  readonly firsts?: Deferred<(partition: number) => number>;
}

export type Node =
  | SourceNode
  | OperatorNode
  | PartitionsNode
  | MapAsyncNode
  | PipeNode
  | UnionNode
  | ShuffledNode
  | AggregateNode
  | CogroupNode
  | PartsNode;

/** What is known of a shuffle: its memory once a job needed it, and the stage that writes it. */
export interface ShuffleState {
  ref: ShuffleRef | undefined;
  stage: StageId | undefined;
  /** The stage's program, made once. */
  built: unknown;
  /** Bytes that its tasks wrote to disk because there was no room in memory. */
  spilled: number;
}

/** As errors and explain() name it: `map at script.ts:12`, with the user's name for it before that. */
export function labelOf(node: Node): string {
  const position = node.site?.resolve();
  const name = node.title === undefined ? node.name : `${node.title}: ${node.name}`;
  return position === undefined ? name : `${name} at ${basename(position.file)}:${position.line}`;
}

/** Cuts off what a node was made of, so that it can be collected: from now on it is what its checkpoint has. */
export function cutLineage(node: Node, checkpoint: Checkpoint, cut: NonNullable<Checkpoint['cut']>): void {
  checkpoint.cut = cut;
  const nothing: SourceNode = {
    kind: 'source',
    id: node.id,
    name: node.name,
    site: node.site,
    partitions: 0,
    input: () => ({ kind: 'empty' }),
    describes: 'nothing',
  };
  if ('parents' in node) (node as { parents: readonly Node[] }).parents = [];
  else if ('parent' in node) (node as { parent: Node }).parent = nothing;
  // A new one: the memory of the old one is given back when nobody reads it any more.
  if (node.kind === 'shuffled')
    (node as { shuffle: ShuffleState }).shuffle = { ref: undefined, stage: undefined, built: undefined, spilled: 0 };
}
