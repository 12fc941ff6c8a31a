// summary: what trials say about an expectation, while they run. Tasks take slices of the trials; the main thread puts their
// tallies together in the order of the slices, whatever order they come in, so the snapshots are the same on every run.
//
// A rule that stops early is asked at the ends of slices, in order, and never of what has come in since: so it stops at the
// same trial for any threads, partitions and timing. Slices beyond that trial are called off, and their results not looked at.

import { badArgument } from '../core/errors.js';
import type { JobId } from '../core/ids.js';
import { checkJobOptions, checkOptions } from '../core/options.js';
import { type Estimate, estimates, halfWidthOf, mergeTallies, momentsOf, type Tally } from '../task/stats/estimate.js';
import { PrefixTree, type TreeNode } from '../task/stats/fixed-tree.js';
import type { MomentsRecord } from '../task/stats/moments.js';
import { decodeNodes } from '../task/stats/tree-columns.js';
import { checkConfidence } from './control-variate.js';
import type { RddBase } from './rdd-base.js';
import { growingEnds, sliced, wholeEnds } from './slices.js';
import { SummaryRun } from './summary-run.js';
import type { ActionOptions } from './types.js';

/** When a summary has seen enough. */
export interface Until {
  /** Half of the confidence interval of the mean: of every component, where values are arrays. */
  readonly halfWidth: number;
  /** Default: that of the summary. */
  readonly confidence?: number | undefined;
  /** The half width is a share of the mean. */
  readonly relative?: boolean | undefined;
  /** Values before which it is not asked: the variance of a few says little. Default 1000. */
  readonly atLeast?: number | undefined;
}

export interface SummaryOptions extends ActionOptions {
  /** Of the intervals. Default: that of `until`, else 0.95. */
  readonly confidence?: number | undefined;
  /** Their probabilities; none, and the summary costs less. Default 0.05, 0.25, 0.5, 0.75 and 0.95. */
  readonly quantiles?: readonly number[] | undefined;
  /** Stops early; over trials, or a range, with operators on rows. */
  readonly until?: Until | undefined;
}

interface Progress {
  /** Rows of the source behind it: trials. */
  readonly trials: number;
  /** Whether it is the last one. */
  readonly done: boolean;
  /** Whether `until` holds. */
  readonly reached: boolean;
}

/** A summary of numbers, so far or in the end. */
export interface Summary extends Estimate, Progress {}

/** A summary of arrays of numbers: an estimate for each component. */
export interface VectorSummary extends Progress {
  readonly components: readonly Estimate[];
}

const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];
const AT_LEAST = 1000;

type Any = Summary & VectorSummary;

export function summary(rdd: RddBase, options: SummaryOptions | undefined): SummaryRun<Any> {
  const rule = checked(options);
  const { session, node } = rdd;
  session.checkOpen();
  const { until, confidence, quantiles } = rule;
  const cut = sliced(node, until === undefined ? wholeEnds : growingEnds);
  if (until !== undefined && cut === undefined) {
    throw badArgument('summary(until)', options!.until, 'trials or a range, with operators on rows only; here any trial could be the last');
  }
  return new SummaryRun<Any>(async run => {
    const prefix = new Prefix();
    const slices = cut?.node.partitions ?? node.partitions;
    const arrived = new Map<number, { readonly nodes: TreeNode<Tally>[]; readonly branch: number }>();
    let next = 0;
    /** Adds a snapshot of what there is, whose quantiles are found when somebody looks at it. */
    const give = (job?: JobId) => {
      const tallies = prefix.tallies();
      const moments = momentsOf(tallies);
      const trials = cut === undefined ? (moments[0]?.count ?? 0) : (cut.rows[next - 1] ?? 0);
      const reached = until !== undefined && holds(until, moments);
      const progress = { trials, done: next === slices || reached, reached };
      if (job !== undefined && moments.length > 0) {
        const { mean } = moments[0]!;
        session.tell({ type: 'estimateUpdated', job, trials, mean, halfWidth: halfWidthOf(moments[0]!, confidence) });
      }
      run.give(() => {
        const tally = tallies.length === 0 ? undefined : tallies.reduceRight((right, left) => mergeTallies(left, right));
        const components = estimates(tally, confidence, quantiles);
        return ((tally?.width ?? 0) === 0 ? { ...components[0]!, ...progress } : { components, ...progress }) as Any;
      }, progress.done);
    };
    const { signal, deadline } = options ?? {};
    await session.run({
      action: 'summary',
      node: cut?.node ?? node,
      sink: () => ({ kind: 'summary', quantiles: quantiles.length > 0 }),
      signal,
      deadline,
      enough: run.enough,
      onResult(slice, { columns }, branch, job) {
        arrived.set(slice, { nodes: decodeNodes<Tally>(columns), branch });
        for (let came = arrived.get(next); came !== undefined && !run.isOver; came = arrived.get(next)) {
          arrived.delete(next++);
          prefix.add(came.nodes, came.branch);
          give(job);
        }
      },
    });
    if (slices === 0) give();
  });
}

