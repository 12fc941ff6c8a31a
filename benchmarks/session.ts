// The child's half of a session: every line on standard input asks for one run, every run answers with one line of
// JSON on standard output, and the end of the input ends the process. Programs in C, Python and Java do the same.
import { createInterface } from 'node:readline';
import type { Answer } from './jobs.js';

/** The arguments of every session program. */
export interface SessionArguments {
  readonly job: string;
  readonly threads: number;
  readonly size: number;
  readonly text: string;
  /** The option `memory` of the context, where the job asks for it. */
  readonly memory: string | undefined;
}

export function sessionArguments(argv: readonly string[] = process.argv.slice(2)): SessionArguments {
  const [job = '', threads = '1', size = '0', text = '', memory] = argv;
  return { job, threads: Number(threads), size: Number(size), text, memory };
}

/** Writes one line of the protocol. */
export function say(peer: string, job: string, what: string, seconds: number, answer: Answer): void {
  process.stdout.write(`${JSON.stringify({ peer, job, what, seconds: Number(seconds.toFixed(6)), ...answer })}\n`);
}

/** Serves runs until the input ends. `run` is timed; `answer` looks at its result afterwards, untimed. */
export async function serve<T>(
  peer: string,
  job: string,
  run: () => T | Promise<T>,
  answer: (result: T) => Answer | Promise<Answer>,
): Promise<void> {
  let runs = 0;
  for await (const _request of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const result = await run();
    const seconds = (performance.now() - start) / 1000;
    say(peer, job, `run ${++runs}`, seconds, await answer(result));
  }
}
