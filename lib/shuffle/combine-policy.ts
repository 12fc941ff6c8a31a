// Whether map-side combining pays, decided from a task's own rows only, never from time or memory pressure: the
// decision is part of the order of floating-point additions, so it must be the same on every run and on both kernels.

/** Distinct keys to see before the first judgement. */
export const COMBINE_PROBE = 1 << 15;
/** Distinct keys a task combines before it hands them on and starts afresh. */
export const COMBINE_LIMIT = 1 << 20;

export type CombineVerdict = 'go on' | 'flush' | 'stop';

/**
 * Judges a combining table that took `rows` rows since it was last empty and holds `distinct` keys. Stops for good
 * where more than half of the rows brought a new key: then the table costs more than the rows it saves.
 */
export function judgeCombining(rows: number, distinct: number, limit = COMBINE_LIMIT): CombineVerdict {
  if (distinct < COMBINE_PROBE) return 'go on';
  if (distinct * 2 > rows) return 'stop';
  return distinct >= limit ? 'flush' : 'go on';
}