/** The tallies of slices that came in order; those of the parts of a union are joined one part after the other. */
class Prefix {
  private tree = new PrefixTree(mergeTallies);
  private branch = 0;
  private before: Tally | undefined;

  add(nodes: readonly TreeNode<Tally>[], branch: number): void {
    if (branch !== this.branch) {
      const tallies = this.tallies();
      if (tallies.length > 0) this.before = tallies.reduceRight((right, left) => mergeTallies(left, right));
      this.tree = new PrefixTree(mergeTallies);
      this.branch = branch;
    }
    for (const node of nodes) this.tree.add(node);
  }

  /** What is to be merged, from the last to the first. */
  tallies(): Tally[] {
    const tallies = this.tree.partials();
    return this.before === undefined ? tallies : [this.before, ...tallies];
  }
}

interface Rule {
  readonly confidence: number;
  readonly quantiles: readonly number[];
  readonly until: Required<{ [Name in keyof Until]: NonNullable<Until[Name]> }> | undefined;
}

/** Whether every component is known well enough. One that has not varied yet is not: what is rare may be still to come. */
function holds({ halfWidth, confidence, relative, atLeast }: NonNullable<Rule['until']>, components: readonly MomentsRecord[]): boolean {
  const isKnown = (moments: MomentsRecord) => {
    const wanted = relative ? halfWidth * Math.abs(moments.mean) : halfWidth;
    return moments.count >= atLeast && moments.m2 > 0 && halfWidthOf(moments, confidence) <= wanted;
  };
  return components.length > 0 && components.every(isKnown);
}

function checked(options: SummaryOptions | undefined): Rule {
  checkOptions('summary(options)', options, ['confidence', 'quantiles', 'until', 'signal', 'deadline']);
  const { until, quantiles = QUANTILES } = options ?? {};
  checkJobOptions(options ?? {});
  checkOptions('summary(until)', until, ['halfWidth', 'confidence', 'relative', 'atLeast']);
  const confidence = options?.confidence ?? until?.confidence ?? 0.95;
  checkConfidence('summary(confidence)', confidence);
  if (!Array.isArray(quantiles)) throw badArgument('summary(quantiles)', quantiles, 'an array of probabilities');
  for (const p of quantiles)
    if (!(typeof p === 'number' && p >= 0 && p <= 1)) throw badArgument('summary(quantiles)', p, 'probabilities, from 0 to 1');
  if (until === undefined) return { confidence, quantiles, until };
  const { halfWidth, relative = false, atLeast = AT_LEAST, confidence: own = confidence } = until;
  if (!(typeof halfWidth === 'number' && halfWidth > 0)) throw badArgument('summary(until.halfWidth)', halfWidth, 'a number above 0');
  if (typeof relative !== 'boolean') throw badArgument('summary(until.relative)', relative, 'true or false');
  if (!(Number.isSafeInteger(atLeast) && atLeast >= 2)) throw badArgument('summary(until.atLeast)', atLeast, 'an integer from 2');
  checkConfidence('summary(until.confidence)', own);
  return { confidence, quantiles, until: { halfWidth, relative, atLeast, confidence: own } };
}
