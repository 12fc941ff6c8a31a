// Executors for a benchmark: processes of the heddle command that dial a context of this one over loopback.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Context } from 'heddle';
import { PACKAGE_ROOT } from '../anchors/cache.js';

const COMMAND = join(PACKAGE_ROOT, 'dist', 'lib', 'cli', 'main.js');

export class Fleet implements AsyncDisposable {
  private readonly children: ChildProcess[] = [];

  /** A context whose partitions are those of `cores` threads, and so many executors of `threads` each. */
  static async start(executors: number, threads: number, cores: number): Promise<Fleet> {
    const secret = randomBytes(16).toString('hex');
    const sc = await Context.create({ listen: '127.0.0.1:0', secret, threads: cores, progress: false });
    const fleet = new Fleet(sc, secret, threads);
    for (let i = 0; i < executors; i++) await fleet.add();
    return fleet;
  }

  private constructor(
    readonly sc: Context,
    private readonly secret: string,
    private readonly threads: number,
  ) {}

  /** Starts another executor; resolves once it works for the context. */
  async add(): Promise<void> {
    const args = [COMMAND, 'executor', '--connect', this.sc.address!, '--threads', String(this.threads)];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, HEDDLE_SECRET: this.secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.push(child);
    for await (const line of createInterface({ input: child.stdout! })) {
      if (!line.includes('works for the driver')) continue;
      child.stdout!.resume();
      return;
    }
    throw new Error('an executor ended before it had begun');
  }

  /** Ends the oldest one, as a machine does that loses its power. */
  kill(): void {
    this.children.shift()!.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sc.stop();
    const ended = this.children.map(child => new Promise(resolve => (child.exitCode === null ? child.once('exit', resolve) : resolve(0))));
    for (const child of this.children) child.kill('SIGTERM');
    await Promise.all(ended);
  }
}
