// The branches of a stage: what the pipeline of each reads, for the plan (which shuffles must be there, which stored
// partitions are relied on) and for a task (its inputs).

import { HeddleError } from '../core/errors.js';
import type { ExecutorId } from '../core/ids.js';
import type { InputSpec, Pipeline } from '../task/spec.js';
import type { Kept, StoredPartition } from './kept.js';
import { labelOf, type Node, type PartsNode, type ShuffledNode, type ShuffleState, type SourceNode } from './lineage.js';

/** What one leaf of a branch stands for. */
export type Leaf = SourceNode | ShuffledNode | PartsLeaf | StoredLeaf;

/** Partitions of other nodes, as the task of a partition reads them. */
export interface PartsLeaf {
  readonly kind: 'parts';
  readonly node: PartsNode;
  /** The branches of each parent. */
  readonly parents: readonly (readonly Branch[])[];
}

/** Rows that are kept. */
export interface StoredLeaf {
  readonly kind: 'stored';
  readonly kept: Kept;
  readonly label: string;
  /** The branch's first partition. */
  readonly first: number;
  /** What the rows are made of; null behind a checkpoint. */
  readonly below: Branch | null;
  /** The node that becomes a checkpoint once all partitions are stored. */
  readonly checkpoint: Node | undefined;
}

export interface Branch {
  readonly pipeline: Pipeline;
  readonly leaves: readonly Leaf[];
  readonly partitions: number;
}

/** What the tasks of a stage need before they can start. */
export interface Needs {
  readonly shuffles: ReadonlySet<ShuffledNode>;
  /** Stored partitions that the tasks must find, because what they would be made of is not planned. */
  readonly relied: ReadonlySet<StoredPartition>;
  /** Whether executors have stored some of what the tasks read. */
  readonly isHeld: boolean;
  /** Partitions that several tasks may read are stored by the first of them. */
  readonly storesForOthers: boolean;
}

/** The branch of a partition, and its place among the branch's own. */
export function locate(branches: readonly Branch[], partition: number): { readonly branch: number; readonly local: number } {
  let local = partition;
  for (let branch = 0; branch < branches.length; branch++) {
    const { partitions } = branches[branch]!;
    if (local < partitions) return { branch, local };
    local -= partitions;
  }
  throw new HeddleError('HEDDLE_INTERNAL', `there is no partition ${partition}`);
}

const NOTHING: Needs = { shuffles: new Set(), relied: new Set(), isHeld: false, storesForOthers: false };

/** What the tasks of these partitions read, no more: not what lies below partitions that are stored. */
export function needsOf(branches: readonly Branch[], partitions: Iterable<number>): Needs {
  if (branches.every(({ leaves }) => leaves.every(leaf => leaf.kind === 'source'))) return NOTHING;
  const shuffles = new Set<ShuffledNode>();
  const relied = new Set<StoredPartition>();
  let isHeld = false;
  const seen = new Map<Branch, Set<number>>();
  let storesForOthers = false;
  const visit = (branch: Branch, local: number, isPart: boolean): void => {
    let locals = seen.get(branch);
    if (locals === undefined) seen.set(branch, (locals = new Set()));
    if (locals.has(local)) return;
    locals.add(local);
    for (const leaf of branch.leaves) {
      if (leaf.kind === 'shuffled') shuffles.add(leaf);
      else if (leaf.kind === 'parts') for (const { branch, local: part } of partsOf(leaf, local)) visit(branch, part, true);
      else if (leaf.kind === 'stored') {
        const entry = leaf.kept.partitions.get(leaf.first + local);
        if (entry?.rows.remote !== undefined) isHeld = true;
        if (entry === undefined) {
          storesForOthers ||= isPart;
          visit(belowOf(leaf), local, isPart);
        } else if (!standsOnSources(leaf.below)) relied.add(entry);
      }
    }
  };
  for (const partition of partitions) {
    const { branch, local } = locate(branches, partition);
    visit(branches[branch]!, local, false);
  }
  return { shuffles, relied, isHeld, storesForOthers };
}

/** Who has stored what the task of a partition reads. */
export function holdersOf(leaves: readonly Leaf[], local: number): ExecutorId[] {
  return leaves.flatMap(leaf => {
    if (leaf.kind === 'parts') return partsOf(leaf, local).flatMap(({ branch, local: part }) => holdersOf(branch.leaves, part));
    if (leaf.kind !== 'stored') return [];
    const entry = leaf.kept.partitions.get(leaf.first + local);
    if (entry === undefined) return leaf.below === null ? [] : holdersOf(leaf.below.leaves, local);
    return [entry.rows.executor as ExecutorId];
  });
}

