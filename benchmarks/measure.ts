// Runs the contenders of a job in turns, so that whatever else the machine does meets all of them alike, and keeps
// every time that was taken. A contender that fails or answers wrongly ends there, with the reason in its row.
import type { Contender, Run } from './contender.js';
import type { Answer, JobName, Phases } from './jobs.js';

export interface Row {
  readonly job: JobName;
  readonly who: string;
  /** Seconds of the first run in its process. */
  cold: number | null;
  /** Seconds of the runs after it, in the order they were taken. */
  readonly warm: number[];
  /** Seconds of whole processes, from spawn to exit. */
  readonly whole: number[];
  /** The most bytes that each of these processes had resident; empty where the system does not tell. */
  readonly peak: number[];
  /** Seconds to start what the first run needs: a JVM's context, a pool. */
  context: number | null;
  /** Why its figures do not count. */
  failed: string | null;
}

export interface MeasureOptions {
  readonly repeats: number;
  readonly phases: Phases;
  readonly check: (answer: Answer) => string | null;
  readonly log: (line: string) => void;
}

export async function measureJob(job: JobName, contenders: readonly Contender[], options: MeasureOptions): Promise<Row[]> {
  const rows = contenders.map(
    ({ name }): Row => ({ job, who: name, cold: null, warm: [], whole: [], peak: [], context: null, failed: null }),
  );
  if (options.phases.includes('warm')) await takeTurnsWarm(job, contenders, rows, options);
  const rounds = options.phases.includes('whole') ? options.repeats : 0;
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      await attempt(rows[i]!, options, async row => {
        const run = checked(await contender.whole(job), options);
        row.whole.push(run.seconds);
        if (run.peak !== undefined) row.peak.push(run.peak);
        options.log(`${job}, whole ${round + 1}: ${row.who} ${run.seconds.toFixed(3)} s`);
      });
    }
  }
  return rows;
}

/** Every contender keeps one process for all of its runs; the processes wait while it is not their turn. */
async function takeTurnsWarm(job: JobName, contenders: readonly Contender[], rows: Row[], options: MeasureOptions): Promise<void> {
  const sessions = contenders.map(contender => contender.warm(job, options.repeats + 1)[Symbol.asyncIterator]());
  try {
    for (let round = 0; round <= options.repeats; round++) {
      for (const [i, session] of sessions.entries()) {
        await attempt(rows[i]!, options, async row => {
          const run = checked(await nextRun(session, row), options);
          if (round === 0) row.cold = run.seconds;
          else row.warm.push(run.seconds);
          options.log(`${job}, ${round === 0 ? 'cold' : `warm ${round}`}: ${row.who} ${run.seconds.toFixed(3)} s`);
        });
      }
    }
  } finally {
    for (const session of sessions) await session.return?.();
  }
}

async function nextRun(session: AsyncIterator<Run>, row: Row): Promise<Run> {
  for (;;) {
    const { value, done } = await session.next();
    if (done) throw new Error('its session ended early');
    if (value.what !== 'context') return value;
    row.context = value.seconds;
  }
}

function checked(run: Run, { check }: MeasureOptions): Run {
  const wrong = check(run);
  if (wrong !== null) throw new Error(wrong);
  return run;
}

async function attempt(row: Row, { log }: MeasureOptions, work: (row: Row) => Promise<void>): Promise<void> {
  if (row.failed !== null) return;
  try {
    await work(row);
  } catch (error) {
    row.failed = error instanceof Error ? error.message : String(error);
    log(`${row.job}: ${row.who} FAILED: ${row.failed}`);
  }
}

/** The middle of the times; null when there are none. */
export function median(times: readonly number[]): number | null {
  if (times.length === 0) return null;
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
