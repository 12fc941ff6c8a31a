// The twin of native-shuffle/assembly/sort.ts: the same order, by the sort that other keys have.

import { sortedOrder } from '../../codec/key-sort.js';
import type { Kernels } from '../kernels.js';

export function sortTwin(memory: WebAssembly.Memory): Pick<Kernels, 'sortNumbers'> {
  return {
    sortNumbers(keyKind, keys, rows, ascending, _words, order) {
      const column = keyKind === 1 ? new Int32Array(memory.buffer, keys, rows) : new Float64Array(memory.buffer, keys, rows);
      new Uint32Array(memory.buffer, order, rows).set(sortedOrder(column, ascending === 1));
    },
  };
}
