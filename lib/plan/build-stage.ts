// Cuts the lineage at the shuffles: a stage is what lies between them, as a program with one branch for each part of a
// union, and for each task the branch and the inputs it reads.

import { serialize } from 'node:v8';
import type { ShippedClosure } from '../codec/closure/types.js';
import { HeddleError } from '../core/errors.js';
import { type InlineBody, inlineTrial } from '../task/inline.js';
import type { Seed } from '../task/rng/seed.js';
import type { AggregatorSpec, FunctionRef, InputSpec, OperatorSpec, Pipeline, Program, SinkSpec, SourceSpec } from '../task/spec.js';
import {
  labelOf,
  type Node,
  type OperatorNode,
  type PlanAggregator,
  type PlanFunction,
  type ShuffledNode,
  type SourceNode,
} from './lineage.js';

import { type Shared, sharedBy } from './shared.js';

/** What one leaf of a branch stands for. */
export type Leaf = SourceNode | ShuffledNode;

interface Branch {
  readonly pipeline: Pipeline;
  readonly leaves: readonly Leaf[];
  readonly partitions: number;
}

/** A sink whose functions have not yet got their places in the program. */
export type PlanSink = (place: (f: PlanFunction) => FunctionRef) => SinkSpec;

/** A stage, ready to be run any number of times. */
export interface BuiltStage {
  readonly name: string;
  /** Serialised once; shared with all threads without a copy. */
  readonly program: Uint8Array;
  readonly parsed: Program;
  readonly partitions: number;
  /** What its closures refer to. */
  readonly shared: readonly Shared[];
  /** The shuffles it reads. */
  readonly reads: readonly ShuffledNode[];
  /** The branch of a partition, and what its leaves read. */
  locate(partition: number): { readonly branch: number; readonly leaves: readonly Leaf[]; readonly local: number };
}

export function buildStage(node: Node, sink: PlanSink, name: string, seed: Seed): BuiltStage {
  const builder = new StageBuilder();
  const branches = builder.branches(node);
  const parsed: Program = {
    branches: branches.map(branch => branch.pipeline),
    sink: sink(f => builder.place(f)),
    closures: builder.closures,
    seed,
  };
  const reads = branches.flatMap(branch => branch.leaves.filter((leaf): leaf is ShuffledNode => leaf.kind === 'shuffled'));
  return {
    name,
    parsed,
    program: shared(serialize(parsed)),
    partitions: node.partitions,
    shared: sharedBy(parsed.closures),
    reads: [...new Set(reads)],
    locate(partition) {
      let local = partition;
      for (let branch = 0; branch < branches.length; branch++) {
        const { partitions, leaves } = branches[branch]!;
        if (local < partitions) return { branch, leaves, local };
        local -= partitions;
      }
      throw new HeddleError('HEDDLE_INTERNAL', `stage ${name} has no partition ${partition}`);
    },
  };
}

