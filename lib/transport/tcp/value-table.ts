// The shared values of a driver (broadcasts, bundles of modules) as an executor has them: each comes once, from the driver or from
// another executor, and is given to others from its first bytes on. What another executor fails to give is asked of the driver.
//
// A value is kept as long as tasks say that it is wanted. A task holds on to those that it needs, and so does who is being given
// one, whatever becomes of them here.

import { HeddleError } from '../../core/errors.js';
import type { SharedSpec } from '../../task/spec.js';
import type { Address } from './address.js';
import type { FromDriver, FromExecutor, TaskCommon } from './messages.js';

/** Fetches a value from another executor; rejects where that cannot give all of it. */
export type FetchValue = (key: number, value: Value, serves: Address) => Promise<void>;

export class Value {
  readonly bytes: Uint8Array;
  /** How many of them are there, from the first on. */
  fill = 0;
  /** Of these, how many came from another executor. */
  fromPeers = 0;
  private lost: HeddleError | undefined;
  private readonly waiting: (() => void)[] = [];

  constructor(bytes: number) {
    // All threads read the same bytes.
    this.bytes = new Uint8Array(new SharedArrayBuffer(bytes));
  }

  get isWhole(): boolean {
    return this.fill === this.bytes.length;
  }

  /** So many more are there. */
  grow(bytes: number): void {
    this.fill += bytes;
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** No more will come. */
  lose(error: HeddleError): void {
    this.lost = error;
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves when so many are there. Rejects where they will not come. */
  async until(fill: number): Promise<void> {
    while (this.fill < fill) {
      if (this.lost !== undefined) throw this.lost;
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
  }
}

/** A value that a task needs. */
export interface NeededValue {
  readonly id: number;
  readonly key: number;
  readonly value: Value;
}

export class ValueTable {
  private readonly values = new Map<number, Value>();
  /** Those that are not whole yet, also those that are wanted no more. */
  private readonly coming = new Map<number, Value>();
  private isClosed = false;

  constructor(
    private readonly fetch: FetchValue,
    private readonly tell: (message: FromExecutor) => void,
  ) {}

  /** A value is to come. */
  begin({ key, bytes, peer }: FromDriver & { readonly type: 'value' }): void {
    const value = new Value(bytes);
    this.values.set(key, value);
    this.coming.set(key, value);
    if (peer !== undefined) void this.fetchFrom(peer, key, value);
  }

  /** A part of it has come from the driver. Throws HEDDLE_CORRUPT where it is not the next one. */
  add({ key, at, bytes }: FromDriver & { readonly type: 'valuePart' }): void {
    const value = this.coming.get(key);
    if (value?.fill !== at || at + bytes.length > value.bytes.length) {
      throw new HeddleError('HEDDLE_CORRUPT', `${bytes.length} bytes at ${at} of shared value ${key} came where they are not due`);
    }
    value.bytes.set(bytes, at);
    value.grow(bytes.length);
    this.settle(key, value);
  }

  /** What a task needs, which has to have been told of before; the others that it does not call wanted are let go. */
  note({ shared, wanted }: TaskCommon): NeededValue[] {
    if (this.values.size > 0) {
      const kept = new Set(wanted);
      for (const key of this.values.keys()) if (!kept.has(key)) this.values.delete(key);
    }
    return shared.map(({ id, key }) => {
      const value = this.values.get(key);
      if (value === undefined) throw new HeddleError('HEDDLE_INTERNAL', `shared value ${id} was not told of before its task`);
      return { id, key, value };
    });
  }

  /** A value, for another executor. */
  find(key: number): Value | undefined {
    return this.values.get(key);
  }

  close(error: HeddleError): void {
    this.isClosed = true;
    for (const value of this.coming.values()) value.lose(error);
  }

  private async fetchFrom(peer: Address, key: number, value: Value): Promise<void> {
    try {
      await this.fetch(key, value, peer);
    } catch {
      // Whatever it was, the driver has it.
    }
    if (this.isClosed) return;
    if (value.isWhole) this.settle(key, value);
    else this.tell({ type: 'valueMissing', key, from: value.fill });
  }

  private settle(key: number, value: Value): void {
    if (!value.isWhole) return;
    this.coming.delete(key);
    this.tell({ type: 'valueWhole', key, fromPeers: value.fromPeers });
  }
}

export function areWhole(needed: readonly NeededValue[]): boolean {
  return needed.every(({ value }) => value.isWhole);
}

/** The values as a thread gets them. */
export function wholeOf(needed: readonly NeededValue[]): SharedSpec[] {
  return needed.map(({ id, key, value }) => ({ id, key, bytes: value.bytes }));
}

/** The same, once they are whole. Rejects where they will not be, and when the signal is raised. */
export async function allWhole(needed: readonly NeededValue[], signal: AbortSignal): Promise<SharedSpec[]> {
  let callOff = (): void => {};
  const calledOff = new Promise<never>((_, reject) => {
    callOff = () => reject(signal.reason);
    signal.addEventListener('abort', callOff, { once: true });
    if (signal.aborted) callOff();
  });
  try {
    await Promise.race([calledOff, Promise.all(needed.map(({ value }) => value.until(value.bytes.length)))]);
  } finally {
    signal.removeEventListener('abort', callOff);
  }
  return wholeOf(needed);
}
