// What a shuffle holds for a task, as columns of numbers.

import { HeddleError } from '../core/errors.js';
import { type NumberRuns, readNumbers } from '../shuffle/reader.js';
import type { TaskContext } from './pipeline.js';
import type { Pipeline } from './spec.js';

/** The rows of a pipeline, where they are a shuffle's own and all numbers. */
export function numbersOf(task: TaskContext, { source, operators }: Pipeline): NumberRuns | undefined {
  if (source.kind !== 'shuffle' || source.aggregator !== null || operators.length > 0) return undefined;
  const input = task.spec.inputs[source.input]!;
  if (input.kind !== 'shuffle') throw new HeddleError('HEDDLE_INTERNAL', `a shuffle's input is a ${input.kind}`);
  return readNumbers(task.env.heap, task.env.store.runs(input.shuffle, input.reduce, input.gathered));
}