/** What a task's leaves read. Shuffles must have their memory by then. */
export function inputsOf(leaves: readonly Leaf[], partition: number): InputSpec[] {
  return leaves.map(leaf => {
    if (leaf.kind === 'source') return leaf.input(partition);
    const { ref } = leaf.shuffle;
    if (ref === undefined) throw new HeddleError('HEDDLE_INTERNAL', `${labelOf(leaf)} is read before it was written`);
    return { kind: 'shuffle', shuffle: ref, reduce: partition };
  });
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

class StageBuilder {
  readonly closures: ShippedClosure[] = [];

  place(f: PlanFunction): FunctionRef {
    if ('builtin' in f) return { builtin: f.builtin };
    const known = this.closures.indexOf(f.closure);
    return { closure: known >= 0 ? known : this.closures.push(f.closure) - 1 };
  }

  branches(node: Node): Branch[] {
    switch (node.kind) {
      case 'source':
        return [{ pipeline: { source: { kind: 'leaf', input: 0 }, operators: [] }, leaves: [node], partitions: node.partitions }];
      case 'shuffled': {
        const source: SourceSpec = { kind: 'shuffle', input: 0, aggregator: this.aggregator(node.aggregator, labelOf(node)) };
        return [{ pipeline: { source, operators: [] }, leaves: [node], partitions: node.partitions }];
      }
      case 'operator': {
        const operator: OperatorSpec = { kind: node.operator, f: this.place(node.f), label: labelOf(node) };
        return this.branches(node.parent).map((branch, i) => ({
          ...branch,
          pipeline: {
            source: branch.pipeline.source,
            operators: [...branch.pipeline.operators, { ...operator, ...saltOf(node, i), ...inlineOf(node) }],
          },
        }));
      }
      case 'mapPartitions': {
        const { withIndex, single } = node;
        const f = this.place(node.f);
        let firstIndex = 0;
        return this.branches(node.parent).map(branch => {
          const source = { kind: 'mapPartitions', of: branch.pipeline, f, withIndex, firstIndex, single, label: labelOf(node) } as const;
          firstIndex += branch.partitions;
          return { ...branch, pipeline: { source, operators: [] } };
        });
      }
      case 'union':
        return node.parents.flatMap(parent => this.branches(parent));
      case 'aggregate': {
        const branch = this.single(node.parent);
        const aggregator = this.aggregator(node.aggregator, labelOf(node))!;
        return [{ ...branch, pipeline: { source: { kind: 'aggregate', of: branch.pipeline, aggregator }, operators: [] } }];
      }
      case 'cogroup': {
        const of: Pipeline[] = [];
        const leaves: Leaf[] = [];
        for (const parent of node.parents) {
          const branch = this.single(parent);
          of.push(shift(branch.pipeline, leaves.length));
          leaves.push(...branch.leaves);
        }
        return [{ pipeline: { source: { kind: 'cogroup', of }, operators: [] }, leaves, partitions: node.partitions }];
      }
    }
  }

  /** A node with a known partitioner never is a union, so it has one branch. */
  private single(node: Node): Branch {
    const branches = this.branches(node);
    if (branches.length !== 1) throw new HeddleError('HEDDLE_INTERNAL', `${labelOf(node)}: one branch was expected`);
    return branches[0]!;
  }

  private aggregator(aggregator: PlanAggregator | null, label: string): AggregatorSpec | null {
    if (aggregator === null) return null;
    return aggregatorSpec(aggregator, label, f => this.place(f));
  }
}

/** An aggregator whose functions have their places. */
export function aggregatorSpec(aggregator: PlanAggregator, label: string, place: (f: PlanFunction) => FunctionRef): AggregatorSpec {
  switch (aggregator.kind) {
    case 'reduce':
      return { kind: 'reduce', f: place(aggregator.f), op: aggregator.op, label };
    case 'group':
      return { kind: 'group', label };
    case 'combine': {
      const { create, mergeValue, mergeCombiners } = aggregator;
      return { kind: 'combine', create: place(create), mergeValue: place(mergeValue), mergeCombiners: place(mergeCombiners), label };
    }
  }
}

/**
 * Tells the random streams of a lineage's operators apart, by their place in it: the same plan and the same seed give the same
 * numbers, wherever in a script and however often it is built. The parts of a union below the operator have blocks of the same
 * numbers, so the part is in the salt too.
 */
function saltOf(node: OperatorNode, branch: number): { salt?: number; seed?: Seed } {
  if (!isRandom(node)) return {};
  return { salt: branch * 2 ** 32 + randomBefore(node.parent), ...(node.seed === undefined ? {} : { seed: node.seed }) };
}

/** A trial's body for the loop itself, where it is plain arithmetic. */
function inlineOf(node: OperatorNode): { inline?: InlineBody } {
  if (node.operator !== 'trial' || !('closure' in node.f)) return {};
  const inline = inlineTrial(node.f.closure);
  return inline === undefined ? {} : { inline };
}

const isRandom = (node: OperatorNode) => node.operator === 'trial' || node.operator === 'mapWithRng';

function randomBefore(node: Node): number {
  if (node.kind === 'source') return 0;
  if ('parents' in node) return node.parents.reduce((most, parent) => Math.max(most, randomBefore(parent)), 0);
  return randomBefore(node.parent) + (node.kind === 'operator' && isRandom(node) ? 1 : 0);
}

/** The same pipeline with its leaves counted from `by`. */
function shift(pipeline: Pipeline, by: number): Pipeline {
  return by === 0 ? pipeline : { ...pipeline, source: shiftSource(pipeline.source, by) };
}

function shiftSource(source: SourceSpec, by: number): SourceSpec {
  switch (source.kind) {
    case 'leaf':
    case 'shuffle':
      return { ...source, input: source.input + by };
    case 'aggregate':
    case 'mapPartitions':
      return { ...source, of: shift(source.of, by) };
    case 'cogroup':
      return { ...source, of: source.of.map(pipeline => shift(pipeline, by)) };
  }
}
