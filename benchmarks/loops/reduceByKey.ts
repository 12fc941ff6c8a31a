// A sum by key as a plain loop on one thread, over the records (i mod keys, 1) for i in [from, to).

export function sumByKey(from: number, to: number, keys: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (let i = from; i < to; i++) {
    const key = i % keys;
    sums.set(key, (sums.get(key) ?? 0) + 1);
  }
  return sums;
}
