// The parent's half of a session (see session.ts), and whole processes timed from spawn to exit.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Run } from './contender.js';
import { watchPeak } from './peak.js';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const TAIL = 2_000;

/** A run for each pull, before the first perhaps its 'context'. The process lives until the last pull, or the return. */
export async function* sessionRuns(command: Command, repeats: number, limit: number): AsyncGenerator<Run> {
  const { child, failure, ended } = start(command);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<Run> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(await failure());
      const run = parseRun(value);
      if (run !== null) return run;
    }
  };
  try {
    for (let i = 0; i < repeats; i++) {
      child.stdin!.write('\n');
      let run = await within(limit, child, next());
      if (run.what === 'context') {
        yield run;
        run = await within(limit, child, next());
      }
      yield run;
    }
  } finally {
    child.stdin!.end();
    await within(limit, child, ended).catch(() => {});
  }
}

/** A process that is asked for one run: the run it reports, with the seconds of the process as a whole. */
export async function wholeProcess(command: Command, limit: number, parse: (line: string) => Run | null = parseRun): Promise<Run> {
  const begin = performance.now();
  const { child, failure, ended } = start(command);
  const peak = watchPeak(child);
  let seconds = 0;
  child.once('exit', () => {
    seconds = (performance.now() - begin) / 1000;
  });
  child.stdin!.end('\n');
  let last: Run | null = null;
  const reading = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) last = parse(line) ?? last;
    await ended;
  })();
  await within(limit, child, reading);
  if (child.exitCode !== 0 || last === null) throw new Error(await failure());
  const most = peak();
  return { ...(last as Run), what: 'whole', seconds, ...(most === null ? {} : { peak: most }) };
}

function start(command: Command): { child: ChildProcess; failure: () => Promise<string>; ended: Promise<void> } {
  const env = { ...process.env, ...command.env };
  const child = spawn(command.file, command.args, { env, cwd: command.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let problem = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(-TAIL);
  });
  child.stdin!.on('error', () => {}); // a child that died early is reported by its exit, not by the broken pipe
  const ended = new Promise<void>(resolve => {
    child.once('close', () => resolve());
    child.once('error', error => {
      problem = error.message;
      resolve();
    });
  });
  const failure = async () => {
    await ended;
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    return `${command.file.split(/[/\\]/).at(-1)} ended without an answer (${how}): ${problem.trim() || 'no message'}`;
  };
  return { child, failure, ended };
}

/** Gives up on a child that takes longer than `limit` seconds, and kills it. */
async function within<T>(limit: number, child: ChildProcess, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`given up after ${limit} seconds`));
    }, limit * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // killed: its own failure says no more
  }
}

/** A line of the protocol, or null for anything else a program prints. */
export function parseRun(line: string): Run | null {
  if (!line.startsWith('{')) return null;
  try {
    const { what, seconds, answer, total } = JSON.parse(line) as Partial<Run>;
    if (typeof what !== 'string' || typeof seconds !== 'number' || typeof answer !== 'number') return null;
    return { what, seconds, answer, ...(total === undefined ? {} : { total }) };
  } catch {
    return null;
  }
}
