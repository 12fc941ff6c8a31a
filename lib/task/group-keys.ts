// The reduce side of groupByKey where nobody reads the values: each key once, in order of first appearance.

import { KeyIndex } from '../codec/key-index.js';
import { HeddleError } from '../core/errors.js';
import { NumericBuckets } from '../shuffle/numeric-buckets.js';
import { loadedRuns, readKeys, readNumbers } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import type { Source } from './batch.js';
import { GroupSource } from './join-source.js';
import type { TaskContext } from './pipeline.js';
import { areMoreThanRoom } from './spilled-groups.js';
import { TableSource } from './table-source.js';
import { groupTexts } from './text-groups.js';

/** The keys of all runs: by kernels where they are numbers, or texts that fit into memory with their values; else all are held. */
export function groupKeys(task: TaskContext, runs: readonly Run[]): Source {
  const { local } = task.spec;
  const numbers = numberKeys(task, runs);
  if (numbers !== undefined) return withoutValues(local, numbers);
  const texts = areMoreThanRoom(task, [runs]) ? undefined : groupTexts(task, [runs]);
  return texts === undefined ? withoutValues(local, keysOf(task, runs)) : new GroupSource(texts, local);
}

function withoutValues(partition: number, keys: ArrayLike<unknown>): Source {
  return new TableSource(partition, keys, () => new Array(keys.length));
}

/** Undefined where a row is no pair of numbers, or the heap has no room. */
function numberKeys({ env }: TaskContext, runs: readonly Run[]): ArrayLike<number> | undefined {
  const numbers = readNumbers(env.heap, runs);
  if (numbers === undefined) return undefined;
  try {
    const batches = numbers.batches.map(({ keys, rows }) => ({ keys, rows }));
    const buckets = new NumericBuckets(env.heap, env.kernels, numbers.keyKind, [batches], () => env.checkCancelled());
    try {
      return buckets.group(() => {}).keys;
    } finally {
      buckets.dispose();
    }
  } catch (error) {
    if (error instanceof HeddleError && error.code === 'HEDDLE_HEAP_FULL') return undefined;
    throw error;
  } finally {
    numbers.dispose();
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
