// What the tests of connections share: a listener and those who dial it, on loopback, by a clock that stands still.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { HeddleError } from '../../../lib/core/errors.js';
import type { Address } from '../../../lib/transport/tcp/address.js';
import type { Connection, ConnectionEvents } from '../../../lib/transport/tcp/connection.js';
import { type DialOptions, dial } from '../../../lib/transport/tcp/dial.js';
import { Listener, type ListenerOptions } from '../../../lib/transport/tcp/listener.js';
import { clientTls } from '../../../lib/transport/tcp/psk.js';
import { deriveKey } from '../../../lib/transport/tcp/secret.js';
import { FakeClock } from '../../fake-clock.js';

export const KEY = deriveKey('a secret for the tests');

/** What somebody has said, and how it ended. */
export class Peer {
  readonly messages: unknown[] = [];
  error: HeddleError | undefined;
  private readonly waiting = new Set<() => void>();

  readonly events: ConnectionEvents<unknown> = {
    message: message => {
      this.messages.push(message);
      this.wake();
    },
    closed: error => {
      this.error = error;
      this.wake();
    },
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => this.waiting.add(resolve));
  }

  async closed(): Promise<HeddleError> {
    await this.until(() => this.error !== undefined);
    return this.error!;
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** A listener, whoever greeted it, and what it told of. */
export class Service {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly peers: { readonly peer: Peer; readonly connection: Connection<unknown, unknown> }[] = [];
  readonly sockets: Socket[] = [];
  listener!: Listener<unknown, unknown>;
  private readonly waiting = new Set<() => void>();

  static async open(options: Partial<ListenerOptions<unknown, unknown>> = {}): Promise<Service> {
    const service = new Service();
    service.listener = await Listener.open<unknown, unknown>({
      address: { host: '127.0.0.1', port: 0 },
      key: KEY,
      clock: service.clock,
      log: message => service.log(message),
      hello: () => ({ role: 'driver', name: 'test' }),
      greeted: (_hello, connection) => {
        const peer = new Peer();
        service.peers.push({ peer, connection });
        return peer.events;
      },
      ...options,
    });
    return service;
  }

  get address(): Address {
    return this.listener.address;
  }

  /** Resolves when something was logged. */
  async told(count = 1): Promise<void> {
    while (this.logged.length < count) await new Promise<void>(resolve => this.waiting.add(resolve));
  }

  /** A connection that speaks no TLS. */
  async plain(): Promise<Socket> {
    const socket = connect(this.address.port, this.address.host);
    socket.on('error', () => {});
    this.sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** A connection of somebody who knows the secret, before any greeting. */
  async secure(key = KEY): Promise<TLSSocket> {
    const socket = connectTls({ ...this.address, ...clientTls(key) });
    socket.on('error', () => {});
    this.sockets.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  }

  dial(peer = new Peer(), options: Partial<DialOptions<unknown, unknown>> = {}): Promise<Connection<unknown, unknown>> {
    return dial<unknown, unknown>({
      address: this.address,
      key: KEY,
      clock: this.clock,
      hello: () => ({ role: 'fetcher', name: 'test' }),
      greeted: () => peer.events,
      ...options,
    });
  }

  /** The service still takes who is right. */
  async isAlive(): Promise<void> {
    const peer = new Peer();
    const before = this.peers.length;
    const connection = await this.dial(peer);
    connection.send('ping');
    const at = this.peers[before]!;
    await at.peer.until(() => at.peer.messages.length === 1);
    at.connection.send('pong');
    await peer.until(() => peer.messages.length === 1);
    await connection.close();
    await at.peer.closed();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.listener.close();
  }

  private log(message: string): void {
    this.logged.push(message);
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
