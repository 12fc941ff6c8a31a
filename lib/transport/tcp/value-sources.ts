// Who gives a shared value (a broadcast, a bundle of modules) to an executor that needs it: the driver, or another executor.
//
// The rule: small values come from the driver. A larger one the driver sends once; who needs it then gets it from an executor that
// has it, or is still getting it: from the one for which the last block is to be expected first. Each hop to the driver, or to one
// that has it, costs one block; each other one that it gives the value to costs all blocks, for they share its way. So a chain is
// made, and another one beside it where it has grown as long as the value, or as LONGEST_CHAIN (docs/decisions/shared-values.md).
//
// An executor that could not give a value is asked for it no more; where there is no other, the driver sends it again. Nobody gets a
// value from one that was told of it later, so none waits for itself.

import type { ExecutorId } from '../../core/ids.js';
import type { Address } from './address.js';
import { PART } from './limits.js';

/** Bytes of a value from which on it goes between executors. */
export const LEAST_BETWEEN = 1 << 20;
/** Hops to the driver. Whoever is slow holds back those behind. */
export const LONGEST_CHAIN = 16;

interface Source {
  readonly serves: Address;
  /** Whom it is getting the value from; undefined once it has all of it, and where that is the driver. */
  from: Source | undefined;
  /** Executors between it and the driver, as long as it is getting it. */
  hops: number;
  /** Others that are getting it from here. */
  served: number;
  hasFailed: boolean;
}

export class ValueSources {
  private readonly byKey = new Map<number, Map<ExecutorId, Source>>();

  /** Where an executor that serves there is to get a value; undefined: from the driver. */
  choose(key: number, bytes: number, executor: ExecutorId, serves: Address): Address | undefined {
    if (bytes < LEAST_BETWEEN) return undefined;
    let sources = this.byKey.get(key);
    if (sources === undefined) this.byKey.set(key, (sources = new Map()));
    const blocks = Math.min(Math.ceil(bytes / PART), LONGEST_CHAIN);
    let [from, least]: [Source | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const source of sources.values()) {
      const cost = source.hops + source.served * blocks;
      if (!source.hasFailed && cost < least) [from, least] = [source, cost];
    }
    if (from !== undefined) from.served++;
    sources.set(executor, { serves, from, hops: from === undefined ? 0 : from.hops + 1, served: 0, hasFailed: false });
    return from?.serves;
  }

  /** It has all of it. */
  whole(key: number, executor: ExecutorId): void {
    const source = this.byKey.get(key)?.get(executor);
    if (source === undefined) return;
    leave(source);
    source.hops = 0;
  }

  /** It could not be had where it was to come from: the driver sends it. */
  failed(key: number, executor: ExecutorId): void {
    const source = this.byKey.get(key)?.get(executor);
    if (source === undefined) return;
    if (source.from !== undefined) source.from.hasFailed = true;
    leave(source);
    source.hops = 0;
  }

  /** The executor lets go of it. */
  forget(key: number, executor: ExecutorId): void {
    const sources = this.byKey.get(key);
    const source = sources?.get(executor);
    if (source === undefined) return;
    leave(source);
    sources!.delete(executor);
    if (sources!.size === 0) this.byKey.delete(key);
  }

  /** The executor is gone. */
  lose(executor: ExecutorId): void {
    for (const key of [...this.byKey.keys()]) this.forget(key, executor);
  }
}

function leave(source: Source): void {
  if (source.from !== undefined) source.from.served--;
  source.from = undefined;
}
