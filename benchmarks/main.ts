// npm run bench: Heddle beside a plain loop, a thread pool by hand and the peers that are there, all in one run.
// Exit code 1 when anybody failed or answered wrongly; a target that is missed is told, and is no failure.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cacheFolder, installPeers } from './anchors/cache.js';
import { duckdb, polars } from './anchors/frames.js';
import { native } from './anchors/native.js';
import { spark } from './anchors/spark.js';
import type { Contender, Setting } from './contender.js';
import { executors, oneKilled, plainStream, tlsStream } from './contenders/executors.js';
import { heddle, heddleOnOneThread } from './contenders/heddle.js';
import { loop } from './contenders/loop.js';
import { piscina } from './contenders/piscina.js';
import { measureExamples } from './examples.js';
import { type Input, prepareText, prepareTexts } from './input.js';
import { checkAnswer, JOBS, type JobName } from './jobs.js';
import { describeMachine } from './machine.js';
import { measureJob, type Row } from './measure.js';
import { type Options, parseOptions, USAGE } from './options.js';
import { measureOverheads } from './overheads.js';
import { type LeftOut, type Outcome, renderOutcome } from './report.js';
import { saveOutcome } from './results.js';
import { judge } from './targets.js';

const CONTENDERS = [heddle, heddleOnOneThread, executors, oneKilled, plainStream, tlsStream, loop, piscina, native, duckdb, polars, spark];
const log = (line: string) => void process.stderr.write(`${line}\n`);

async function compare(options: Options): Promise<boolean> {
  const cache = cacheFolder();
  if (options.peers) {
    const problem = await installPeers(cache, log);
    if (problem !== null) log(`without the Python peers: ${problem}`);
  }
  const inputOf = prepareTexts(cache, options.jobs, options.text);
  const setting: Setting = { threads: options.threads, textOf: job => inputOf(job).path, cache, limit: options.limit };
  const outcome = await run(options, setting, inputOf);
  log(`kept in ${saveOutcome(outcome)}`);
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  else process.stdout.write(renderOutcome(outcome, options.format));
  const overheads = Object.values(outcome.overheads ?? {});
  return outcome.rows.every(({ failed }) => failed === null) && overheads.every(figure => typeof figure === 'number');
}

async function run(options: Options, setting: Setting, inputOf: (job: JobName) => Input): Promise<Outcome> {
  const wanted = options.contenders;
  const contenders = CONTENDERS.map(make => make(setting)).filter(({ name }) => wanted?.includes(name) ?? true);
  const rows: Row[] = [];
  const leftOut: LeftOut[] = [];
  const taken = new Map<string, string>();
  for (const job of options.jobs) {
    const present: Contender[] = [];
    for (const contender of contenders.filter(({ jobs }) => jobs.includes(job))) {
      const reason = await contender.available();
      if (reason !== null) leftOut.push({ job, who: contender.name, reason });
      else present.push(contender);
    }
    const check = (answer: { answer: number; total?: number }) => checkAnswer(job, JOBS[job].size, inputOf(job).facts, answer);
    rows.push(...(await measureJob(job, present, { repeats: options.repeats, phases: JOBS[job].phases, check, log })));
    for (const contender of present) if (!taken.has(contender.name)) taken.set(contender.name, await contender.version());
  }
  const overheads = taken.has('heddle') ? await measureOverheads(setting) : null;
  return {
    machine: describeMachine(),
    threads: options.threads,
    repeats: options.repeats,
    text: options.text ?? 'generated, 100 MB',
    versions: Object.fromEntries(taken),
    rows,
    leftOut,
    overheads,
    verdicts: judge(rows, overheads),
  };
}

/** Each of these is a program of its own: it measures in a process that nobody has warmed up otherwise. */
function runPrograms(of: 'micro' | 'alternatives'): boolean {
  const folder = fileURLToPath(new URL(`./${of}/`, import.meta.url));
  const programs = readdirSync(folder).filter(name => name.endsWith('.js') && !name.endsWith('-worker.js'));
  let ok = true;
  for (const program of programs.sort()) ok = spawnSync(process.execPath, [`${folder}${program}`], { stdio: 'inherit' }).status === 0 && ok;
  return ok;
}

function runExamples({ text, threads, repeats, format }: Options): boolean {
  const { path } = prepareText(cacheFolder(), '100 MB', text);
  return measureExamples(path, threads, repeats, format === 'markdown' ? 'markdown' : 'text', log);
}

async function main(options: Options): Promise<boolean> {
  if (options.micro) return runPrograms('micro');
  if (options.alternatives) return runPrograms('alternatives');
  return options.examples ? runExamples(options) : compare(options);
}

const options = parseOptions(process.argv.slice(2));
if (typeof options === 'string') {
  log(`${options}\n${USAGE}`);
  process.exitCode = 2;
} else if (!(await main(options))) process.exitCode = 1;
