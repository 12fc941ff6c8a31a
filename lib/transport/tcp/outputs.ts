// Who has the output of each map partition, as executors are told: a table for each shuffle, made when somebody is to read it.

import type { ExecutorId, ShuffleId } from '../../core/ids.js';
import type { ShuffleRef } from '../../shuffle/store.js';
import type { Address } from './address.js';
import { type OutputTable, wordsToBytes } from './messages.js';

/** Where output is, as whoever keeps book of it knows. */
export interface OutputLocations {
  /** By map partition: the executor, and the token of the attempt that counts. */
  locations(shuffle: ShuffleId): ReadonlyMap<number, { readonly executor: ExecutorId; readonly token: number }>;
  /** Rises whenever the locations change. */
  version(shuffle: ShuffleId): number;
}

export class OutputTables {
  private readonly tables = new Map<ShuffleId, { readonly version: number; readonly table: OutputTable | undefined }>();

  constructor(
    private readonly source: OutputLocations,
    private readonly serves: (executor: ExecutorId) => Address | undefined,
  ) {}

  /** The table is undefined where something is missing: nobody can read the shuffle then. */
  get(ref: ShuffleRef): { readonly version: number; readonly table: OutputTable | undefined } {
    const version = this.source.version(ref.id);
    let known = this.tables.get(ref.id);
    if (known?.version !== version) this.tables.set(ref.id, (known = { version, table: this.make(ref) }));
    return known;
  }

  forget(shuffle: ShuffleId): void {
    this.tables.delete(shuffle);
  }

  private make({ id, maps }: ShuffleRef): OutputTable | undefined {
    const places = new Map<ExecutorId, number>();
    const executors: { readonly id: ExecutorId; readonly serves: Address }[] = [];
    const owners = new Uint32Array(maps);
    const tokens = new Uint32Array(maps);
    const locations = this.source.locations(id);
    for (let map = 0; map < maps; map++) {
      const location = locations.get(map);
      if (location === undefined) return undefined;
      const { executor, token } = location;
      let place = places.get(executor);
      if (place === undefined) {
        const serves = this.serves(executor);
        if (serves === undefined) return undefined;
        place = executors.push({ id: executor, serves }) - 1;
        places.set(executor, place);
      }
      owners[map] = place;
      tokens[map] = token;
    }
    return { shuffle: id, executors, owners: wordsToBytes(owners), tokens: wordsToBytes(tokens) };
  }
}
