// What Heddle has set itself, held against the rows of this very run: other machines, other figures, the same ratios.
import { DUCKDB, POLARS } from './anchors/frames.js';
import { C } from './anchors/native.js';
import { SPARK } from './anchors/spark.js';
import { EXECUTORS, ONE_KILLED, PLAIN_STREAM } from './contenders/executors.js';
import { HEDDLE, HEDDLE_ONE_THREAD } from './contenders/heddle.js';
import { LOOP } from './contenders/loop.js';
import { JOB_NAMES, JOBS, type JobName } from './jobs.js';
import { median, type Row } from './measure.js';
import type { Overheads } from './overheads.js';
import { brief } from './report.js';

export interface Verdict {
  readonly target: string;
  /** What was measured, ready to print. */
  readonly measured: string;
  readonly verdict: 'pass' | 'short' | 'not measured';
}

const SHUFFLES = ['groupByKey', 'sortByKey', 'join'] as const;

/** One figure of a row, in seconds or bytes. */
interface Figure {
  readonly job: JobName;
  readonly who: string;
  readonly of: 'warm' | 'whole' | 'peak';
}

/** A figure over another one of the same run. */
interface Ratio {
  readonly target: string;
  readonly above: Figure;
  readonly below: Figure;
  readonly holds: (ratio: number) => boolean;
}

const faster = (times: number) => (ratio: number) => ratio >= times;
const within = (times: number) => (ratio: number) => ratio <= times;

/** How many times faster Heddle is than a peer, both warm. */
function gain(job: JobName, peer: string, times: number, of: Figure['of'] = 'warm'): Ratio {
  const who = times === 1 ? `faster than ${peer}` : `at least ${times}x faster than ${peer}`;
  const target = `${job}: ${of === 'whole' ? 'whole process' : 'warm'}, ${who}`;
  return { target, above: { job, who: peer, of }, below: { job, who: HEDDLE, of }, holds: faster(times) };
}

/** How many times as long as a peer Heddle takes, or as much. */
function cost(job: JobName, peer: string, times: number, of: Figure['of'] = 'warm'): Ratio {
  const what = of === 'peak' ? 'peak memory of the process' : of === 'whole' ? 'whole process' : 'warm';
  const target = `${job}: ${what}, at most ${times}x that of ${peer}`;
  return { target, above: { job, who: HEDDLE, of }, below: { job, who: peer, of }, holds: within(times) };
}

const RATIOS: readonly Ratio[] = [
  cost('wordcount', C, 1.5),
  gain('wordcount', DUCKDB, 1, 'whole'),
  gain('wordcount', POLARS, 1, 'whole'),
  gain('wordcount', SPARK, 10, 'whole'),
  cost('wordcount-1gb', DUCKDB, 1.5, 'peak'),
  gain('wordcount-json', LOOP, 1.6),
  cost('pi', C, 2),
  gain('pi', SPARK, 3),
  gain('pi', HEDDLE_ONE_THREAD, 1.8),
  cost('reduceByKey', C, 1.5),
  gain('reduceByKey', POLARS, 1),
  gain('reduceByKey', DUCKDB, 1),
  gain('reduceByKey', SPARK, 20),
  {
    target: 'skew: warm, at most 2x the time of the even keys of reduceByKey',
    above: { job: 'skew', who: HEDDLE, of: 'warm' },
    below: { job: 'reduceByKey', who: HEDDLE, of: 'warm' },
    holds: within(2),
  },
  ...SHUFFLES.flatMap(job => [cost(job, DUCKDB, 1.5), gain(job, SPARK, 8)]),
  cost('groupByKey', DUCKDB, 1.5, 'peak'),
  cost('group-sums', DUCKDB, 1.5, 'peak'),
  gain('tasks', SPARK, 20),
  gain('mxr', LOOP, 1),
  cost('pagerank', LOOP, 3),
  {
    target: 'executors-wordcount: warm, at most 1.3x the time of threads of one process',
    above: { job: 'executors-wordcount', who: EXECUTORS, of: 'warm' },
    below: { job: 'executors-wordcount', who: HEDDLE, of: 'warm' },
    holds: within(1.3),
  },
  {
    target: 'executors-killed: warm, with one of two executors killed at most 2x the undisturbed time',
    above: { job: 'executors-killed', who: ONE_KILLED, of: 'warm' },
    below: { job: 'executors-killed', who: EXECUTORS, of: 'warm' },
    holds: within(2),
  },
];

/** So much of a job's size a second. */
interface Rate {
  readonly target: string;
  readonly of: Figure;
  readonly least: number;
  readonly unit: string;
  /** How many of the size are one of these. */
  readonly each: number;
}

