// The shuffles of a driver as one executor has them: an address in its own heap for each, made when it is first mentioned, given
// back when the driver wants it no more and nobody here uses it.

import type { ShuffleId } from '../../core/ids.js';
import type { ShuffleRef, ShuffleStore } from '../../shuffle/store.js';
import { bytesToWords, type OutputTable } from './messages.js';

interface Entry {
  readonly ref: ShuffleRef;
  users: number;
  isWanted: boolean;
}

/** Who has the output of which map partition. */
export interface Outputs {
  readonly executors: OutputTable['executors'];
  readonly owners: Uint32Array;
  readonly tokens: Uint32Array;
}

export class ShuffleDirectory {
  private readonly entries = new Map<ShuffleId, Entry>();
  private readonly tables = new Map<ShuffleId, Outputs>();

  constructor(private readonly store: ShuffleStore) {}

  /** The shuffle of a driver's reference, here, for somebody who will `release` it. Throws HEDDLE_HEAP_FULL. */
  use({ id, maps, reducers }: ShuffleRef): ShuffleRef {
    let entry = this.entries.get(id);
    if (entry === undefined) {
      entry = { ref: this.store.create(id, maps, reducers), users: 0, isWanted: true };
      this.entries.set(id, entry);
    }
    entry.users++;
    return entry.ref;
  }

  /** The same for one that must be here already. */
  find(id: ShuffleId): ShuffleRef | undefined {
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    entry.users++;
    return entry.ref;
  }

  release({ id }: ShuffleRef): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.users--;
    this.clear(id, entry);
  }

  free(id: ShuffleId): void {
    this.tables.delete(id);
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.isWanted = false;
    this.clear(id, entry);
  }

  setOutputs({ shuffle, executors, owners, tokens }: OutputTable): void {
    this.tables.set(shuffle, { executors, owners: bytesToWords(owners), tokens: bytesToWords(tokens) });
  }

  outputs(id: ShuffleId): Outputs | undefined {
    return this.tables.get(id);
  }

  private clear(id: ShuffleId, { ref, users, isWanted }: Entry): void {
    if (isWanted || users > 0) return;
    this.entries.delete(id);
    this.store.free(ref);
  }
}
