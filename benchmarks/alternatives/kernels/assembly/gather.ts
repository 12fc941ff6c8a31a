// The rows of a reduce id out of many sorted blocks (lib/shuffle/sorted-block.ts) of int32 keys and values.

const KEYS: usize = 28;
const VALUES: usize = 32;
const OFFSETS: usize = 36;

/** From `n` blocks, whose addresses are at `blocks`, one behind the other. Returns how many. */
export function gatherRows(blocks: usize, n: u32, reduce: u32, keys: usize, values: usize): u32 {
  let rows: u32 = 0;
  for (let b: u32 = 0; b < n; b++) {
    const block = <usize>load<u32>(blocks + (<usize>b << 2));
    const offsets = <usize>(load<u32>(block, OFFSETS) + (reduce << 2));
    const first = load<u32>(offsets);
    const count = load<u32>(offsets, 4) - first;
    const key = <usize>(load<u32>(block, KEYS) + (first << 2));
    const value = <usize>(load<u32>(block, VALUES) + (first << 2));
    for (let i: u32 = 0; i < count; i++) {
      store<u32>(keys + (<usize>(rows + i) << 2), load<u32>(key + (<usize>i << 2)));
      store<u32>(values + (<usize>(rows + i) << 2), load<u32>(value + (<usize>i << 2)));
    }
    rows += count;
  }
  return rows;
}
