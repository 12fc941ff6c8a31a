// Where tasks would run best: where most of what they read of shuffles is. It is a wish, made of sizes that are known to some
// percent, and of output as far as nobody has lost it since; the scheduler leaves no slot idle for it.

import type { ExecutorId } from '../core/ids.js';
import { readsOf } from './branches.js';
import type { BuiltStage } from './build-stage.js';
import type { ShuffleOutputs } from './shuffle-outputs.js';

/** An executor with less than this part of what a task reads is as good as any other: Spark's REDUCER_PREF_LOCS_FRACTION. */
const LEAST_PART = 0.2;

interface Answer {
  readonly version: number;
  readonly executors: readonly ExecutorId[];
}

export class PreferredExecutors {
  private readonly answers = new WeakMap<BuiltStage, Map<number, Answer>>();

  constructor(private readonly outputs: ShuffleOutputs) {}

  /** Best first. Costs the executors, the first time; later only after output has come or gone. */
  of(built: BuiltStage, partition: number): readonly ExecutorId[] {
    const { leaves, local } = built.locate(partition);
    const reads = readsOf(leaves, local);
    let version = 0;
    for (const { shuffle } of reads) if (shuffle.ref !== undefined) version += this.outputs.version(shuffle.ref.id);
    if (version === 0) return NOBODY;
    let answers = this.answers.get(built);
    if (answers === undefined) this.answers.set(built, (answers = new Map()));
    let answer = answers.get(partition);
    if (answer?.version !== version) answers.set(partition, (answer = { version, executors: this.holders(reads) }));
    return answer.executors;
  }

  private holders(reads: ReturnType<typeof readsOf>): readonly ExecutorId[] {
    const bytes = new Map<ExecutorId, number>();
    let total = 0;
    for (const { shuffle, reduce } of reads) {
      if (shuffle.ref === undefined) continue;
      for (const [executor, sizes] of this.outputs.sizes(shuffle.ref.id)) {
        const size = sizes[reduce] ?? 0;
        total += size;
        bytes.set(executor, (bytes.get(executor) ?? 0) + size);
      }
    }
    return [...bytes]
      .filter(([, size]) => size > 0 && size >= total * LEAST_PART)
      .sort(([, a], [, b]) => b - a)
      .map(([executor]) => executor);
  }
}

const NOBODY: readonly ExecutorId[] = [];
