// Heddle: warm on one live context, whole as a script under its own command, from TypeScript source.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../anchors/cache.js';
import type { Contender, Setting } from '../contender.js';
import { JOBS, type JobName } from '../jobs.js';
import { nodeProgram, packageVersion } from './node.js';
import { processContender } from './process.js';

const COMMAND = join(PACKAGE_ROOT, 'dist', 'lib', 'cli', 'main.js');
const SCRIPTS = join(PACKAGE_ROOT, 'benchmarks', 'heddle', 'scripts');
const JOBS_OF_HEDDLE: readonly JobName[] = ['wordcount', 'pi', 'reduceByKey', 'groupByKey', 'partitionBy', 'join', 'tasks'];

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
    ready: async () => (existsSync(COMMAND) ? null : 'not built (npm run build)'),
    version: async () => packageVersion(PACKAGE_ROOT),
    session: args => nodeProgram('heddle/session.js', args),
    script(job) {
      const script = join(SCRIPTS, `${job}.ts`);
      if (!existsSync(script)) return undefined;
      const input = job === 'wordcount' ? setting.text : String(JOBS[job].size);
      return { file: process.execPath, args: [COMMAND, 'run', script, input, String(setting.threads)] };
    },
  });
}
