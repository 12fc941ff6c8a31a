// Stored rows in this process: in its heap, and in files of its spill directory.

import type { Heap } from '../../shuffle/heap/allocator.js';
import { BlockFileWriter } from '../../storage/block-file.js';
import type { FileSystem } from '../../storage/file-system.js';
import type { StoredChunk, StoredRows } from '../spec.js';

export class LocalHolder {
  readonly capacity: number;

  constructor(
    private readonly heap: Heap,
    private readonly files: FileSystem,
    /** Bytes of the heap that stored rows may take together. */
    readonly most: number,
    /** The directory of files; made when it is asked for. */
    private readonly directory: () => string,
  ) {
    this.capacity = heap.capacity;
  }

  commit({ chunks }: StoredRows): void {
    for (const { at } of chunks) if ('address' in at) this.heap.setState(at.address, 'committed');
  }

  free({ chunks }: StoredRows): void {
    const files = new Set<string>();
    for (const { at } of chunks) {
      if ('address' in at) this.heap.free(at.address);
      else files.add(at.file);
    }
    for (const file of files) this.files.remove(file);
  }

  memoryOf({ chunks }: StoredRows): number {
    return chunks.reduce((sum, { at }) => ('address' in at ? sum + this.heap.sizeOf(at.address) : sum), 0);
  }

  toFile(stored: StoredRows, name: string): StoredRows {
    const { u8 } = this.heap;
    const writer = new BlockFileWriter(this.files, this.files.join(this.directory(), name));
    try {
      const chunks = stored.chunks.map(
        ({ at, runs }): StoredChunk =>
          'address' in at ? { at: writer.append(u8.subarray(at.address, at.address + at.bytes)), runs } : { at, runs },
      );
      writer.close();
      for (const { at } of stored.chunks) if ('address' in at) this.heap.free(at.address);
      return { ...stored, chunks };
    } catch (error) {
      writer.discard();
      throw error;
    }
  }
}
