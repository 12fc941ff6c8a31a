// What Heddle has set itself, held against the rows of this very run: other machines, other figures, the same ratios.
import { DUCKDB, POLARS } from './anchors/frames.js';
import { C } from './anchors/native.js';
import { SPARK } from './anchors/spark.js';
import { HEDDLE, HEDDLE_ONE_THREAD } from './contenders/heddle.js';
import { LOOP } from './contenders/loop.js';
import type { JobName } from './jobs.js';
import { median, type Row } from './measure.js';
import type { Overheads } from './overheads.js';
import { brief } from './report.js';

export interface Verdict {
  readonly target: string;
  /** What was measured, ready to print. */
  readonly measured: string;
  readonly verdict: 'pass' | 'short' | 'not measured';
}

interface Ratio {
  readonly job: JobName;
  readonly target: string;
  readonly phase: 'warm' | 'whole';
  /** The ratio is the time of `of` over the time of `to`. */
  readonly of: string;
  readonly to: string;
  readonly holds: (ratio: number) => boolean;
}

const RATIOS: readonly Ratio[] = [
  { job: 'wordcount', target: 'warm, faster than Spark warm', phase: 'warm', of: SPARK, to: HEDDLE, holds: ratio => ratio > 1 },
  {
    job: 'wordcount',
    target: 'whole process, at least 5x faster than Spark',
    phase: 'whole',
    of: SPARK,
    to: HEDDLE,
    holds: ratio => ratio >= 5,
  },
  {
    job: 'wordcount',
    target: "warm, at most 1.5x the time of C's threads",
    phase: 'warm',
    of: HEDDLE,
    to: C,
    holds: ratio => ratio <= 1.5,
  },
  { job: 'wordcount', target: 'whole process, faster than DuckDB', phase: 'whole', of: DUCKDB, to: HEDDLE, holds: ratio => ratio > 1 },
  { job: 'wordcount', target: 'whole process, faster than Polars', phase: 'whole', of: POLARS, to: HEDDLE, holds: ratio => ratio > 1 },
  {
    job: 'wordcount-json',
    target: 'warm, at least 1.6x faster on two threads than a plain loop on one',
    phase: 'warm',
    of: LOOP,
    to: HEDDLE,
    holds: ratio => ratio >= 1.6,
  },
  { job: 'reduceByKey', target: 'warm, faster than DuckDB', phase: 'warm', of: DUCKDB, to: HEDDLE, holds: ratio => ratio > 1 },
  { job: 'reduceByKey', target: 'warm, faster than Polars', phase: 'warm', of: POLARS, to: HEDDLE, holds: ratio => ratio > 1 },
  { job: 'reduceByKey', target: 'warm, at least 20x faster than Spark', phase: 'warm', of: SPARK, to: HEDDLE, holds: ratio => ratio >= 20 },
  {
    job: 'reduceByKey',
    target: "warm, at most 1.5x the time of C's threads",
    phase: 'warm',
    of: HEDDLE,
    to: C,
    holds: ratio => ratio <= 1.5,
  },
  ...(['groupByKey', 'sortByKey', 'join'] as const).flatMap((job): Ratio[] => [
    { job, target: 'warm, at most 1.5x the time of DuckDB', phase: 'warm', of: HEDDLE, to: DUCKDB, holds: ratio => ratio <= 1.5 },
    { job, target: 'warm, at least 8x faster than Spark', phase: 'warm', of: SPARK, to: HEDDLE, holds: ratio => ratio >= 8 },
  ]),
  { job: 'pi', target: "warm, at most 2x the time of C's threads", phase: 'warm', of: HEDDLE, to: C, holds: ratio => ratio <= 2 },
  {
    job: 'pi',
    target: 'warm, at least 1.8x faster on two threads than on one',
    phase: 'warm',
    of: HEDDLE_ONE_THREAD,
    to: HEDDLE,
    holds: ratio => ratio >= 1.8,
  },
];

const IMPORT_LIMIT = 0.1;
const SMALL_JOB_LIMIT = 0.005;

/** The verdict on every target of the jobs that ran. */
export function judge(rows: readonly Row[], overheads: Overheads | null): Verdict[] {
  const jobs = new Set(rows.map(({ job }) => job));
  const verdicts = RATIOS.filter(({ job }) => jobs.has(job)).map(ratio => judgeRatio(rows, ratio));
  if (overheads !== null) {
    verdicts.push(judgeLimit('import of the package under 100 ms', overheads.importSeconds, IMPORT_LIMIT));
    verdicts.push(judgeLimit('range(1000).map(f).reduce(g) on a live context under 5 ms', overheads.smallJobSeconds, SMALL_JOB_LIMIT));
  }
  return verdicts;
}

function judgeRatio(rows: readonly Row[], { job, target, phase, of, to, holds }: Ratio): Verdict {
  const time = (who: string) => {
    const row = rows.find(candidate => candidate.job === job && candidate.who === who);
    return row === undefined || row.failed !== null ? null : median(row[phase]);
  };
  const [above, below] = [time(of), time(to)];
  const text = `${job}: ${target}`;
  if (above === null || below === null) {
    const absent = [above === null ? of : '', below === null ? to : ''].filter(Boolean).join(', ');
    return { target: text, measured: `no figure of ${absent}`, verdict: 'not measured' };
  }
  const ratio = above / below;
  return { target: text, measured: `${ratio.toFixed(2)}x`, verdict: holds(ratio) ? 'pass' : 'short' };
}

function judgeLimit(target: string, seconds: number | string, limit: number): Verdict {
  if (typeof seconds === 'string') return { target, measured: `FAILED: ${brief(seconds)}`, verdict: 'not measured' };
  return { target, measured: `${(seconds * 1000).toFixed(2)} ms`, verdict: seconds < limit ? 'pass' : 'short' };
}
