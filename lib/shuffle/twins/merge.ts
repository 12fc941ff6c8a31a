// The twin of native-shuffle/assembly/merge.ts.

import { type Kernels, numericBytes } from '../kernels.js';
import { keyKindOf, valueKindOf } from '../kinds.js';
import { sortedRows, sortedWord } from '../sorted-block.js';

export function mergeTwin(memory: WebAssembly.Memory): Pick<Kernels, 'mergeSorted'> {
  return {
    mergeSorted(blocks, n, reducers, out) {
      const u32 = new Uint32Array(memory.buffer);
      const word = (block: number, of: keyof typeof sortedWord) => u32[(block + sortedWord[of]) >>> 2]!;
      const kinds = word(out, 'kinds');
      const widths = { keys: numericBytes[keyKindOf(kinds)]! >>> 2, values: numericBytes[valueKindOf(kinds)]! >>> 2 };
      const sources = Array.from(u32.subarray(blocks >>> 2, (blocks >>> 2) + n));
      let rows = 0;
      for (let r = 0; r < reducers; r++) {
        u32[(word(out, 'offsets') >>> 2) + r] = rows;
        for (const block of sources) {
          const first = u32[(word(block, 'offsets') >>> 2) + r]!;
          const count = sortedRows(u32, block, r);
          for (const column of ['keys', 'values'] as const) {
            const from = (word(block, column) >>> 2) + first * widths[column];
            u32.copyWithin((word(out, column) >>> 2) + rows * widths[column], from, from + count * widths[column]);
          }
          rows += count;
        }
      }
      u32[(word(out, 'offsets') >>> 2) + reducers] = rows;
    },
  };
}
