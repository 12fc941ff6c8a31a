// Who takes part. A contender says whether it can run here, runs a job again and again in one process (the first run
// is cold, the rest are warm), and runs it as a whole process from start to exit.
import type { Answer, JobName } from './jobs.js';

/** One run, timed by whoever ran it. `what` is 'run N', or 'context' for what had to be started before the first. */
export interface Run extends Answer {
  readonly what: string;
  readonly seconds: number;
  /** The most memory that a whole process had resident, in bytes, where the system tells it. */
  readonly peak?: number;
}

export interface Contender {
  readonly name: string;
  /** The jobs that it has a program for. */
  readonly jobs: readonly JobName[];
  /** Why it cannot run on this machine, or null when it can. */
  available(): Promise<string | null>;
  /** Runs in one process, one run for each pull, so that the runs of several contenders can take turns. */
  warm(job: JobName, repeats: number): AsyncIterable<Run>;
  /** A fresh process that runs the job once: seconds from its start to its exit. */
  whole(job: JobName): Promise<Run>;
  /** The versions of what ran, for the record. */
  version(): Promise<string>;
}

/** What all contenders of one benchmark share. */
export interface Setting {
  readonly threads: number;
  /** The text that a job counts the words of. */
  readonly textOf: (job: JobName) => string;
  /** Where peers and compiled programs are kept. */
  readonly cache: string;
  /** Seconds after which a run is given up. */
  readonly limit: number;
}
