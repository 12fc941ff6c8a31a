// The reduce side of groupByKey where nobody reads the values: each key once, in order of first appearance.

import { KeyIndex } from '../codec/key-index.js';
import { HeddleError } from '../core/errors.js';
import { NumericBuckets } from '../shuffle/numeric-buckets.js';
import { loadedRuns, type NumberRuns, readKeys, readNumbers } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import type { Source } from './batch.js';
import { GroupSource } from './join-source.js';
import type { TaskContext } from './pipeline.js';
import { areMoreThanRoom } from './spilled-groups.js';
import { TableSource } from './table-source.js';
import { groupTexts } from './text-groups.js';

/** The keys of all runs: by kernels where they are numbers, or texts that fit into memory with their values; else all are held. */
export function groupKeys(task: TaskContext, runs: readonly Run[]): Source {
  try {
    const source = groupByKernel(task, runs);
    if (source !== undefined) return source;
  } catch (error) {
    // What follows needs no room in the heap.
    if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_HEAP_FULL') throw error;
  }
  return withoutValues(task, keysOf(task, runs));
}

function groupByKernel(task: TaskContext, runs: readonly Run[]): Source | undefined {
  const numbers = readNumbers(task.env.heap, runs);
  if (numbers !== undefined) {
    try {
      return withoutValues(task, keysOfNumbers(task, numbers));
    } finally {
      numbers.dispose();
    }
  }
  const texts = areMoreThanRoom(task, [runs]) ? undefined : groupTexts(task, [runs]);
  return texts === undefined ? undefined : new GroupSource(texts, task.spec.local);
}

function withoutValues({ spec }: TaskContext, keys: ArrayLike<unknown>): Source {
  return new TableSource(spec.local, keys, () => new Array(keys.length));
}

function keysOfNumbers({ env }: TaskContext, { batches, keyKind }: NumberRuns): ArrayLike<number> {
  const alone = batches.map(({ keys, rows }) => ({ keys, rows }));
  const buckets = new NumericBuckets(env.heap, env.kernels, keyKind, [alone], () => env.checkCancelled());
  try {
    return buckets.group(() => {}).keys;
  } finally {
    buckets.dispose();
  }
}

function keysOf({ env }: TaskContext, runs: readonly Run[]): readonly unknown[] {
  const index = new KeyIndex();
  for (const run of loadedRuns(env.store, runs, 'own')) {
    env.checkCancelled();
    const keys = readKeys(env.heap, run);
    for (let i = 0; i < run.rows; i++) index.findOrAdd(keys[i]);
  }
  return index.keys;
}
