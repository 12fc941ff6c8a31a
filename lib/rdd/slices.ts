// Partitions of an action's own: runs of blocks of an indexed source, cut by the number of blocks alone, so that an answer that
// is looked at after each of them is the same whatever the RDD's partitions are.

import type { Node } from '../plan/lineage.js';

export interface Slices {
  /** The lineage with its source cut so. */
  readonly node: Node;
  /** Rows of the source that the first slices have together: after 1, 2, ... of them. */
  readonly rows: readonly number[];
}

/** A lineage of row operators over one indexed source, cut anew; undefined for any other. */
export function sliced(node: Node, endsOf: (blocks: number) => readonly number[]): Slices | undefined {
  if (node.checkpoint?.cut !== undefined) return undefined;
  if (node.kind === 'operator') {
    const parent = sliced(node.parent, endsOf);
    if (parent === undefined) return undefined;
    // Its partitions are others than those that may be stored.
    const own = { parent: parent.node, partitions: parent.rows.length, partitioner: undefined, kept: undefined, checkpoint: undefined };
    return { node: { ...node, ...own }, rows: parent.rows };
  }
  if (node.kind !== 'source' || node.indexed === undefined) return undefined;
  const { rows, blockRows, slice } = node.indexed;
  const ends = endsOf(Math.ceil(rows / blockRows)).map(end => Math.min(end * blockRows, rows));
  const input = (p: number) => slice(ends[p - 1] ?? 0, ends[p]! - (ends[p - 1] ?? 0));
  return { node: { ...node, partitions: ends.length, input, kept: undefined, checkpoint: undefined }, rows: ends };
}

/** For an answer to all of the blocks: soon a look at it, then slices of a sixty-fourth part, so that many threads are busy. */
export function wholeEnds(blocks: number): number[] {
  return ends(blocks, 4, Math.ceil(blocks / 64));
}

/** For an answer that may be good enough after any slice: no slice is more than a thirtieth part, or so, of what is before it. */
export function growingEnds(blocks: number): number[] {
  return ends(blocks, 32, Number.POSITIVE_INFINITY);
}

/** The ends of slices, so many for each doubling of what is before them: one block at first, and never more than `most`. */
function ends(blocks: number, aDoubling: number, most: number): number[] {
  const list: number[] = [];
  for (let end = 0; end < blocks; ) {
    const grown = Math.max(1, 2 ** Math.floor(Math.log2(end / aDoubling)));
    end = Math.min(blocks, end + Math.min(grown, most));
    list.push(end);
  }
  return list;
}
