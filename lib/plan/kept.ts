// What the driver knows of rows that are kept: which partitions of which RDDs are stored where, who reads them now, and
// which have to make room for others. Only plain data about a partition travels; whoever has the rows (this process's
// heap and files, or another executor) is behind StoredHolder.
//
// A partition that a task reads is neither moved nor freed until the task has ended. One that a job's plan relies on,
// because the shuffles below it are not planned, is not given up before the job has ended; it may move to a file.

import { fromErrorRecord, HeddleError } from '../core/errors.js';
import type { PartitionEvicted, PartitionStored, Warning } from '../core/events.js';
import { idSequence, type RddId, type StageId } from '../core/ids.js';
import type { StoredResult, StoredRows, StoreSpec } from '../task/spec.js';

export type StorageLevel = 'memory' | 'memoryAndDisk' | 'disk';
export const STORAGE_LEVELS: readonly StorageLevel[] = ['memory', 'memoryAndDisk', 'disk'];

/** Whoever has stored rows, as its executor's name says. */
export interface StoredHolder {
  /** Makes what a task has stored outlive its thread. */
  commit(stored: StoredRows): void;
  /** Gives back its memory and its files. Nobody reads it. */
  free(stored: StoredRows): void;
  /** Bytes of memory that it takes. */
  memoryOf(stored: StoredRows): number;
  /** Moves it to a file of this name. Nobody reads it. */
  toFile(stored: StoredRows, name: string): StoredRows;
  /** Bytes of memory that stored rows may take there together. */
  readonly most: number;
  /** Bytes of all its memory. */
  readonly capacity: number;
}

/** What is in the memory of one holder, the least recently used first. */
interface Pool {
  readonly entries: Set<StoredPartition>;
  bytes: number;
}

/** One stored partition. */
export interface StoredPartition {
  readonly kept: Kept;
  readonly partition: number;
  rows: StoredRows;
  /** Bytes of memory; 0 in a file. */
  memory: number;
  /** Tasks that read it. */
  readers: number;
  /** Jobs whose plans rely on it. */
  relied: number;
  /** It is free as soon as nobody needs it. */
  isGone: boolean;
  /** It cannot be read. */
  isLost: boolean;
  /** It was given back. */
  isFree: boolean;
}

/** The partitions of an RDD since it was persisted. Knows nothing of its lineage, which may go. */
export interface Kept {
  readonly id: number;
  readonly rdd: RddId;
  readonly level: StorageLevel;
  /** Stored for good: the lineage is cut once all partitions are there. */
  readonly isCheckpoint: boolean;
  readonly partitions: Map<number, StoredPartition>;
  isGone: boolean;
}

/** What the registry is given to work with. */
export interface StoredOptions {
  /** Bytes of memory that one partition may take; 0: none is stored in memory. */
  readonly most: number;
  readonly holderOf: (executor: string) => StoredHolder;
  /** The directory of files; made when it is asked for. */
  readonly directory: () => string;
  readonly emit: (event: PartitionStored | PartitionEvicted | Warning) => void;
}

export class StoredPartitions {
  private readonly nextId = idSequence<number>();
  private readonly nextFile = idSequence<number>();
  private readonly kept = new Map<number, Kept>();
  /** By executor. */
  private readonly pools = new Map<string, Pool>();
  /** How many partitions have left memory for others. */
  evictions = 0;
  /** How many have gone with the executor that had them. */
  losses = 0;
  /** Gives back what an RDD kept that nobody can reach any more. */
  private readonly unreachable = new FinalizationRegistry<Kept>(kept => this.release(kept));

  constructor(private readonly options: StoredOptions) {}

  /** Begins to keep the partitions of an RDD, as long as `owner` is in reach. */
  keep(owner: object, rdd: RddId, level: StorageLevel, isCheckpoint = false): Kept {
    const kept: Kept = { id: this.nextId(), rdd, level, isCheckpoint, partitions: new Map(), isGone: false };
    this.kept.set(kept.id, kept);
    this.unreachable.register(owner, kept, kept);
    return kept;
  }

  /** Gives everything back: what is being read, when that has ended. */
  release(kept: Kept): void {
    if (kept.isGone) return;
    kept.isGone = true;
    this.unreachable.unregister(kept);
    this.kept.delete(kept.id);
    for (const entry of [...kept.partitions.values()]) this.drop(entry);
  }

  /** A task begins to read it. */
  read(entry: StoredPartition): StoredRows {
    entry.readers++;
    const { entries } = this.poolOf(entry);
    if (entries.delete(entry)) entries.add(entry);
    return entry.rows;
  }

  endRead(entry: StoredPartition): void {
    entry.readers--;
    this.freeIfUnused(entry);
  }

  rely(entry: StoredPartition): void {
    entry.relied++;
  }

  endRely(entry: StoredPartition): void {
    entry.relied--;
    this.freeIfUnused(entry);
  }

  /** How a task that computes a partition is to store it; null when it is not. `cramped`: without the heap. */
  storeOf(kept: Kept, partition: number, cramped: boolean): StoreSpec | null {
    if (kept.isGone || kept.partitions.has(partition)) return null;
    const { id, level, isCheckpoint } = kept;
    const most = level === 'disk' || cramped ? 0 : this.options.most;
    if (level === 'memory' && most === 0) return null;
    const directory = level === 'memory' ? null : this.directory(isCheckpoint);
    if (directory === null && most === 0) return null;
    return { kept: id, partition, most, directory, required: isCheckpoint };
  }

