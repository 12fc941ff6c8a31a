// Runs a tool to its end and keeps what it printed.
import { execFile } from 'node:child_process';

export interface Captured {
  /** Standard output and standard error: some tools tell their version on either. */
  readonly output: string;
  /** Why the tool did not do its work, or null. */
  readonly failure: string | null;
}

/** `timeout`: milliseconds after which the tool is ended, and has failed. */
export function capture(
  file: string,
  args: readonly string[],
  options: { timeout?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Captured> {
  return new Promise(resolve => {
    execFile(file, args, { maxBuffer: 16 << 20, ...options }, (error, stdout, stderr) => {
      if (error === null) return resolve({ output: `${stdout}${stderr}`.trim(), failure: null });
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const said = stderr.trim().split('\n').slice(-3).join(' / ');
      resolve({ output: stdout, failure: missing ? `${file} is not on this machine` : said || error.message });
    });
  });
}
