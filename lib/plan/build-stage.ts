// Cuts the lineage at the shuffles: a stage is what lies between them, as a program with one branch for each part of a
// union, and for each task the branch and the inputs it reads.

import type { ShippedClosure } from '../codec/closure/types.js';
import { HeddleError } from '../core/errors.js';
import { type Places, placesOf } from '../task/columnar/places.js';
import { type InlineBody, inlineTrial } from '../task/inline.js';
import { encodeProgram } from '../task/program-bytes.js';
import type { Seed } from '../task/rng/seed.js';
import type {
  AggregatorSpec,
  FunctionRef,
  OperatorSpec,
  PartitionerSpec,
  PartsRule,
  Pipeline,
  Program,
  RandomOperator,
  SinkSpec,
  SourceSpec,
} from '../task/spec.js';
import { type Branch, checkpointsOf, type Leaf, locate, type Needs, needsOf } from './branches.js';
import { columnsOf } from './columns.js';
import type { Kept } from './kept.js';
import { counted, readsKeysAlone, withKeysAlone } from './keys-alone.js';
import {
  cutLineage,
  labelOf,
  type Node,
  type OperatorNode,
  type PartsNode,
  type PlanAggregator,
  type PlanFunction,
  type ShuffledNode,
} from './lineage.js';
import { type PlanPartitioner, partitionerSpec } from './partitioner.js';

import { type Shared, sharedBy } from './shared.js';

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
  /** The nodes whose checkpoints it writes. */
  readonly checkpoints: readonly Node[];
  /** What the tasks of these partitions need, as things are now. */
  needsOf(partitions: Iterable<number>): Needs;
  /** The branch of a partition, and what its leaves read. */
  locate(partition: number): { readonly branch: number; readonly leaves: readonly Leaf[]; readonly local: number };
}

export function buildStage(node: Node, sink: PlanSink, name: string, seed: Seed): BuiltStage {
  const builder = new StageBuilder();
  const branches = builder.branches(node);
  const placed = sink(f => builder.place(f));
  const parsed: Program = {
    branches: branches.map(({ pipeline, leaves }) => counted(columnsOf(pipeline, leaves, builder.closures, placed).pipeline, placed)),
    sink: placed,
    closures: builder.closures,
    seed,
  };
  return {
    name,
    parsed,
    program: encodeProgram(parsed),
    partitions: node.partitions,
    shared: sharedBy(parsed.closures),
    checkpoints: checkpointsOf(branches),
    needsOf: partitions => needsOf(branches, partitions),
    locate(partition) {
      const { branch, local } = locate(branches, partition);
      return { branch, local, leaves: branches[branch]!.leaves };
    },
  };
}

/** Cuts the lineage of a node whose checkpoint is whole, and cannot go with an executor. */
export function cutIfWhole(node: Node): void {
  const { checkpoint } = node;
  if (checkpoint === undefined || checkpoint.cut !== undefined || checkpoint.kept.partitions.size < node.partitions) return;
  for (const { rows } of checkpoint.kept.partitions.values()) if (rows.remote !== undefined) return;
  const branches = new StageBuilder().branches(node).map(({ partitions }) => partitions);
  cutLineage(node, checkpoint, { branches, random: randomBefore(node) });
}

/** For explain(): the path that each branch of a stage takes. */
export function pathsOf(node: Node, sink: PlanSink): string[] {
  const builder = new StageBuilder();
  const branches = builder.branches(node);
  const placed = sink(f => builder.place(f));
  return branches.map(({ pipeline, leaves }) => columnsOf(pipeline, leaves, builder.closures, placed).path);
}

/** For explain(): as shuffleSink, but asks nothing of a partitioner that is not known yet. */
export function explainedSink({ partitioner, aggregator, ...node }: ShuffledNode): PlanSink {
  return place => ({
    kind: 'shuffle',
    partitioner: explainedPartitioner(partitioner),
    aggregator: aggregator === null ? null : aggregatorSpec(aggregator, node.name, place),
  });
}

