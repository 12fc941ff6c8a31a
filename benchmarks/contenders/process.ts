// What contenders have in common: a command for a job, run as a session or as a whole process.
import { type Command, sessionRuns, wholeProcess } from '../child.js';
import type { Contender, Setting } from '../contender.js';
import { JOBS, type JobName } from '../jobs.js';

export interface ProcessContender {
  readonly name: string;
  readonly jobs: readonly JobName[];
  /** Why it cannot run on this machine, or null. Asked once. */
  ready(): Promise<string | null>;
  version(): Promise<string>;
  /** The session program (see session.ts) with these arguments. Only asked for when ready. */
  session(args: readonly string[]): Command;
  /** The whole process for a job, where that is not just a session that is asked for one run. */
  script?(job: JobName): Command | undefined;
}

export function processContender(setting: Setting, parts: ProcessContender): Contender {
  let ready: Promise<string | null> | undefined;
  const command = (job: JobName) => parts.session([job, String(setting.threads), String(JOBS[job].size), setting.text]);
  return {
    name: parts.name,
    version: () => parts.version(),
    async available(job) {
      if (!parts.jobs.includes(job)) return `does not do ${job}`;
      ready ??= parts.ready();
      return ready;
    },
    warm: (job, repeats) => sessionRuns(command(job), repeats, setting.limit),
    whole: job => wholeProcess(parts.script?.(job) ?? command(job), setting.limit),
  };
}
