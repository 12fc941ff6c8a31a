// The twin of native-shuffle/assembly/place.ts.

import { storeWord } from '../heap/words.js';
import { type Kernels, numericBytes } from '../kernels.js';
import { keyKindOf, valueKindOf } from '../kinds.js';
import { numericPayload, pad8, RUN_HEADER, writeRun } from '../run.js';

export function placeTwin(memory: WebAssembly.Memory): Pick<Kernels, 'placeRuns'> {
  return {
    placeRuns(stateAt, counts, reducers, open, usedBytes, capacities, map, attempt, kinds) {
      const u32 = new Uint32Array(memory.buffer);
      const i32 = new Int32Array(memory.buffer);
      const [keyKind, valueKind] = [keyKindOf(kinds), valueKindOf(kinds)];
      const state = u32.subarray(stateAt >>> 2, (stateAt >>> 2) + 4);
      let [r, keys, values, written] = state as unknown as [number, number, number, number];
      for (; r < reducers; r++) {
        const rows = u32[(counts >>> 2) + r]!;
        if (rows === 0) continue;
        const bytes = numericPayload(rows, keyKind, valueKind);
        const block = u32[(open >>> 2) + r]!;
        if (block === 0) break;
        const end = u32[(usedBytes >>> 2) + r]! + RUN_HEADER + bytes;
        if (end > u32[(capacities >>> 2) + r]!) break;
        const payload = block + end - bytes;
        writeRun(u32, payload - RUN_HEADER, { map, attempt, sequence: 0, rows, bytes, kinds, capacity: rows });
        const keysEnd = keys + rows * numericBytes[keyKind]!;
        const valuesEnd = values + rows * numericBytes[valueKind]!;
        u32.copyWithin(payload >>> 2, keys >>> 2, keysEnd >>> 2);
        u32.copyWithin((payload + pad8(keysEnd - keys)) >>> 2, values >>> 2, valuesEnd >>> 2);
        keys = keysEnd;
        values = valuesEnd;
        written += RUN_HEADER + bytes;
        storeWord(i32, usedBytes + r * 4, end);
      }
      state.set([r, keys, values, written]);
      return r;
    },
  };
}
