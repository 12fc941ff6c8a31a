// Stores the rows of one partition as columns: in the heap, or in a file once they have no room there. Blocks of the heap
// are staging of the task's thread until the driver has taken the result.

import { prepareColumn } from '../../codec/column.js';
import { BlockFileWriter } from '../../storage/block-file.js';
import type { TaskEnv } from '../env.js';
import type { StoredChunk, StoredRows, StoreSpec } from '../spec.js';

/** Rows of one column at most: bounds what is held both as rows and as bytes, here and when they are read. */
const COLUMN_ROWS = 1 << 16;

export class PartitionWriter {
  private chunks: StoredChunk[] = [];
  private rows = 0;
  private bytes = 0;
  /** Bytes of heap blocks. */
  private held = 0;
  private file: BlockFileWriter | undefined;
  /** Nothing more is stored: there was no room. */
  private hasGivenUp = false;
  isFinished = false;
  /** What the disk said when it had none. */
  failure: unknown;

  constructor(
    private readonly env: TaskEnv,
    private readonly spec: StoreSpec,
    /** Unique among the attempts of a process. */
    private readonly token: number,
  ) {}

  /** Stores rows of these runs (block, rows, block, rows, ...), which may be changed afterwards. */
  add(rows: ArrayLike<unknown>, runs: readonly number[]): void {
    if (this.hasGivenUp) return;
    if (rows.length <= COLUMN_ROWS) {
      this.addColumn(rows, 0, rows.length, runs);
      return;
    }
    let at = 0;
    for (let i = 0; i < runs.length; i += 2) {
      for (const end = at + runs[i + 1]!; at < end; ) {
        const to = Math.min(end, at + COLUMN_ROWS);
        this.addColumn(rows, at, to, [runs[i]!, to - at]);
        at = to;
      }
    }
  }

  /** What was stored; undefined where there was no room. */
  finish(blocks: StoredRows['blocks']): StoredRows | undefined {
    if (this.file !== undefined) this.onDisk(() => this.file!.close());
    if (this.hasGivenUp) return undefined;
    this.isFinished = true;
    const { chunks, rows, bytes } = this;
    return { executor: this.env.executor, chunks, rows, bytes, blocks };
  }

  /** Gives back all that it took. */
  discard(): void {
    this.hasGivenUp = true;
    for (const { at } of this.chunks) if ('address' in at) this.env.heap.free(at.address);
    this.chunks = [];
    this.file?.discard();
    this.file = undefined;
  }

  private addColumn(rows: ArrayLike<unknown>, from: number, to: number, runs: readonly number[]): void {
    if (this.hasGivenUp) return;
    const column = prepareColumn(rows, from, to);
    const bytes = column.byteLength;
    const address = this.file === undefined ? this.allocate(bytes) : 0;
    if (address !== 0) {
      column.write(this.env.heap.u8.subarray(address, address + bytes));
      this.chunks.push({ at: { address, bytes }, runs });
    } else if (this.spec.directory === null) {
      this.discard();
      return;
    } else {
      const encoded = new Uint8Array(bytes);
      column.write(encoded);
      this.onDisk(() => {
        this.file ??= this.moveToFile(this.spec.directory!);
        this.chunks.push({ at: this.file.append(encoded), runs });
      });
    }
    this.rows += to - from;
    this.bytes += bytes;
  }

  /** A block of the heap; 0 where there is no room, or as much as it may take is taken. */
  private allocate(bytes: number): number {
    if (this.held + bytes > this.spec.most) return 0;
    const { heap } = this.env;
    const address = heap.allocate(bytes);
    if (address !== 0) this.held += heap.sizeOf(address);
    return address;
  }

  /** What is in the heap goes into a file, where all that follows goes too. */
  private moveToFile(directory: string): BlockFileWriter {
    const { files, heap } = this.env;
    const file = new BlockFileWriter(files, files.join(directory, `${this.token}-${this.spec.kept}-${this.spec.partition}.blocks`));
    // Before anything is written, so that it is discarded when that fails.
    this.file = file;
    for (let i = 0; i < this.chunks.length; i++) {
      const { at, runs } = this.chunks[i]!;
      if (!('address' in at)) continue;
      this.chunks[i] = { at: file.append(heap.u8.subarray(at.address, at.address + at.bytes)), runs };
      heap.free(at.address);
    }
    return file;
  }

  /** A disk that fails costs the task its store, not its rows: unless it is there to store them. */
  private onDisk(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.discard();
      if (this.spec.required) throw error;
      this.failure = error;
    }
  }
}
