// `heddle executor`: runs an executor until it is told to stop. It says on stdout where it listens and whom it works for.
import { HeddleError } from '../core/errors.js';
import { resolveOptions } from '../core/options.js';
import { parseAddress } from '../transport/tcp/address.js';
import { Executor } from '../transport/tcp/executor.js';
import { readSecret } from '../transport/tcp/secret.js';
import { UsageError } from './usage-error.js';

export interface ExecutorFlags {
  readonly connect?: string;
  readonly listen?: string;
  readonly threads?: string;
  readonly memory?: string;
  readonly secretFile?: string;
}

export async function runExecutor(flags: ExecutorFlags): Promise<void> {
  try {
    const executor = await start(flags);
    const stop = (): void => void executor.close();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    await executor.ended;
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    throw new UsageError(error.message);
  }
}

async function start({ connect, listen, threads, memory, secretFile }: ExecutorFlags): Promise<Executor> {
  const given = {
    ...(threads === undefined ? {} : { threads: Number(threads) }),
    ...(memory === undefined ? {} : { memory }),
    ...(secretFile === undefined ? {} : { secretFile }),
  };
  // HEDDLE_LISTEN and HEDDLE_EXECUTORS are a driver's.
  const { HEDDLE_LISTEN: _, HEDDLE_EXECUTORS: __, ...environment } = process.env;
  const options = resolveOptions(given, environment);
  if (connect === undefined && listen === undefined) {
    throw new UsageError('heddle executor needs --connect HOST:PORT, the address of a driver, or --listen HOST:PORT, for drivers to dial');
  }
  const secret = readSecret(options);
  if (secret === undefined) throw new UsageError('heddle executor needs a secret: set HEDDLE_SECRET, or give --secret-file');
  return await Executor.start({
    threads: options.threads,
    memory: options.memory,
    kernels: options.kernels,
    spillDirectory: options.spillDirectory,
    secret,
    ...(connect === undefined ? {} : { connect: parseAddress('--connect', connect) }),
    ...(listen === undefined ? {} : { listen: parseAddress('--listen', listen) }),
    log: message => void process.stdout.write(`heddle executor: ${message}\n`),
  });
}
