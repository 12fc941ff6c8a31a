// What one map task writes to disk when its staging has no room in the heap: the runs of a reduce id, packed into blocks
// of one file, and for each block a run of a few words that will stand for it in the heap.

import type { SpillFile, SpillFiles } from '../storage/spill-files.js';
import type { Heap } from './heap/allocator.js';
import { copyRun, filledBytes, kindsOf, readRun, type SpilledRuns } from './run.js';

/** Bytes of a block, unless one run alone has more: whoever reads it has it in memory as a whole. */
const BLOCK_BYTES = 1 << 20;

/** A block that was written, and what its run in the heap has to say. */
export interface SpilledBlock extends SpilledRuns {
  /** Of its first run: those of the other ones follow. */
  readonly sequence: number;
  readonly rows: number;
}

export class MapSpill {
  private readonly file: SpillFile;
  private readonly blocks = new Map<number, SpilledBlock[]>();

  constructor(files: SpillFiles, name: string) {
    this.file = files.create(name);
  }

  /** Bytes that were written. */
  get bytes(): number {
    return this.file.bytes;
  }

  /** Writes runs that lie in the heap, given by their addresses, in the order of their numbers. */
  write(heap: Heap, reduce: number, runs: readonly number[]): void {
    let written = this.blocks.get(reduce);
    if (written === undefined) this.blocks.set(reduce, (written = []));
    for (let from = 0; from < runs.length; ) {
      let bytes = 0;
      let to = from;
      for (; to < runs.length; to++) {
        const more = filledBytes(heap.u32, runs[to]!);
        if (bytes > 0 && bytes + more > BLOCK_BYTES) break;
        bytes += more;
      }
      written.push(this.pack(heap, runs.slice(from, to), bytes));
      from = to;
    }
  }

  blocksOf(reduce: number): readonly SpilledBlock[] {
    return this.blocks.get(reduce) ?? [];
  }

  close(): void {
    this.file.close();
  }

  /** Removes the file. */
  discard(): void {
    this.file.discard();
  }

  private pack(heap: Heap, runs: readonly number[], bytes: number): SpilledBlock {
    const packed = new Uint8Array(new ArrayBuffer(bytes));
    let [at, rows, kinds] = [0, 0, 0];
    for (const address of runs) {
      const run = readRun(heap.u32, address);
      rows += run.rows;
      kinds |= kindsOf(run);
      at += copyRun(heap.u8, run, packed, at);
    }
    const { offset } = this.file.append(packed);
    return { offset, bytes, kinds, rows, sequence: readRun(heap.u32, runs[0]!).sequence };
  }
}
