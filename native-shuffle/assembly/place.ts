// Short runs: rows in the order of their reduce ids, to the open blocks of a thread, a run with its header for each reduce id. The
// layout is that of lib/shuffle/run.ts.

const RUN_HEADER: u32 = 32;

@inline function pad8(bytes: u32): u32 {
  return (bytes + 7) & ~7;
}

@inline function bytesOf(kind: u32): u32 {
  return kind << 2;
}

@inline function copyWords(to: u32, from: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 4) store<u32>(<usize>(to + at), load<u32>(<usize>(from + at)));
}

/**
 * Writes runs behind what is in the open blocks, from the reduce id of `state` on (u32: reduce id, address of its keys, address of
 * its values, bytes of runs so far). Stops at the first reduce id whose block has no room; returns it, or `reducers`.
 */
export function placeRuns(state: usize, counts: usize, reducers: u32, open: usize, usedBytes: usize, capacities: usize, map: u32, attempt: u32, kinds: u32): u32 {
  const keyBytes = bytesOf((kinds >>> 8) & 0xff);
  const valueBytes = bytesOf((kinds >>> 16) & 0xff);
  let keys = load<u32>(state, 4);
  let values = load<u32>(state, 8);
  let written = load<u32>(state, 12);
  const first = load<u32>(state);
  let r = first;
  for (; r < reducers; r++) {
    const rows = load<u32>(counts + (<usize>r << 2));
    if (rows == 0) continue;
    const keyColumn = rows * keyBytes;
    const valueColumn = rows * valueBytes;
    const bytes = pad8(keyColumn) + pad8(valueColumn);
    const block = load<u32>(open + (<usize>r << 2));
    if (block == 0) break;
    const used = load<u32>(usedBytes + (<usize>r << 2));
    if (used + RUN_HEADER + bytes > load<u32>(capacities + (<usize>r << 2))) break;
    const run = <usize>(block + used);
    store<u32>(run, map);
    store<u32>(run, attempt, 4);
    store<u32>(run, 0, 8);
    store<u32>(run, rows, 12);
    store<u32>(run, bytes, 16);
    store<u32>(run, kinds, 20);
    store<u32>(run, rows, 24);
    store<u32>(run, 0, 28);
    const payload = block + used + RUN_HEADER;
    copyWords(payload, keys, keyColumn);
    copyWords(payload + pad8(keyColumn), values, valueColumn);
    keys += keyColumn;
    values += valueColumn;
    written += RUN_HEADER + bytes;
  }
  // Last, so that a reader of other runs of a block never sees half of one; and not with each run, for an atomic store waits until
  // the cache lines of all stores before it are there.
  for (let done = first; done < r; done++) {
    const rows = load<u32>(counts + (<usize>done << 2));
    if (rows == 0) continue;
    const used = usedBytes + (<usize>done << 2);
    atomic.store<u32>(used, load<u32>(used) + RUN_HEADER + pad8(rows * keyBytes) + pad8(rows * valueBytes));
  }
  store<u32>(state, r);
  store<u32>(state, keys, 4);
  store<u32>(state, values, 8);
  store<u32>(state, written, 12);
  return r;
}
