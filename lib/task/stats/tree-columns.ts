// The nodes that a task leaves of its tree, as columns: where they stand (level and index, one after the other), and their partials.

import { readColumn } from '../../codec/column.js';
import { encodeColumn } from '../sinks/rows.js';
import type { TreeNode } from './fixed-tree.js';

/** `encode` gives what is plain data of a partial. */
export function encodeNodes<P>(nodes: readonly TreeNode<P>[], encode: (partial: P) => unknown): Uint8Array[] {
  const places: number[] = [];
  const partials: unknown[] = [];
  for (const { level, index, partial } of nodes) {
    places.push(level, index);
    partials.push(encode(partial));
  }
  return [encodeColumn(places), encodeColumn(partials)];
}

export function decodeNodes<P>([places, partials]: readonly Uint8Array[]): TreeNode<P>[] {
  const at = readColumn(places!) as ArrayLike<number>;
  const values = readColumn(partials!) as ArrayLike<P>;
  const nodes: TreeNode<P>[] = [];
  for (let i = 0; i < values.length; i++) nodes.push({ level: at[2 * i]!, index: at[2 * i + 1]!, partial: values[i]! });
  return nodes;
}
