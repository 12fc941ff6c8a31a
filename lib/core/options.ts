// Every option of Context.create, in one table: its default, its environment variable and its check. Also the checks
// that calls share: unknown keys of a last argument, numbers of partitions, counts.
// An option given in the call wins over its variable, and the variable over the default. `undefined` and an empty
// variable count as not given. A wrong value is refused, never clamped: the error names the option (or the variable),
// the value and what is expected.
import { tmpdir } from 'node:os';
import { basename, extname } from 'node:path';
import { badArgument, HeddleError, show } from './errors.js';
import { type Machine, thisMachine } from './machine.js';
import { nearest } from './nearest.js';
import { bytesFromText, integerWithin, isAddress, seedFromText, toBoolean, toFraction, toNumber, toWord } from './option-values.js';

/** What Context.create takes. */
export interface ContextOptions {
  /** Worker threads. Default: the parallelism that the machine offers. Variable: HEDDLE_THREADS. */
  readonly threads?: number;
  /**
   * What a task has to itself: 'thread', a worker thread of this process, or 'process', a process for each of `threads`, each
   * with its share of `memory`: a task that brings its process down brings down nothing else. Default: 'thread'. Variable:
   * HEDDLE_ISOLATION.
   */
  readonly isolation?: 'thread' | 'process';
  /** Bytes of shuffle memory, or text such as '512mb' (1 mb is 2^20 bytes). Default: half of the memory, at most 4 GiB. Variable: HEDDLE_MEMORY. */
  readonly memory?: number | string;
  /** Partitions where a call names none. Default: four per thread. Variable: HEDDLE_PARTITIONS. */
  readonly partitions?: number;
  /** Seed of every random stream. Default: 0, so that a run repeats. Variable: HEDDLE_SEED. */
  readonly seed?: number | bigint | string;
  /** Name shown in progress and reports. Default: the script's. Variable: HEDDLE_NAME. */
  readonly name?: string;
  /** Show progress on stderr. Default: whether stderr is a terminal. Variable: HEDDLE_PROGRESS. */
  readonly progress?: boolean;
  /** Use the WebAssembly kernels, or their plain TypeScript twins. Default: 'on'. Variable: HEDDLE_KERNELS. */
  readonly kernels?: 'on' | 'off';
  /** Attempts of a task before its job fails. Default: 4. Variable: HEDDLE_MAX_FAILURES. */
  readonly maxFailures?: number;
  /**
   * Milliseconds that a job waits where there is no executor at all, before it fails with HEDDLE_NO_EXECUTORS. Default: as long
   * as it takes; with isolation 'process' a minute, for nobody else starts any. Variable: HEDDLE_WAIT_FOR_EXECUTORS.
   */
  readonly waitForExecutors?: number;
  /**
   * Run a task that takes much longer than the others of its stage a second time, on another executor; the first to end counts.
   * Default: false. Variable: HEDDLE_SPECULATION.
   */
  readonly speculation?: boolean;
  /** The part of a stage's tasks that must have ended before any is copied. Default: 0.75. Variable: HEDDLE_SPECULATION_QUANTILE. */
  readonly speculationQuantile?: number;
  /** How many times longer than their median a task must have run. Default: 1.5. Variable: HEDDLE_SPECULATION_MULTIPLIER. */
  readonly speculationMultiplier?: number;
  /** Tasks that fail in a row on an executor, for reasons of its own, before it gets none for a while. Default: 3. Variable: HEDDLE_QUARANTINE_AFTER. */
  readonly quarantineAfter?: number;
  /** Milliseconds of that while, in whole seconds. Default: 30 000. Variable: HEDDLE_QUARANTINE_TIME. */
  readonly quarantineTime?: number;
  /**
   * Where jobs of few rows run whose closures are sure to end: 'inline' on the main thread, in less than a millisecond, or
   * as all others in the 'pool'. Same results. Default: 'inline'. Variable: HEDDLE_SMALL_JOBS.
   */
  readonly smallJobs?: 'inline' | 'pool';
  /** The share of the memory that persisted rows may take. Default: 0.5. Variable: HEDDLE_STORAGE_FRACTION. */
  readonly storageFraction?: number;
  /**
   * An existing directory, in which the context makes one of its own for persisted rows and checkpoints, and removes it when
   * it stops. Default: the system's directory of temporary files. Variable: HEDDLE_SPILL_DIRECTORY.
   */
  readonly spillDirectory?: string;
  /**
   * Where executors may dial this context, as 'host:port'; port 0 is any free one. Tasks then run in executors, and none in
   * threads of this process. Default: nobody is listened to. Variable: HEDDLE_LISTEN.
   */
  readonly listen?: string;
  /** Executors to dial, as 'host:port', which then run the tasks. Default: none. Variable: HEDDLE_EXECUTORS, separated by commas. */
  readonly executors?: readonly string[];
  /** What this context and its executors must both know; 16 characters at least. Variable: HEDDLE_SECRET. */
  readonly secret?: string;
  /** A file that holds the secret instead, and that only its owner can read. Variable: HEDDLE_SECRET_FILE. */
  readonly secretFile?: string;
}