/** Whether tasks can compute its partitions without any plan. */
function standsOnSources(branch: Branch | null): boolean {
  return branch !== null && branch.leaves.every(leaf => leaf.kind === 'source' || (leaf.kind === 'stored' && standsOnSources(leaf.below)));
}

/** The shuffles that any partition of a branch may read. */
export function shufflesBelow({ leaves }: Branch): ShuffledNode[] {
  return leaves.flatMap(leaf => {
    if (leaf.kind === 'shuffled') return [leaf];
    if (leaf.kind === 'parts') return leaf.parents.flat().flatMap(shufflesBelow);
    return leaf.kind === 'stored' && leaf.below !== null ? shufflesBelow(leaf.below) : [];
  });
}

/** What the task of a partition reads of shuffles, where nothing is stored. */
export function readsOf(leaves: readonly Leaf[], local: number): { readonly shuffle: ShuffleState; readonly reduce: number }[] {
  return leaves.flatMap(leaf => {
    if (leaf.kind === 'shuffled') return [{ shuffle: leaf.shuffle, reduce: local }];
    if (leaf.kind === 'parts') return partsOf(leaf, local).flatMap(part => readsOf(part.branch.leaves, part.local));
    return leaf.kind === 'stored' && leaf.below !== null ? readsOf(leaf.below.leaves, local) : [];
  });
}

/** The nodes whose checkpoints these branches write. */
export function checkpointsOf(branches: readonly Branch[]): Node[] {
  return branches
    .flatMap(({ leaves }) => leaves)
    .flatMap(leaf => {
      if (leaf.kind === 'parts') return checkpointsOf(leaf.parents.flat());
      if (leaf.kind !== 'stored' || leaf.below === null) return [];
      return [...(leaf.checkpoint === undefined ? [] : [leaf.checkpoint]), ...checkpointsOf([leaf.below])];
    });
}

/** How a task's inputs take what is stored. */
export interface StoredInputs {
  /** The input of a partition of kept rows, or undefined where it is to be computed. */
  stored(leaf: StoredLeaf, partition: number): InputSpec | undefined;
  /** How a computed partition is stored. Refuses to compute it where what it needs is not there. */
  computed(leaf: StoredLeaf, partition: number, inputs: () => readonly InputSpec[]): InputSpec;
}

/** What a task's leaves read. Shuffles must have their memory by then. */
export function inputsOf(leaves: readonly Leaf[], local: number, from: StoredInputs): InputSpec[] {
  return leaves.map(leaf => {
    if (leaf.kind === 'source') return leaf.input(local);
    if (leaf.kind === 'parts') return partsInput(leaf, local, from);
    if (leaf.kind === 'stored') {
      const partition = leaf.first + local;
      return from.stored(leaf, partition) ?? from.computed(leaf, partition, () => inputsOf(belowOf(leaf).leaves, local, from));
    }
    const { ref } = leaf.shuffle;
    if (ref === undefined) throw new HeddleError('HEDDLE_INTERNAL', `${labelOf(leaf)} is read before it was written`);
    return { kind: 'shuffle', shuffle: ref, reduce: local };
  });
}

function belowOf({ below, label }: StoredLeaf): Branch {
  if (below !== null) return below;
  throw new HeddleError('HEDDLE_STORED_LOST', `${label}: a partition of its checkpoint is gone, and so is what it was made of`);
}

interface Part {
  readonly pipeline: number;
  readonly branch: Branch;
  readonly local: number;
}

function partsOf({ node, parents }: PartsLeaf, local: number): Part[] {
  return node.partsOf(local).map(({ parent, partition }) => {
    const before = parents.slice(0, parent).reduce((sum, { length }) => sum + length, 0);
    const { branch, local } = locate(parents[parent]!, partition);
    return { pipeline: before + branch, branch: parents[parent]![branch]!, local };
  });
}

function partsInput(leaf: PartsLeaf, local: number, from: StoredInputs): InputSpec {
  const parts = partsOf(leaf, local).map(({ pipeline, branch, local }) => ({
    pipeline,
    local,
    inputs: inputsOf(branch.leaves, local, from),
  }));
  return { kind: 'parts', parts, first: leaf.node.firsts?.get()(local) ?? 0 };
}
