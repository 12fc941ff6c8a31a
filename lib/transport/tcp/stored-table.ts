// What an executor has stored of persisted rows, by the names that it gave them: in its heap, and in its spill directory. The driver
// says when they go or move to a file; those who read them here, for a task or for another executor, hold them till then.

import { type ErrorRecord, HeddleError } from '../../core/errors.js';
import type { StoredResult, StoredRows, StoreSpec } from '../../task/spec.js';
import type { LocalHolder } from '../../task/stored/local-holder.js';

interface Entry {
  rows: StoredRows;
  users: number;
  isWanted: boolean;
  /** To a file, once nobody reads it. */
  isToMove: boolean;
}

export class StoredTable {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly holder: LocalHolder,
    /** Throws where there can be none. */
    private readonly directory: () => string,
  ) {}

  /** How a task is to store a partition here. Throws where it must, and there is no directory. */
  placed(store: StoreSpec): StoreSpec | null {
    const most = Math.min(store.most, this.holder.most);
    const directory = store.directory === null ? null : this.directoryFor(store);
    return most === 0 && directory === null ? null : { ...store, most, directory };
  }

  /** Takes what a task has stored; what is told of it to the driver. */
  take(results: readonly StoredResult[], executor: string, token: number): StoredResult[] {
    return results.map(result => {
      const { kept, partition, stored } = result;
      if (stored === undefined) return result;
      this.holder.commit(stored);
      const id = `${executor} ${token} ${kept} ${partition}`;
      this.entries.set(id, { rows: stored, users: 0, isWanted: true, isToMove: false });
      const { rows, bytes, blocks } = stored;
      const told = { executor, chunks: [], rows, bytes, blocks, remote: { id, memory: this.holder.memoryOf(stored) } };
      return { kept, partition, stored: told };
    });
  }

  /** The rows of a name, for somebody who will `release` it; undefined where there are none. */
  use(id: string): StoredRows | undefined {
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    entry.users++;
    return entry.rows;
  }

  release(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.users--;
    this.settle(id, entry);
  }

  free(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.isWanted = false;
    this.settle(id, entry);
  }

  toFile(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.isToMove = true;
    this.settle(id, entry);
  }

  /** The error of a task as the driver understands it: what cannot be read here it knows by its name. */
  named(error: ErrorRecord): ErrorRecord {
    if (error.code !== 'HEDDLE_STORED_LOST') return error;
    const isIn = ({ rows }: Entry) => rows.chunks.some(({ at }) => 'file' in at && at.file === error.data?.file);
    const found = [...this.entries].find(([, entry]) => isIn(entry));
    return found === undefined ? error : { ...error, data: { ...error.data, file: found[0] } };
  }

  private settle(id: string, entry: Entry): void {
    if (entry.users > 0) return;
    if (entry.isWanted && !entry.isToMove) return;
    if (entry.isWanted) {
      entry.isToMove = false;
      try {
        entry.rows = this.holder.toFile(entry.rows, `evicted-${id.replace(/[^\w-]+/g, '-')}.blocks`);
        return;
      } catch {
        // A disk that fails costs what is stored, and no more: whoever wants to read it is told that it is not here.
      }
    }
    this.entries.delete(id);
    this.holder.free(entry.rows);
  }

  private directoryFor({ required }: StoreSpec): string | null {
    try {
      return this.directory();
    } catch (error) {
      if (required) throw error;
      return null;
    }
  }
}

/** Rows that are not where they should be: the driver knows what to do. */
export function storedLost(id: string, why: string): HeddleError {
  return new HeddleError('HEDDLE_STORED_LOST', `rows that were kept cannot be had: ${why}`, { data: { file: id } });
}
