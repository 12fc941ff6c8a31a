// Rows by the number of what each belongs to, its reduce id or its group: a counting sort.

export interface CountedRows {
  /** The rows, by those numbers, each number's in the order in which they came. */
  readonly rows: Uint32Array;
  /** Where in `rows` each number's begin; those of number i end where i + 1 begins. */
  readonly first: Uint32Array;
}

/** Rows whose numbers, all below n, are `ids`. */
export function countingSort(ids: Uint32Array, n: number): CountedRows {
  const first = new Uint32Array(n + 1);
  for (let i = 0; i < ids.length; i++) first[ids[i]! + 1]!++;
  for (let r = 0; r < n; r++) first[r + 1]! += first[r]!;
  const next = first.slice();
  const rows = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) rows[next[ids[i]!]!++] = i;
  return { rows, first };
}
