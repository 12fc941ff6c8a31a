// One run: a job on a fleet, its faults, and what has come of it.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HeddleError } from '../../lib/core/errors.js';
import { Context } from '../../lib/index.js';
import { fleetLine } from '../../lib/monitor/fleet-log.js';
import { describeFault, drawFaults, type Fault, type Kind } from './faults.js';
import type { Fleet } from './fleet.js';
import { Injector } from './injector.js';
import { difference, JOBS, type Job, type JobName } from './jobs.js';

/** How long a run may take before it counts as one that hangs, in milliseconds. */
const MOST_MS = 120_000;
/** More attempts than there are faults in a run, so that no task can have met with too many. */
const MAX_FAILURES = 8;

export interface Trial {
  readonly seed: number;
  readonly job: JobName;
  readonly faults: readonly Fault[];
  /** Of each kind, how many did happen. */
  readonly struck: ReadonlyMap<Kind, number>;
  /** The code of the error that it ended with. */
  readonly error: string | undefined;
  /** What is wrong: nothing, or the run has failed. */
  readonly wrong: readonly string[];
  readonly seconds: number;
  /** What happened, for whoever wants to know. */
  readonly log: string;
  /** It did not end: its executors are of no use any more. */
  readonly hung: boolean;
}

export interface TrialOptions {
  readonly seed: number;
  readonly job: JobName;
  readonly fleet: Fleet;
  readonly text: string;
  /** What an undisturbed run gives. */
  readonly expected: unknown;
}

export async function runTrial({ seed, job, fleet, text, expected }: TrialOptions): Promise<Trial> {
  const started = performance.now();
  const faults = drawFaults(seed, job);
  const { writes = false } = JOBS[job] as Job;
  const injector = new Injector(fleet, faults, writes);
  const log: string[] = [];
  fleet.forget();
  const note = (line: string) => void log.push(`${((performance.now() - started) / 1000).toFixed(2)} ${line}`);
  const folder = join(fleet.folder, 'run');
  const [outputs, spills] = [join(folder, 'outputs'), join(folder, 'spills')];
  for (const directory of [folder, outputs, spills]) mkdirSync(directory);

  const end = new AbortController();
  const late = wait(MOST_MS, HANGS, { signal: end.signal }).catch(() => HANGS);
  const found = await Promise.race([judge().catch(broken), late]);
  end.abort();
  const hung = found === HANGS;
  const { error, wrong } = found;
  if (!hung) rmSync(folder, { recursive: true });
  const seconds = (performance.now() - started) / 1000;
  const said = `${log.join('\n')}\n${fleet.log}`;
  return { seed, job, faults, struck: injector.tally(), error, wrong, seconds, log: said, hung };

  async function judge(): Promise<Found> {
    const wrong: string[] = [];
    const before = listening();
    const output = join(outputs, 'result');
    const { threads, memory, progress, ...options } = { ...REFERENCE, ...fleet.options };
    const sc = await Context.create({ ...options, memory, progress, maxFailures: MAX_FAILURES, spillDirectory: spills });
    let error: unknown;
    let result: { readonly value: unknown } | undefined;
    try {
      sc.on('event', event => {
        if (event.type === 'warning') note(event.message);
        const line = fleetLine(event);
        if (line !== undefined) note(line);
        else if (event.type === 'stageStarted' || event.type === 'stageEnded') note(`${event.type} ${event.stage}`);
        else if (event.type === 'taskEnded' && event.error !== undefined) {
          note(`task ${event.partition} of stage ${event.stage} (attempt ${event.attempt}) failed: ${event.error.message}`);
        }
        const before = injector.struck.length;
        injector.take(event);
        for (const fault of injector.struck.slice(before)) note(`struck: ${describeFault(fault)}`);
      });
      await fleet.leadTo(sc.address);
      result = { value: await JOBS[job].run(sc, { text, output }) };
    } catch (caught) {
      error = caught;
      note(String(caught));
    } finally {
      // While some are still frozen: that must not keep it from ending.
      await sc.stop();
    }
    note('stopped');
    wrong.push(...(await fleet.settle()));
    if (listening() !== before) wrong.push('the driver still listens');
    for (const name of readdirSync(spills)) wrong.push(`the driver has left ${name}`);
    const visible = readdirSync(outputs);
    if (result !== undefined) {
      const different = difference(result.value, expected);
      if (different !== undefined) wrong.push(`another result than that of an undisturbed run: ${different}`);
      if (visible.join() !== (writes ? 'result' : '')) wrong.push(`files beside the output: ${visible.join(', ')}`);
      return { error: undefined, wrong };
    }
    if (visible.length > 0) wrong.push(`something of an output that failed: ${visible.join(', ')}`);
    const code = error instanceof HeddleError ? error.code : undefined;
    if (code === undefined) wrong.push(`an error without a code: ${String(error)}`);
    else if (!mayFail(code)) wrong.push(`an error that was none of the faults': ${String(error)}`);
    else if (!/cannot write .*part-\d+.*partition \d+/.test((error as HeddleError).message))
      wrong.push(`it does not say what was lost: ${error}`);
    return { error: code ?? 'none', wrong };
  }

  /** A job that cannot write its output has to say so; everything else can be survived. */
  function mayFail(code: string): boolean {
    return writes && code === 'HEDDLE_IO' && faults.some(({ kind }) => kind === 'disk');
  }
}

interface Found {
  readonly error: string | undefined;
  readonly wrong: readonly string[];
}

const HANGS: Found = { error: undefined, wrong: [`it hangs: there was no end in ${MOST_MS / 1000} s`] };

function broken(error: unknown): Found {
  return { error: undefined, wrong: [`it could not be carried out: ${error instanceof Error ? error.stack : error}`] };
}

/** Sockets that this process listens on. */
function listening(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPServerWrap').length;
}

/** The contexts of undisturbed runs; jobs give the same with any number of threads. */
export const REFERENCE = { threads: 2, partitions: 6, memory: '256mb', progress: false, seed: 3 } as const;

/** The results of undisturbed runs. */
export async function expectations(jobs: readonly JobName[], folder: string, text: string): Promise<Map<JobName, unknown>> {
  const found = new Map<JobName, unknown>();
  await using sc = await Context.create(REFERENCE);
  for (const job of jobs) found.set(job, await JOBS[job].run(sc, { text, output: join(folder, 'undisturbed') }));
  return found;
}

/** What it takes to run it again, and what happened. */
export function report({ seed, job, faults, wrong, log }: Trial, mode: string): string {
  return [
    `${wrong.join('\n')}`,
    `again: npm run chaos -- --runs 1 --seed ${seed} --job ${job}`,
    `executors that are ${mode}; faults:`,
    ...faults.map(fault => `  ${describeFault(fault)}`),
    log,
  ].join('\n');
}
