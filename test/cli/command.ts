// Runs the compiled heddle command, and writes scripts for it into a folder of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when the command has written `text` to its standard output. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

export class Folder {
  // On some systems the temporary folder is a link, and scripts see their real path.
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-cli-')));

  put(name: string, text: string): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  start(...given: string[]): Running {
    const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...env } = process.env;
    const child = spawn(process.execPath, [MAIN, ...given], { cwd: this.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
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
    const said = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const listener = (): void => (out.includes(text) ? resolve() : undefined);
        listeners.add(listener);
        listener();
        void ended.then(() => reject(new Error(`ended without saying ${text}: ${err}`)));
      });
    return { child, said, ended };
  }

  run(...given: string[]): Promise<Outcome> {
    return this.start(...given).ended;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
