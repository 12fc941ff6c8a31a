// `heddle launch --hosts FILE [SCRIPT ARGS...]`: starts executors over ssh, runs the script with them, and ends them. Without a
// script they run until it is told to stop.
//
// Executors listen and the script dials them: so all connections go the way that ssh goes, from here to the hosts, and the machine
// of the driver, often behind a firewall, need not be reached by anybody. The hosts must reach each other in any case.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { HeddleError } from '../core/errors.js';
import { resolveOptions } from '../core/options.js';
import { builtFile } from '../core/places.js';
import { makeSecret, readSecret } from '../transport/tcp/secret.js';
import { readHosts } from './hosts.js';
import { SshExecutor } from './ssh-executor.js';
import { UsageError } from './usage-error.js';

export interface LaunchFlags {
  readonly hosts: string;
  readonly ssh: string;
  readonly sshOption: readonly string[];
  readonly secretFile?: string;
}

/** Why it stops: it has not been told to. */
const NONE_LEFT = 'no executor is left';

/** Sets the exit code: the script's; 1 where an executor does not start, or none is left. */
export async function launch(flags: LaunchFlags, script: readonly string[]): Promise<void> {
  const hosts = readHosts(flags.hosts);
  const secret = givenSecret(flags) ?? (script.length > 0 ? makeSecret() : undefined);
  if (secret === undefined) {
    throw new UsageError('heddle launch without a script needs a secret that scripts can know: set HEDDLE_SECRET, or give --secret-file');
  }
  const stopping = new AbortController();
  let running = hosts.length;
  const executors = hosts.map(
    host =>
      new SshExecutor(host, {
        ssh: flags.ssh,
        sshOptions: flags.sshOption,
        secret,
        said: ({ name }, line) => tell(`[${name}] ${line}`),
        lost: ({ host: { name } }, how) => {
          tell(`heddle launch: lost ${name}: ${how}`);
          if (--running > 0) return;
          tell('heddle launch: no executor is left, and none will come');
          stopping.abort(NONE_LEFT);
        },
      }),
  );
  const stop = (): void => stopping.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const addresses = await started(executors, stopping.signal);
    if (addresses === undefined) return;
    if (script.length > 0) await runScript(script, addresses, secret, stopping.signal);
    else {
      tell(`heddle launch: ${addresses.length} executors are running, until this command is stopped. A script uses them with`);
      tell(`  HEDDLE_EXECUTORS=${addresses.join()} HEDDLE_SECRET_FILE=... heddle run SCRIPT`);
      if (!stopping.signal.aborted) await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }));
    }
    if (stopping.signal.reason === NONE_LEFT) process.exitCode = 1;
  } finally {
    await Promise.all(executors.map(executor => executor.stop()));
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function givenSecret({ secretFile }: LaunchFlags): string | undefined {
  try {
    return readSecret(resolveOptions(secretFile === undefined ? undefined : { secretFile }, process.env));
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    throw new UsageError(error.message);
  }
}

/** Where they all listen; undefined, and an exit code, if one does not come to that, or this is to stop before. */
async function started(executors: readonly SshExecutor[], signal: AbortSignal): Promise<string[] | undefined> {
  const stopped = new Promise<undefined>(resolve => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  const all = executors.map(async ({ host, address }) => {
    try {
      return await address;
    } catch (error) {
      throw new Error(`${host.name} (${host.place}): ${(error as Error).message}`);
    }
  });
  try {
    const addresses = await Promise.race([Promise.all(all), stopped]);
    if (addresses === undefined) process.exitCode = 130;
    return addresses;
  } catch (error) {
    tell(`heddle launch: ${(error as Error).message}`);
    process.exitCode = 1;
    return undefined;
  }
}

/** Runs the script to its end, as `heddle run` does, in a process of its own. Ends it where its jobs would wait for ever. */
async function runScript(script: readonly string[], addresses: readonly string[], secret: string, signal: AbortSignal): Promise<void> {
  const { HEDDLE_LISTEN: _, HEDDLE_SECRET_FILE: __, ...environment } = process.env;
  const env = { ...environment, HEDDLE_EXECUTORS: addresses.join(), HEDDLE_SECRET: secret };
  const main = fileURLToPath(builtFile('lib/cli/main.js'));
  const child = spawn(process.execPath, [...process.execArgv, main, 'run', '--', ...script], { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to the script by itself; twice would mean to hurry.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
  };
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  signal.addEventListener('abort', () => void (signal.reason === NONE_LEFT && child.kill('SIGTERM')), { once: true });
  try {
    const [code, ended] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    process.exitCode = ended === null ? code! : 128 + constants.signals[ended];
  } finally {
    process.off('SIGINT', forward);
    process.off('SIGTERM', forward);
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
