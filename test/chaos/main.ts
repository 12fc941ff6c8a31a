// npm run chaos -- [--runs N] [--seed S] [--job J]: jobs on executors that fail, and a table of what came of them. Run k has seed
// S + k, so that one of them can be had again by its own seed. Exit code 1 when any result was wrong.
import './fast-clock.js';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS, missing } from './faults.js';
import { Fleet } from './fleet.js';
import { JOB_NAMES, type JobName, writeText } from './jobs.js';
import type { Mode } from './member.js';
import { expectations, report, runTrial, type Trial } from './trial.js';

const USAGE = `npm run chaos -- [--runs N] [--seed S] [--job ${JOB_NAMES.join('|')}]`;

function options(): { readonly runs: number; readonly seed: number; readonly jobs: readonly JobName[] } {
  const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' }, job: { type: 'string' } } });
  const runs = Number(values.runs ?? 200);
  const seed = Number(values.seed ?? 1);
  const jobs = JOB_NAMES.filter(name => values.job === undefined || values.job === name);
  if (!(Number.isSafeInteger(runs) && runs > 0 && Number.isSafeInteger(seed) && seed >= 0) || jobs.length === 0) throw new Error(USAGE);
  return { runs, seed, jobs };
}

/** The mode of a run is a matter of its seed, as its faults are. */
const modeOf = (seed: number): Mode => (seed % 2 === 0 ? 'dialled' : 'dialling');

async function main(): Promise<{ readonly isRight: boolean; readonly hasHung: boolean }> {
  const { runs, seed: first, jobs } = options();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-chaos-')));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const text = join(folder, 'text.txt');
  writeText(text);
  const expected = await expectations(jobs, folder, text);
  const fleets = new Map<Mode, Fleet>();
  const trials: Trial[] = [];
  let isRight = true;
  for (let run = 0; run < runs; run++) {
    const seed = first + run;
    const job = jobs[seed % jobs.length]!;
    const mode = modeOf(seed);
    const fleet = fleets.get(mode) ?? (await Fleet.open(mode, folder));
    fleets.set(mode, fleet);
    const trial = await runTrial({ seed, job, fleet, text, expected: expected.get(job) });
    trials.push(trial);
    const faults = [...trial.struck].map(([kind, count]) => (count > 1 ? `${kind} x${count}` : kind)).join(', ') || 'none';
    console.log(`${seed} ${job} ${trial.seconds.toFixed(1)} s, struck: ${faults}${trial.error === undefined ? '' : `, ${trial.error}`}`);
    if (trial.wrong.length > 0) {
      isRight = false;
      console.log(report(trial, mode));
      await fleet.destroy();
      fleets.delete(mode);
    }
  }
  for (const fleet of fleets.values()) {
    for (const what of await fleet.close()) {
      isRight = false;
      console.log(what);
    }
  }
  console.log(table(trials));
  return { isRight, hasHung: trials.some(({ hung }) => hung) };
}

function table(trials: readonly Trial[]): string {
  const lines = ['', '| job | runs | wrong | errors | seconds | ' + KINDS.join(' | ') + ' |', `|${' --- |'.repeat(5 + KINDS.length)}`];
  const row = (name: string, of: readonly Trial[]) => {
    const wrong = of.filter(trial => trial.wrong.length > 0).length;
    const codes = new Map<string, number>();
    for (const { error } of of) if (error !== undefined) codes.set(error, (codes.get(error) ?? 0) + 1);
    const errors = [...codes].map(([code, count]) => `${code} ${count}`).join(', ') || '0';
    const seconds = of.reduce((sum, trial) => sum + trial.seconds, 0).toFixed(0);
    const struck = KINDS.map(kind => of.reduce((sum, trial) => sum + (trial.struck.get(kind) ?? 0), 0));
    lines.push(`| ${[name, of.length, wrong, errors, seconds, ...struck].join(' | ')} |`);
  };
  for (const name of JOB_NAMES) {
    const of = trials.filter(({ job }) => job === name);
    if (of.length > 0) row(name, of);
  }
  row('all', trials);
  for (const kind of KINDS) {
    const reason = missing(kind);
    if (reason !== undefined) lines.push(`without ${kind}: ${reason}`);
  }
  return lines.join('\n');
}

// Its executors and folders go with it, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

// By itself it would not end while a driver hangs; where none does, it has nothing left that would keep it.
const { isRight, hasHung } = await main();
process.exitCode = isRight ? 0 : 1;
if (hasHung) process.exit();
