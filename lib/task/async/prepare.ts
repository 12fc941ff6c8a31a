// Where something synchronous pulls rows from the middle of a stage (mapPartitions, an aggregation, a cogroup, parts, rows that are kept), a
// source that has to be waited for cannot answer. It runs to its end before, and its batches are kept until they are pulled.

import type { Batch } from '../batch.js';
import { taskOfPart } from '../parts/part-rows.js';
import type { TaskContext } from '../pipeline.js';
import type { Pipeline } from '../spec.js';
import { openAsync } from './open.js';

/** Whether anything in a pipeline has to be waited for. */
export function waits({ source }: Pipeline): boolean {
  switch (source.kind) {
    case 'leaf':
    case 'shuffle':
      return false;
    case 'mapAsync':
    case 'pipe':
      return true;
    case 'aggregate':
    case 'mapPartitions':
    case 'stored':
      return waits(source.of);
    case 'cogroup':
    case 'parts':
      return source.of.some(waits);
  }
}

/** Runs what cannot be waited for while this pipeline runs. A source at the pipeline's own head can be. */
export async function prepare(task: TaskContext, { source }: Pipeline): Promise<void> {
  switch (source.kind) {
    case 'leaf':
    case 'shuffle':
      return;
    case 'mapAsync':
    case 'pipe':
      return prepare(task, source.of);
    case 'aggregate':
    case 'mapPartitions':
      return runBefore(task, source.of);
    case 'stored': {
      const input = task.spec.inputs[source.input]!;
      if (input.kind !== 'computed') return;
      return runBefore({ ...task, spec: { ...task.spec, inputs: input.inputs } }, source.of, true);
    }
    case 'cogroup':
      for (const pipeline of source.of) await runBefore(task, pipeline);
      return;
    case 'parts': {
      const input = task.spec.inputs[source.input]!;
      if (input.kind !== 'parts') return;
      for (const part of input.parts) await runBefore(taskOfPart(task, part), source.of[part.pipeline]!);
    }
  }
}

/** `byBlocks`: whoever pulls it wants no batch across blocks. */
async function runBefore(task: TaskContext, pipeline: Pipeline, byBlocks = false): Promise<void> {
  await prepare(task, pipeline);
  const spec = pipeline.source;
  if (spec.kind !== 'mapAsync' && spec.kind !== 'pipe') return;
  const blockwise = byBlocks || pipeline.operators.some(operator => operator.salt !== undefined);
  const source = openAsync(task, spec, blockwise);
  const batches: Batch[] = [];
  try {
    for (;;) {
      await source.ready!(Number.POSITIVE_INFINITY);
      const batch = source.next(Number.POSITIVE_INFINITY) as Batch | null;
      if (batch === null) break;
      batches.push(batch);
    }
  } finally {
    source.close();
  }
  task.work!.keep(spec, task.spec.inputs, batches);
}
