// Rows of several inputs gathered by key: by kernels where all keys are numbers, in an index of keys where one is not. Either way
// the keys come in the order of first appearance, over all inputs in turn, and the values of a key in the order of the rows.

import { HeddleError } from '../core/errors.js';
import { NumericKind, numericBytes } from '../shuffle/kernels.js';
import { type Numbers, NumericBuckets } from '../shuffle/numeric-buckets.js';
import { type GroupedRows, gatherGroups } from '../shuffle/numeric-grouper.js';
import { type NumberBatch, type NumberRuns, numericColumn } from '../shuffle/reader.js';
import { pad8, type Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { numbersOf, runsOf } from './number-runs.js';
import { PipelineRun, type TaskContext } from './pipeline.js';
import { GroupSink } from './sinks/group.js';
import { isInt32 } from './sinks/numeric-kind.js';
import type { Pipeline } from './spec.js';
import { areMoreThanRoom, GroupRanges } from './spilled-groups.js';
import { groupTexts } from './text-groups.js';

/** Each key's values of each input. */
export interface Cogrouped {
  readonly size: number;
  readonly keys: ArrayLike<unknown>;
  /** How many values of an input the g-th key has. */
  count(input: number, g: number): number;
  value(input: number, g: number, i: number): unknown;
  dispose(): void;
}

export function cogroup(task: TaskContext, pipelines: readonly Pipeline[]): Cogrouped {
  const texts = cogroupedTexts(task, pipelines);
  if (texts !== undefined) return texts;
  const sink = new GroupSink(pipelines.length);
  try {
    for (const [input, pipeline] of pipelines.entries()) {
      sink.input = input;
      const numbers = sink.numeric ? numbersOf(task, pipeline) : undefined;
      if (numbers !== undefined) sink.takeNumbers(numbers);
      else runInto(task, pipeline, sink);
    }
    if (sink.numeric) {
      try {
        return groupedNumbers(task, sink.inputs);
      } catch (error) {
        // The kernels had no room in the heap. An index of keys needs none there.
        if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
        sink.leaveNumbers();
      }
    }
    return new GroupedByIndex(sink.index.keys, sink.groups);
  } finally {
    sink.dispose();
  }
}

/** The groups of inputs that are all shuffles as they are, with keys of text; undefined for others. */
function cogroupedTexts(task: TaskContext, pipelines: readonly Pipeline[]): Cogrouped | undefined {
  const inputs = inputsOf(task, pipelines);
  if (inputs === undefined || inputs.every(runs => runs.length === 0)) return undefined;
  try {
    return groupTexts(task, inputs);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
    return undefined;
  }
}

/** The groups of inputs that are shuffles as they are, by ranges, where they are more than a task may hold; undefined for others. */
export function largeCogroup(task: TaskContext, pipelines: readonly Pipeline[]): GroupRanges | undefined {
  const inputs = inputsOf(task, pipelines);
  return inputs !== undefined && areMoreThanRoom(task, inputs) ? new GroupRanges(task, inputs) : undefined;
}

function inputsOf(task: TaskContext, pipelines: readonly Pipeline[]): readonly (readonly Run[])[] | undefined {
  const inputs: (readonly Run[])[] = [];
  for (const pipeline of pipelines) {
    const runs = runsOf(task, pipeline);
    if (runs === undefined) return undefined;
    inputs.push(runs);
  }
  return inputs;
}

function runInto(task: TaskContext, pipeline: Pipeline, sink: GroupSink): void {
  const run = new PipelineRun(task, pipeline, sink, false);
  try {
    run.runAll();
  } finally {
    run.close();
  }
}

/** The rows of an input with numbers for keys: columns in the heap, or arrays of what came out of a loop. */
export type NumberKeyed = NumberRuns | { readonly keys: number[]; readonly values: unknown[] };

function groupedNumbers(task: TaskContext, inputs: readonly NumberKeyed[]): Cogrouped {
  const { heap, kernels } = task.env;
  const held: number[] = [];
  /** Of an input whose values are no numbers: they stay here, and their places are grouped. */
  const objects: (readonly unknown[] | undefined)[] = inputs.map(input =>
    'batches' in input || input.values.every(value => typeof value === 'number') ? undefined : input.values,
  );
  const column = (numbers: ArrayLike<number>, kind: NumericKind): Numbers => {
    const at = roomFor(heap, pad8(numbers.length * numericBytes[kind]!) + 8, 'groups');
    held.push(at);
    const copy = numericColumn(heap, kind, at, numbers.length);
    for (let i = 0; i < numbers.length; i++) copy[i] = numbers[i]!;
    return copy;
  };
  const places = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
  const batchesOf = (input: NumberKeyed, i: number): readonly NumberBatch[] => {
    if ('batches' in input) return input.batches;
    const { keys, values } = input;
    if (keys.length === 0) return [];
    const own = objects[i] === undefined ? column(values as number[], kindOf(values as number[])) : column(places(keys.length), 1);
    return [{ keys: column(keys, kindOf(keys)), values: own, rows: keys.length }];
  };
  try {
    const batches = inputs.map(batchesOf);
    const isInt = batches.every(list => list.every(({ keys }) => keys instanceof Int32Array));
    const check = () => task.env.checkCancelled();
    const buckets = new NumericBuckets(heap, kernels, isInt ? NumericKind.Int32 : NumericKind.Float64, batches, check);
    try {
      return new GroupedNumbers(gatherGroups(heap, buckets), objects);
    } finally {
      buckets.dispose();
    }
  } finally {
    for (const at of held) heap.free(at);
  }
}

const kindOf = (numbers: readonly number[]) => (numbers.every(isInt32) ? NumericKind.Int32 : NumericKind.Float64);

class GroupedNumbers implements Cogrouped {
  readonly size: number;
  readonly keys: Numbers;
  constructor(
    private readonly groups: GroupedRows,
    private readonly objects: readonly (readonly unknown[] | undefined)[],
  ) {
    this.size = groups.size;
    this.keys = groups.keys;
  }

  count(input: number, g: number): number {
    const { offsets } = this.groups.inputs[input]!;
    const place = this.groups.places[g]!;
    return offsets[place + 1]! - offsets[place]!;
  }

  value(input: number, g: number, i: number): unknown {
    const { offsets, values } = this.groups.inputs[input]!;
    const value = values[offsets[this.groups.places[g]!]! + i]!;
    const objects = this.objects[input];
    return objects === undefined ? value : objects[value];
  }

  dispose(): void {
    this.groups.dispose();
  }
}

export class GroupedByIndex implements Cogrouped {
  constructor(
    readonly keys: readonly unknown[],
    private readonly groups: readonly (readonly unknown[][])[],
  ) {}

  get size(): number {
    return this.groups.length;
  }

  count(input: number, g: number): number {
    return this.groups[g]![input]!.length;
  }

  value(input: number, g: number, i: number): unknown {
    return this.groups[g]![input]![i];
  }

  dispose(): void {}
}
