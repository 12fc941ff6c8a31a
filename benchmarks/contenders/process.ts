// What contenders have in common: a command for a job, run as a session or as a whole process.
import { type Command, parseRun, sessionRuns, wholeProcess } from '../child.js';
import type { Contender, Run, Setting } from '../contender.js';
import { JOBS, type JobName } from '../jobs.js';

/** A whole process, and how to read what it prints: a line's run, or null for any other line. */
export interface Script {
  readonly command: Command;
  readonly parse: (line: string) => Run | null;
}

export interface ProcessContender {
  readonly name: string;
  readonly jobs: readonly JobName[];
  /** Why it cannot run on this machine, or null. Asked once. */
  ready(): Promise<string | null>;
  version(): Promise<string>;
  /** The session program (see session.ts) with these arguments. Only asked for when ready. */
  session(args: readonly string[]): Command;
  /** The whole process for a job, where that is not just a session that is asked for one run. */
  script?(job: JobName): Script | undefined;
}

export function processContender(setting: Setting, parts: ProcessContender): Contender {
  let ready: Promise<string | null> | undefined;
  const command = (job: JobName) => {
    const { size, memory } = JOBS[job];
    return parts.session([job, String(setting.threads), String(size), setting.textOf(job), ...(memory === undefined ? [] : [memory])]);
  };
  return {
    name: parts.name,
    version: () => parts.version(),
    jobs: parts.jobs,
    async available() {
      ready ??= parts.ready();
      return ready;
    },
    warm: (job, repeats) => sessionRuns(command(job), repeats, setting.limit),
    whole(job) {
      const script = parts.script?.(job) ?? { command: command(job), parse: parseRun };
      return wholeProcess(script.command, setting.limit, script.parse);
    },
  };
}
