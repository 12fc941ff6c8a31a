// Merging sorted blocks: rows of several map tasks, each in the order of the reduce ids, to one block in that order. The layout is that
// of lib/shuffle/sorted-block.ts.

const KINDS: usize = 20;
const KEYS: usize = 28;
const VALUES: usize = 32;
const OFFSETS: usize = 36;
/** A cursor: address of the next offset, of the next key, of the next value. */
const CURSOR: usize = 12;

// `K` and `V` are the units that keys and values are moved in: their bits are never looked at.
@inline
function merge<K, V>(blocks: usize, n: u32, reducers: u32, out: usize, cursors: usize): void {
  for (let b: u32 = 0; b < n; b++) {
    const block = <usize>load<u32>(blocks + (<usize>b << 2));
    const cursor = cursors + <usize>b * CURSOR;
    store<u32>(cursor, load<u32>(block, OFFSETS));
    store<u32>(cursor, load<u32>(block, KEYS), 4);
    store<u32>(cursor, load<u32>(block, VALUES), 8);
  }
  const offsets = <usize>load<u32>(out, OFFSETS);
  let keyTo = <usize>load<u32>(out, KEYS);
  let valueTo = <usize>load<u32>(out, VALUES);
  let rows: u32 = 0;
  const end = cursors + <usize>n * CURSOR;
  for (let r: u32 = 0; r < reducers; r++) {
    store<u32>(offsets + (<usize>r << 2), rows);
    for (let cursor = cursors; cursor < end; cursor += CURSOR) {
      const offset = <usize>load<u32>(cursor) + (<usize>r << 2);
      const count = load<u32>(offset, 4) - load<u32>(offset);
      if (count == 0) continue;
      let key = <usize>load<u32>(cursor, 4);
      let value = <usize>load<u32>(cursor, 8);
      for (let i: u32 = 0; i < count; i++) {
        store<K>(keyTo, load<K>(key));
        store<V>(valueTo, load<V>(value));
        key += sizeof<K>();
        value += sizeof<V>();
        keyTo += sizeof<K>();
        valueTo += sizeof<V>();
      }
      store<u32>(cursor, <u32>key, 4);
      store<u32>(cursor, <u32>value, 8);
      rows += count;
    }
  }
  store<u32>(offsets + (<usize>reducers << 2), rows);
}

/**
 * Merges `n` blocks of the same kinds, whose addresses (u32) are at `blocks`, into `out`, whose header is written and which has room for
 * all their rows: of each reduce id those of the first block first. Scratch: 12 bytes a block at `cursors`.
 */
export function mergeSorted(blocks: usize, n: u32, reducers: u32, out: usize, cursors: usize): void {
  const kinds = load<u32>(out, KINDS);
  const wideKeys = ((kinds >>> 8) & 0xff) == 2;
  const wideValues = ((kinds >>> 16) & 0xff) == 2;
  if (wideKeys) {
    if (wideValues) merge<u64, u64>(blocks, n, reducers, out, cursors);
    else merge<u64, u32>(blocks, n, reducers, out, cursors);
  } else if (wideValues) merge<u32, u64>(blocks, n, reducers, out, cursors);
  else merge<u32, u32>(blocks, n, reducers, out, cursors);
}
