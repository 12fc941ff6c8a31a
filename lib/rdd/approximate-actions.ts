// Counts that need not be exact: of different rows in memory of a fixed size, and of rows within a time.

import { readColumn } from '../codec/column.js';
import { KeyIndex } from '../codec/key-index.js';
import { badArgument } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { SYSTEM_CLOCK, startDeadline } from '../scheduler/clock.js';
import { standaloneRng } from '../task/rng/standalone.js';
import type { SinkSpec } from '../task/spec.js';
import { estimateDistinct, mergeRegisters, newRegisters, precisionFor } from '../task/stats/hyperloglog.js';
import { Moments } from '../task/stats/moments.js';
import { type ApproximateCount, estimateTotal } from '../task/stats/total.js';
import { action } from './actions.js';
import { checkConfidence } from './control-variate.js';
import { EstimateMethods } from './estimate-methods.js';
import type { RddBase } from './rdd-base.js';
import { appendRows, runForColumns } from './results.js';
import type { ActionOptions } from './types.js';

export interface ApproximateOptions extends ActionOptions {
  /** Milliseconds after which the answer is made of what there is. Infinity waits for the exact one. */
  readonly timeout: number;
  /** Of the interval. Default 0.95. */
  readonly confidence?: number | undefined;
}

export class ApproximateActions<T> extends EstimateMethods<T> {
  /**
   * About how many different rows there are, equal by value. `relativeSD` is the relative standard deviation of the answer, from 0.001:
   * a task keeps 1.1 / relativeSD² bytes, however many rows there are. The answer depends on the set of rows alone, not on
   * threads or partitions. (HyperLogLog with Ertl's estimator, see task/stats/hyperloglog.ts.)
   */
  async countApproxDistinct(relativeSD = 0.05, options?: ActionOptions): Promise<number> {
    const precision = precisionFor('countApproxDistinct(relativeSD)', relativeSD);
    const registers = newRegisters(precision);
    const sink = () => ({ kind: 'countDistinct', precision }) as const;
    for (const columns of await runForColumns(action(this, 'countApproxDistinct', options), sink)) {
      const sketches: Uint8Array[] = [];
      appendRows(sketches, columns);
      mergeRegisters(registers, sketches[0]!);
    }
    return estimateDistinct(registers);
  }

  /**
   * How many rows there are, as well as it is known after `timeout` milliseconds; tasks that are under way then are called off.
   * Partitions run in an order drawn from the context's seed, and those that have answered stand for all: the interval takes
   * them for a random sample of partitions whose counts are not too skewed. It is short by those large partitions that take so
   * much longer than others that they are still under way. Exact, and `final`, where all have answered.
   */
  async countApprox(options: ApproximateOptions): Promise<ApproximateCount> {
    const { answers, confidence } = await answersInTime(this, 'countApprox', 'count', options);
    const counts = Moments.of(answers.map(([column]) => readColumn(column!)[0] as number));
    return estimateTotal(counts, this.node.partitions, confidence);
  }

  /**
   * How often each row comes, as countApprox says it of all: of the rows that were met by then, so none where no partition has
   * answered. A row that is in few of the partitions has a count known badly, and an interval that is too short more often
   * than it should be.
   */
  async countByValueApprox(options: ApproximateOptions): Promise<Map<T, ApproximateCount>> {
    const { answers, confidence } = await answersInTime(this, 'countByValueApprox', 'countByValue', options);
    const index = new KeyIndex();
    const met: Moments[] = [];
    for (const [keys, numbers] of answers) {
      const [rows, times] = [readColumn(keys!), readColumn(numbers!) as ArrayLike<number>];
      for (let i = 0; i < rows.length; i++) {
        const at = index.findOrAdd(rows[i]);
        if (at === met.length) met.push(new Moments());
        met[at]!.add(times[i]!);
      }
    }
    const estimate = (counts: Moments) => {
      const without = answers.length - counts.count;
      return estimateTotal(counts.merge({ ...NO_ROWS, count: without }), this.node.partitions, confidence);
    };
    return new Map(index.keys.map((key, at) => [key as T, estimate(met[at]!)]));
  }
}

/** The moments of counts that are 0, but for their number. */
const NO_ROWS = { sum: 0, mean: 0, m2: 0, min: 0, max: 0 };

/** The operator whose stream orders the partitions: no operator of a lineage has this number. */
const LAUNCH_ORDER = 2 ** 52 + 1;

/** The results of those partitions that answer in time, in their order. */
async function answersInTime(
  rdd: RddBase,
  name: string,
  kind: (SinkSpec & { readonly kind: 'count' | 'countByValue' })['kind'],
  options: ApproximateOptions,
): Promise<{ readonly answers: (readonly Uint8Array[])[]; readonly confidence: number }> {
  checkOptions(`${name}(options)`, options, ['timeout', 'confidence', 'signal', 'deadline']);
  const { timeout, confidence = 0.95, ...rest } = options ?? ({} as Partial<ApproximateOptions>);
  if (!(typeof timeout === 'number' && timeout >= 0)) throw badArgument(`${name}(timeout)`, timeout, 'milliseconds, 0 or more');
  checkConfidence(`${name}(confidence)`, confidence);
  const { session, node } = rdd;
  session.checkOpen();
  const order = standaloneRng(session.seed, LAUNCH_ORDER, 0).shuffle(Array.from({ length: node.partitions }, (_, p) => p));
  const late = new AbortController();
  let clear = (): void => {};
  if (timeout === 0) late.abort();
  else clear = startDeadline(SYSTEM_CLOCK, timeout, () => late.abort());
  try {
    const results = await runForColumns({ ...action(rdd, name, rest), enough: late.signal }, () => ({ kind }), order);
    const byPartition: (readonly Uint8Array[])[] = [];
    for (const [at, partition] of order.entries()) if (results[at] !== undefined) byPartition[partition] = results[at];
    // Without the holes of those that have not answered.
    return { answers: byPartition.filter(() => true), confidence };
  } finally {
    clear();
  }
}
