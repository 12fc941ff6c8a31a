// Operators that wait, within a task: for promises, and for an external process.

import { callSite } from '../core/callsite.js';
import { badArgument } from '../core/errors.js';
import { checkCount, checkOptions } from '../core/options.js';
import type { Node } from '../plan/lineage.js';
import type { CommandSpec } from '../task/spec.js';
import { shipped } from './make.js';
import type { RDD } from './rdd.js';
import type { RddBase } from './rdd-base.js';
import { RowOperators } from './row-operators.js';
import type { Row } from './types.js';

/** Calls under way at once in a task, where nothing is said of it. */
const CONCURRENCY = 8;

/** What an asynchronous function gets beside its row. */
export interface AsyncContext {
  /** Aborted as soon as the result is not wanted any more: another call has failed, the job is called off, or has rows enough. */
  readonly signal: AbortSignal;
}

export interface AsyncOptions {
  /** Calls that may be under way at once in each task, of which there are as many as threads. Default: 8. */
  readonly concurrency?: number | undefined;
}

export interface PipeOptions {
  /** Has the system's shell run the command, which must be a text. Default: false. */
  readonly shell?: boolean | undefined;
  /** Environment variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The directory that it runs in. Default: that of this process. */
  readonly cwd?: string | undefined;
  /** The character that ends a row, in what the command reads and in what it writes. Default: '\n'. */
  readonly separator?: string | undefined;
}

export class AsyncOperators<T> extends RowOperators<T> {
  /**
   * What f promises for each row, in the order of the rows: for input and output in the threads. At most `concurrency` calls are
   * under way in a task at once. Rows stream: a call is made less than `concurrency` rows ahead of those that are wanted.
   * The first call that fails ends the job, as any throw does; `signal` tells the others. Where mapPartitions, a cogroup, zip and
   * the like pull rows from it within its stage, all of a partition's results are made, and held, before.
   */
  mapAsync<U extends Row>(f: (row: T, context: AsyncContext) => U | PromiseLike<U>, options?: AsyncOptions): RDD<U> {
    checkOptions('mapAsync(options)', options, ['concurrency']);
    return this.derive(mapAsyncNode(this, 'mapAsync', f, options?.concurrency));
  }

  /**
   * The lines that an external command writes, to which each partition's rows are written as lines of String(row): a process a
   * partition. The command is an array [program, ...arguments], or a text that is split at white space; neither goes through a
   * shell. With `shell: true` the text is a line for the system's shell: put no foreign data into it. Text is UTF-8.
   * A command that cannot be started, or ends with another exit code than 0, ends the job with HEDDLE_COMMAND; one that closes its
   * input early need not read it all. It is killed, with what it has started, when the job or the process that runs it ends before it.
   */
  pipe(command: string | readonly string[], options?: PipeOptions): RDD<string> {
    checkOptions('pipe(options)', options, ['shell', 'env', 'cwd', 'separator']);
    const { session, node } = this;
    const spec = commandOf(command, options ?? {});
    const pipe: Node = {
      kind: 'pipe',
      id: session.nextRdd(),
      name: 'pipe',
      site: callSite(),
      partitions: node.partitions,
      parent: node,
      command: spec,
    };
    return this.derive(pipe);
  }
}

export function mapAsyncNode({ session, node }: RddBase, name: string, f: unknown, given: unknown): Node {
  const argument = `${name}(concurrency)`;
  const concurrency = given === undefined ? CONCURRENCY : checkCount(argument, given);
  if (concurrency < 1) throw badArgument(argument, given, 'a number of calls, an integer from 1');
  const planned = shipped(session, f, `${name}(f)`, true);
  const { partitions } = node;
  return { kind: 'mapAsync', id: session.nextRdd(), name, site: callSite(), partitions, parent: node, f: planned, concurrency };
}

/** What a shell would take for more than text. */
const SHELL_SYNTAX = /["'`|&;<>$*?(){}[\]~#\\]/;

function commandOf(command: unknown, { shell = false, env = {}, cwd, separator = '\n' }: PipeOptions): CommandSpec {
  if (typeof shell !== 'boolean') throw badArgument('pipe(shell)', shell, 'true or false');
  if (typeof env !== 'object' || env === null || !Object.values(env).every(isText)) throw badArgument('pipe(env)', env, 'texts by name');
  if (cwd !== undefined && (!isText(cwd) || cwd === '')) throw badArgument('pipe(cwd)', cwd, 'a path');
  if (typeof separator !== 'string' || separator.length !== 1) throw badArgument('pipe(separator)', separator, 'one character');
  const rest = { shell, env: { ...env }, cwd, separator };
  if (isText(command)) {
    if (shell && command.trim() !== '') return { file: command, args: [], ...rest };
    const [file, ...args] = command.split(/\s+/).filter(word => word !== '');
    if (file !== undefined && !SHELL_SYNTAX.test(command)) return { file, args, ...rest };
    if (file !== undefined) {
      throw badArgument('pipe(command)', command, 'an array [program, ...arguments] where an argument is no plain word, or shell: true');
    }
  }
  if (!Array.isArray(command) || command.length === 0 || !command.every(isText) || command[0] === '') {
    throw badArgument('pipe(command)', command, 'a command: a text, or an array [program, ...arguments]');
  }
  if (shell) throw badArgument('pipe(command)', command, 'a text, with shell: true');
  return { file: command[0]!, args: command.slice(1), ...rest };
}

/** A text as a process can take it. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
