// The reduce side of groupByKey where nobody reads the values: each key once, in order of first appearance.

import { KeyIndex } from '../codec/key-index.js';
import { HeddleError } from '../core/errors.js';
import type { GroupOrder } from '../shuffle/group-order.js';
import { NumericKind } from '../shuffle/kernels.js';
import type { Numbers } from '../shuffle/left-out.js';
import { type NumberRows, type NumberRuns, readNumbers } from '../shuffle/number-columns.js';
import { NumericBuckets } from '../shuffle/numeric-buckets.js';
import { loadedRuns, readKeys } from '../shuffle/reader.js';
import type { Run } from '../shuffle/run.js';
import type { Batch, Source } from './batch.js';
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
  const keys = keysOf(task, runs);
  return new TableSource(task.spec.local, keys, () => new Array(keys.length));
}

function groupByKernel(task: TaskContext, runs: readonly Run[]): Source | undefined {
  const numbers = readNumbers(task.env.heap, task.env.kernels, runs);
  if (numbers !== undefined) {
    try {
      return new NumberKeys(numbers, keysOfNumbers(task, numbers), task.spec.local);
    } catch (error) {
      numbers.dispose();
      throw error;
    }
  }
  const texts = areMoreThanRoom(task, [runs]) ? undefined : groupTexts(task, [runs]);
  return texts === undefined ? undefined : new GroupSource(texts, task.spec.local);
}

function keysOfNumbers({ env }: TaskContext, { rows, keyKind, batches }: NumberRows): GroupOrder {
  const alone = { rows, valueKind: NumericKind.None, one: undefined, batches };
  const buckets = new NumericBuckets(env.heap, env.kernels, keyKind, [alone], () => env.checkCancelled());
  try {
    return buckets.group(() => {});
  } finally {
    buckets.dispose();
  }
}

/** Keys that are put in order when they are asked for: a count does not ask. */
class NumberKeys implements Source {
  readonly bytesRead = 0;
  private given = false;
  private keys: Numbers | undefined;
  constructor(
    private readonly numbers: NumberRuns,
    private readonly order: GroupOrder,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const { size } = this.order;
    if (this.given || size === 0) return null;
    this.given = true;
    const inOrder = () => (this.keys ??= this.order.groups().keys);
    return {
      kind: 'pairs',
      get keys() {
        return inOrder();
      },
      get values() {
        return new Array(size);
      },
      n: size,
      block: this.block,
    };
  }

  close(): void {
    this.order.dispose();
    this.numbers.dispose();
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
