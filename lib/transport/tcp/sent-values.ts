// The shared values of one executor, as the driver sees them: what it has been sent or told where to get, and what it still waits
// for. It keeps the values that its latest task says are wanted; these books follow the same rule.

import type { ExecutorId, StageId } from '../../core/ids.js';
import type { SharedSpec } from '../../task/spec.js';
import type { Address } from './address.js';
import { VALUE_PART } from './limits.js';
import type { FromDriver, FromExecutor } from './messages.js';
import type { ValueSources } from './value-sources.js';

/** A value that is on its way. The executor may want it no more by now, but tasks that came before do. */
interface Coming {
  readonly bytes: Uint8Array;
  /** Whose task was the first to need it. */
  readonly stage: StageId;
}

/** A value that an executor has got. */
export interface Delivered {
  readonly stage: StageId;
  readonly bytes: number;
  /** Of these, how many came from other executors. */
  readonly fromPeers: number;
}

export class SentValues {
  private readonly keys = new Set<number>();
  private readonly coming = new Map<number, Coming>();
  /** What the latest task said. */
  private wanted: readonly number[] = [];

  constructor(
    private readonly executor: ExecutorId,
    private readonly serves: Address,
    private readonly sources: ValueSources,
    private readonly send: (message: FromDriver) => void,
  ) {}

  /** Whether a task with these values finds all of them sent. What is wanted no more is forgotten. */
  hasAll(shared: readonly SharedSpec[], wanted: readonly number[]): boolean {
    if (this.keys.size > 0 && wanted !== this.wanted) {
      const kept = new Set(wanted);
      for (const key of this.keys) {
        if (kept.has(key)) continue;
        this.keys.delete(key);
        this.sources.forget(key, this.executor);
      }
    }
    this.wanted = wanted;
    return shared.every(({ key }) => this.keys.has(key));
  }

  /** Sends those that it does not have, or tells it where to get them. */
  add(shared: readonly SharedSpec[], stage: StageId): void {
    for (const { key, bytes } of shared) {
      if (this.keys.has(key)) continue;
      this.keys.add(key);
      this.coming.set(key, { bytes, stage });
      const peer = this.sources.choose(key, bytes.length, this.executor, this.serves);
      this.send({ type: 'value', key, bytes: bytes.length, peer });
      if (peer === undefined) this.sendFrom(key, bytes, 0);
    }
  }

  /** It could not get it where it was told to, from this byte on. */
  missing({ key, from }: FromExecutor & { readonly type: 'valueMissing' }): void {
    this.sources.failed(key, this.executor);
    const coming = this.coming.get(key);
    if (coming !== undefined) this.sendFrom(key, coming.bytes, from);
  }

  /** It has got it. */
  whole({ key, fromPeers }: FromExecutor & { readonly type: 'valueWhole' }): Delivered | undefined {
    this.sources.whole(key, this.executor);
    const coming = this.coming.get(key);
    this.coming.delete(key);
    return coming && { stage: coming.stage, bytes: coming.bytes.length, fromPeers };
  }

  private sendFrom(key: number, bytes: Uint8Array, from: number): void {
    for (let at = from; at < bytes.length; at += VALUE_PART) {
      this.send({ type: 'valuePart', key, at, bytes: bytes.subarray(at, at + VALUE_PART) });
    }
  }
}