/** Every option, with a checked value; memory in bytes, and an empty text or list where there is none. */
export interface ResolvedOptions {
  readonly threads: number;
  readonly isolation: 'thread' | 'process';
  readonly memory: number;
  readonly partitions: number;
  readonly seed: number | bigint | string;
  readonly name: string;
  readonly progress: boolean;
  readonly kernels: 'on' | 'off';
  readonly maxFailures: number;
  readonly waitForExecutors: number;
  readonly speculation: boolean;
  readonly speculationQuantile: number;
  readonly speculationMultiplier: number;
  readonly quarantineAfter: number;
  readonly quarantineTime: number;
  readonly smallJobs: 'inline' | 'pool';
  readonly storageFraction: number;
  readonly spillDirectory: string;
  readonly listen: string;
  readonly executors: readonly string[];
  readonly secret: string;
  readonly secretFile: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 2 ** 20;
const LEAST_MEMORY = 64 * MIB;
const MOST_MEMORY = 4096 * MIB;
const MOST_THREADS = 1024;
export const MOST_PARTITIONS = 2 ** 20;

interface Option<T> {
  readonly variable: string;
  readonly expected: string;
  /** The value to use, or undefined when `value` is none. */
  parse(value: unknown): T | undefined;
  /** What a variable's text stands for, to be parsed like a given value. */
  fromText(text: string): unknown;
  initial(machine: Machine, before: Pick<ResolvedOptions, 'threads' | 'isolation'>): T;
}

const TABLE: { readonly [K in keyof ResolvedOptions]: Option<ResolvedOptions[K]> } = {
  threads: {
    variable: 'HEDDLE_THREADS',
    expected: `an integer from 1 to ${MOST_THREADS}`,
    parse: value => integerWithin(value, 1, MOST_THREADS),
    fromText: toNumber,
    initial: machine => Math.min(Math.max(machine.parallelism, 1), MOST_THREADS),
  },
  isolation: {
    variable: 'HEDDLE_ISOLATION',
    expected: "'thread' or 'process'",
    parse: value => (value === 'thread' || value === 'process' ? value : undefined),
    fromText: toWord,
    initial: () => 'thread',
  },
  memory: {
    variable: 'HEDDLE_MEMORY',
    expected: "bytes, or text such as '512mb' or '4gb', from 64mb to 4gb",
    parse: parseMemory,
    fromText: text => text,
    initial: machine => Math.min(Math.max(wholeMib(machine.memory / 2), LEAST_MEMORY), MOST_MEMORY),
  },
  partitions: {
    variable: 'HEDDLE_PARTITIONS',
    expected: `an integer from 1 to ${MOST_PARTITIONS}`,
    parse: value => integerWithin(value, 1, MOST_PARTITIONS),
    fromText: toNumber,
    initial: (_machine, { threads }) => threads * 4,
  },
  seed: {
    variable: 'HEDDLE_SEED',
    expected: 'a finite number, a bigint or a string',
    parse: parseSeed,
    fromText: seedFromText,
    initial: () => 0,
  },
  name: {
    variable: 'HEDDLE_NAME',
    expected: 'a string that is not empty',
    parse: value => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
    fromText: text => text,
    initial: machine => (machine.script === undefined ? '' : basename(machine.script, extname(machine.script))) || 'heddle',
  },
  progress: {
    variable: 'HEDDLE_PROGRESS',
    expected: 'true or false',
    parse: value => (typeof value === 'boolean' ? value : undefined),
    fromText: toBoolean,
    initial: machine => machine.stderrIsTerminal,
  },
  kernels: {
    variable: 'HEDDLE_KERNELS',
    expected: "'on' or 'off'",
    parse: value => (value === 'on' || value === 'off' ? value : undefined),
    fromText: toWord,
    initial: () => 'on',
  },
  maxFailures: {
    variable: 'HEDDLE_MAX_FAILURES',
    expected: 'an integer from 1 to 1000',
    parse: value => integerWithin(value, 1, 1000),
    fromText: toNumber,
    initial: () => 4,
  },
  waitForExecutors: {
    variable: 'HEDDLE_WAIT_FOR_EXECUTORS',
    expected: 'milliseconds, 0 or more, or Infinity',
    parse: value => (typeof value === 'number' && value >= 0 ? value : undefined),
    fromText: text => (toWord(text) === 'infinity' ? Number.POSITIVE_INFINITY : toNumber(text)),
    initial: (_machine, { isolation }) => (isolation === 'process' ? 60_000 : Number.POSITIVE_INFINITY),
  },
  speculation: {
    variable: 'HEDDLE_SPECULATION',
    expected: 'true or false',
    parse: value => (typeof value === 'boolean' ? value : undefined),
    fromText: toBoolean,
    initial: () => false,
  },
  speculationQuantile: {
    variable: 'HEDDLE_SPECULATION_QUANTILE',
    expected: 'a number from 0 to 1',
    parse: value => (typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined),
    fromText: toFraction,
    initial: () => 0.75,
  },
  speculationMultiplier: {
    variable: 'HEDDLE_SPECULATION_MULTIPLIER',
    expected: 'a number from 1 to 1000',
    parse: value => (typeof value === 'number' && value >= 1 && value <= 1000 ? value : undefined),
    fromText: toFraction,
    initial: () => 1.5,
  },
  quarantineAfter: {
    variable: 'HEDDLE_QUARANTINE_AFTER',
    expected: 'an integer from 1 to 1000',
    parse: value => integerWithin(value, 1, 1000),
    fromText: toNumber,
    initial: () => 3,
  },
  quarantineTime: {
    variable: 'HEDDLE_QUARANTINE_TIME',
    expected: 'milliseconds, an integer from 1 to 86400000',
    parse: value => integerWithin(value, 1, 86_400_000),
    fromText: toNumber,
    initial: () => 30_000,
  },
  smallJobs: {
    variable: 'HEDDLE_SMALL_JOBS',
    expected: "'inline' or 'pool'",
    parse: value => (value === 'inline' || value === 'pool' ? value : undefined),
    fromText: toWord,
    initial: () => 'inline',
  },
  storageFraction: {
    variable: 'HEDDLE_STORAGE_FRACTION',
    expected: 'a number from 0 to 0.9',
    parse: value => (typeof value === 'number' && value >= 0 && value <= 0.9 ? value : undefined),
    fromText: toFraction,
    initial: () => 0.5,
  },
  spillDirectory: {
    variable: 'HEDDLE_SPILL_DIRECTORY',
    expected: 'the path of a directory',
    parse: value => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
    fromText: text => text,
    initial: () => tmpdir(),
  },
  listen: {
    variable: 'HEDDLE_LISTEN',
    expected: "an address such as '127.0.0.1:7077'",
    parse: value => (value === '' || isAddress(value) ? value : undefined),
    fromText: text => text,
    initial: () => '',
  },
  executors: {
    variable: 'HEDDLE_EXECUTORS',
    expected: "addresses such as ['10.0.0.2:7077', '10.0.0.3:7077']",
    parse: value => (Array.isArray(value) && value.every(isAddress) ? [...value] : undefined),
    fromText: text => text.split(',').map(part => part.trim()),
    initial: () => [],
  },
  secret: {
    variable: 'HEDDLE_SECRET',
    expected: 'a text',
    parse: value => (typeof value === 'string' ? value : undefined),
    fromText: text => text,
    initial: () => '',
  },
  secretFile: {
    variable: 'HEDDLE_SECRET_FILE',
    expected: 'the path of a file',
    parse: value => (typeof value === 'string' ? value : undefined),
    fromText: text => text,
    initial: () => '',
  },
};

export const OPTION_NAMES: readonly (keyof ResolvedOptions)[] = Object.keys(TABLE) as (keyof ResolvedOptions)[];

/** The options to run with: what is given, else the environment's, else the defaults of `machine`. */
export function resolveOptions(
  given: ContextOptions | undefined,
  environment: Environment,
  machine: Machine = thisMachine(),
): ResolvedOptions {
  checkOptions('options', given, OPTION_NAMES);
  const options = given ?? {};
  // What other defaults depend on goes first.
  const before = { threads: 0, isolation: 'thread' as ResolvedOptions['isolation'] };
  const pick = <K extends keyof ResolvedOptions>(name: K): ResolvedOptions[K] => resolve(name, options, environment, machine, before);
  before.threads = pick('threads');
  before.isolation = pick('isolation');
  return Object.freeze(Object.fromEntries(OPTION_NAMES.map(name => [name, pick(name)])) as unknown as ResolvedOptions);
}

function resolve<K extends keyof ResolvedOptions>(
  name: K,
  given: ContextOptions,
  environment: Environment,
  machine: Machine,
  before: Pick<ResolvedOptions, 'threads' | 'isolation'>,
): ResolvedOptions[K] {
  const option: Option<ResolvedOptions[K]> = TABLE[name];
  const value = given[name];
  if (value !== undefined) return option.parse(value) ?? refuse(name, value, option.expected);
  const text = environment[option.variable];
  if (text !== undefined && text.trim() !== '') {
    return option.parse(option.fromText(text)) ?? refuse(option.variable, text, option.expected);
  }
  return option.initial(machine, before);
}

function refuse(option: string, value: unknown, expected: string): never {
  throw new HeddleError('HEDDLE_BAD_OPTION', `${option}: expected ${expected}, got ${show(value)}`, {
    data: { option, value: show(value), expected },
  });
}

/**
 * Checks the options that come last in a call: an object, or undefined, with no other keys than the allowed ones.
 * A key that is there but undefined is allowed too. The values are the caller's to check.
 */
export function checkOptions(argument: string, given: unknown, allowed: readonly string[]): void {
  if (given === undefined) return;
  const isPlain = typeof given === 'object' && given !== null && !Array.isArray(given) && !(given instanceof AbortSignal);
  if (!isPlain) {
    throw new HeddleError('HEDDLE_BAD_OPTION', `${argument}: expected an object such as { ${allowed[0] ?? ''} }, got ${show(given)}`, {
      data: { option: argument, value: show(given), expected: 'an object' },
    });
  }
  for (const key of Object.keys(given as object)) {
    if (allowed.includes(key)) continue;
    const meant = nearest(key, allowed);
    const hint = meant === undefined ? `the options are ${allowed.join(', ')}` : `did you mean ${meant}?`;
    throw new HeddleError('HEDDLE_BAD_OPTION', `${argument}: there is no option ${show(key)}; ${hint}`, {
      data: { option: key, argument, allowed: [...allowed], ...(meant === undefined ? {} : { meant }) },
    });
  }
}

/** Checks how a job may end early: an AbortSignal and milliseconds, or nothing. */
export function checkJobOptions({ signal, deadline }: { readonly signal?: unknown; readonly deadline?: unknown }): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw badArgument('signal', signal, 'an AbortSignal');
  if (deadline !== undefined && !(typeof deadline === 'number' && deadline >= 0)) {
    throw badArgument('deadline', deadline, 'milliseconds, 0 or more');
  }
}

/** A number of partitions: an integer from 1 to 2^20. */
export function checkPartitions(argument: string, value: unknown): number {
  const partitions = integerWithin(value, 1, MOST_PARTITIONS);
  if (partitions === undefined) throw badArgument(argument, value, `a number of partitions, an integer from 1 to ${MOST_PARTITIONS}`);
  return partitions;
}

/** A number of things: an integer from 0 to 2^53 - 1. */
export function checkCount(argument: string, value: unknown): number {
  const count = integerWithin(value, 0, Number.MAX_SAFE_INTEGER);
  if (count === undefined) throw badArgument(argument, value, 'a count, an integer from 0 to 2^53 - 1');
  return count;
}

function parseMemory(value: unknown): number | undefined {
  const bytes = typeof value === 'string' ? bytesFromText(value) : value;
  return integerWithin(bytes, LEAST_MEMORY, MOST_MEMORY);
}

function parseSeed(value: unknown): number | bigint | string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'bigint' || typeof value === 'string' ? value : undefined;
}

function wholeMib(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}
