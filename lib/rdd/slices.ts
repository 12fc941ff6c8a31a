// Partitions of an action's own: runs of blocks of an indexed source, cut by the number of blocks alone, so that an answer that
// is looked at after each of them is the same whatever the RDD's partitions are.

import type { Node } from '../plan/lineage.js';

/** The ends of slices of equal length, about this many. */
const EVEN_SLICES = 32;
/** Slices for each doubling of what is before them: an answer is looked at after every thirtieth part, or a little less. */
const SLICES_A_DOUBLING = 32;

export interface Slices {
  /** The lineage with its source cut so. */
  readonly node: Node;
  /** Rows of the source that the first slices have together: after 1, 2, ... of them. */
  readonly rows: readonly number[];
}

/** A lineage of row operators over one indexed source, cut anew; undefined for any other. */
export function sliced(node: Node, endsOf: (blocks: number) => readonly number[]): Slices | undefined {
  if (node.kind === 'operator') {
    const parent = sliced(node.parent, endsOf);
    if (parent === undefined) return undefined;
    return { node: { ...node, parent: parent.node, partitions: parent.rows.length, partitioner: undefined }, rows: parent.rows };
  }
  if (node.kind !== 'source' || node.indexed === undefined) return undefined;
  const { rows, blockRows, slice } = node.indexed;
  const ends = endsOf(Math.ceil(rows / blockRows)).map(end => Math.min(end * blockRows, rows));
  const input = (p: number) => slice(ends[p - 1] ?? 0, ends[p]! - (ends[p - 1] ?? 0));
  return { node: { ...node, partitions: ends.length, input }, rows: ends };
}

/** For an answer to all of the blocks, with a look at it on the way. */
export function evenEnds(blocks: number): number[] {
  const slices = Math.min(blocks, EVEN_SLICES);
  return Array.from({ length: slices }, (_, p) => Math.floor(((p + 1) * blocks) / slices));
}

/** For an answer that may be good enough after any slice: block by block at first, and in the end a small part more each time. */
export function growingEnds(blocks: number): number[] {
  const ends: number[] = [];
  for (let end = 0; end < blocks; ) {
    end = Math.min(blocks, end + Math.max(1, 2 ** Math.floor(Math.log2(end / SLICES_A_DOUBLING))));
    ends.push(end);
  }
  return ends;
}
