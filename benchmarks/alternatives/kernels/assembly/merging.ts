// Blocks of rows in the order of their reduce ids (merging/sorted-block.ts): to read one reduce id's rows out of many of them, and to
// merge many into one of the same form.

const OFFSETS: usize = 4;
const KEYS: usize = 8;
const VALUES: usize = 12;

@inline function word(block: u32, at: usize): u32 {
  return load<u32>(<usize>block + at);
}

@inline function copyWords(to: usize, from: usize, words: u32): void {
  for (let i: u32 = 0; i < words; i++) store<u32>(to + (<usize>i << 2), load<u32>(from + (<usize>i << 2)));
}

/** The rows of a reduce id in `n` blocks, whose addresses are at `blocks`, one behind the other. Returns how many. */
export function gatherRows(blocks: usize, n: u32, reduce: u32, keys: usize, values: usize): u32 {
  let rows: u32 = 0;
  for (let b: u32 = 0; b < n; b++) {
    const block = load<u32>(blocks + (<usize>b << 2));
    const offsets = <usize>(word(block, OFFSETS) + (reduce << 2));
    const first = load<u32>(offsets);
    const count = load<u32>(offsets, 4) - first;
    copyWords(keys + (<usize>rows << 2), <usize>(word(block, KEYS) + (first << 2)), count);
    copyWords(values + (<usize>rows << 2), <usize>(word(block, VALUES) + (first << 2)), count);
    rows += count;
  }
  return rows;
}

/**
 * Merges `n` blocks into `out`, whose header says where its columns go. `pieces` (u16) gets the rows that each block had of each
 * reduce id. Scratch: 12 bytes a block at `cursors`.
 */
export function mergeBlocks(blocks: usize, n: u32, reducers: u32, out: u32, pieces: usize, cursors: usize): void {
  for (let b: u32 = 0; b < n; b++) {
    const block = load<u32>(blocks + (<usize>b << 2));
    const cursor = cursors + <usize>b * 12;
    store<u32>(cursor, word(block, OFFSETS));
    store<u32>(cursor, word(block, KEYS), 4);
    store<u32>(cursor, word(block, VALUES), 8);
  }
  const offsets = <usize>word(out, OFFSETS);
  let keysAt = <usize>word(out, KEYS);
  let valuesAt = <usize>word(out, VALUES);
  let rows: u32 = 0;
  for (let r: u32 = 0; r < reducers; r++) {
    store<u32>(offsets + (<usize>r << 2), rows);
    for (let b: u32 = 0; b < n; b++) {
      const cursor = cursors + <usize>b * 12;
      const from = <usize>load<u32>(cursor) + (<usize>r << 2);
      const count = load<u32>(from, 4) - load<u32>(from);
      store<u16>(pieces, <u16>count);
      pieces += 2;
      if (count == 0) continue;
      const keys = load<u32>(cursor, 4);
      const values = load<u32>(cursor, 8);
      copyWords(keysAt, <usize>keys, count);
      copyWords(valuesAt, <usize>values, count);
      keysAt += count << 2;
      valuesAt += count << 2;
      store<u32>(cursor, keys + (count << 2), 4);
      store<u32>(cursor, values + (count << 2), 8);
      rows += count;
    }
  }
  store<u32>(offsets + (<usize>reducers << 2), rows);
}