function explainedPartitioner(partitioner: PlanPartitioner): PartitionerSpec {
  const { kind, partitions } = partitioner;
  if (kind === 'hash') return partitioner;
  return kind === 'range' ? { ...partitioner, bounds: new Uint8Array() } : { kind: 'index', partitions };
}

/** The sink of the stage that writes a shuffle. */
export function shuffleSink(node: ShuffledNode): PlanSink {
  return place => ({
    kind: 'shuffle',
    partitioner: partitionerSpec(node.partitioner, labelOf(node), place),
    aggregator: node.aggregator === null ? null : aggregatorSpec(node.aggregator, labelOf(node), place),
  });
}

/** Below a checkpoint: what there was is gone. */
const NO_PIPELINE: Pipeline = { source: { kind: 'leaf', input: 0 }, operators: [] };

class StageBuilder {
  readonly closures: ShippedClosure[] = [];

  place(f: PlanFunction): FunctionRef {
    if ('of' in f) return { of: this.place(f.of), first: f.first, fresh: f.fresh };
    if (!('closure' in f)) return f;
    const known = this.closures.indexOf(f.closure);
    return { closure: known >= 0 ? known : this.closures.push(f.closure) - 1 };
  }

  branches(node: Node): Branch[] {
    const { checkpoint, kept } = node;
    const cut = checkpoint?.cut?.branches.map(partitions => ({ pipeline: NO_PIPELINE, leaves: [], partitions }));
    // A checkpoint is written from what is kept; once it is whole, what is kept is read before it.
    const order = cut === undefined ? [kept, checkpoint?.kept] : [checkpoint?.kept, kept];
    return order.reduce((branches, store) => (store === undefined ? branches : this.stored(node, store, branches)), cut ?? this.made(node));
  }

  /** The same branches, where their rows are kept. */
  private stored(node: Node, kept: Kept, branches: readonly Branch[]): Branch[] {
    const label = labelOf(node);
    const checkpoint = kept.isCheckpoint ? node : undefined;
    let first = 0;
    return branches.map(below => {
      const { pipeline: of, partitions } = below;
      const isCut = of === NO_PIPELINE;
      const leaf: Leaf = { kind: 'stored', kept, label, first, below: isCut ? null : below, checkpoint };
      first += partitions;
      return { pipeline: { source: { kind: 'stored', input: 0, of, label }, operators: [] }, leaves: [leaf], partitions };
    });
  }

