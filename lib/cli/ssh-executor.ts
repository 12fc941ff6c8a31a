// An executor on another machine, started by the system's ssh, so that keys, names and jump hosts are the user's own matter.
//
// The secret goes through ssh's standard input, and the executor works as long as that is open. So it ends with its launcher,
// however that ends: a process that is killed closes its pipes, too. It listens where ssh has reached its machine, unless the hosts
// file says otherwise: an address that other machines can reach, which a machine does not know of itself.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Host } from './hosts.js';

/** From ssh's start to an executor that listens. */
const START_MS = 60_000;
/** How long an executor may take to end by itself. */
const STOP_MS = 10_000;

export interface SshOptions {
  /** The ssh program. */
  readonly ssh: string;
  /** For its -o. */
  readonly sshOptions: readonly string[];
  readonly secret: string;
  /** A line of the executor, or of ssh. */
  said(host: Host, line: string): void;
  /** It has ended after it had been running, and was not told to. */
  lost(executor: SshExecutor, how: string): void;
}

export class SshExecutor {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Where it listens, as host:port. Rejects where it does not come to that. */
  readonly address: Promise<string>;
  private readonly ended: Promise<void>;
  private isStopping = false;

  constructor(
    readonly host: Host,
    options: SshOptions,
  ) {
    // In a group of its own: Ctrl-C is for the launcher, which then ends the executors in order.
    this.child = spawn(options.ssh, sshArguments(host, options.sshOptions), { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const { stdin, stdout, stderr } = this.child;
    stdin.on('error', () => {}); // its end tells why
    stdin.write(`${options.secret}\n`);
    let settle!: { resolve(address: string): void; reject(error: Error): void };
    this.address = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.address.catch(() => {}); // whoever waits for it is told
    let isUp = false;
    for (const stream of [stdout, stderr]) {
      createInterface({ input: stream }).on('line', line => {
        options.said(host, line);
        const address = /^heddle executor: listening on (\S+)$/.exec(line)?.[1];
        if (address === undefined || isUp) return;
        isUp = true;
        settle.resolve(address);
      });
    }
    const late = setTimeout(() => {
      settle.reject(new Error(`it did not listen within ${START_MS / 1000} s`));
      void this.stop();
    }, START_MS);
    this.address.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    );
    this.ended = new Promise(resolve => {
      const end = (how: string): void => {
        settle.reject(new Error(how));
        resolve();
        if (isUp && !this.isStopping) options.lost(this, how);
      };
      this.child.once('error', error => end(`${options.ssh} cannot be run: ${error.message}`));
      this.child.once('close', (code, signal) => end(describeEnd(code, signal)));
    });
  }

  /** Tells it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.child.stdin.end();
    const overdue = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(overdue);
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `ssh was ended by ${signal}`;
  if (code === 255) return 'ssh could not connect, or lost the connection (255)';
  if (code === 127) return 'there is no heddle or no node there (127): say where they are by heddle= and node=';
  return `the executor ended (${code})`;
}

function sshArguments(host: Host, options: readonly string[]): string[] {
  // ssh goes by the first of two options of the same name, so the user's come first.
  const all = [...options, 'BatchMode=yes', 'ConnectTimeout=20', 'ServerAliveInterval=15', 'ServerAliveCountMax=3'];
  const port = host.sshPort === undefined ? [] : ['-p', String(host.sshPort)];
  return ['-T', ...all.flatMap(option => ['-o', option]), ...port, '--', host.destination, remoteCommand(host)];
}

/** sshd says which of the machine's addresses has been connected to. */
const WHERE_SSH_CAME = [
  'set -- $SSH_CONNECTION',
  '[ -n "$3" ] || { echo "there is no SSH_CONNECTION here: add address= to the line in the hosts file" >&2; exit 1; }',
  'case $3 in *:*) a="[$3]:0";; *) a="$3:0";; esac',
].join('; ');

/** For whatever login shell is there. The words from the hosts file have no character that means anything to a shell but `~`. */
export function remoteCommand({ threads, memory, address, node, heddle }: Host): string {
  const listen = address === undefined ? WHERE_SSH_CAME : `a=${address}`;
  const find =
    heddle === undefined
      ? 'h=$(command -v heddle) || exit 127'
      : `h=${heddle}; [ ! -d "$h" ] || h=$h/dist/lib/cli/main.js; [ -f "$h" ] || exit 127`;
  const words = [`n=${node ?? 'node'}`, 'exec "$n" "$h" executor --secret-stdin --listen "$a"'];
  const flags = `${threads === undefined ? '' : ` --threads ${threads}`}${memory === undefined ? '' : ` --memory ${memory}`}`;
  return `exec sh -c '${[find, listen, ...words].join('; ')}${flags}'`;
}
