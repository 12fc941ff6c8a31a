// Dials somebody who knows the secret, and greets them.

import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { type Address, formatAddress } from './address.js';
import { Connection, type ConnectionEvents } from './connection.js';
import type { Hello } from './greeting.js';
import { DIAL_MS } from './limits.js';
import { clientTls } from './psk.js';
import { tlsReason } from './refusals.js';

export interface DialOptions<In, Out> {
  readonly address: Address;
  readonly key: Buffer;
  readonly clock: Clock;
  readonly sharedMemory?: boolean;
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
  /** What this end says of itself. `local`: the address that the connection has here. */
  hello(local: string): Hello | Promise<Hello>;
  /** Throws HEDDLE_REFUSED to hang up. */
  greeted(peer: Hello, connection: Connection<In, Out>): ConnectionEvents<In>;
}

/**
 * Resolves once both have greeted. Rejects with HEDDLE_UNREACHABLE where nobody answers, or nothing that makes sense, HEDDLE_REFUSED
 * where the other end has another secret, another version, or other reasons.
 */
export function dial<In, Out>(options: DialOptions<In, Out>): Promise<Connection<In, Out>> {
  const { address, key, clock, sharedMemory, silenceMs, signal } = options;
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...clientTls(key) });
    const fail = (error: HeddleError): void => {
      stopWaiting();
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const stopWaiting = clock.after(DIAL_MS, () => fail(unreachable(address, `no answer in ${DIAL_MS / 1000} s`)));
    const onAbort = (): void => fail(new HeddleError('HEDDLE_CANCELLED', `dialling ${formatAddress(address)} was called off`));
    signal?.addEventListener('abort', onAbort, { once: true });
    const onError = (error: Error): void => fail(dialError(address, error, socket));
    const onClose = (): void => fail(unreachable(address, 'it closed the connection'));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', async () => {
      let hello: Hello;
      try {
        hello = await options.hello(socket.localAddress ?? host);
      } catch (error) {
        fail(error as HeddleError);
        return;
      }
      if (socket.destroyed) return;
      socket.off('error', onError);
      socket.off('close', onClose);
      socket.setNoDelay(true);
      const connection: Connection<In, Out> = new Connection<In, Out>(socket, {
        clock,
        hello,
        asks: true,
        ...(sharedMemory === undefined ? {} : { sharedMemory }),
        ...(silenceMs === undefined ? {} : { silenceMs }),
        greeted(peer) {
          const events = options.greeted(peer, connection);
          stopWaiting();
          signal?.removeEventListener('abort', onAbort);
          resolve(connection);
          return events;
        },
        failed: error => fail(isDamage(error) ? unreachable(address, error.message, error) : error),
      });
    });
    if (signal?.aborted === true) onAbort();
  });
}

/** What befalls connections: the next greeting may come through whole. */
function isDamage({ code }: HeddleError): boolean {
  return code === 'HEDDLE_CONNECTION_LOST' || code === 'HEDDLE_CORRUPT' || code === 'HEDDLE_FRAME_LIMIT';
}

function dialError(address: Address, error: Error, socket: TLSSocket): HeddleError {
  // OpenSSL on the other end says no more than that what came made no sense to it.
  const isRefused = tlsReason(error) === 'secret' || /SSL|TLS/.test((error as { code?: string }).code ?? '');
  if (!isRefused || socket.connecting) return unreachable(address, error.message, error);
  return new HeddleError(
    'HEDDLE_REFUSED',
    `${formatAddress(address)} has another secret, or is no heddle: both must have the same HEDDLE_SECRET (${error.message})`,
    { data: { address: formatAddress(address), reason: 'secret' }, cause: error },
  );
}

function unreachable(address: Address, why: string, cause?: unknown): HeddleError {
  return new HeddleError('HEDDLE_UNREACHABLE', `${formatAddress(address)} cannot be reached: ${why}`, {
    data: { address: formatAddress(address) },
    ...(cause === undefined ? {} : { cause }),
  });
}
