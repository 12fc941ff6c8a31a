// pipe: the rows of a partition as lines to an external process, and its lines as rows. Both ways flow at once and hold each
// other back: rows are made as the process takes them, and its output is read as rows are wanted.
//
// A batch has as many rows as were asked for, up to a limit, unless the output ends: not as many as happen to have come.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { HeddleError } from '../../core/errors.js';
import type { Batch, Source } from '../batch.js';
import { type TaskContext, taskError } from '../pipeline.js';
import type { PipeSpec } from '../spec.js';
import { describeCommand } from './command.js';
import { killGroup, spawnGroup } from './process-group.js';
import { Upstream } from './upstream.js';
import type { AsyncWork } from './work.js';

/** Rows of a batch. */
const BATCH_ROWS = 4096;
/** Rows that are read ahead of the process where they have to be waited for. */
const ROWS_AHEAD = 16;
/** Characters of the end of what the process wrote to stderr that an error shows. */
const TAIL = 2000;

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class PipeSource implements Source {
  readonly bytesRead = 0;
  private readonly upstream: Upstream;
  private readonly child: ChildProcessWithoutNullStreams;
  private lines: string[] = [];
  private at = 0;
  /** Of a line that is not complete yet. */
  private begun = '';
  private errors = '';
  private feeding = false;
  /** The process takes no more. */
  private full = false;
  private exit: Exit | undefined;
  private wake = () => {};
  private drained = () => {};

  constructor(
    private readonly task: TaskContext,
    private readonly work: AsyncWork,
    private readonly spec: PipeSpec,
  ) {
    this.upstream = new Upstream(task, spec.of, false);
    try {
      this.child = this.start();
    } catch (error) {
      this.upstream.close();
      throw taskError(this.notStarted(error as NodeJS.ErrnoException), spec.label, task.spec);
    }
    work.signal.addEventListener('abort', () => {
      this.end();
      this.wake();
    });
  }

  async ready(limit: number): Promise<void> {
    if (!this.feeding) {
      this.feeding = true;
      void this.feed().catch(error => this.work.fail(error));
    }
    const wanted = rowsFor(limit);
    for (;;) {
      this.work.signal.throwIfAborted();
      if (this.read(wanted)) return;
      if (this.exit !== undefined) {
        const failed = this.failure(this.exit);
        if (failed !== undefined) throw failed;
        return;
      }
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
    }
  }

  next(limit: number): Batch | null {
    const rows = this.lines.slice(this.at, this.at + rowsFor(limit));
    this.at += rows.length;
    return rows.length === 0 ? null : { kind: 'rows', rows, n: rows.length, block: this.task.spec.local };
  }

  close(): void {
    this.end();
    this.upstream.close();
  }

  private start(): ChildProcessWithoutNullStreams {
    const child = spawnGroup(this.spec.command);
    child.stdout.setEncoding('utf8');
    child.stdout.on('readable', () => this.wake());
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-TAIL);
    });
    child.stdin.on('drain', () => this.drained());
    const fill = () => {
      this.full = true;
      this.drained();
    };
    // A process may close its input early, as head does: what comes of it is told by how it exits.
    child.stdin.on('error', fill);
    child.stdin.on('close', fill);
    child.on('error', error => this.work.fail(taskError(this.notStarted(error), this.spec.label, this.task.spec)));
    this.work.track(
      new Promise<void>(resolve => {
        child.on('close', (code, signal) => {
          this.exit = { code, signal };
          fill();
          this.wake();
          resolve();
        });
      }),
    );
    return child;
  }

  /** Ends the process if it still runs. */
  private end(): void {
    const { child, exit } = this;
    this.full = true;
    this.drained();
    if (exit !== undefined) return;
    if (child.pid !== undefined) killGroup(child.pid);
    // Unread output would keep it from being closed.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }

  /** Writes the rows until there is none left, or none wanted. */
  private async feed(): Promise<void> {
    const { upstream, child } = this;
    const { separator } = this.spec.command;
    for (;;) {
      await upstream.read(ROWS_AHEAD);
      if (this.full) return;
      const lines = upstream.takeAll().map(row => this.lineOf(row) + separator);
      if (upstream.ended) break;
      // A stream that is destroyed answers with an error, which is no true.
      if (lines.length === 0 || child.stdin.write(lines.join('')) === true) continue;
      await new Promise<void>(resolve => {
        this.drained = resolve;
        if (this.full) resolve();
      });
      if (this.full) return;
    }
    child.stdin.end();
  }

  private lineOf(row: unknown): string {
    try {
      const line = String(row);
      if (!line.includes(this.spec.command.separator)) return line;
      const ends = JSON.stringify(this.spec.command.separator);
      throw new HeddleError('HEDDLE_VALUE', `a row has the character ${ends}, which ends a row; encode it, or give another separator`);
    } catch (error) {
      throw taskError(error, this.spec.label, this.task.spec, row);
    }
  }

  /** Reads output until so many lines are at hand; false when they are not. */
  private read(wanted: number): boolean {
    const { stdout } = this.child;
    while (this.lines.length - this.at < wanted) {
      const text = stdout.read() as string | null;
      if (text === null) break;
      this.split(text);
    }
    if (this.exit !== undefined && this.begun !== '') this.split(this.spec.command.separator);
    return this.lines.length - this.at >= wanted;
  }

  private split(text: string): void {
    const { separator } = this.spec.command;
    const parts = text.split(separator);
    parts[0] = this.begun + parts[0]!;
    this.begun = parts.pop()!;
    const lines = separator === '\n' ? parts.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line)) : parts;
    this.lines = this.at === this.lines.length ? lines : [...this.lines.slice(this.at), ...lines];
    this.at = 0;
  }

  private failure({ code, signal }: Exit): Error | undefined {
    if (code === 0) return undefined;
    const { command, label } = this.spec;
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const wrote = this.errors.trim();
    const message = `the command ${describeCommand(command)} ${how}${wrote === '' ? '' : `, and wrote: ${wrote}`}`;
    const data = { command: describeCommand(command), exitCode: code, signal, stderr: this.errors };
    return taskError(new HeddleError('HEDDLE_COMMAND', message, { data }), label, this.task.spec);
  }

  private notStarted(cause: NodeJS.ErrnoException): HeddleError {
    const { command } = this.spec;
    const { cwd } = command;
    const why =
      cause.code !== 'ENOENT'
        ? cause.message
        : cwd !== undefined && !existsSync(cwd)
          ? `there is no directory ${cwd}`
          : 'there is no such program';
    const data = { command: describeCommand(command), exitCode: null, reason: cause.code ?? cause.message };
    return new HeddleError('HEDDLE_COMMAND', `the command ${describeCommand(command)} could not be started: ${why}`, { data, cause });
  }
}

const rowsFor = (limit: number) => Math.max(1, Math.min(limit, BATCH_ROWS));
