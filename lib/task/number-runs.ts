// What a shuffle holds for a task, where that needs no loop: its runs, and these as columns of numbers.

import { HeddleError } from '../core/errors.js';
import { type NumberRuns, readNumbers } from '../shuffle/number-columns.js';
import type { Run } from '../shuffle/run.js';
import type { TaskContext } from './pipeline.js';
import type { Pipeline } from './spec.js';

/** The rows of a pipeline, where they are a shuffle's own and all numbers, and all in the heap. */
export function numbersOf(task: TaskContext, pipeline: Pipeline): NumberRuns | undefined {
  const runs = runsOf(task, pipeline);
  return runs === undefined ? undefined : readNumbers(task.env.heap, task.env.kernels, runs);
}

/** The runs of a pipeline, where they are a shuffle's own. */
export function runsOf(task: TaskContext, { source, operators }: Pipeline): readonly Run[] | undefined {
  if (source.kind !== 'shuffle' || source.aggregator !== null || operators.length > 0) return undefined;
  const input = task.spec.inputs[source.input]!;
  if (input.kind !== 'shuffle') throw new HeddleError('HEDDLE_INTERNAL', `a shuffle's input is a ${input.kind}`);
  return task.env.store.joinedRuns(input.shuffle, input.reduce, input.gathered);
}