  private made(node: Node): Branch[] {
    switch (node.kind) {
      case 'source':
        return [{ pipeline: { source: { kind: 'leaf', input: 0 }, operators: [] }, leaves: [node], partitions: node.partitions }];
      case 'shuffled': {
        const source: SourceSpec = { kind: 'shuffle', input: 0, aggregator: this.aggregator(node.aggregator, labelOf(node)) };
        return [{ pipeline: { source, operators: [] }, leaves: [node], partitions: node.partitions }];
      }
      case 'operator': {
        const operator: OperatorSpec = { kind: node.operator, f: this.place(node.f), label: labelOf(node) };
        const isKeysAlone = readsKeysAlone(node);
        return this.branches(node.parent).map((branch, i) => ({
          ...branch,
          pipeline: {
            source: (isKeysAlone ? withKeysAlone(branch.pipeline) : branch.pipeline).source,
            operators: [...branch.pipeline.operators, { ...operator, ...saltOf(node, i), ...trialOf(node) }],
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
      case 'mapAsync': {
        const { kind, concurrency } = node;
        const f = this.place(node.f);
        return this.branches(node.parent).map(branch => {
          const source = { kind, of: branch.pipeline, f, concurrency, label: labelOf(node) } as const;
          return { ...branch, pipeline: { source, operators: [] } };
        });
      }
      case 'pipe': {
        const { kind, command } = node;
        return this.branches(node.parent).map(branch => {
          const source = { kind, of: branch.pipeline, command, label: labelOf(node) } as const;
          return { ...branch, pipeline: { source, operators: [] } };
        });
      }
      case 'union':
        return node.parents.flatMap(parent => this.branches(parent));
      case 'aggregate': {
        const aggregator = this.aggregator(node.aggregator, labelOf(node))!;
        return this.branches(node.parent).map(branch => ({
          ...branch,
          pipeline: { source: { kind: 'aggregate', of: branch.pipeline, aggregator }, operators: [] },
        }));
      }
      case 'parts':
        return [this.parts(node)];
      case 'cogroup': {
        const of: Pipeline[] = [];
        const leaves: Leaf[] = [];
        for (const parent of node.parents) {
          const branch = this.single(parent);
          of.push(shift(branch.pipeline, leaves.length));
          leaves.push(...branch.leaves);
        }
        const { join } = node;
        const source: SourceSpec = { kind: 'cogroup', of, ...(join === undefined ? {} : { join }) };
        return [{ pipeline: { source, operators: [] }, leaves, partitions: node.partitions }];
      }
    }
  }

  private parts(node: PartsNode): Branch {
    const parents = node.parents.map(parent => this.branches(parent));
    const of = parents.flat().map(branch => branch.pipeline);
    const rule: PartsRule = node.rule.kind === 'call' ? { kind: 'call', f: this.place(node.rule.f) } : node.rule;
    const source: SourceSpec = { kind: 'parts', input: 0, of, rule, label: labelOf(node) };
    return { pipeline: { source, operators: [] }, leaves: [{ kind: 'parts', node, parents }], partitions: node.partitions };
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
      return { kind: 'reduce', f: place(aggregator.f), op: aggregator.op, places: combinedPlaces(aggregator), label };
    case 'group':
      return { kind: 'group', label };
    case 'combine': {
      const { create, mergeValue, mergeCombiners } = aggregator;
      const places = combinedPlaces(aggregator);
      return {
        kind: 'combine',
        create: place(create),
        mergeValue: place(mergeValue),
        mergeCombiners: place(mergeCombiners),
        places,
        label,
      };
    }
  }
}

/** What kernels do with combiners that are tuples of numbers; null where an operation on numbers, or nothing, is known. */
export function combinedPlaces(aggregator: PlanAggregator): Places | null {
  if (aggregator.kind === 'group' || (aggregator.kind === 'reduce' && aggregator.op !== null)) return null;
  const f = aggregator.kind === 'reduce' ? aggregator.f : aggregator.mergeCombiners;
  return 'closure' in f ? placesOf(f.closure) : null;
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

/** How a trial runs: its body in the loop itself, where it is plain arithmetic. */
function trialOf(node: OperatorNode): { inline?: InlineBody; antithetic?: true } {
  if (node.antithetic === true) return { antithetic: true };
  if (node.operator !== 'trial' || !('closure' in node.f)) return {};
  const inline = inlineTrial(node.f.closure);
  return inline === undefined ? {} : { inline };
}

const RANDOM: ReadonlySet<OperatorNode['operator']> = new Set<RandomOperator>(['trial', 'mapWithRng', 'sample', 'sampleByKey', 'draw']);
const isRandom = (node: OperatorNode) => RANDOM.has(node.operator);

function randomBefore(node: Node): number {
  if (node.checkpoint?.cut !== undefined) return node.checkpoint.cut.random;
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
    case 'parts':
    case 'stored':
      return { ...source, input: source.input + by };
    case 'aggregate':
    case 'mapPartitions':
    case 'mapAsync':
    case 'pipe':
      return { ...source, of: shift(source.of, by) };
    case 'cogroup':
      return { ...source, of: source.of.map(pipeline => shift(pipeline, by)) };
  }
}
