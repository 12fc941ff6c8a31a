// Heddle: warm on one live context; whole as a script under its own command, from TypeScript source, as a user starts it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../anchors/cache.js';
import type { Contender, Run, Setting } from '../contender.js';
import { JOB_NAMES, JOBS, type JobName } from '../jobs.js';
import { nodeProgram, packageVersion } from './node.js';
import { processContender, type Script } from './process.js';

export const HEDDLE_COMMAND = join(PACKAGE_ROOT, 'dist', 'lib', 'cli', 'main.js');
/** What others do, in its place or with its executors. */
const NOT_ITS_OWN: readonly JobName[] = ['pi-loop', 'executors-killed', 'executors-fetch'];
const JOBS_OF_HEDDLE = JOB_NAMES.filter(name => !NOT_ITS_OWN.includes(name));

export const HEDDLE = 'heddle';
export const HEDDLE_ONE_THREAD = 'heddle, 1 thread';

export function heddle(setting: Setting): Contender {
  return contender(HEDDLE, setting, JOBS_OF_HEDDLE);
}

/** A contender of its own, for what threads gain. */
export function heddleOnOneThread(setting: Setting): Contender {
  return contender(HEDDLE_ONE_THREAD, { ...setting, threads: 1 }, ['pi']);
}

function contender(name: string, setting: Setting, jobs: readonly JobName[]): Contender {
  return processContender(setting, {
    name,
    jobs,
    ready: async () => (existsSync(HEDDLE_COMMAND) ? null : 'not built (npm run build)'),
    version: async () => packageVersion(PACKAGE_ROOT),
    session: args => nodeProgram('heddle/session.js', args),
    script: job => scriptOf(job, setting),
  });
}

/** The example of a job, or a script of the benchmarks' own where there is no example of this size. */
function scriptOf(job: JobName, { threads, textOf }: Setting): Script | undefined {
  const script = (path: string, ...args: string[]) => ({
    file: process.execPath,
    args: [HEDDLE_COMMAND, 'run', join(PACKAGE_ROOT, path), ...args, '--threads', String(threads), '--json'],
  });
  const { size } = JOBS[job];
  switch (job) {
    case 'wordcount':
    case 'wordcount-1gb':
      return { command: script('examples/wordcount.ts', textOf(job)), parse: readAnswer };
    case 'pi': {
      // the example tells Pi itself: back to how many points fell inside
      const parse = (line: string) => {
        const run = readAnswer(line);
        return run && { ...run, answer: Math.round((run.answer / 4) * size) };
      };
      return { command: script('examples/pi.ts', '--samples', String(size)), parse };
    }
    case 'reduceByKey':
      return { command: script('benchmarks/heddle/scripts/reduceByKey.ts', '--records', String(size)), parse: readAnswer };
    default:
      return undefined;
  }
}

/** The line that a script prints when it is asked for JSON. */
export function readAnswer(line: string): Run | null {
  if (!line.startsWith('{')) return null;
  const { seconds, answer, words } = JSON.parse(line) as { seconds: number; answer: number; words?: number };
  return { what: 'script', seconds, answer, ...(words === undefined ? {} : { total: words }) };
}
