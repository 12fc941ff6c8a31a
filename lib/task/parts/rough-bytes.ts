// About how much memory values take in V8's heap: from a few of them, for decisions that only need its order of magnitude.

/** Values that are looked at. */
const LOOKED_AT = 16;
/** Of arrays and objects, how deep, and how many elements. */
const DEPTH = 3;
const ELEMENTS = 16;
/** What a number, or a reference, takes while a column of them is sorted. */
const WORD = 24;

/** Bytes of the values from this one on. */
export function roughBytes(values: readonly unknown[], from: number): number {
  const rows = values.length - from;
  if (rows <= 0) return 0;
  const step = Math.max(1, Math.floor(rows / LOOKED_AT));
  let [bytes, seen] = [0, 0];
  for (let i = from; i < values.length; i += step) {
    bytes += WORD + outside(values[i], DEPTH);
    seen++;
  }
  return (bytes / seen) * rows;
}

/** Bytes of a value beside the word that holds it. */
function outside(value: unknown, depth: number): number {
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value === 'bigint') return 24;
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return 128 + value.byteLength;
  const items = Array.isArray(value) ? value : Object.values(value);
  const looked = Math.min(items.length, ELEMENTS);
  if (depth === 0 || looked === 0) return 32 + items.length * 8;
  let bytes = 0;
  for (let i = 0; i < looked; i++) bytes += 8 + outside(items[i], depth - 1);
  return 32 + (bytes / looked) * items.length;
}
