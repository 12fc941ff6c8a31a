// One executor process of this driver, from its start to its end, and how that came. It is a child of this process, and ends
// with it however that ends: by the end of the channel between them.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SYSTEM_CLOCK } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { builtFile } from '../../core/places.js';
import type { ProcessConfig } from './messages.js';

/** How long a process may take to come up. */
const START_MS = 60_000;
/** How long one that is asked to end may take. */
const END_MS = 5_000;
/** How long its last words may take. */
const LAST_WORDS_MS = 200;
/** Of what it says on stderr, what may tell why it ended. */
const TAIL = 8192;

/** How a process came to its end. */
export interface ProcessEnd {
  /** In words: `it ended by SIGABRT (...)`. */
  readonly how: string;
  /** By SIGKILL, which leaves no last words. */
  readonly wasKilled: boolean;
}

export class ExecutorProcess {
  readonly name: string;
  /** Resolves when it has joined its driver; rejects with HEDDLE_NO_EXECUTORS where it ends before. */
  readonly up: Promise<void>;
  /** Resolves when it is gone. */
  readonly ended: Promise<ProcessEnd>;
  private readonly child: ChildProcess;
  private tail = '';
  private isDying = false;
  private settleUp!: () => void;

  constructor(number: number, config: Omit<ProcessConfig, 'name'>) {
    const file = fileURLToPath(builtFile('lib/bundle/executor.js'));
    this.child = spawn(process.execPath, [...memoryFlags(), file], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      serialization: 'json',
      windowsHide: true,
    });
    const { child } = this;
    this.name = `process ${number} (pid ${child.pid ?? 'none'})`;
    this.ended = new Promise(resolve => {
      child.on('error', error => {
        if (child.pid === undefined) resolve({ how: `it cannot be started: ${error.message}`, wasKilled: false });
      });
      child.once('exit', (code, signal) => {
        const tell = (): void => resolve({ how: this.howEnded(code, signal), wasKilled: signal === 'SIGKILL' });
        // What it has said last may be still to come; but what it started may have its stderr, and stay.
        const stop = SYSTEM_CLOCK.after(LAST_WORDS_MS, tell);
        child.once('close', () => {
          stop();
          tell();
        });
      });
    });
    const stopWaiting = SYSTEM_CLOCK.after(START_MS, () => this.kill());
    this.up = new Promise<void>((resolve, reject) => {
      this.settleUp = resolve;
      void this.ended.then(({ how }) => {
        stopWaiting();
        const message = `executor ${this.name} has not come up: ${how}`;
        reject(new HeddleError('HEDDLE_NO_EXECUTORS', message, { data: { executor: this.name } }));
      });
    });
    this.up.then(stopWaiting, () => {});
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    // One that is gone already shows by its end.
    child.send?.({ ...config, name: this.name } satisfies ProcessConfig, () => {});
  }

  /** It has joined: from now on it does not keep this process from ending. */
  joined(): void {
    const { child } = this;
    child.unref();
    child.channel?.unref();
    (child.stderr as unknown as { unref(): void }).unref();
    this.settleUp();
  }

  /** Ends it at once. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Has it give back what it has outside of memory, and end; resolves when it is gone. */
  async end(): Promise<void> {
    const { child } = this;
    child.ref();
    if (child.connected) child.disconnect();
    const stopWaiting = SYSTEM_CLOCK.after(END_MS, () => this.kill());
    await this.ended;
    stopWaiting();
  }

  /** Passes on what its closures say, and keeps to itself what V8 has to say of its end, which is the same in a few words. */
  private hear(text: string): void {
    this.tail = (this.tail + text).slice(-TAIL);
    if (this.isDying) return;
    const at = text.search(/\n*(?:<--- Last few GCs --->|#\n# Fatal |FATAL ERROR: )/);
    this.isDying = at >= 0;
    const own = this.isDying ? text.slice(0, at) : text;
    if (own !== '') process.stderr.write(own);
  }

  private howEnded(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
    const fatal = /^(?:FATAL ERROR: |# Fatal )(.*)$/m.exec(this.tail)?.[1];
    const said = fatal ?? (signal === null && code !== 0 ? /(?:^|\n)(.*\S.*)\s*$/.exec(this.tail)?.[1] : undefined);
    return said === undefined ? how : `${how} (${said.trim()})`;
  }
}

/** Of this process's own flags those that limit memory: loaders and debuggers are the script's. */
function memoryFlags(): string[] {
  return process.execArgv.filter(flag => /^--(?:max|min|stack|semi)[-_].*size/.test(flag));
}
