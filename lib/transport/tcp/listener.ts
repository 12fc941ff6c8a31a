// Listens for connections of those who know the secret. Others are refused, counted, and told of once; they cost a bounded
// amount of memory for a bounded time, and never end the service.

import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Clock } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { type Address, formatAddress } from './address.js';
import { Connection, type ConnectionEvents } from './connection.js';
import type { Hello } from './greeting.js';
import { GREETING_MS, MOST_HALF_OPEN } from './limits.js';
import { serverTls } from './psk.js';
import { greetingReason, type RefusalCounts, type RefusalReason, Refusals, tlsReason } from './refusals.js';

export interface ListenerOptions<In, Out> {
  readonly address: Address;
  readonly key: Buffer;
  readonly clock: Clock;
  readonly sharedMemory?: boolean;
  readonly silenceMs?: number;
  /** Neither listening nor any connection keeps this process from ending. */
  readonly isBackground?: boolean;
  log(message: string): void;
  /** What this end says of itself, to whom. */
  hello(): Hello;
  /** Somebody who knows the secret. Throws HEDDLE_REFUSED to send them away. */
  greeted(peer: Hello, connection: Connection<In, Out>, from: Address): ConnectionEvents<In>;
}

/** Somebody who has not shown yet that they know the secret. */
interface HalfOpen {
  readonly socket: Socket;
  readonly from: Address;
  stopWaiting(): void;
}

export class Listener<In, Out> {
  private readonly refusals: Refusals;
  private readonly halfOpen = new Map<string, HalfOpen>();
  private readonly sockets = new Set<Socket>();
  private readonly server;

  /** Listens. Throws HEDDLE_LISTEN. */
  static async open<In, Out>(options: ListenerOptions<In, Out>): Promise<Listener<In, Out>> {
    const listener = new Listener<In, Out>(options);
    const { host, port } = options.address;
    const { server } = listener;
    await new Promise<void>((resolve, reject) => {
      server.once('error', error => {
        const message = `cannot listen on ${formatAddress(options.address)}: ${error.message}`;
        reject(new HeddleError('HEDDLE_LISTEN', message, { data: { host, port }, cause: error }));
      });
      server.listen(port, host, resolve);
    });
    if (options.isBackground === true) server.unref();
    server.on('error', () => {}); // such as too many open files: the next connection may do better
    return listener;
  }

  private constructor(private readonly options: ListenerOptions<In, Out>) {
    this.refusals = new Refusals(options.log);
    this.server = createServer({ noDelay: true, ...serverTls(options.key) });
    this.server.on('connection', (socket: Socket) => this.begin(socket));
    this.server.on('secureConnection', socket => this.greet(socket));
    this.server.on('tlsClientError', (error, socket) => {
      this.refuse(socket, tlsReason(error), error.message);
      socket.destroy();
    });
  }

  get address(): Address {
    const { address, port } = this.server.address() as { address: string; port: number };
    return { host: address, port };
  }

  /** Connections that were refused so far. */
  get refused(): RefusalCounts {
    return this.refusals.counts;
  }

  /** Listens no more, and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private begin(socket: Socket): void {
    const from: Address = { host: socket.remoteAddress ?? 'nobody', port: socket.remotePort ?? 0 };
    const key = formatAddress(from);
    socket.on('error', () => {}); // TLS tells of it
    this.sockets.add(socket);
    if (this.options.isBackground === true) socket.unref();
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.refuseHalfOpen(key, 'closed', 'it went away');
    });
    if (this.halfOpen.size >= MOST_HALF_OPEN) {
      this.refusals.count('crowded', key, `${MOST_HALF_OPEN} are`);
      socket.destroy();
      return;
    }
    const stopWaiting = this.options.clock.after(GREETING_MS, () => {
      this.refuseHalfOpen(key, 'slow', `${GREETING_MS / 1000} s`);
      socket.destroy();
    });
    this.halfOpen.set(key, { socket, from, stopWaiting });
  }

  private greet(socket: TLSSocket): void {
    const key = keyOf(socket);
    const from = this.halfOpen.get(key)?.from;
    if (from === undefined) {
      socket.destroy(); // its time was over just now
      return;
    }
    const { clock, sharedMemory, silenceMs, isBackground } = this.options;
    if (isBackground === true) socket.unref();
    const connection: Connection<In, Out> = new Connection<In, Out>(socket, {
      clock,
      hello: this.options.hello(),
      asks: false,
      ...(sharedMemory === undefined ? {} : { sharedMemory }),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      greeted: peer => {
        const events = this.options.greeted(peer, connection, from);
        this.leave(key);
        return {
          ...events,
          closed: error => {
            // One that knows the secret, and yet breaks the protocol.
            if (greetingReason(error) === 'frame') this.refusals.count('frame', key, error.message);
            events.closed(error);
          },
        };
      },
      failed: error => this.refuseHalfOpen(key, greetingReason(error), error.message),
    });
  }

  private refuse(socket: TLSSocket, reason: RefusalReason, detail: string): void {
    this.refuseHalfOpen(keyOf(socket), reason, detail);
  }

  private refuseHalfOpen(key: string, reason: RefusalReason, detail: string): void {
    if (this.leave(key)) this.refusals.count(reason, key, detail);
  }

  private leave(key: string): boolean {
    this.halfOpen.get(key)?.stopWaiting();
    return this.halfOpen.delete(key);
  }
}

function keyOf(socket: Socket): string {
  return formatAddress({ host: socket.remoteAddress ?? 'nobody', port: socket.remotePort ?? 0 });
}
