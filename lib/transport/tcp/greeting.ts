// The first words on a connection: who speaks, in which version. JSON, so that ends of different versions still understand
// why they do not fit together.

import { serialize } from 'node:v8';
import { HeddleError, show } from '../../core/errors.js';
import type { Address } from './address.js';
import { PROTOCOL } from './limits.js';

/** What V8 writes its values in: both ends must have the same. */
const VALUES = serialize(0)[1]!;

export interface DriverHello {
  readonly role: 'driver';
  readonly name: string;
}

export interface ExecutorHello {
  readonly role: 'executor';
  readonly name: string;
  readonly threads: number;
  /** Bytes of its heap. */
  readonly memory: number;
  /** Where other executors fetch shuffle data. */
  readonly serves: Address;
}

/** An executor that comes for shuffle data. */
export interface FetcherHello {
  readonly role: 'fetcher';
  readonly name: string;
}

export type Hello = DriverHello | ExecutorHello | FetcherHello;

export function encodeHello(hello: Hello): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ heddle: PROTOCOL, values: VALUES, ...hello }));
}

/** Throws HEDDLE_REFUSED for one of another version, HEDDLE_CORRUPT for what is none. */
export function decodeHello(bytes: Uint8Array): Hello {
  const hello = parse(bytes);
  const { heddle, values } = hello;
  if (!Number.isInteger(heddle)) throw noHello(hello);
  if (heddle !== PROTOCOL) {
    throw new HeddleError(
      'HEDDLE_REFUSED',
      `the other end speaks version ${show(heddle)} of the protocol, and this one ${PROTOCOL}: install the same heddle on both`,
      { data: { reason: 'version', theirs: heddle, ours: PROTOCOL } },
    );
  }
  if (values !== VALUES) {
    throw new HeddleError(
      'HEDDLE_REFUSED',
      `the other end writes values in format ${show(values)}, and this one in ${VALUES} (Node ${process.version}): use the same Node on both`,
      { data: { reason: 'version', theirs: values, ours: VALUES } },
    );
  }
  if (!isHello(hello)) throw noHello(hello);
  return hello;
}

/** Why the other end is sent away, in place of a greeting. */
export function encodeRefusal(error: Error): Uint8Array {
  const reason = error instanceof HeddleError ? error.data.reason : undefined;
  return new TextEncoder().encode(JSON.stringify({ reason, message: error.message }));
}

/** The error that a refusal stands for: its `reason` is the other end's. */
export function decodeRefusal(bytes: Uint8Array): HeddleError {
  const { reason, message } = parse(bytes);
  return new HeddleError('HEDDLE_REFUSED', `the other end refused the connection: ${message}`, { data: { reason } });
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    throw noHello(value);
  } catch (error) {
    throw error instanceof HeddleError ? error : noHello(error);
  }
}

function isHello(hello: object): hello is Hello {
  const { role, name, threads, memory, serves } = hello as Record<string, unknown>;
  if (typeof name !== 'string') return false;
  if (role === 'driver' || role === 'fetcher') return true;
  if (role !== 'executor' || !Number.isInteger(threads) || (threads as number) < 1 || !Number.isInteger(memory)) return false;
  const { host, port } = (serves ?? {}) as Record<string, unknown>;
  return typeof host === 'string' && Number.isInteger(port);
}

function noHello(found: unknown): HeddleError {
  return new HeddleError('HEDDLE_CORRUPT', `a connection began with something that is no greeting: ${show(found)}`);
}
