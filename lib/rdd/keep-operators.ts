// Rows that are kept for later jobs: persist, unpersist, checkpoint.

import { badArgument } from '../core/errors.js';
import { STORAGE_LEVELS, type StorageLevel } from '../plan/kept.js';
import { labelOf } from '../plan/lineage.js';
import { RddBase } from './rdd-base.js';

export class KeepOperators extends RddBase {
  /** The same as persist('memory'). */
  cache(): this {
    return this.persist('memory');
  }

  /**
   * Keeps the rows for later jobs: the first task that reads a partition to its end stores it, and whoever needs it then, in
   * this job or a later one, reads what is stored. What is not stored is computed. Runs nothing now. Where stored partitions
   * need more than their share of the memory (the option storageFraction), or a shuffle needs the room, those that were not
   * used for longest leave: of 'memory' they are computed again when they are needed, of 'memoryAndDisk' they move to a file;
   * 'disk' writes files at once. Answers are the same to the last bit. Rows must be values that a shuffle could carry.
   * Costs encoding each row once, and decoding it at each use. Returns this RDD. Throws HEDDLE_BAD_ARGUMENT for another
   * level than it has.
   */
  persist(level: StorageLevel = 'memory'): this {
    const { session, node } = this;
    if (!STORAGE_LEVELS.includes(level)) throw badArgument('persist(level)', level, `one of ${STORAGE_LEVELS.join(', ')}`);
    session.checkOpen();
    if (node.kept !== undefined && node.kept.level !== level) {
      throw badArgument('persist(level)', level, `${node.kept.level}, which ${labelOf(node)} has already; unpersist() it before`);
    }
    node.kept ??= session.stored.keep(node, node.id, level);
    return this;
  }

  /** Gives the kept rows back, memory and files, at once; what tasks under way read, when they have ended. Returns this RDD. */
  unpersist(): this {
    const { kept } = this.node;
    this.node.kept = undefined;
    if (kept !== undefined) this.session.stored.release(kept);
    return this;
  }

  /**
   * Writes the rows to files of the spill directory, and forgets what they were made of. Each partition is written by the first
   * task that reads it to its end, in whatever job; at the end of the job after which all are written, the lineage is cut, and
   * can be collected. Runs nothing now. The files go with the RDD, or with the context. A disk that is full, or files that
   * somebody removed, end the job with a coded error: HEDDLE_IO, HEDDLE_STORED_LOST.
   */
  checkpoint(): this {
    const { session, node } = this;
    session.checkOpen();
    if (node.partitions === 0) return this;
    node.checkpoint ??= { kept: session.stored.keep(node, node.id, 'disk', true), cut: undefined };
    return this;
  }

  /** How the rows are kept; undefined where they are not. */
  get storageLevel(): StorageLevel | undefined {
    return this.node.kept?.level;
  }
}
