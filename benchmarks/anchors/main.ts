// The peers alone: node dist/benchmarks/anchors/main.js JOB... [--repeats N] [--peer c,spark] [--threads N] [--text FILE] [--install]
// A line of JSON for each run on standard output; who is left out, and why, on standard error.
import { parseArgs } from 'node:util';
import type { Contender, Setting } from '../contender.js';
import { prepareTexts } from '../input.js';
import { checkAnswer, isJobName, JOB_NAMES, JOBS } from '../jobs.js';
import { cacheFolder, installPeers } from './cache.js';
import { duckdb, polars } from './frames.js';
import { native } from './native.js';
import { spark } from './spark.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    peer: { type: 'string' },
    text: { type: 'string' },
    limit: { type: 'string', default: '600' },
    install: { type: 'boolean', default: false },
  },
});
const log = (line: string) => process.stderr.write(`${line}\n`);
const jobs = positionals.filter(isJobName);
if (jobs.length === 0 || jobs.length < positionals.length) {
  log(`usage: anchors/main.js JOB... [--repeats N] [--peer c,spark] [--threads N] [--text FILE] [--install]\njobs: ${JOB_NAMES.join(' ')}`);
  process.exit(2);
}

const cache = cacheFolder();
const inputOf = prepareTexts(cache, jobs, values.text);
if (values.install) {
  const problem = await installPeers(cache, log);
  if (problem !== null) log(problem);
}
const setting: Setting = { threads: Number(values.threads), textOf: job => inputOf(job).path, cache, limit: Number(values.limit) };
const wanted = values.peer?.split(',');
const peers: Contender[] = [native, duckdb, polars, spark].map(make => make(setting)).filter(({ name }) => wanted?.includes(name) ?? true);
for (const job of jobs) {
  for (const peer of peers.filter(({ jobs: known }) => known.includes(job))) {
    const reason = await peer.available();
    if (reason !== null) {
      log(`${peer.name} is left out of ${job}: ${reason}`);
      continue;
    }
    try {
      for await (const run of peer.warm(job, Number(values.repeats))) {
        process.stdout.write(`${JSON.stringify({ peer: peer.name, job, ...run })}\n`);
        const wrong = run.what === 'context' ? null : checkAnswer(job, JOBS[job].size, inputOf(job).facts, run);
        if (wrong !== null) throw new Error(wrong);
      }
    } catch (error) {
      log(`${peer.name} failed in ${job}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
}
