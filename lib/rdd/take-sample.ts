// takeSample: every row draws a number, and those with the n least numbers, in their order, are n rows in random order: each
// subset and each order as likely as any other. One pass, and the same rows for any partitions of an indexed source.
//
// With replacement it is the same pass. Of n draws among N rows, which of them fall on one row is decided by n integers
// below N; on which rows they fall is a random choice without repetition, and that is what the pass gives.

import { readColumn } from '../codec/column.js';
import { checkCount } from '../core/options.js';
import { checkSeed, type Seed } from '../task/rng/seed.js';
import { standaloneRng } from '../task/rng/standalone.js';
import { operatorNode } from './make.js';
import type { RddBase } from './rdd-base.js';
import { appendRows, runForColumns } from './results.js';
import { checkFlag } from './sampling-operators.js';
import type { ActionOptions } from './types.js';

/** The operator whose stream decides which draws coincide: no operator of a lineage has this number. */
const COINCIDENCES = 2 ** 52;

/** Sorting more at once would be no sample any more. */
const MOST_ROWS = 2 ** 31;

export async function takeSample<T>(
  rdd: RddBase,
  withReplacement: boolean,
  n: number,
  seed: Seed | undefined,
  options: ActionOptions | undefined,
): Promise<T[]> {
  checkFlag('takeSample(withReplacement)', withReplacement);
  const wanted = Math.min(checkCount('takeSample(n)', n), MOST_ROWS);
  checkSeed(seed);
  const { session } = rdd;
  const drawn = operatorNode(session, rdd.node, 'takeSample', 'draw', { sampling: { kind: 'draw' } });
  const node = seed === undefined ? drawn : { ...drawn, seed };
  let total = 0;
  const keys: number[] = [];
  const rows: T[] = [];
  const results = await runForColumns({ session, node, name: 'takeSample', options }, () => ({ kind: 'least', limit: wanted }));
  for (const [counts, drawnKeys, ...columns] of results) {
    total += readColumn(counts!)[0] as number;
    appendRows(keys, [drawnKeys!]);
    appendRows(rows, columns);
  }
  // Of equal numbers the row that comes first counts: sort is stable, and the results are in the order of the partitions.
  const order = keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
  if (!withReplacement || total === 0) return order.slice(0, wanted).map(i => rows[i]!);
  const rng = standaloneRng(seed ?? session.seed, COINCIDENCES, 0);
  const places = new Map<number, T>();
  return Array.from({ length: wanted }, () => {
    const draw = rng.int(total);
    if (!places.has(draw)) places.set(draw, rows[order[places.size]!]!);
    return places.get(draw)!;
  });
}
