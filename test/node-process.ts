// A Node.js process that a test starts, with what it says and how it ends.
import { type ChildProcess, spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** How an executor says where it listens. */
export const LISTENS = /listening on (\S+)\n/;

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when the process has written this to its standard output, with the first group of a pattern. */
  said(what: string | RegExp): Promise<string>;
  readonly ended: Promise<Outcome>;
}

/**
 * Starts node with these arguments in a folder; what the test runner sets for its own processes is left out. `through`: a command
 * that becomes the one that follows it.
 */
export function startNode(cwd: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}, through: readonly string[] = []): Running {
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
  const [program, ...all] = [...through, process.execPath, ...args];
  const child = spawn(program!, all, { cwd, env: { ...env, ...extra }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  const said = (what: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const listener = (): void => {
        if (typeof what !== 'string') {
          const match = what.exec(out);
          if (match !== null) resolve(match[1] ?? match[0]);
        } else if (out.includes(what)) resolve(what);
      };
      listeners.add(listener);
      listener();
      void ended.then(() => reject(new Error(`ended without saying ${what}: ${out}${err}`)));
    });
  return { child, said, ended };
}