  /** Takes what a task has stored. Of two copies the first one stays. */
  take(results: readonly StoredResult[], stage: StageId): void {
    for (const { kept: id, partition, stored, error } of results) {
      const kept = this.kept.get(id);
      if (stored === undefined) {
        this.options.emit({ type: 'warning', message: `a partition was not stored: ${fromErrorRecord(error!).message}` });
        continue;
      }
      const holder = this.options.holderOf(stored.executor);
      holder.commit(stored);
      if (kept === undefined || kept.partitions.has(partition)) {
        holder.free(stored);
        continue;
      }
      const memory = holder.memoryOf(stored);
      const entry: StoredPartition = {
        kept,
        partition,
        rows: stored,
        memory,
        readers: 0,
        relied: 0,
        isGone: false,
        isLost: false,
        isFree: false,
      };
      kept.partitions.set(partition, entry);
      const pool = this.poolOf(entry);
      if (memory > 0) pool.entries.add(entry);
      pool.bytes += memory;
      const { rows, bytes } = stored;
      const place = memory > 0 ? 'memory' : 'disk';
      this.options.emit({ type: 'partitionStored', rdd: kept.rdd, partition, stage, place, rows, bytes });
      this.evict(stored.executor, pool.bytes - holder.most);
    }
  }

  /** Has partitions leave an executor's memory for what has no room: a good part of it, so that this does not come often. */
  makeRoom(executor: string): number {
    return this.evict(executor, this.options.holderOf(executor).capacity / 8);
  }

  /** Forgets what an executor had that is gone: what is read by others, too. */
  loseExecutor(executor: string): void {
    for (const { partitions } of this.kept.values()) {
      for (const entry of partitions.values()) if (entry.rows.executor === executor) this.loseOne(entry);
    }
    this.pools.delete(executor);
  }

  /** Has the least recently used partitions leave memory until so many bytes are free; says how many became free. */
  private evict(executor: string, bytes: number): number {
    let freed = 0;
    for (const entry of this.pools.get(executor)?.entries ?? []) {
      if (freed >= bytes) break;
      freed += this.evictOne(entry);
    }
    return freed;
  }

  /**
   * Forgets those of these partitions that were in a file that cannot be read, or are called so by an executor that has not got
   * them; says whether any of them is lost. A checkpoint in files of this process stays what it is.
   */
  lose(entries: readonly StoredPartition[], name: string): boolean {
    for (const entry of entries) {
      const { rows, kept } = entry;
      const isIn = rows.chunks.some(({ at }) => 'file' in at && at.file === name);
      if (rows.remote?.id === name || (isIn && !kept.isCheckpoint)) this.loseOne(entry);
    }
    return entries.some(({ isLost }) => isLost);
  }

  private loseOne(entry: StoredPartition): void {
    if (entry.isLost) return;
    entry.isLost = true;
    if (entry.rows.remote !== undefined) this.losses++;
    this.drop(entry);
  }

  private evictOne(entry: StoredPartition): number {
    const { kept, partition, rows, memory } = entry;
    if (entry.readers > 0 || entry.isGone) return 0;
    if (kept.level === 'memory') {
      if (entry.relied > 0) return 0;
      this.drop(entry);
      this.evictions++;
      this.options.emit({ type: 'partitionEvicted', rdd: kept.rdd, partition, to: 'nothing', bytes: rows.bytes });
      return memory;
    }
    try {
      entry.rows = this.options.holderOf(rows.executor).toFile(rows, `evicted-${this.nextFile()}.blocks`);
    } catch (error) {
      this.options.emit({ type: 'warning', message: `a partition stays in memory: ${(error as Error).message}` });
      return 0;
    }
    this.leaveMemory(entry);
    this.evictions++;
    this.options.emit({ type: 'partitionEvicted', rdd: kept.rdd, partition, to: 'disk', bytes: rows.bytes });
    return memory;
  }

  private directory(required: boolean): string | null {
    try {
      return this.options.directory();
    } catch (error) {
      if (required || !(error instanceof HeddleError)) throw error;
      this.options.emit({ type: 'warning', message: `partitions are not stored on disk: ${error.message}` });
      return null;
    }
  }

  private drop(entry: StoredPartition): void {
    entry.isGone = true;
    const { partitions } = entry.kept;
    if (partitions.get(entry.partition) === entry) partitions.delete(entry.partition);
    this.freeIfUnused(entry);
  }

  private freeIfUnused(entry: StoredPartition): void {
    if (!entry.isGone || entry.readers > 0 || entry.relied > 0) return;
    this.leaveMemory(entry);
    if (entry.isFree) return;
    entry.isFree = true;
    this.options.holderOf(entry.rows.executor).free(entry.rows);
  }

  private leaveMemory(entry: StoredPartition): void {
    const pool = this.pools.get(entry.rows.executor);
    if (pool !== undefined) {
      pool.entries.delete(entry);
      pool.bytes -= entry.memory;
    }
    entry.memory = 0;
  }

  private poolOf({ rows: { executor } }: StoredPartition): Pool {
    let pool = this.pools.get(executor);
    if (pool === undefined) this.pools.set(executor, (pool = { entries: new Set(), bytes: 0 }));
    return pool;
  }
}