const RATES: readonly Rate[] = [
  {
    target: 'mxr: warm, at least 8 M records a second: all 20 M in 2.5 s',
    of: { job: 'mxr', who: HEDDLE, of: 'warm' },
    least: 8,
    unit: 'M records/s',
    each: 1e6,
  },
  {
    target: 'executors-tasks: warm, at least 5,000 tasks a second',
    of: { job: 'executors-tasks', who: EXECUTORS, of: 'warm' },
    least: 5000,
    unit: 'tasks/s',
    each: 1,
  },
  {
    target: 'executors-fetch: warm, at least 400 MB/s without TLS',
    of: { job: 'executors-fetch', who: PLAIN_STREAM, of: 'warm' },
    least: 400,
    unit: 'MB/s',
    each: 1e6,
  },
];

/** The jobs that have a target. */
export const DEFAULT_JOBS: readonly JobName[] = JOB_NAMES.filter(
  name => RATIOS.some(({ above, below }) => above.job === name || below.job === name) || RATES.some(({ of }) => of.job === name),
);

const IMPORT_LIMIT = 0.1;
/** The loop itself takes some microseconds. */
const SMALL_JOB_LIMIT = 0.001;

/** The verdict on every target of the jobs that ran. */
export function judge(rows: readonly Row[], overheads: Overheads | null): Verdict[] {
  const jobs = new Set(rows.map(({ job }) => job));
  const verdicts = RATIOS.filter(({ above, below }) => jobs.has(above.job) && jobs.has(below.job)).map(ratio => judgeRatio(rows, ratio));
  verdicts.push(...RATES.filter(({ of }) => jobs.has(of.job)).map(rate => judgeRate(rows, rate)));
  if (SHUFFLES.every(job => jobs.has(job))) verdicts.push(judgeMajority(rows));
  if (overheads !== null) {
    verdicts.push(judgeLimit('import of the package under 100 ms', overheads.importSeconds, IMPORT_LIMIT));
    verdicts.push(judgeLimit('range(1000).map(f).reduce(g) on a live context under 1 ms', overheads.smallJobSeconds, SMALL_JOB_LIMIT));
  }
  return verdicts;
}

function figure(rows: readonly Row[], { job, who, of }: Figure): number | null {
  const row = rows.find(candidate => candidate.job === job && candidate.who === who);
  return row === undefined || row.failed !== null ? null : median(row[of]);
}

function judgeRatio(rows: readonly Row[], { target, above, below, holds }: Ratio): Verdict {
  const [one, other] = [figure(rows, above), figure(rows, below)];
  if (one === null || other === null) {
    const absent = [one === null ? above.who : '', other === null ? below.who : ''].filter(Boolean).join(', ');
    return { target, measured: `no figure of ${absent}`, verdict: 'not measured' };
  }
  const ratio = one / other;
  return { target, measured: `${ratio.toFixed(2)}x`, verdict: holds(ratio) ? 'pass' : 'short' };
}

function judgeRate(rows: readonly Row[], { target, of, least, unit, each }: Rate): Verdict {
  const seconds = figure(rows, of);
  if (seconds === null) return { target, measured: `no figure of ${of.who}`, verdict: 'not measured' };
  const rate = JOBS[of.job].size / each / seconds;
  const measured = rate < 100 ? rate.toFixed(1) : Math.round(rate).toString();
  return { target, measured: `${measured} ${unit}`, verdict: rate >= least ? 'pass' : 'short' };
}

function judgeMajority(rows: readonly Row[]): Verdict {
  const target = `${SHUFFLES.join(', ')}: warm, two of the three faster than ${DUCKDB}`;
  const verdicts = SHUFFLES.map(job => judgeRatio(rows, gain(job, DUCKDB, 1)));
  if (verdicts.some(({ verdict }) => verdict === 'not measured'))
    return { target, measured: `no figure of ${DUCKDB}`, verdict: 'not measured' };
  const measured = verdicts.map(({ measured: ratio }) => ratio).join(', ');
  return { target, measured, verdict: verdicts.filter(({ verdict }) => verdict === 'pass').length >= 2 ? 'pass' : 'short' };
}

function judgeLimit(target: string, seconds: number | string, limit: number): Verdict {
  if (typeof seconds === 'string') return { target, measured: `FAILED: ${brief(seconds)}`, verdict: 'not measured' };
  return { target, measured: `${(seconds * 1000).toFixed(2)} ms`, verdict: seconds < limit ? 'pass' : 'short' };
}
