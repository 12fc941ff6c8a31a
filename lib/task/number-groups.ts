// The reduce side of groupByKey where all rows are numbers: groups found by a kernel, their arrays made a batch at a time.

import { readNumbers } from '../shuffle/number-columns.js';
import { NumericBuckets } from '../shuffle/numeric-buckets.js';
import { type GroupedRows, gatherGroups } from '../shuffle/numeric-grouper.js';
import type { Run } from '../shuffle/run.js';
import type { Batch, Source } from './batch.js';
import type { TaskContext } from './pipeline.js';

/** As few as in a join (join-source.ts), for the same reason. */
const BATCH_GROUPS = 512;

/** The groups of the runs' rows; undefined where a row is no pair of numbers. */
export function groupNumbers({ env, spec }: TaskContext, runs: readonly Run[]): Source | undefined {
  const numbers = readNumbers(env.heap, env.kernels, runs);
  if (numbers === undefined) return undefined;
  try {
    const buckets = new NumericBuckets(env.heap, env.kernels, numbers.keyKind, [numbers], () => env.checkCancelled());
    try {
      return new GroupsSource(gatherGroups(env.heap, buckets), spec.local);
    } finally {
      buckets.dispose();
    }
  } finally {
    numbers.dispose();
  }
}

class GroupsSource implements Source {
  readonly bytesRead = 0;
  private given = 0;
  constructor(
    private readonly groups: GroupedRows,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const { groups, given, block } = this;
    if (given >= groups.size) return null;
    const to = Math.min(groups.size, given + BATCH_GROUPS);
    this.given = to;
    return {
      kind: 'pairs',
      keys: groups.keys.subarray(given, to),
      // Made when they are asked for: a count does not ask.
      get values() {
        return arraysOf(groups, given, to);
      },
      n: to - given,
      block,
    };
  }

  close(): void {
    this.groups.dispose();
  }
}

function arraysOf({ inputs, places }: GroupedRows, from: number, to: number): number[][] {
  const { offsets, values } = inputs[0]!;
  const arrays: number[][] = [];
  for (let g = from; g < to; g++) {
    const own: number[] = [];
    const place = places[g]!;
    for (let i = offsets[place]!; i < offsets[place + 1]!; i++) own.push(values[i]!);
    arrays.push(own);
  }
  return arrays;
}
