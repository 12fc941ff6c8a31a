// Rows of several inputs gathered by key: by kernels where all keys are numbers, in an index of keys where one is not. Either way
// the keys come in the order of first appearance, over all inputs in turn, and the values of a key in the order of the rows.

import { HeddleError } from '../core/errors.js';
import { NumericKind, numericBytes } from '../shuffle/kernels.js';
import type { Numbers } from '../shuffle/left-out.js';
import { type NumberRows, type NumberRuns, numericKindOf, rowsOf } from '../shuffle/number-columns.js';
import { NumericBuckets } from '../shuffle/numeric-buckets.js';
import { type GroupedRows, gatherGroups } from '../shuffle/numeric-grouper.js';
import { numericColumn } from '../shuffle/reader.js';
import { pad8, type Run } from '../shuffle/run.js';
import { roomFor } from '../shuffle/store.js';
import { KeyedRows, PlacedValues } from './keyed-rows.js';
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

/** The rows of an input with numbers for keys: columns of a shuffle, or what came out of a pipeline. */
export type NumberKeyed = NumberRuns | KeyedRows;

export const isRuns = (input: NumberKeyed): input is NumberRuns => !(input instanceof KeyedRows);
export const isNumbers = (values: ArrayLike<unknown>): values is Numbers => values instanceof Int32Array || values instanceof Float64Array;

function groupedNumbers(task: TaskContext, inputs: readonly NumberKeyed[]): Cogrouped {
  const { heap, kernels } = task.env;
  const held: number[] = [];
  const room = (rows: number, kind: NumericKind): Numbers => {
    const at = roomFor(heap, pad8(rows * numericBytes[kind]!) + 8, 'groups');
    held.push(at);
    return numericColumn(heap, kind, at, rows);
  };
  const column = (numbers: Numbers, kind: NumericKind): Numbers => {
    if (numericKindOf(numbers, heap) !== NumericKind.None) return numbers;
    const copy = room(numbers.length, kind);
    copy.set(numbers);
    return copy;
  };
  /** Of an input whose values are no numbers: they stay here, and their places are grouped. */
  const placed: (PlacedValues | undefined)[] = [];
  try {
    const rows = inputs.map((input): NumberRows => {
      if (isRuns(input)) {
        placed.push(undefined);
        return input;
      }
      input.next();
      const byPlace = !input.batches.every(({ values, unmade }) => unmade === undefined && isNumbers(values));
      placed.push(byPlace ? new PlacedValues(input.batches) : undefined);
      let place = 0;
      const batches = input.batches.map(({ keys, values, rows }) => {
        let own: Numbers;
        if (byPlace) {
          own = room(rows, NumericKind.Int32);
          for (let i = 0; i < rows; i++) own[i] = place++;
        } else own = column(values as Numbers, kindOf(values as Numbers));
        return { keys: column(keys, kindOf(keys)), values: own, rows };
      });
      return rowsOf(batches);
    });
    const isInt = rows.every(({ keyKind }) => keyKind === NumericKind.Int32);
    const check = () => task.env.checkCancelled();
    const buckets = new NumericBuckets(heap, kernels, isInt ? NumericKind.Int32 : NumericKind.Float64, rows, check);
    try {
      return new GroupedNumbers(gatherGroups(heap, buckets), placed);
    } finally {
      buckets.dispose();
    }
  } finally {
    for (const at of held) heap.free(at);
  }
}

function kindOf(numbers: Numbers): NumericKind {
  if (numbers instanceof Int32Array) return NumericKind.Int32;
  for (let i = 0; i < numbers.length; i++) if (!isInt32(numbers[i])) return NumericKind.Float64;
  return NumericKind.Int32;
}

/** Where the values of an input are, by the place of a group. */
interface Side {
  readonly offsets: Uint32Array;
  readonly values: Numbers;
  readonly placed: PlacedValues | undefined;
}

class GroupedNumbers implements Cogrouped {
  readonly size: number;
  readonly keys: Numbers;
  private readonly places: Uint32Array;
  private readonly sides: readonly Side[];
  constructor(
    private readonly groups: GroupedRows,
    placed: readonly (PlacedValues | undefined)[],
  ) {
    this.size = groups.size;
    this.keys = groups.keys;
    this.places = groups.places;
    this.sides = groups.inputs.map(({ offsets, values }, input) => ({ offsets, values, placed: placed[input] }));
  }

  count(input: number, g: number): number {
    const { offsets } = this.sides[input]!;
    const place = this.places[g]!;
    return offsets[place + 1]! - offsets[place]!;
  }

  value(input: number, g: number, i: number): unknown {
    const { offsets, values, placed } = this.sides[input]!;
    const value = values[offsets[this.places[g]!]! + i]!;
    return placed === undefined ? value : placed.at(value);
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
