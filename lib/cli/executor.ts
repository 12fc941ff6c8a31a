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
  readonly secretStdin?: boolean;
}

export async function runExecutor(flags: ExecutorFlags): Promise<void> {
  const { stdin, stdout } = process;
  // Open, it keeps the process.
  const letGo = (): void => void (flags.secretStdin === true && stdin.destroy());
  try {
    const executor = await start(flags);
    const stop = (): void => void executor.close().finally(letGo);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    if (flags.secretStdin === true) {
      if (stdin.closed) stop();
      else stdin.once('close', stop).resume();
      stdout.on('error', stop); // whoever read it is gone, too
    }
    await executor.ended;
  } catch (error) {
    letGo();
    if (!(error instanceof HeddleError)) throw error;
    throw new UsageError(error.message);
  }
}

/** Characters; more than anybody has. */
const MOST_SECRET = 64 * 1024;

async function start({ connect, listen, threads, memory, secretFile, secretStdin }: ExecutorFlags): Promise<Executor> {
  const given = {
    ...(threads === undefined ? {} : { threads: Number(threads) }),
    ...(memory === undefined ? {} : { memory }),
    ...(secretFile === undefined ? {} : { secretFile }),
    ...(secretStdin === true ? { secret: await firstLineOfStdin(), secretFile: '' } : {}),
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

/** Leaves standard input open: what comes after the line is of no interest, but its end is. */
function firstLineOfStdin(): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0 && text.length < MOST_SECRET) return;
      stdin.off('data', take).off('end', refuse);
      resolve(text.slice(0, end < 0 ? MOST_SECRET : end).trim());
    };
    const refuse = (): void =>
      reject(new UsageError('heddle executor --secret-stdin: standard input ended before there was a line with a secret'));
    stdin.setEncoding('utf8').on('data', take).once('end', refuse);
  });
}
