// Stands between those who dial and the one who listens, and does to their frames what networks do. Both sides are TLS with the
// secret: a changed byte of the encrypted stream would only ever end the connection, while inside of it any frame can be
// changed, cut short or held back, and the ends have to find that out by themselves.
import { once } from 'node:events';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { type Address, formatAddress } from '../../lib/transport/tcp/address.js';
import { clientTls, serverTls } from '../../lib/transport/tcp/psk.js';
import { Cutter, isHeartbeat } from './wire.js';

export type FrameFault = 'cut' | 'delay' | 'corrupt' | 'truncate';

/** What is to happen to a frame that goes one way. */
export interface Tampering {
  readonly kind: FrameFault;
  /** So many others go by before. */
  readonly after: number;
  /** Which byte and bit, or where it is cut: a large number, taken by its remainder. */
  readonly pick: number;
  /** It has happened. A delay lasts until `release` is called, or the link is gone. */
  done(release: () => void): void;
}

/** Up: from the one who dials. */
export type Way = 'up' | 'down';

export interface ProxyOptions {
  readonly key: Buffer;
  /** Called with each frame before it goes on: what it returns goes on instead. */
  readonly rewrite?: (frame: Buffer, way: Way) => Buffer;
}

export class TamperingProxy {
  /** Where it leads; absent, those who dial wait. */
  private goal: Address | undefined;
  private readonly waiting = new Set<TLSSocket>();
  private readonly links = new Set<Link>();
  private readonly armed: Record<Way, { readonly tampering: Tampering; left: number }[]> = { up: [], down: [] };

  static async open(options: ProxyOptions): Promise<TamperingProxy> {
    const server = createServer({ noDelay: true, ...serverTls(options.key) });
    const proxy = new TamperingProxy(server, options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  private constructor(
    private readonly server: Server,
    private readonly options: ProxyOptions,
  ) {
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('connection', socket => socket.on('error', () => {}));
    server.on('secureConnection', socket => this.take(socket));
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.server.address() as { port: number }).port };
  }

  /** Whether nothing goes through it. */
  get isIdle(): boolean {
    return this.links.size === 0;
  }

  /** Links that are there go on where they go. */
  lead(goal: Address | undefined): void {
    this.goal = goal;
    if (goal === undefined) return;
    for (const socket of this.waiting) this.link(socket, goal);
    this.waiting.clear();
  }

  /** Whether a connection from this address, as the one who listens sees it, comes from here. */
  hasDialled(from: string): boolean {
    for (const link of this.links) if (link.from === from) return true;
    return false;
  }

  tamper(way: Way, tampering: Tampering): void {
    this.armed[way].push({ tampering, left: tampering.after });
  }

  /** Forgets tampering that has found no frame. */
  disarm(): void {
    this.armed.up.length = this.armed.down.length = 0;
  }

  /** What happens to this frame, if anything. */
  next(way: Way, frame: Buffer): Tampering | undefined {
    const [first] = this.armed[way];
    if (first === undefined || isHeartbeat(frame) || first.left-- > 0) return undefined;
    this.armed[way].shift();
    return first.tampering;
  }

  rewritten(frame: Buffer, way: Way): Buffer {
    return this.options.rewrite?.(frame, way) ?? frame;
  }

  left(link: Link): void {
    this.links.delete(link);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    for (const socket of this.waiting) socket.destroy();
    for (const link of this.links) link.end();
    await closed;
  }

  private take(socket: TLSSocket): void {
    socket.on('error', () => {});
    if (this.goal !== undefined) {
      this.link(socket, this.goal);
      return;
    }
    this.waiting.add(socket);
    socket.once('close', () => this.waiting.delete(socket));
  }

  private link(socket: TLSSocket, { host, port }: Address): void {
    if (socket.destroyed) return;
    const onward = connect({ host, port, ...clientTls(this.options.key) });
    onward.on('error', () => {});
    onward.setNoDelay(true);
    this.links.add(new Link(this, socket, onward));
  }
}

/** Somebody who dialled, and the connection made for them. */
class Link {
  /** The near end of the connection onward. */
  from = '';

  constructor(
    private readonly proxy: TamperingProxy,
    private readonly dialler: TLSSocket,
    private readonly onward: TLSSocket,
  ) {
    onward.once('connect', () => {
      this.from = formatAddress({ host: onward.localAddress!, port: onward.localPort! });
    });
    new Flow(this, proxy, 'up', dialler, onward);
    new Flow(this, proxy, 'down', onward, dialler);
    for (const socket of [dialler, onward]) socket.once('close', () => this.closed());
  }

  end(): void {
    this.dialler.destroy();
    this.onward.destroy();
  }

  private closed(): void {
    if (this.dialler.destroyed && this.onward.destroyed) this.proxy.left(this);
  }
}

/** The frames that go one way. */
class Flow {
  private readonly cutter = new Cutter();
  private held: Buffer[] | undefined;
  private isOver = false;

  constructor(
    private readonly link: Link,
    private readonly proxy: TamperingProxy,
    private readonly way: Way,
    private readonly source: TLSSocket,
    private readonly target: TLSSocket,
  ) {
    source.on('data', (chunk: Buffer) => {
      for (const frame of this.cutter.push(chunk)) this.take(frame);
    });
    target.on('drain', () => {
      if (this.held === undefined) source.resume();
    });
    source.once('close', () => this.sourceClosed());
  }

  private take(frame: Buffer): void {
    if (this.isOver) return;
    const onward = this.proxy.rewritten(frame, this.way);
    const tampering = this.proxy.next(this.way, frame);
    if (tampering === undefined) this.pass(onward);
    else this.apply(tampering, onward);
  }

  private apply({ kind, pick, done }: Tampering, frame: Buffer): void {
    switch (kind) {
      case 'corrupt': {
        const changed = Buffer.from(frame);
        changed[pick % frame.length]! ^= 1 << (pick % 8);
        this.pass(changed);
        break;
      }
      case 'truncate':
        this.pass(frame.subarray(0, 1 + (pick % (frame.length - 1))));
        this.over();
        break;
      case 'cut':
        this.isOver = true;
        this.link.end();
        break;
      case 'delay':
        this.held ??= [];
        this.pass(frame);
        this.source.pause();
    }
    done(() => this.release());
  }

  private pass(bytes: Buffer): void {
    if (this.held !== undefined) this.held.push(bytes);
    else if (!this.target.write(bytes)) this.source.pause();
  }

  private release(): void {
    const { held = [] } = this;
    this.held = undefined;
    if (this.target.destroyed) return;
    for (const bytes of held) this.target.write(bytes);
    this.source.resume();
  }

  private sourceClosed(): void {
    if (this.isOver) return;
    // A held frame is lost with its link, as it is in a network.
    const rest = this.cutter.rest();
    if (this.held === undefined && rest.length > 0) this.target.write(rest);
    this.over();
  }

  /** Whatever was written is still to arrive; then the link ends. */
  private over(): void {
    this.isOver = true;
    this.target.destroySoon();
    this.source.destroy();
  }
}
