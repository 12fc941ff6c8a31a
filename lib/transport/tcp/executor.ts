// An executor process: threads and a heap that work for one driver at a time. It dials a driver, and again when it is lost, or
// listens and is dialled. Either way it listens for other executors, who fetch what is in its heap.

import { hostname, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { type Clock, SYSTEM_CLOCK } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { removeStaleSpills } from '../../storage/spill-directory.js';
import { type Address, formatAddress } from './address.js';
import type { Connection, ConnectionEvents } from './connection.js';
import { dial } from './dial.js';
import type { Hello } from './greeting.js';
import { LEASE_MS, REDIAL_MS } from './limits.js';
import { Listener } from './listener.js';
import type { FromDriver, FromExecutor, FromFetcher, FromServer } from './messages.js';
import type { RefusalCounts } from './refusals.js';
import { deriveKey } from './secret.js';
import { Session } from './session.js';

export interface ExecutorOptions {
  readonly threads: number;
  /** Bytes of the heap. */
  readonly memory: number;
  readonly kernels: 'on' | 'off';
  /** Where each session makes a directory for what has no room in memory. */
  readonly spillDirectory: string;
  readonly clock: Clock;
}

export interface ExecutorPlace extends Omit<ExecutorOptions, 'clock' | 'spillDirectory'> {
  /** Default: the system's directory of temporary files. */
  readonly spillDirectory?: string;
  readonly secret: string;
  readonly clock?: Clock;
  /** Default: machine and process. */
  readonly name?: string;
  /** The driver to dial; absent where drivers dial. */
  readonly connect?: Address | undefined;
  /** Where to listen. Where a driver is dialled: any free port of the address by which it is reached. */
  readonly listen?: Address | undefined;
  /** Milliseconds that it works on without hearing of its driver. */
  readonly leaseMs?: number;
  log(message: string): void;
}

type Incoming = FromDriver | FromFetcher;
type Outgoing = FromExecutor | FromServer;

export class Executor {
  private readonly options: ExecutorOptions & { readonly key: Buffer };
  private readonly closing = new AbortController();
  private listener: Listener<Incoming, Outgoing> | undefined;
  private session: Session | undefined;
  private work: Promise<void> = Promise.resolve();
  private closed: Promise<void> | undefined;

  /** Listens, where drivers dial it, or starts to dial its driver. Throws HEDDLE_LISTEN. */
  static async start(place: ExecutorPlace): Promise<Executor> {
    const executor = new Executor(place);
    // Now: the first driver may be long in coming.
    removeStaleSpills(resolve(executor.options.spillDirectory));
    if (place.connect === undefined) await executor.listen(place.listen!);
    else executor.work = executor.dialAgain(place.connect);
    return executor;
  }

  private constructor(private readonly place: ExecutorPlace) {
    const { threads, memory, kernels, secret, spillDirectory = tmpdir(), clock = SYSTEM_CLOCK } = place;
    this.options = { threads, memory, kernels, spillDirectory, clock, key: deriveKey(secret) };
  }

  /** Where it listens. */
  get address(): Address | undefined {
    return this.listener?.address;
  }

  /** Connections that were refused so far. */
  get refused(): RefusalCounts | undefined {
    return this.listener?.refused;
  }

  /** Resolves when it has nothing more to do: it was closed, or its driver has refused it. */
  get ended(): Promise<void> {
    return this.work;
  }

  /** Ends what it does, and hangs up. */
  close(): Promise<void> {
    this.closed ??= this.end();
    return this.closed;
  }

  private async end(): Promise<void> {
    this.closing.abort();
    await this.session?.close();
    await this.listener?.close();
    await this.work.catch(() => {});
  }

  private async listen(address: Address): Promise<void> {
    const { clock, key } = this.options;
    this.listener = await Listener.open<Incoming, Outgoing>({
      address,
      key,
      clock,
      sharedMemory: true,
      silenceMs: this.place.leaseMs ?? LEASE_MS,
      log: message => this.place.log(message),
      hello: () => this.hello(),
      greeted: (peer, connection, from) => this.greeted(peer, connection, formatAddress(from)),
    });
    this.place.log(`listening on ${formatAddress(this.listener.address)}`);
  }

  private hello(): Hello {
    const { threads, memory } = this.options;
    const { name = `${hostname()}:${process.pid}` } = this.place;
    return { role: 'executor', name, threads, memory, serves: this.listener!.address };
  }

  private greeted(peer: Hello, connection: Connection<Incoming, Outgoing>, from: string): ConnectionEvents<Incoming> {
    if (peer.role === 'fetcher') {
      const { server } = this.session ?? {};
      if (server === undefined) throw refusal('this executor works for nobody now');
      return server.events(connection as unknown as Connection<FromFetcher, FromServer>) as ConnectionEvents<Incoming>;
    }
    if (peer.role !== 'driver' || this.place.connect !== undefined) throw refusal(`no ${peer.role} is wanted here`);
    // One that has lost its driver is only clearing up.
    if (this.session?.isOver === false) throw refusal('this executor works for another driver now', 'busy');
    return this.begin(connection as unknown as Connection<FromDriver, FromExecutor>, from) as ConnectionEvents<Incoming>;
  }

  private begin(connection: Connection<FromDriver, FromExecutor>, driver: string): ConnectionEvents<FromDriver> {
    const session = new Session(this.options, connection);
    this.session = session;
    this.place.log(`works for the driver at ${driver}`);
    void session.ended.then(error => {
      if (this.session === session) this.session = undefined;
      this.place.log(`has done with the driver at ${driver}: ${error.message}`);
    });
    return session.events;
  }

  /** Dials the driver whenever there is no session, until it is closed, or refused. */
  private async dialAgain(driver: Address): Promise<void> {
    const { signal } = this.closing;
    const { clock, key } = this.options;
    let told = '';
    while (!signal.aborted) {
      try {
        await dial<FromDriver, FromExecutor>({
          address: driver,
          key,
          clock,
          signal,
          sharedMemory: true,
          silenceMs: this.place.leaseMs ?? LEASE_MS,
          hello: async local => {
            if (this.listener === undefined) await this.listen(this.place.listen ?? { host: local, port: 0 });
            return this.hello();
          },
          greeted: (peer, connection) => {
            if (peer.role !== 'driver') throw refusal(`${formatAddress(driver)} is no driver`);
            return this.begin(connection, formatAddress(driver));
          },
        });
        told = '';
        await this.session?.ended;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_UNREACHABLE') throw error;
        if (told !== error.message) this.place.log(`${(told = error.message)}; it is dialled again every ${REDIAL_MS / 1000} s`);
      }
      await this.pause();
    }
  }

  private pause(): Promise<void> {
    const { signal } = this.closing;
    return new Promise(resolve => {
      const done = (): void => {
        stop();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.options.clock.after(REDIAL_MS, done);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    });
  }
}

function refusal(message: string, reason: 'role' | 'busy' = 'role'): HeddleError {
  return new HeddleError('HEDDLE_REFUSED', message, { data: { reason } });
}
